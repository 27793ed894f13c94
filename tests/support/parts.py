"""The real parts that tests run on: which there are, and what to say about them at the end of the run."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from shared.edge.embedded.wire import kafka_answers
from tests.support import kafka_jars

T = TypeVar("T")
GIVEN_POSTGRES = "GRADELINE_TEST_POSTGRES"
GIVEN_KAFKA = "GRADELINE_TEST_KAFKA"


class DatabaseServer(Protocol):
    """What tests ask of a PostgreSQL server; EmbeddedPostgres and GivenPostgres have it."""

    async def create_database(self, name: str, *, template: str = "template0") -> str:
        """Make a database owned by an ordinary role. Returns its dsn."""

    async def drop_database(self, name: str) -> None:
        """Remove it."""

    async def version(self) -> str:
        """The server's version."""

    @property
    def superuser_dsn(self) -> str:
        """The dsn of a role that may make roles."""


@asynccontextmanager
async def unsafe_role(server: DatabaseServer, right: str, dsn: str) -> AsyncIterator[str]:
    """The dsn, in the database of *dsn*, of a role that has *right* (superuser, bypassrls); removed afterwards."""
    name, password = f"unsafe_{secrets.token_hex(4)}", secrets.token_hex(16)
    await _execute(server.superuser_dsn, f"CREATE ROLE {name} LOGIN {right} PASSWORD '{password}'")
    try:
        parts = urlsplit(dsn)
        host = parts.netloc.rpartition("@")[2]
        yield urlunsplit(parts._replace(netloc=f"{name}:{password}@{host}"))
    finally:
        await _execute(server.superuser_dsn, f"DROP ROLE {name}")


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=20, command_timeout=60)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


class Broker(Protocol):
    """What tests ask of a broker; EmbeddedBroker, ApacheKafka and GivenKafka have it."""

    @property
    def address(self) -> str:
        """`host:port`."""

    def describe(self) -> str:
        """Name and version."""


@dataclass(frozen=True)
class GivenKafka:
    """The broker that GRADELINE_TEST_KAFKA names."""

    address: str

    def describe(self) -> str:
        """Its address, as that is all we know."""
        return f"the broker given at {self.address}"


@dataclass
class GivenPostgres:
    """The server that GRADELINE_TEST_POSTGRES names, with a role that may make databases and roles."""

    dsn: str
    role: str = field(default_factory=lambda: f"gradeline_test_{secrets.token_hex(4)}")
    password: str = field(default_factory=lambda: secrets.token_hex(16))

    async def start(self) -> None:
        """Make the ordinary role that owns the databases of this run."""
        await self._execute(f"CREATE ROLE {self.role} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{self.password}'")
        await self._execute(f"GRANT {self.role} TO CURRENT_USER")

    async def stop(self) -> None:
        """Remove that role."""
        await self._execute(f"DROP ROLE IF EXISTS {self.role}")

    async def create_database(self, name: str, *, template: str = "template0") -> str:
        """Make a database owned by the ordinary role. Returns its dsn."""
        await self._execute(f"CREATE DATABASE {name} OWNER {self.role} TEMPLATE {template}")
        parts = urlsplit(self.dsn)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{self.role}:{self.password}@{host}", path=f"/{name}"))

    async def drop_database(self, name: str) -> None:
        """Remove it and end the sessions in it."""
        await self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def version(self) -> str:
        """The server's version."""
        connection = await asyncpg.connect(self.dsn, timeout=20)
        try:
            return str(await connection.fetchval("SHOW server_version"))
        finally:
            await connection.close()

    @property
    def superuser_dsn(self) -> str:
        """The dsn that was given."""
        return self.dsn

    async def _execute(self, statement: str) -> None:
        await _execute(self.dsn, statement)


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* to its end on a loop of its own, leaving the loop of pytest-asyncio alone."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


@cache
def why_no_kafka() -> str | None:
    """None where broker tests can also run on Apache Kafka; else the reason why not. Fetches the jars."""
    given = os.environ.get(GIVEN_KAFKA)
    if given:
        return None if kafka_answers(given, seconds=5.0) else f"{GIVEN_KAFKA}={given} does not answer"
    try:
        kafka_jars.jars()
    except kafka_jars.KafkaMissingError as reason:
        return str(reason)
    return None


@dataclass
class Used:
    """What the tests of this process really ran on."""

    databases: set[str] = field(default_factory=set)
    brokers: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    def add(self, other: dict[str, list[str]]) -> None:
        """Count what a worker reported."""
        for name, values in other.items():
            with suppress(AttributeError):
                getattr(self, name).update(values)

    def report(self) -> dict[str, list[str]]:
        """The same as lists, to be sent from a worker."""
        return {name: sorted(getattr(self, name)) for name in ("databases", "brokers", "missing")}

    def lines(self) -> list[str]:
        """One line each for the database, the broker, and what was missing; none where nothing was asked for."""
        lines = []
        if self.databases:
            lines.append("PostgreSQL: " + ", ".join(sorted(self.databases)))
        if self.brokers:
            lines.append("broker: " + ", ".join(sorted(self.brokers)))
        lines += [f"not on Apache Kafka: {reason}" for reason in sorted(self.missing)]
        return lines
