"""How much there is: facts accepted (metrics of the API), facts applied (the database), how customers stand (the API)."""

from __future__ import annotations

import asyncio
import re
from threading import Event as Signal
from typing import Any
from urllib.parse import quote
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

import asyncpg
import msgspec

from gradeline.demo.showing import Showing
from gradeline.instance import Instance
from shared.edge import clock

EVERY_S = 1.0
TIMEOUT_S = 5.0
PAGE = 200
PAGES_MOST = 25
"""An instance that already held other customers is counted up to here, so that looking never becomes the work."""
ACCEPTED = re.compile(rb"^gradeline_events_accepted_total\{[^}]*\} (\S+)$", re.MULTILINE)

WAITING = """
select count(*) from rating.intake i
where i.stream not like '~%'
  and not exists (select from rating.events e where e.stream = i.stream and e.identity = i.identity)
"""
"""Facts that are durable and not yet in their customer's stream. Intake is emptied all the time, so it stays small."""

AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, msgspec.MsgspecError, ValueError)
"""A part is being started again, or answers in the middle of that: the next look will do."""


class Counting:
    """Looks once a second."""

    def __init__(self, instance: Instance, showing: Showing, *, token: str) -> None:
        """*token* may read customers."""
        self._instance, self._showing, self._token = instance, showing, token
        self._http: OpenerDirector = build_opener(ProxyHandler({}))  # loopback is never behind a proxy
        self._connection: asyncpg.Connection | None = None
        self._counter = 0
        self._accepted = 0
        self._waited: int | None = None

    async def run(self, stopping: Signal) -> None:
        """Count until *stopping* is set."""
        while not stopping.is_set():
            try:
                await self._look()
            except AWAY:
                await self._forget()
            await asyncio.sleep(EVERY_S)
        await self._forget()

    async def _look(self) -> None:
        waiting = await self._waiting()
        accepted = await asyncio.to_thread(self._read_accepted)
        rows = await asyncio.to_thread(self._customers)
        if self._waited is None:
            self._waited = waiting  # left over from the last run; what is applied now may be theirs
        now = clock.monotonic()
        with self._showing.lock:
            self._showing.accepted.at(now, accepted)
            self._showing.waiting = waiting
            self._showing.applied.at(now, max(self._showing.applied.total, accepted + self._waited - waiting))
        self._showing.counted(rows)

    async def _waiting(self) -> int:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._instance.postgres, timeout=TIMEOUT_S, command_timeout=TIMEOUT_S
            )
        return int(await self._connection.fetchval(WAITING))

    def _read_accepted(self) -> int:
        """The counters of the API since this began to look; they start at 0 where the API was started again."""
        found = sum(int(float(value)) for value in ACCEPTED.findall(self._get("/metrics")))
        self._accepted += found - self._counter if found >= self._counter else found
        self._counter = found
        return self._accepted

    def _customers(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after = ""
        for _ in range(PAGES_MOST):
            page = msgspec.json.decode(self._get(f"/v1/customers?limit={PAGE}{after}"))
            rows += page["customers"]
            if page["next"] is None:
                break
            after = f"&after={quote(page['next'])}"
        return rows

    def _get(self, path: str) -> bytes:
        wanted = Request(self._instance.rating + path, headers={"Authorization": f"Bearer {self._token}"})  # noqa: S310 - our own API
        with self._http.open(wanted, timeout=TIMEOUT_S) as answer:
            return bytes(answer.read())

    async def _forget(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
