"""Rows 25-28: what is done to a database now and then, and goes wrong: upgraded, restored, rotten, with another clock."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from shared.edge import clock
from shared.edge.embedded.cluster import binaries
from shared.edge.embedded.process import Child, spawn
from shared.edge.store.pool import connect
from tests.faults.load import Load
from tests.faults.run import NotHere
from tests.faults.tools import Reader, gradeline, settled, superuser, until
from tests.faults.world import World

SERVICE = "rating"
TABLES = "select table_name::text from information_schema.tables where table_schema = $1"
BUSY = "select 1 from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'"
STATE = """
select md5(string_agg(md5(e::text), '' order by stream, version)) as log, count(*) as events,
       (select md5(string_agg(md5(c::text), '' order by customer_id)) from customers c) as customers
from events e
"""
PAGE = 8192
BATCH = 40
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


async def row_25(world: World, load: Load, rng: Random) -> None:
    """An upgrade is killed between its statements and its commit, from every revision that there was; then run again."""
    revisions = [None, *_revisions()[:-1]]
    async with load.flowing():
        for number, revision in enumerate(revisions):
            name = f"upgraded_{load.customers[0].replace('-', '_').lower()}_{number}"
            dsn = await world.postgres.create_database(name)
            before = await _at(dsn, revision)
            await _killed_in_the_middle(world, dsn, name, revision)
            world.fault()
            assert await _tables(dsn) == before, f"from {revision}: neither the old tables nor the new ones"
            again = await gradeline(world, "db", "upgrade", "rating", "--json", GRADELINE_POSTGRES=dsn)
            assert again.status == 0, again
            assert _revisions()[-1] in again.out
            await world.postgres.drop_database(name)
    world.note(revisions=len(revisions))


async def row_26(world: World, load: Load, rng: Random) -> None:
    """A dump is taken of the running server, the server's files are destroyed, a new one is made and gets the dump."""
    half = rng.randint(len(load.facts) * 2 // 5, len(load.facts) * 3 // 5)
    for at in range(0, half, BATCH):
        await load.post(load.facts[at : min(at + BATCH, half)])
    await settled(world)
    (before,) = await world.rows(STATE)
    dump, started = world.folder / "dump", clock.monotonic()
    await asyncio.to_thread(_ran, "pg_dump", "-Fc", "-f", dump, "-d", _database(world))
    taken = clock.monotonic()
    for process in world.processes:
        process.stop()
    await asyncio.to_thread(world.postgres.kill)
    shutil.rmtree(world.folder / "postgres" / "cluster")
    world.fault()
    await asyncio.to_thread(world.postgres.start)
    await asyncio.to_thread(_ran, "pg_restore", "--exit-on-error", "-d", _database(world), dump)
    (after,) = await world.rows(STATE)
    assert after == before, f"{after}, before {before}"
    world.note(dump_s=round(taken - started, 1), restore_s=round(clock.monotonic() - taken, 1), events=after["events"])
    await world.whole()
    await load.post(load.facts[half:])
    await settled(world)
    proof = await gradeline(world, "verify", "--processes", "1")
    assert proof.status == 0, proof


async def row_27(world: World, load: Load, rng: Random) -> None:
    """One byte of a page of the log is another one after a restart: it is found, and not served."""
    await load.rest()
    await settled(world)
    customer = rng.choice(load.customers)
    async with superuser(world) as session:
        await session.execute("checkpoint")
        query = (
            "select tableoid::regclass::text as part, (ctid::text::point)[0]::int as page from events where stream = $1"
        )
        place = rng.choice(await session.fetch(query, customer))
        relative = await session.fetchval("select pg_relation_filepath($1::text::regclass)", place["part"])
    for process in (world.relay, *world.workers):
        process.stop()
    await asyncio.to_thread(world.postgres.stop)
    file = world.folder / "postgres" / "cluster" / relative
    assert _checked(world) == 0
    at = place["page"] * PAGE + rng.randrange(200, PAGE)
    right = _changed(file, at, None)
    assert _checked(world) != 0, "pg_checksums does not see it"
    world.fault()
    await asyncio.to_thread(world.postgres.start)
    with suppress(asyncpg.DataCorruptedError):
        await world.rows("select max(length(data)) from events where stream = $1", customer)
        raise AssertionError("the page was read as if nothing were wrong")
    async with Reader(world) as reader:
        await until(lambda: _serves(reader), "the API is there")
        answer = await reader.answer(f"/v1/customers/{customer}/events")
        assert answer.status_code >= 500, f"{answer.status_code}: {answer.text[:200]}"
    world.note(answered_with=answer.status_code)
    await asyncio.to_thread(world.postgres.stop)
    _changed(file, at, right)
    assert _checked(world) == 0


async def row_28(world: World, load: Load, rng: Random) -> None:
    """The clock of the database runs two hours ahead, then two behind."""
    if not FAKETIME:
        raise NotHere("libfaketime is not installed (apt-get install faketime)")
    async with load.flowing():
        for share, shift in ((0.2, "+2h"), (0.5, "-2h")):
            await load.reached(share)
            await asyncio.to_thread(world.postgres.stop)
            with _clock_off(world, shift):
                await asyncio.to_thread(world.postgres.start)
            (row,) = await world.rows("select now() as now")
            hours = (row["now"] - clock.now()).total_seconds() / 3600
            assert abs(hours - int(shift[:2])) < 0.1, f"the database is {hours:.2f} h ahead"
        world.fault()
        await load.reached(0.9)
    await settled(world)
    query = "select max(abs(extract(epoch from recorded_at - $1))) as off from events where stream = any($2)"
    (row,) = await world.rows(query, clock.now(), load.customers)
    assert row["off"] < 1800, f"recorded {row['off']} s away from our own clock"
    await asyncio.to_thread(world.postgres.stop)


def _revisions() -> Sequence[str]:
    """Every revision of the schema, oldest first."""
    return [one.revision for one in reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))]


