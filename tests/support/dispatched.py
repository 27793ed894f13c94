"""The queue of alerts on a real database: staff, notices as a worker leaves them, and deliverers that say what we tell them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from services.alerts.adapters import staff
from services.alerts.adapters.dispatching import Dispatcher, Report
from services.alerts.core.message import Message
from services.alerts.core.notice import Notice
from services.alerts.core.people import Record
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.support.staffed import HOUSE, NOON

ZONE = "Asia/Shanghai"


class Queue:
    """The tables, and a dispatcher."""

    def __init__(self, pool: asyncpg.Pool, report: Report | None = None) -> None:
        self.pool = pool
        self.dispatcher = Dispatcher(pool, zone=ZONE, report=report)

    async def staffed(self, *put: Record, take: Iterable[Record] = (), now: datetime = NOON) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await staff.change(connection, staff.Change(put, tuple(take)), by="test", reason="a test", now=now)

    async def arise(self, *notices: Notice) -> None:
        rows = [(one.notice_id, one.alert_id, one.subject, msgspec.json.encode(one), one.at) for one in notices]
        await self.pool.executemany(
            "insert into notices (notice_id, alert_id, subject, notice, at, changed_at) values ($1, $2, $3, $4, $5, $5)",
            rows,
        )

    async def plan(self, now: datetime = NOON) -> None:
        await self.dispatcher.drain(now)

    async def messages(self, state: str | None = None) -> list[Message]:
        rows = await self.pool.fetch(
            "select message from messages where $1::text is null or state = $1 order by created_at, message_id", state
        )
        return [msgspec.json.decode(row["message"], type=Message) for row in rows]

    async def told(self) -> list[tuple[str, str, list[str]]]:
        """(Person, channel, notices) of every message, the first written first."""
        return sorted(
            (one.person, one.channel, sorted(n.notice_id for n in one.notices)) for one in await self.messages()
        )

    async def settle(self, *, lost: Iterable[str] = ()) -> int:
        """Deliver everything that waits, but to no person and by no channel of *lost*. Returns how many there were."""
        names = list(lost)
        rows = await self.pool.fetch(
            "update messages set state = case when person = any($1) or channel = any($1) then 'undelivered' else 'delivered' end "
            "where state = 'waiting' returning message_id", names,
        )  # fmt: skip
        return len(rows)

    async def states(self) -> dict[str, str]:
        return dict(await self.pool.fetch("select notice_id, state from notices order by notice_id"))

    async def why(self, notice_id: str) -> list[str]:
        text = await self.pool.fetchval("select why from notices where notice_id = $1", notice_id)
        return [one["code"] for one in msgspec.json.decode(text)] if text else []

    async def hearings(self, notice_id: str) -> dict[str, str]:
        return dict(
            await self.pool.fetch("select person, state from hearings where notice_id = $1 order by person", notice_id)
        )


@asynccontextmanager
async def queue(dsn: str, *, house: Iterable[Record] = HOUSE, report: Report | None = None) -> AsyncIterator[Queue]:
    await upgraded(dsn, "alerts")
    pool = await open_pool(dsn, schema="alerts", size=6, wait_seconds=20)
    try:
        made = Queue(pool, report)
        records: tuple[Any, ...] = tuple(house)
        if records:
            await made.staffed(*records)
        yield made
    finally:
        await pool.close()
