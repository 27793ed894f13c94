"""Rows 14-24: the database is killed, stopped, full, crowded, locked, far away; the broker never is."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from random import Random

import asyncpg
import psutil

from shared.edge import clock, codec
from shared.edge.embedded.postgres import NoSpace
from shared.edge.kafka.partition import partition_of
from shared.edge.store import intake
from shared.edge.store.pool import LOST, connect
from tests.faults import small_disk
from tests.faults.load import Fact, Load
from tests.faults.tools import Reader, settled, superuser, until
from tests.faults.world import World
from tests.model.truth import word_of
from tests.support.downstream import PARTITIONS
from tests.support.told import invoice

DOWN_SECONDS = 30.0
"""As long as the longest pause between two attempts several times over: five minutes show nothing more."""
LOCKED_SECONDS = 12.0
"""Longer than a statement may take."""
STORM_SECONDS = 8.0
BACKENDS = "select pid from pg_stat_activity where application_name = 'gradeline-rating' and pid <> pg_backend_pid()"
BUSY_SHARE = 0.5


async def row_14(world: World, load: Load, rng: Random) -> None:
    """One session's server process is killed; the server then ends all of them and recovers."""
    async with load.flowing():
        await load.reached(rng.uniform(0.2, 0.7))
        victim = rng.choice(await world.rows(BACKENDS))["pid"]
        os.kill(victim, signal.SIGKILL)
        world.fault()
        world.note(back_s=round(await until(lambda: _answers(world), "sessions are taken again"), 2))


async def row_15(world: World, load: Load, rng: Random) -> None:
    """The postmaster is killed; its orphans hold shared memory until they notice."""
    async with load.flowing():
        await load.reached(rng.uniform(0.2, 0.7))
        world.postgres.kill()
        world.fault()
        started = clock.monotonic()
        await asyncio.to_thread(world.postgres.start)
        world.note(back_s=round(clock.monotonic() - started, 2))


async def row_16(world: World, load: Load, rng: Random) -> None:
    """The server is stopped as if the power of it went, and recovers at the start."""
    async with load.flowing():
        await load.reached(rng.uniform(0.2, 0.7))
        await _ended(world, signal.SIGQUIT)
        world.fault()
        await asyncio.to_thread(world.postgres.start)


async def row_17(world: World, load: Load, rng: Random) -> None:
    """It is away for long: posts are answered 503, nothing spins, and all drains afterwards."""
    fact = invoice(load.customers[0], "AWAY", load.day)
    async with load.flowing():
        await load.reached(rng.uniform(0.2, 0.7))
        await asyncio.to_thread(world.postgres.stop)
        watched = [psutil.Process(one.pid) for one in world.processes]
        before, since = [_cpu(one) for one in watched], clock.monotonic()
        await asyncio.sleep(2)
        answer = await load.answer([fact])
        assert answer.status_code == 503, f"{answer.status_code}: {answer.text[:200]}"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"].isdecimal()
        await asyncio.sleep(DOWN_SECONDS - 2)
        shares = [(_cpu(one) - cpu) / (clock.monotonic() - since) for one, cpu in zip(watched, before, strict=True)]
        world.note(cpu_while_away=f"{max(shares):.0%} of a core at most")
        world.fault()
        await asyncio.to_thread(world.postgres.start)
    assert max(shares) < BUSY_SHARE, f"{max(shares):.0%} of a core while the database was away"


async def row_18(world: World, load: Load, rng: Random) -> None:
    """Its disk is full to the last byte, until somebody makes room."""
    async with small_disk.under(world) as disk:
        async with load.flowing():
            await load.reached(rng.uniform(0.1, 0.4))
            disk.fill()
            await asyncio.sleep(0.5)
            await _log_is_full(world)
            world.note(start_refused_after_s=await _start_is_refused(world))
            answer = await load.answer([invoice(load.customers[0], "FULL", load.day)])
            assert answer.status_code == 503, f"{answer.status_code}: {answer.text[:200]}"
            disk.make_room()
            started = clock.monotonic()
            await asyncio.to_thread(world.postgres.start)
        await settled(world)
        world.note(recovered_s=round(clock.monotonic() - started, 2))


async def row_19(world: World, load: Load, rng: Random) -> None:
    """Others hold every connection that the server has; ours are ended and cannot come back."""
    async with load.flowing():
        await load.reached(rng.uniform(0.2, 0.6))
        async with _crowd(world) as crowd:
            longest, refused = 0.0, 0
            for number in range(6):
                await crowd()
                fact, since = invoice(load.customers[0], f"CROWD-{number}", load.day), clock.monotonic()
                answer = await load.answer([fact])
                longest = max(longest, clock.monotonic() - since)
                if answer.status_code == 202:  # ours was faster than the crowd to a session that had just ended
                    _acknowledged(load, fact)
                    continue
                assert answer.status_code == 503, f"{answer.status_code}: {answer.text[:200]}"
                refused += 1
            assert refused > 0
            world.note(longest_wait_s=round(longest, 1), refusals=refused)
        world.fault()


async def row_20(world: World, load: Load, rng: Random) -> None:
    """Somebody locks a table for longer than a statement may take; reads that do not need it go on."""
    table = rng.choice(("events", "intake", "outbox", "streams", "positions"))
    async with load.flowing(), Reader(world) as reader:
        await load.reached(rng.uniform(0.2, 0.6))
        async with world.session() as session, session.transaction():
            await session.execute(f"lock table {table} in access exclusive mode")
            until_, reads = clock.monotonic() + LOCKED_SECONDS, 0
            while clock.monotonic() < until_:
                await reader.read("/v1/customers")
                reads += 1
                await asyncio.sleep(0.25)
        world.fault()
    world.note(reads_meanwhile=reads)


