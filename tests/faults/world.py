"""One running system on loopback: database, broker, API, relay and workers as real processes, which a row may break."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

import asyncpg
import httpx2

from shared.edge import clock
from shared.edge.embedded.postgres import EmbeddedPostgres
from shared.edge.embedded.postgres_settings import GIB, MIB, PostgresSettings
from shared.edge.embedded.process import free_port
from shared.edge.http import tokens
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import LOST, connect
from tests.faults import brokers
from tests.faults.load import Fact, Load
from tests.faults.process import Process
from tests.faults.proxy import Proxy
from tests.faults.rest import waits
from tests.model.truth import Key
from tests.support.downstream import PARTITIONS

ZONE = "Asia/Shanghai"
NOTHING: Mapping[str, str] = MappingProxyType({})
READY_SECONDS = 90.0
SETTLE_SECONDS = 75.0
"""How long everything may take to come to rest once everything runs again."""
LOOK_SECONDS = 0.05
READY = f"""
select (select max(date) from business_days) as day,
       (select count(*) from positions where partition < {PARTITIONS}) as taken
"""
"""A day is open, and every partition was given to a worker once."""
SETTINGS = PostgresSettings(shared_buffers=64 * MIB, max_wal_size=GIB)
"""Small, but as careful with the disk as an instance's."""


def prepare(folder: Path) -> None:
    """Make a database with our tables in *folder*, which every world begins with a copy of."""

    async def tables(dsn: str) -> None:
        await upgraded(dsn, "rating")

    with EmbeddedPostgres(folder, settings=SETTINGS) as postgres:
        asyncio.run(tables(postgres.dsn))


