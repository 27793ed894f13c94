"""A whole instance as a person starts it: `gradeline up` in a folder of its own, spoken to over HTTP, Kafka and SQL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import asyncpg
import httpx2
import psutil

from gradeline.instance import running
from gradeline.post import Poster, Taken
from shared.core.envelope import Event
from shared.edge import clock
from shared.edge.embedded.process import wait_until
from shared.edge.http import tokens
from shared.edge.store.pool import open_pool
from tests.support.parts import run_apart

ROOT = Path(__file__).resolve().parents[2]
GRADELINE = (sys.executable, "-m", "gradeline")
UP_SECONDS = 240.0
DOWN_SECONDS = 90.0
APPLIED_SECONDS = 120.0
PARTITIONS = 12
NOTHING: Mapping[str, str] = MappingProxyType({})
APPLIED = """
select stream, count(*) as facts from events where kind = 0 and stream = any($1::text[]) group by stream
"""
UNDECIDED = """
select s.stream from streams s join partitions p using (partition) where s.stream = any($1::text[]) and s.wakes_on <= p.day
"""


class RunningInstance:
    """What a test asks of an instance that runs from the folder *data*."""

    def __init__(self, data: Path, process: subprocess.Popen[str]) -> None:
        self.data, self.process = data, process
        state = running(data)
        assert state is not None
        self.url, self.exposure, self.kafka, self.postgres = state.rating, state.exposure, state.kafka, state.postgres
        self.alerts = state.alerts
        self._headers = {"authorization": f"Bearer {self.token('auditor')}"}
        self._http = httpx2.Client(base_url=self.url, timeout=60, trust_env=False)

    def close(self) -> None:
        """Close our own connections; the instance goes on."""
        self._http.close()

    def token(self, role: str) -> str:
        """A bearer token for *role*."""
        return tokens.issue(data=self.data, role=role, subject=f"{role}-e2e", ttl=timedelta(hours=2))

    def pid(self, part: str) -> int | None:
        """The process id of a part of the instance, e.g. `rating-worker`; None while it is away."""
        state = running(self.data)
        return state.processes.get(part) if state else None

    def post(self, facts: Sequence[dict[str, Any]], *, batch: int = 500) -> int:
        """Post *facts* in batches, again where the API is away. Returns how many were new; none may be refused."""
        accepted = 0
        with Poster(self.url, token=self.token("integrator"), attempts=60) as poster:
            for start in range(0, len(facts), batch):
                taken = poster.post(list(facts[start : start + batch]))
                assert isinstance(taken, Taken), taken
                accepted += taken.accepted
        return accepted

    def publish(self, data: Any) -> None:
        """Keep a reference series as our own calendar would; nobody may post it. Returns once every partition has it."""
        name = f"{data.series}/{data.as_of}"
        run_apart(_published(self.postgres, name, data))
        read = "select 1 from events where stream like '~reference/%' and id like $1"
        assert wait_until(lambda: len(self.rows(read, f"{name}/%")) == PARTITIONS, APPLIED_SECONDS, pause=0.2)

    def ask(self, path: str, **query: Any) -> tuple[int, dict[str, Any]]:
        """Status and body of a GET."""
        try:
            answer = self._http.get(path, params=query, headers=self._headers)
        except httpx2.TransportError as error:
            raise AssertionError(f"GET {path}: {error!r}\n{self.logs()}") from error
        return answer.status_code, answer.json()

    def logs(self) -> str:
        """The end of what the instance and its parts said, for the message of a failing test."""
        files = [self.data / "up.log", *sorted((self.data / "logs").glob("*.log"))]
        return "\n".join(
            f"--- {file.name}\n{file.read_text(errors='replace')[-2000:]}" for file in files if file.exists()
        )

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """The body of a GET that must answer 200."""
        status, body = self.ask(path, **query)
        assert status == 200, body
        return body

    def customer(self, customer_id: str, **query: Any) -> dict[str, Any]:
        """`GET /v1/customers/{id}`."""
        return self.get(f"/v1/customers/{customer_id}", **query)

    def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """What *query* finds in the schema of the rating service."""
        return run_apart(_rows(self.postgres, query, arguments))

    def command(self, *words: str, seconds: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run `gradeline WORDS…` as a person would on this instance. The status is for the caller to look at."""
        environment = {**os.environ, "GRADELINE_DATA": str(self.data), "GRADELINE_POSTGRES": self.postgres}
        return subprocess.run(
            [*GRADELINE, *words], capture_output=True, text=True, timeout=seconds, check=False, env=environment
        )

    def status(self) -> dict[str, Any]:
        """What `gradeline status --json` says."""
        said: dict[str, Any] = json.loads(self.command("status", "--json").stdout)
        return said

    def day(self) -> date:
        """The last business day that was opened."""
        found: date = self.rows("select max(date) as day from business_days")[0]["day"]
        return found

    def until_applied(self, expected: dict[str, int], *, seconds: float = APPLIED_SECONDS) -> None:
        """Wait until each customer has exactly so many facts in the log, and no decision that was put off.

        More facts than that is a failure at once.
        """

        def there() -> bool:
            found = {row["stream"]: row["facts"] for row in self.rows(APPLIED, list(expected))}
            assert all(found.get(one, 0) <= count for one, count in expected.items()), (expected, found)
            return found == expected and not self.rows(UNDECIDED, list(expected))

        assert wait_until(there, seconds, pause=0.2), f"not applied within {seconds:g} s\n{self.logs()}"

    def open_day(self, day: date) -> None:
        """Open the days up to *day*, and wait until every partition was brought to it."""
        assert run_apart(_opened(self.postgres, day))[-1] == day
        rated = "select count(*) filter (where rated = $1) as done, count(*) as all from partitions"

        def everywhere() -> bool:
            (found,) = self.rows(rated, day)
            return bool(found["done"] == found["all"] == PARTITIONS)

        assert wait_until(everywhere, APPLIED_SECONDS, pause=0.2), f"{day} was not rated in every partition"