async def row_21(world: World, load: Load, rng: Random) -> None:
    """Sessions of others lock the rows that ours lock, in the other order, so that the server ends some of them."""
    (before,) = await world.rows("select deadlocks from pg_stat_database where datname = current_database()")
    async with load.flowing():
        await load.reached(0.1)
        end = clock.monotonic() + STORM_SECONDS
        await asyncio.gather(*(_crosses(world, load, end, Random(rng.random())) for _ in range(4)))
        world.fault()
    (after,) = await world.rows("select deadlocks from pg_stat_database where datname = current_database()")
    world.note(deadlocks=after["deadlocks"] - before["deadlocks"])


async def row_24(world: World, load: Load, rng: Random) -> None:
    """Of transactions that fill the intake, the one that began first commits last."""
    customer = load.customers[0]
    beside = next(one for one in load.customers if partition_of(one, PARTITIONS) != partition_of(customer, PARTITIONS))
    first, second, other = (
        invoice(customer, "FIRST", load.day),
        invoice(customer, "SECOND", load.day),
        invoice(beside, "OTHER", load.day),
    )
    async with load.flowing():
        await load.reached(rng.uniform(0.2, 0.6))
        slow = await connect(world.postgres.dsn, schema="rating", statement_seconds=30)
        try:
            transaction = slow.transaction()
            await transaction.start()
            await _keep(slow, first)
            behind = asyncio.create_task(_committed(world, load, second))
            await _committed(world, load, other)
            await until(lambda: _applied(world, other), "what was committed meanwhile is applied")
            await asyncio.sleep(rng.uniform(0.2, 1.5))
            assert not behind.done(), "a later transaction of the same partition was committed first"
            assert not await _applied(world, first)
            world.fault()
            await transaction.commit()
            _acknowledged(load, first)
            await behind
        finally:
            slow.terminate()
        await until(lambda: _applied(world, first), "the one that was committed last is applied")


def _cpu(process: psutil.Process) -> float:
    """Seconds of a core that *process* has used."""
    with suppress(psutil.NoSuchProcess):
        used = process.cpu_times()
        return float(used.user + used.system)
    return 0.0


async def _answers(world: World) -> bool:
    return bool(await world.rows("select 1"))


async def _ended(world: World, number: signal.Signals) -> None:
    """Send *number* to the postmaster and wait for its end."""
    assert world.postgres.pid is not None
    os.kill(world.postgres.pid, number)

    async def gone() -> bool:
        return not world.postgres.alive

    await until(gone, "the server ends")


async def _log_is_full(world: World) -> None:
    """Write to the log of the database until the server cannot any more, and ends."""
    with suppress(asyncpg.PostgresError, OSError, *LOST):
        async with superuser(world) as session:
            for _ in range(200):
                await session.execute("select pg_logical_emit_message(false, 'full', repeat('x', 1000000))")

    async def gone() -> bool:
        return not world.postgres.alive

    await until(gone, "the server ends")


async def _start_is_refused(world: World) -> float:
    """A start on a full disk says so at once. Returns how long that took, in seconds."""
    started = clock.monotonic()
    try:
        await asyncio.to_thread(world.postgres.start)
    except NoSpace:
        return round(clock.monotonic() - started, 2)
    raise AssertionError("the server started on a full disk")


@asynccontextmanager
async def _crowd(world: World) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Others who hold connections of the server. Gives what lets them take all there are, those of ours included."""
    held: list[asyncpg.Connection] = []
    async with superuser(world) as session:

        async def take() -> None:
            while True:
                try:
                    held.append(
                        await asyncpg.connect(world.postgres.dsn, server_settings={"application_name": "crowd"})
                    )
                except asyncpg.TooManyConnectionsError:
                    ours = [row["pid"] for row in await session.fetch(BACKENDS)]
                    if not ours:
                        return
                    await session.execute("select pg_terminate_backend(pid) from unnest($1::int[]) as u (pid)", ours)

        try:
            yield take
        finally:
            for one in held:
                one.terminate()


async def _crosses(world: World, load: Load, end: float, rng: Random) -> None:
    """Lock what ours lock, in the other order, again and again until *end*; ours shall be the ones that are ended."""
    heads = ("select from intake_heads where partition = $1 for update", list(reversed(range(PARTITIONS))))
    streams = ("select from streams where stream = $1 for update", sorted(load.customers, reverse=True))
    while clock.monotonic() < end:
        with suppress(asyncpg.PostgresError):
            async with superuser(world) as session, session.transaction():
                await session.execute("set local deadlock_timeout = '4s'")
                query, keys = rng.choice((heads, streams))
                for at in sorted(rng.sample(range(len(keys)), 4)):
                    await session.execute(query, keys[at])
                    await asyncio.sleep(rng.uniform(0.005, 0.05))


async def _keep(session: asyncpg.Connection, fact: Fact) -> None:
    event = codec.decode(json.dumps(fact).encode())
    await intake.keep(session, [event], now=clock.now(), partitions=PARTITIONS)


async def _committed(world: World, load: Load, fact: Fact) -> None:
    async with world.session() as session:
        async with session.transaction():
            await _keep(session, fact)
        _acknowledged(load, fact)


def _acknowledged(load: Load, fact: Fact) -> None:
    word = word_of(json.dumps(fact).encode())
    load.sent[word.key], load.acked[word.key] = word, fact


async def _applied(world: World, fact: Fact) -> bool:
    return bool(await world.rows("select 1 from events where stream = $1 and id = $2", fact["subject"], fact["id"]))
