"""A process that starts before its database waits for it; one that is told nonsense about it says so and ends."""

from __future__ import annotations

import asyncio
import contextlib

import asyncpg
import structlog

from shared.core.errors import Misconfigured
from shared.edge.settings import Settings
from shared.edge.store.pool import LOST, open_pool

AGAIN_SECONDS = 1.0
REFUSED: tuple[type[BaseException], ...] = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    ValueError,
)
"""What no waiting mends: the role, its password, the database's name, or an address that is none."""
AWAY: tuple[type[BaseException], ...] = LOST
"""A database that does not answer yet; its name may not be known yet either, where everything starts at once."""
PASSING: tuple[type[BaseException], ...] = (
    *AWAY,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
)
"""A database that is starting, stopping, full, busy or gone (reliability.md F17): the work may be repeated."""

log = structlog.get_logger(__name__)


def named(settings: Settings) -> str:
    """The address of the database. Raises Misconfigured where none is set."""
    if not settings.postgres:
        raise Misconfigured("GRADELINE_POSTGRES is not set: write postgresql://user@host/name, or use `gradeline up`")
    return settings.postgres


async def pool_of(settings: Settings, *, schema: str, size: int) -> asyncpg.Pool | None:
    """A pool on the database that *settings* name; None where it does not answer now. Raises Misconfigured."""
    try:
        return await open_pool(
            named(settings),
            schema=schema,
            size=size,
            statement_seconds=settings.statement_seconds,
            wait_seconds=settings.pool_seconds,
        )
    except REFUSED as error:
        raise Misconfigured(f"GRADELINE_POSTGRES: {error}") from error
    except AWAY as error:
        log.warning("the database does not answer", error=repr(error))
        return None


async def pool_as_soon_as_it_answers(
    settings: Settings, stop: asyncio.Event, *, schema: str, size: int
) -> asyncpg.Pool | None:
    """As `pool_of`, tried until it answers; None where *stop* came first. Raises Misconfigured."""
    while not stop.is_set():
        pool = await pool_of(settings, schema=schema, size=size)
        if pool is not None:
            return pool
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), AGAIN_SECONDS)
    return None
