"""Waits for a database connection end, and a role that row security does not bind is refused."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from shared.core.errors import Misconfigured, Unavailable
from shared.edge import settings
from shared.edge.kafka.record import Batch
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import LOST, Busy, connect, open_pool
from shared.edge.worker.calendar import keep_opening
from tests.support.machine import FakeLog, FakeSource, invoice, make_worker, store, totals, until, working
from tests.support.parts import DatabaseServer, run_apart, unsafe_role
from tests.support.rating_api import bearer, client, fact, running, wired

CLOUDEVENT = {"content-type": "application/cloudevents+json"}


@contextlib.asynccontextmanager
async def taken(pool: asyncpg.Pool, count: int) -> AsyncIterator[None]:
    """Every connection of *pool* is lent to somebody who does not give it back."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(pool.acquire())
        yield


@contextlib.contextmanager
def no_descriptor() -> Iterator[None]:
    """This process may open nothing further."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as opened, Path(os.devnull).open() as nothing:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (nothing.fileno() + 1, hard))
        with contextlib.suppress(OSError):
            while True:
                opened.callback(os.close, os.dup(nothing.fileno()))
        yield


async def test_where_no_descriptor_is_left_the_database_is_away_for_a_while(database: str) -> None:
    with no_descriptor(), pytest.raises(LOST) as caught:
        await connect(database, schema="rating")
    assert "Too many open files" in str(caught.value)
    await (await connect(database, schema="rating")).close()


async def test_a_wait_for_a_connection_ends(database: str) -> None:
    pool = await open_pool(database, schema="rating", size=2, wait_seconds=0.2)
    async with taken(pool, 2):
        with pytest.raises(Busy, match=r"0\.2 s"):
            async with pool.acquire():
                pass
        with pytest.raises(Busy):
            await pool.acquire()
        with pytest.raises(Busy):
            await pool.fetchval("select 1")
    assert await pool.fetchval("select 1") == 1
    assert issubclass(Busy, Unavailable)
    await pool.close()


async def test_a_worker_whose_connections_are_all_lent_waits_and_goes_on(database: str) -> None:
    class Counting(FakeSource):
        stops = 0

        async def stop(self) -> None:
            Counting.stops += 1
            await super().stop()

        async def batch(self, max_records: int, timeout_s: float) -> Batch | None:
            return await super().batch(max_records, timeout_s)

    async with store(database, size=2, wait_seconds=0.05) as pool:
        log = FakeLog()
        worker = make_worker(pool, log, failed_attempts=2)
        worker.source = Counting(log)
        async with working(worker) as running:
            await until(lambda: pool.fetchval("select count(*) = 4 from partitions where rated is not null"))
            async with taken(pool, 2):
                log.add(invoice("C1", 1))
                await asyncio.sleep(1.0)  # many times as long as a wait
                assert not running.done()
            await until(lambda: totals_are(pool))
            assert Counting.stops == 0, "the broker is not at fault"


async def totals_are(pool: asyncpg.Pool) -> bool:
    return await totals(pool) == {"C1": (100, 1)}


async def test_the_scheduler_of_days_outlives_a_pool_without_a_free_connection(database: str) -> None:
    async with store(database, size=1, wait_seconds=0.05) as pool:
        stop = asyncio.Event()
        async with taken(pool, 1):
            opening = asyncio.create_task(keep_opening(pool, stop, zone="Asia/Shanghai", partitions=4, instance="main"))
            await asyncio.wait([opening], timeout=0.5)
            assert not opening.done()
        stop.set()
        await asyncio.wait_for(opening, 10)


@pytest.mark.parametrize("right", ["superuser", "bypassrls"])
async def test_a_role_that_row_security_does_not_bind_is_refused(
    postgres_server: DatabaseServer, database: str, right: str
) -> None:
    async with unsafe_role(postgres_server, right, database) as dsn:
        with pytest.raises(Misconfigured, match="nosuperuser nobypassrls"):
            await open_pool(dsn, schema="rating")
    pool = await open_pool(database, schema="rating")
    await pool.close()


@pytest.mark.parametrize("command", ["serve", "work", "relay"])
def test_no_process_starts_under_such_a_role(
    postgres_server: DatabaseServer, database: str, tmp_path: Path, command: str
) -> None:
    async def start() -> subprocess.CompletedProcess[str]:
        async with unsafe_role(postgres_server, "superuser", database) as dsn:
            told = {"POSTGRES": dsn, "DATA": str(tmp_path), "EMBEDDED": "true", "PORT": "0", "KAFKA": "127.0.0.1:9"}
            environment = os.environ | {f"GRADELINE_{name}": value for name, value in told.items()}
            words = [sys.executable, "-m", "gradeline", command, "rating"]
            return await asyncio.to_thread(
                subprocess.run, words, env=environment, capture_output=True, text=True, timeout=60, check=False
            )

    done = run_apart(start())
    assert done.returncode == 2, done.stderr
    assert "is a superuser" in done.stderr
    assert "create role gradeline_rt" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_request_that_finds_no_free_connection_is_told_to_come_again(database: str, tmp_path: Path) -> None:
    await upgraded(database, "rating")
    async with running(wired(database, tmp_path, pool=2, pool_seconds=0.2)) as app:
        async with client(app, bearer(tmp_path, "risk_analyst")) as http:
            async with taken(app.state.ports.pool, 2):
                refused = await http.get("/v1/customers")
            found = await http.get("/v1/customers")
        async with client(app, bearer(tmp_path, "integrator")) as http:
            async with taken(app.state.ports.pool, 2):
                posted = await http.post("/v1/events", json=fact(), headers=CLOUDEVENT)
            again = await http.post("/v1/events", json=fact(), headers=CLOUDEVENT)

    for answer in (refused, posted):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["type"].endswith("/unavailable")
    assert found.status_code == 200
    assert again.status_code == 202


def test_the_wait_is_a_setting(tmp_path: Path) -> None:
    assert settings.load(data=tmp_path, pool_seconds=0.5).pool_seconds == 0.5
    with pytest.raises(Misconfigured, match="GRADELINE_POOL_SECONDS"):
        settings.load(data=tmp_path, pool_seconds=0)


@pytest.mark.parametrize(("durable", "waits"), [(True, "on"), (False, "off")])
async def test_only_who_may_lose_it_commits_without_the_disk(database: str, durable: bool, waits: str) -> None:
    connection = await connect(database, schema="rating", durable=durable)
    try:
        assert await connection.fetchval("show synchronous_commit") == waits
    finally:
        await connection.close()
