"""Connections to one service's schema. Every wait on the database has an end (reliability.md, F17)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Literal, TypeAlias

import asyncpg

from shared.core.errors import GradelineError, Misconfigured

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Connection = asyncpg.Connection
"""A session, of its own or lent by a pool."""

LOST: tuple[type[BaseException], ...] = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
    FileNotFoundError,
    TimeoutError,
)
"""What asyncpg raises when the server or the way to it is gone; the connection is dropped, the work tried again."""

_AT_FAULT: tuple[type[BaseException], ...] = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
"""What PostgreSQL says of values it will never take."""
_MAY_PASS: tuple[type[BaseException], ...] = (GradelineError, asyncpg.PostgresError, MemoryError, OSError, *LOST)

CONNECT_SECONDS = 5.0
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def settings_of(schema: str, *, statement_seconds: float = 10.0) -> dict[str, str]:
    """What the server is told about a session in *schema*. Raises Misconfigured where the name is not one of ours."""
    if not _NAME.fullmatch(schema):
        raise Misconfigured(f"{schema!r} is not a schema name: write small letters, digits and _")
    milliseconds = str(int(statement_seconds * 1000))
    return {
        "search_path": schema,
        "timezone": "UTC",
        "statement_timeout": milliseconds,
        "lock_timeout": milliseconds,
        "idle_in_transaction_session_timeout": "60000",
        "application_name": f"gradeline-{schema}",
    }


def is_hopeless(error: BaseException) -> bool:
    """Whether *error* comes again however long one waits: what was to be written is at fault, or the code that made it.

    An identity that is taken (UniqueViolationError) is not: another writer was first.
    """
    if isinstance(error, asyncpg.UniqueViolationError):
        return False
    if isinstance(error, _AT_FAULT) or (isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)):
        return True  # the second is asyncpg's own DataError: a value that has no form in the protocol
    return isinstance(error, Exception) and not isinstance(error, _MAY_PASS)


async def open_pool(dsn: str, *, schema: str, size: int = 10, statement_seconds: float = 10.0) -> asyncpg.Pool:
    """Open at most *size* connections whose search path is *schema*. Raises asyncpg errors, OSError."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=CONNECT_SECONDS,
        command_timeout=statement_seconds + 2,
        server_settings=settings_of(schema, statement_seconds=statement_seconds),
        reset=_as_it_is,
    )


async def _as_it_is(_: asyncpg.Connection) -> None:
    """Nothing: a session of a pool is only ever changed with `set local`. asyncpg itself ends an open transaction.

    Its default asks the server to forget settings, locks and cursors that nobody has: a round trip after each use.
    """


async def connect(dsn: str, *, schema: str, statement_seconds: float = 3600.0) -> asyncpg.Connection:
    """One connection of its own, for long reads and for migrations."""
    return await asyncpg.connect(
        dsn,
        timeout=CONNECT_SECONDS,
        command_timeout=statement_seconds + 2,
        server_settings=settings_of(schema, statement_seconds=statement_seconds),
    )


@contextlib.asynccontextmanager
async def transaction(
    dsn: str, *, schema: str, readonly: bool = False, isolation: Literal["read_committed", "repeatable_read"]
) -> AsyncIterator[asyncpg.Connection]:
    """One transaction on a connection of its own, closed with it. Raises asyncpg errors."""
    connection = await connect(dsn, schema=schema)
    try:
        async with connection.transaction(readonly=readonly, isolation=isolation):
            yield connection
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