class World:
    """What a row gets. Everything in it is started by `whole`, also what a row has ended."""

    def __init__(
        self,
        folder: Path,
        kind: str,
        *,
        workers: int = 1,
        through: Collection[str] = (),
        told: Mapping[str, str] = NOTHING,
    ) -> None:
        """*told* is said to every process of ours besides; *through*: what they reach through a proxy, see `ways`."""
        self.folder, self.kind = folder, kind
        self.postgres = EmbeddedPostgres(folder / "postgres", settings=SETTINGS)
        ports: dict[str, Callable[[], int]] = {
            "database": lambda: self.postgres.port, "broker": lambda: brokers.port(self.broker)
        }  # fmt: skip
        self.ways = {name: Proxy(ports[name]) for name in through}
        """`database`, `broker`: the proxies. Everything is mended by `whole`."""
        way = self.ways.get("broker")
        self.broker: brokers.Broker = brokers.made(kind, folder / "broker", advertised=way.address if way else None)
        self._told, self._port, self._relay_port = dict(told), free_port(), free_port()
        self.relay = self._process("relay", "relay", "rating", "--metrics-port", str(self._relay_port))
        self.api = self._process("api", "serve", "rating")
        self.workers = [self._process(f"worker-{number + 1}", "work", "rating") for number in range(workers)]
        self.loads: list[Load] = []
        self.noted: dict[str, float | int | str] = {}
        self.fault_at: float | None = None
        self.day = date.min
        self.patience = SETTLE_SECONDS

    @property
    def url(self) -> str:
        """Where the API listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def processes(self) -> list[Process]:
        """Everything of ours."""
        return [self.relay, self.api, *self.workers]

    def environment(self) -> dict[str, str]:
        """What a process of ours is told."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("GRADELINE_")}
        return ours | {
            "GRADELINE_POSTGRES": self._dsn(),
            "GRADELINE_KAFKA": self.ways["broker"].address if "broker" in self.ways else self.broker.address,
            "GRADELINE_DATA": str(self.folder),
            "GRADELINE_EMBEDDED": "1",
            "GRADELINE_PORT": str(self._port),
            "GRADELINE_READERS": "1",
            "GRADELINE_ZONE": ZONE,
            **self._told,
        }

    def load(self, name: str, random: Random, **more: Any) -> Load:
        """A load of its own customers; what it was acknowledged must be there for as long as the world lasts."""
        token = tokens.issue(data=self.folder, role="integrator", subject="faults", ttl=timedelta(hours=6))
        made = Load(self.url, token, name=name, day=self.day, random=random, **more)
        self.loads.append(made)
        return made

    def fault(self) -> None:
        """Say that what is to be recovered from happens now; the last time counts."""
        self.fault_at = clock.monotonic()

    def note(self, **values: float | str) -> None:
        """Keep a figure of this row."""
        self.noted.update(values)

    async def whole(self) -> None:
        """Start and wake whatever is ended or stopped, and wait until it serves."""
        for way in self.ways.values():
            way.suffer()
        for process in self.processes:
            if process.alive:
                process.send(signal.SIGCONT)
        if isinstance(self.broker.pid, int):
            brokers.send(self.broker, signal.SIGCONT)
        await asyncio.gather(asyncio.to_thread(self.postgres.start), asyncio.to_thread(self.broker.start))
        for process in self.processes:
            process.start()
        await self._ready()

    async def stop(self) -> None:
        """End everything."""
        for load in self.loads:
            await load.close()
        for process in self.processes:
            process.kill()
        for way in self.ways.values():
            way.close()
        await asyncio.to_thread(self.broker.stop)
        await asyncio.to_thread(self.postgres.stop)

    async def settled(self) -> list[str]:
        """Wait until every acknowledged fact is applied and nothing waits any more. Returns what still does in the end."""
        until, found = clock.monotonic() + self.patience, ["the database"]
        while found and clock.monotonic() < until:
            with suppress(asyncpg.PostgresError, OSError, *LOST):
                async with self.session() as session:
                    while found and clock.monotonic() < until:
                        found = await waits(
                            session, facts=len(self.acked), aside=len(self.aside), dead=self.dead_letters
                        )
                        await asyncio.sleep(LOOK_SECONDS)
        return found

    @asynccontextmanager
    async def session(self) -> AsyncIterator[asyncpg.Connection]:
        """A session in the database, past any proxy."""
        connection = await connect(self.postgres.dsn, schema="rating", statement_seconds=30)
        try:
            yield connection
        finally:
            connection.terminate()

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """What *query* finds."""
        async with self.session() as session:
            return [dict(row) for row in await session.fetch(query, *arguments)]

    @property
    def acked(self) -> dict[Key, Fact]:
        """Every fact that was ever acknowledged in this world."""
        return {key: fact for load in self.loads for key, fact in load.acked.items()}

    @property
    def aside(self) -> set[tuple[Key, str]]:
        """What must be in quarantine."""
        return {one for load in self.loads for one in load.aside}

    @property
    def dead_letters(self) -> int:
        """How many dead letters there must be."""
        return sum(load.dead_letters for load in self.loads)

    async def figures_of_relay(self) -> str:
        """The relay's figures as Prometheus reads them; one that was started a moment ago is waited for."""
        until = clock.monotonic() + READY_SECONDS
        async with httpx2.AsyncClient(trust_env=False, timeout=10) as http:
            while True:
                try:
                    return (await http.get(f"http://127.0.0.1:{self._relay_port}/metrics")).text
                except httpx2.ConnectError:
                    assert clock.monotonic() < until, "the relay shows no figures"
                    await asyncio.sleep(LOOK_SECONDS)

    async def _ready(self) -> None:
        until = clock.monotonic() + READY_SECONDS
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as http:
            while not await self._serves(http):
                ended = [f"{one.name}: {one.said()}" for one in self.processes if not one.alive]
                assert not ended, f"ended: {ended}"
                assert clock.monotonic() < until, f"not ready within {READY_SECONDS:g} s"
                await asyncio.sleep(LOOK_SECONDS)

    async def _serves(self, http: httpx2.AsyncClient) -> bool:
        try:
            if (await http.get(f"{self.url}/readyz")).status_code != 200:
                return False
            (found,) = await self.rows(READY)
        except (httpx2.TransportError, asyncpg.PostgresError, OSError, *LOST):
            return False
        self.day = found["day"] or self.day
        return found["day"] is not None and found["taken"] == PARTITIONS

    def _dsn(self) -> str:
        way = self.ways.get("database")
        return self.postgres.dsn.replace(f":{self.postgres.port}/", f":{way.port}/") if way else self.postgres.dsn

    def _process(self, name: str, *words: str) -> Process:
        return Process(name, words, self.folder, self.environment)


@asynccontextmanager
async def running(
    folder: Path, template: Path, kind: str, *,
    workers: int = 1, through: Collection[str] = (), told: Mapping[str, str] = NOTHING,
) -> AsyncIterator[World]:  # fmt: skip
    """A world in *folder*, begun with a copy of the database in *template*; ended with the context."""
    await asyncio.to_thread(_begun, folder, template)
    world = World(folder, kind, workers=workers, through=through, told=told)
    try:
        await world.whole()
        yield world
    finally:
        await world.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _begun(folder: Path, template: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o711)  # the database may run as another user
    shutil.copytree(template, folder / "postgres")