def _config(out: io.StringIO | None = None) -> Config:
    config = Config(output_buffer=out) if out is not None else Config()
    config.set_main_option("script_location", f"services.{SERVICE}.adapters:migrations")
    config.set_main_option("path_separator", "os")
    return config


async def _at(dsn: str, revision: str | None) -> set[str]:
    """Bring an empty database to *revision*. Returns its tables."""
    if revision is not None:
        written = io.StringIO()
        command.upgrade(_config(written), f"base:{revision}", sql=True)
        session = await connect(dsn, schema=SERVICE)
        try:
            await session.execute(f"create schema {SERVICE}")
            await session.execute(written.getvalue())
        finally:
            session.terminate()
    return await _tables(dsn)


async def _tables(dsn: str) -> set[str]:
    session = await connect(dsn, schema=SERVICE)
    try:
        return {row["table_name"] for row in await session.fetch(TABLES, SERVICE)}
    finally:
        session.terminate()


async def _killed_in_the_middle(world: World, dsn: str, name: str, revision: str | None) -> None:
    """Start an upgrade, let it wait for a lock behind its first statements, and kill it."""
    blocker = await connect(dsn, schema=SERVICE)
    try:
        transaction = blocker.transaction()
        await transaction.start()
        if revision is None:
            await blocker.execute(f"create schema {SERVICE}")
        else:
            await blocker.execute("lock table alembic_version in share mode")
        upgrade = _upgrading(world, dsn)

        async def waits() -> bool:
            assert upgrade.alive, upgrade.output()[-300:]
            return bool(await world.rows(BUSY, name))

        await until(waits, "the upgrade waits in the middle")
        upgrade.kill()
        await transaction.rollback()
    finally:
        blocker.terminate()

    async def alone() -> bool:
        return not await world.rows("select 1 from pg_stat_activity where datname = $1", name)

    await until(alone, "its session is gone")


def _upgrading(world: World, dsn: str) -> Child:
    words = [sys.executable, "-W", "ignore", "-m", "gradeline", "db", "upgrade", "rating"]
    environment = {**world.environment(), "GRADELINE_POSTGRES": dsn}
    return spawn(words, log=world.folder / "upgrade.log", environment=environment, die_with=signal.SIGKILL)


@contextmanager
def _clock_off(world: World, shift: str) -> Iterator[None]:
    """While this holds, the server of the database is started with a clock that is off by *shift*.

    Said to the server alone: what libfaketime makes as root is closed to the user that the server becomes.
    """
    cluster = world.postgres._cluster
    command_of = cluster.server_command
    told = [f"LD_PRELOAD={FAKETIME[0]}", f"FAKETIME={shift}", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
    cluster.server_command = lambda *words: ["/usr/bin/env", *told, *command_of(*words)]  # type: ignore[method-assign]
    try:
        yield
    finally:
        cluster.server_command = command_of  # type: ignore[method-assign]


def _database(world: World) -> str:
    return world.postgres.superuser_dsn.rpartition("/")[0] + "/gradeline"


def _ran(program: str, *words: str | Path) -> None:
    """Run one program of the database to its end."""
    done = subprocess.run([binaries() / program, *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{program}: {done.stderr[-300:]}"


def _checked(world: World) -> int:
    """The exit status of `pg_checksums` over all files of the stopped server."""
    data = world.folder / "postgres" / "cluster"
    owner = data.stat()
    as_owner = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [binaries() / "pg_checksums", "--check", "-D", data], check=False, capture_output=True, cwd="/", **as_owner
    )
    return done.returncode


def _changed(file: Path, at: int, value: int | None) -> int:
    """Write *value* (None: every bit of what is there turned) at *at*. Returns what was there."""
    with file.open("r+b") as pages:
        pages.seek(at)
        (there,) = pages.read(1)
        pages.seek(at)
        pages.write(bytes([there ^ 0xFF if value is None else value]))
    return there


async def _serves(reader: Reader) -> bool:
    return (await reader.answer("/readyz")).status_code == 200
