"""Commands that work on the database: one connection pool for the length of a command, one sentence where it is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg

from gradeline.instance import running
from shared.core.errors import Misconfigured, Unavailable
from shared.edge import settings, waiting
from shared.edge.settings import Settings
from shared.edge.store.pool import open_pool
from shared.edge.waiting import AWAY, REFUSED

R = TypeVar("R")


def told() -> Settings:
    """The settings; where they name no database, that of the instance that runs from GRADELINE_DATA."""
    known = settings.load()
    instance = None if known.postgres else running(known.data.resolve())
    return settings.load(postgres=instance.postgres, embedded=True) if instance else known


def reached(work: Coroutine[Any, Any, R]) -> R:
    """Run *work* to its end. Raises Unavailable where the database does not answer, Misconfigured where it refuses us."""
    try:
        return asyncio.run(work)
    except REFUSED as error:
        raise Misconfigured(f"GRADELINE_POSTGRES: {error}") from error
    except AWAY as error:
        raise Unavailable(f"the database does not answer ({type(error).__name__}); is it running?") from error
    except asyncpg.UndefinedTableError as error:
        raise Misconfigured(f"{error}; run `gradeline db upgrade` first") from error


@asynccontextmanager
async def pool_of(known: Settings, *, schema: str = "rating") -> AsyncIterator[asyncpg.Pool]:
    """A small pool on the database that *known* names. Raises Misconfigured where it names none."""
    pool = await open_pool(waiting.named(known), schema=schema, size=2, statement_seconds=known.statement_seconds)
    try:
        yield pool
    finally:
        await asyncio.wait_for(pool.close(), 10)
