"""An API and its database: it serves at once, the database is tried until it answers, and /readyz says so meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from typing import Any, Protocol

import structlog
from fastapi import FastAPI

from shared.core.errors import Misconfigured, Unavailable
from shared.edge import logs, waiting
from shared.edge.http import health, serving
from shared.edge.settings import Settings
from shared.edge.store.pool import refuse_unsafe_role

CONNECT_EVERY_SECONDS = 1.0
GC_THRESHOLD = (10_000, 50, 1_000_000)
"""As a worker's, never a full collection, for states are kept here too; and the young ones often, since one of 100,000 objects
takes 30 ms or more (measured), in which nobody is answered."""

log = structlog.get_logger(__name__)


class Ports(Protocol):
    """What the routes of a service find in `app.state.ports`."""

    pool: Any
    """None until the database has answered once."""

    def database(self) -> Any:
        """The pool. Raises Unavailable while there is none."""


def begin(settings: Settings, *, schema: str) -> None:
    """Raise Misconfigured for what would be wrong later; from here on the log says what happens."""
    asyncio.run(refuse_unsafe_role(waiting.named(settings), schema=schema))
    logs.configure(level=settings.log_level, service=f"{schema}-api")


def serve(app: FastAPI, settings: Settings, *, schema: str) -> None:
    """Serve *app* until SIGTERM. Raises Unavailable where it could not start."""
    server = serving.server(app, settings)
    gc.set_threshold(*GC_THRESHOLD)
    serving.run(server)
    if not server.started:
        raise Unavailable(f"the {schema} API could not start on {settings.host}:{settings.port}; the log says why")


@contextlib.asynccontextmanager
async def attached(
    settings: Settings, ports: Ports, checks: dict[str, health.Check], *, schema: str
) -> AsyncIterator[None]:
    """Give *ports* the database of *schema*, now or as soon as it answers, and close it at the end."""
    revision = health.newest_revision(schema)

    async def database() -> str:
        return await health.schema_at_head(ports.database(), revision)

    checks["database"] = database
    connecting: asyncio.Task[None] | None = None
    if not await _connect(settings, ports, schema):
        connecting = asyncio.create_task(_keep_connecting(settings, ports, schema), name="connecting")
    try:
        yield
    finally:
        if connecting is not None:
            connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await connecting
        if ports.pool is not None:
            pool, ports.pool = ports.pool, None
            await asyncio.wait_for(pool.close(), settings.drain_seconds)


async def _connect(settings: Settings, ports: Ports, schema: str) -> bool:
    ports.pool = await waiting.pool_of(settings, schema=schema, size=settings.pool)
    return ports.pool is not None


async def _keep_connecting(settings: Settings, ports: Ports, schema: str) -> None:
    connected = False
    while not connected:
        await asyncio.sleep(CONNECT_EVERY_SECONDS)
        try:
            connected = await _connect(settings, ports, schema)
        except Misconfigured as error:  # it answers now, and refuses us: somebody may still put that right
            log.error("the database refuses us", reason=error.message)