async def _opened(dsn: str, day: date) -> list[date]:
    """Open *day* before it begins, which no command does: a test cannot wait for midnight."""
    from shared.edge.store.days import open_days  # imports kafka-python, which warns until pytest is configured

    pool = await open_pool(dsn, schema="rating", size=1)
    try:
        return await open_days(pool, day, now=clock.now(), partitions=PARTITIONS, instance="main")
    finally:
        await pool.close()


async def _published(dsn: str, name: str, data: Any) -> None:
    from shared.edge.store.intake import accept

    now = clock.now()
    event = Event(id=name, source="/gradeline/main/calendar", type=data.TYPE, subject="~reference", time=now, data=data)
    pool = await open_pool(dsn, schema="rating", size=1)
    try:
        await accept(pool, [event], now=now, partitions=PARTITIONS, sealer=None)
    finally:
        await pool.close()


async def _rows(dsn: str, query: str, arguments: Sequence[Any]) -> list[dict[str, Any]]:
    settings = {"search_path": "rating"}
    connection = await asyncpg.connect(dsn, server_settings=settings, timeout=30, command_timeout=60)
    try:
        return [dict(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()


@contextmanager
def up(
    data: Path, *, workers: int = 1, policies: Path | None = None, told: Mapping[str, str] = NOTHING
) -> Iterator[RunningInstance]:
    """An instance on free ports that is healthy; ended with SIGTERM, and nothing of it runs afterwards.

    *told*: settings of its processes.
    """
    words = [*GRADELINE, "up", "--data", str(data), "--port", "0", "--exposure-port", "0"]
    words += ["--alerts-port", "0"]
    words += ["--kafka-port", "0", "--workers", str(workers)]
    words += ["--policies", str(policies)] if policies else []
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GRADELINE_")} | told
    data.mkdir(parents=True, exist_ok=True)
    heard = data / "up.log"
    with heard.open("w") as log:
        process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, text=True, env=environment)
    parts: list[psutil.Process] = []
    try:
        _until(lambda: running(data) is not None, process, heard)
        instance = RunningInstance(data, process)
        _until(lambda: bool(instance.status()["healthy"]), process, heard)
        try:
            yield instance
        finally:
            instance.close()
            parts = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGTERM)
            process.wait(DOWN_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(DOWN_SECONDS)
    assert process.returncode == 0, heard.read_text()
    assert len(parts) >= 5, "database, broker, relay, API and worker"
    assert wait_until(lambda: not any(part.is_running() for part in parts), DOWN_SECONDS), "something was left running"
    assert running(data) is None


def _until(condition: Callable[[], bool], process: subprocess.Popen[str], heard: Path) -> None:
    until = clock.monotonic() + UP_SECONDS
    while not condition():
        assert process.poll() is None, heard.read_text()
        assert clock.monotonic() < until, f"not up within {UP_SECONDS:g} s: {heard.read_text()}"
        wait_until(lambda: process.poll() is not None, 0.3)
