"""Rows 4, 72 to 76 and 78: whoever alerts are sent to is slow, away, gone, lies, or is where nobody may go.

The relay process of alerts delivers as an operator runs it; messages lie in its queue as the dispatcher writes them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any

import asyncpg

from services.alerts.adapters.delivery_wiring import known
from services.alerts.adapters.endpoints import Key
from shared.edge import clock
from shared.edge.embedded.process import free_port
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.faults.load import Load
from tests.faults.process import Process
from tests.faults.tools import until
from tests.faults.world import World
from tests.support.rating_api import settings
from tests.support.receivers import SECRET, Receiver, Reply, message, notice, put, receiver

OTHERS = 40
STORM = 1_000
ROBOT_A_MINUTE = 20
LIES: dict[str, bytes] = {
    "dingtalk": b'{"errcode":310000,"errmsg":"sign not match"}',
    "wecom": b'{"errcode":45009,"errmsg":"api freq out of limit"}',
    "feishu": b'{"code":19021,"msg":"sign match fail"}',
}
INSIDE = ("169.254.169.254", "10.0.0.1", "[::1]", "127.0.0.2", "0.0.0.0", "2130706433", "metadata.localhost")
"""Where a webhook may not lead, though 127.0.0.1 is listed."""


class House:
    """The queue of alerts in a world, and the process that serves it."""

    def __init__(self, world: World, pool: asyncpg.Pool, name: str, relay: Process) -> None:
        self.world, self.pool, self.name, self.relay, self.made = world, pool, name, relay, 0
        self._known = known(settings(world.postgres.dsn, world.folder))

    async def leads(self, name: str, channel: str, url: str) -> str:
        """An endpoint of that name that leads to *url*. Returns its whole name."""
        keys = [Key(SECRET)] if channel == "webhook" else []
        whole = f"{self.name}-{name}"
        await self._known.put(self.pool, name=whole, channel=channel, target=url, keys=keys, now=clock.now(), by="row")
        return whole

    async def lay(self, address: str, channel: str, count: int = 1, **told: Any) -> None:
        """So many messages to *address* wait."""
        messages = []
        for _ in range(count):
            self.made += 1
            name = f"{self.name}-{self.made}"
            about = notice(self.made, notice_id=f"{name}/1", alert_id=name, severity=told.get("severity", "warning"))
            messages.append(message(self.made, channel, address, message_id=name, notices=(about,),
                                    created_at=clock.now(), **told))  # fmt: skip
        await put(self.pool, *messages)

    async def states(self, address: str) -> Counter[str]:
        """How many messages to *address* are in each state."""
        rows = await self.pool.fetch("select state, count(*) as n from messages where address = $1 group by 1", address)
        return Counter({row["state"]: row["n"] for row in rows})

    async def tried(self, address: str) -> list[tuple[str, str]]:
        """Outcome and status of each attempt, the first first."""
        query = """select outcome, status from attempts a join messages m using (message_id)
                   where m.address = $1 order by message_id, attempt"""
        return [(row["outcome"], row["status"]) for row in await self.pool.fetch(query, address)]

    async def endpoint(self, address: str) -> str:
        """The state of an endpoint."""
        return str(await self.pool.fetchval("select state from endpoints where name = $1", address))

    async def kept(self) -> None:
        """Every message that was laid is there, in one state."""
        found = await self.pool.fetchval("select count(*) from messages where message_id like $1", f"{self.name}-%")
        self.world.note(alerts_lost=self.made - found)
        assert found == self.made


@asynccontextmanager
async def delivering(world: World, rng: Random, *there: Receiver) -> AsyncIterator[House]:
    """The relay process of alerts, which may reach *there*."""
    await upgraded(world.postgres.dsn, "alerts")
    told = {
        "GRADELINE_OUTBOUND_NETWORKS": "127.0.0.1/32",
        "GRADELINE_OUTBOUND_PORTS": ",".join(str(one.port) for one in there),
    }
    words = ("relay", "alerts", "--metrics-port", f"{free_port()}")
    process = Process("alerts-relay", words, world.folder, lambda: {**world.environment(), **told})
    pool = await open_pool(world.postgres.dsn, schema="alerts", size=3)
    try:
        process.start()
        yield House(world, pool, f"h{rng.getrandbits(40):010x}", process)
        assert process.alive, f"the relay ended: {process.said()}"
    finally:
        process.stop()
        await pool.close()


async def row_4(world: World, load: Load, rng: Random) -> None:
    """Killed after the receiver has the message, before its answer is noted: once more, under the same id."""
    held = asyncio.Event()
    async with receiver(hold=held, reply=lambda _: (200, {}, b"")) as there, delivering(world, rng, there) as house:
        hook = await house.leads("hook", "webhook", there.url)
        async with load.flowing():
            await house.lay(hook, "webhook")
            await asyncio.wait_for(there.came.wait(), 60)
            house.relay.kill()
            await house.relay.died()
            world.fault()
            held.set()
            house.relay.start()
            await until(lambda: _all(house, hook, "delivered", 1), "not sent again", 80.0)
        assert len(there.asked) == 2
        assert len({one.headers["webhook-id"] for one in there.asked}) == 1
        world.note(times=len(there.asked))
        await house.kept()


async def row_72(world: World, load: Load, rng: Random) -> None:
    """One webhook takes the connection and says nothing; robots and other webhooks are served as before."""
    async with AsyncExitStack() as stack:
        pit = await stack.enter_async_context(receiver(hold=asyncio.Event()))
        well = await stack.enter_async_context(receiver())
        house = await stack.enter_async_context(delivering(world, rng, pit, well))
        tarpit = await house.leads("pit", "webhook", f"{pit.url}/pit")
        others = [
            await house.leads("hook", "webhook", f"{well.url}/hook"),
            await house.leads("robot", "wecom", f"{well.url}/r"),
        ]
        async with load.flowing():
            await house.lay(tarpit, "webhook", OTHERS)
            await asyncio.wait_for(pit.came.wait(), 60)
            world.fault()
            since = clock.monotonic()
            for other, channel in zip(others, ("webhook", "wecom"), strict=True):
                await house.lay(other, channel, OTHERS // 4)

            async def served() -> bool:
                return sum([(await house.states(one))["delivered"] for one in others]) == OTHERS // 2

            await until(served, "the others were not served beside the tarpit", 15.0)
        world.note(
            others_s=round(clock.monotonic() - since, 2), false_successes=(await house.states(tarpit))["delivered"]
        )
        assert (await house.states(tarpit))["delivered"] == 0
        await house.kept()


async def row_73(world: World, load: Load, rng: Random) -> None:
    """Down, then up: delivered by the schedule, under one id."""
    answers: list[Reply] = [(500, {}, b"busy")]
    async with receiver(reply=lambda _: answers[0]) as there, delivering(world, rng, there) as house:
        hook = await house.leads("hook", "webhook", there.url)
        async with load.flowing():
            await house.lay(hook, "webhook")
            await asyncio.wait_for(there.came.wait(), 60)
            world.fault()
            answers[0] = (200, {}, b"")
            await until(lambda: _all(house, hook, "delivered", 1), "not delivered once it was up")
        assert [outcome for outcome, _ in await house.tried(hook)] == ["retry", "delivered"]
        assert len({one.headers["webhook-id"] for one in there.asked}) == 1
        world.note(attempts=len(there.asked))
        await house.kept()


async def row_74(world: World, load: Load, rng: Random) -> None:
    """410 ends the endpoint, 429 is waited for, a redirect is a failure and followed by nobody."""
    wait = rng.choice((2, 3))
    replies: dict[str, Reply] = {
        "/gone": (410, {}, b""),
        "/busy": (429, {"Retry-After": f"{wait}"}, b""),
        "/moved": (302, {"Location": "/secret"}, b""),
    }
    async with receiver(reply=lambda asked: replies[asked.path]) as there, delivering(world, rng, there) as house:
        named = {path: await house.leads(path[1:], "webhook", f"{there.url}{path}") for path in replies}
        async with load.flowing():
            for one in named.values():
                await house.lay(one, "webhook")
            await until(lambda: _tried(house, list(named.values())), "not all were tried")
            replies["/busy"] = (200, {}, b"")
            since = clock.monotonic()
            await until(lambda: _all(house, named["/busy"], "delivered", 1), "what was to wait was not sent again")
        assert clock.monotonic() - since > wait / 2
        assert await house.endpoint(named["/gone"]) == "disabled"
        assert all(outcome != "delivered" for outcome, _ in await house.tried(named["/moved"]))
        followed = sum(one.path == "/secret" for one in there.asked)
        world.note(followed=followed, false_successes=(await house.states(named["/moved"]))["delivered"])
        assert followed == 0
        await house.kept()


async def row_75(world: World, load: Load, rng: Random) -> None:
    """Robots that answer 200 and an error: none is a success."""
    async with (
        receiver(reply=lambda asked: (200, {}, LIES[asked.path[1:]])) as there,
        delivering(world, rng, there) as house,
    ):
        named = {kind: await house.leads(kind, kind, f"{there.url}/{kind}") for kind in LIES}
        async with load.flowing():
            for kind, one in named.items():
                await house.lay(one, kind)
            await until(lambda: _tried(house, list(named.values())), "not every robot was tried")
        wrong = sum([(await house.states(one))["delivered"] for one in named.values()])
        world.note(false_successes=wrong)
        assert wrong == 0
        await house.kept()


async def row_76(world: World, load: Load, rng: Random) -> None:
    """A thousand alerts into a robot that takes twenty a minute: digests, none lost, the gravest first."""
    async with receiver() as there, delivering(world, rng, there) as house:
        robot = await house.leads("robot", "dingtalk", f"{there.url}/robot")
        async with load.flowing():
            for _ in range(10):
                severity = rng.choice(("warning", "critical", "info"))
                await house.lay(robot, "dingtalk", STORM // 10, severity=severity)
            await until(lambda: _all(house, robot, "delivered", STORM), "not all alerts were told", 90.0)
        world.note(alerts_told=STORM, cards=len(there.asked))
        assert len(there.asked) <= ROBOT_A_MINUTE
        await house.kept()


async def row_78(world: World, load: Load, rng: Random) -> None:
    """Addresses inside, written out or behind a name, and a redirect there: refused, and nothing is asked."""
    reply: Reply = (302, {"Location": "http://169.254.169.254/latest/meta-data"}, b"")
    async with receiver(reply=lambda _: reply) as there, delivering(world, rng, there) as house:
        hosts = rng.sample(INSIDE, len(INSIDE))
        named = [
            await house.leads(f"in{at}", "webhook", f"http://{host}:{there.port}/") for at, host in enumerate(hosts)
        ]
        moved = await house.leads("moved", "webhook", there.url)
        async with load.flowing():
            for one in (*named, moved):
                await house.lay(one, "webhook")
            await until(lambda: _tried(house, [*named, moved]), "not all were tried")
        allowed = sum([(await house.states(one))["delivered"] for one in (*named, moved)])
        world.note(allowed=allowed, refused=len(named), asked=len(there.asked))
        assert allowed == 0
        assert {one.path for one in there.asked} == {"/"}
        await house.kept()


async def _all(house: House, address: str, state: str, count: int) -> bool:
    return (await house.states(address))[state] == count


async def _tried(house: House, addresses: list[str]) -> bool:
    return all([await house.tried(one) for one in addresses])
