"""Connections to one service's schema. Every wait on the database has an end (reliability.md, F17)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Generator
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import asyncpg

from shared.core.errors import GradelineError, Misconfigured, Unavailable

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
    OSError,
)
"""What asyncpg raises when the server or the way to it is gone; the connection is dropped, the work tried again.

Of the operating system's errors all: also a name that is not known now, a network that is down, no descriptor left.
"""

_AT_FAULT: tuple[type[BaseException], ...] = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
"""What PostgreSQL says of values it will never take."""
_MAY_PASS: tuple[type[BaseException], ...] = (GradelineError, asyncpg.PostgresError, MemoryError, OSError, *LOST)
_NO_ANSWER: tuple[type[BaseException], ...] = (asyncpg.PostgresError, OSError, ValueError, *LOST)

CONNECT_SECONDS = 5.0
WAIT_SECONDS = 5.0
ROLE = "select rolname, rolsuper, rolbypassrls from pg_roles where rolname = current_user"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def settings_of(schema: str, *, statement_seconds: float = 10.0) -> dict[str, str]:
    """What the server is told about a session in *schema*. Raises Misconfigured where the name is not one of ours."""
    if not _NAME.fullmatch(schema):
        raise Misconfigured(f"{schema!r} is not a schema name: write small letters, digits and _")
    milliseconds, idle = (str(int(times * 1000 * statement_seconds)) for times in (1, 2))
    return {
        "search_path": schema,
        "timezone": "UTC",
        "statement_timeout": milliseconds,
        "lock_timeout": milliseconds,
        "idle_in_transaction_session_timeout": idle,  # a process that stands still lets go of the rows it has locked
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


class Busy(Unavailable):
    """No database connection became free in time; try again later."""


class BoundedPool(asyncpg.Pool):
    """A pool that lets nobody wait for ever for a connection."""

    wait_seconds = WAIT_SECONDS

    def acquire(self, *, timeout: float | None = None) -> Any:
        """As asyncpg's, for `async with` and for `await`; raises Busy after *timeout* seconds, else `wait_seconds`."""
        seconds = self.wait_seconds if timeout is None else timeout
        return _Lent(super().acquire(timeout=seconds), seconds)


class _Lent:
    """A connection about to be lent."""

    __slots__ = ("_inner", "_seconds")

    def __init__(self, inner: Any, seconds: float) -> None:
        self._inner, self._seconds = inner, seconds

    async def __aenter__(self) -> Any:
        try:
            return await self._inner.__aenter__()
        except TimeoutError as error:
            raise self._busy() from error

    async def __aexit__(self, *raised: Any) -> Any:
        return await self._inner.__aexit__(*raised)

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._own().__await__()

    async def _own(self) -> Any:
        try:
            return await self._inner
        except TimeoutError as error:
            raise self._busy() from error

    def _busy(self) -> Busy:
        return Busy(f"no database connection became free in {self._seconds:g} s; try again later")


async def open_pool(
    dsn: str,
    *,
    schema: str,
    size: int = 10,
    statement_seconds: float = 10.0,
    wait_seconds: float = WAIT_SECONDS,
) -> BoundedPool:
    """Open at most *size* connections whose search path is *schema*; who needs one waits *wait_seconds* at most.

    Raises asyncpg errors, OSError, and Misconfigured where row security does not bind the role.
    """
    pool = BoundedPool(
        dsn,
        min_size=1,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        timeout=CONNECT_SECONDS,
        command_timeout=statement_seconds + 2,
        server_settings=settings_of(schema, statement_seconds=statement_seconds),
        reset=_as_it_is,
    )
    pool.wait_seconds = wait_seconds
    await pool
    try:
        async with pool.acquire() as connection:
            await require_safe_role(connection)
    except BaseException:
        pool.terminate()
        raise
    return pool


async def refuse_unsafe_role(dsn: str, *, schema: str) -> None:
    """Raise Misconfigured as `open_pool` does, before anything else is begun. A database that is away says nothing."""
    try:
        connection = await connect(dsn, schema=schema, statement_seconds=CONNECT_SECONDS)
    except _NO_ANSWER:
        return  # said by whoever needs it
    try:
        await require_safe_role(connection)
    finally:
        connection.terminate()


async def require_safe_role(connection: Connection) -> None:
    """Raise Misconfigured where the role of *connection* is a superuser's or may bypass row security (F11)."""
    role = await connection.fetchrow(ROLE)
    if role is not None and (role["rolsuper"] or role["rolbypassrls"]):
        what = "is a superuser" if role["rolsuper"] else "has BYPASSRLS"
        raise Misconfigured(
            f"GRADELINE_POSTGRES: the role {role['rolname']} {what}, so row security would not hold for it; name another: "
            f"create role gradeline_rt login nosuperuser nobypassrls; alter database … owner to gradeline_rt"
        )


async def _as_it_is(_: asyncpg.Connection) -> None:
    """Nothing: a session of a pool is only ever changed with `set local`. asyncpg itself ends an open transaction.

    Its default asks the server to forget settings, locks and cursors that nobody has: a round trip after each use.
    """


async def connect(
    dsn: str, *, schema: str, statement_seconds: float = 3600.0, durable: bool = True
) -> asyncpg.Connection:
    """One connection of its own, for long reads and for migrations.

    *durable* False: a commit does not wait for the disk, and the last of them may be undone when the server dies.
    """
    return await asyncpg.connect(
        dsn,
        timeout=CONNECT_SECONDS,
        command_timeout=statement_seconds + 2,
        server_settings=settings_of(schema, statement_seconds=statement_seconds)
        | ({} if durable else {"synchronous_commit": "off"}),
    )


@contextlib.asynccontextmanager
async def begun(connection: Connection, *statements: str) -> AsyncIterator[None]:
    """A transaction that begins with *statements*, which take no values: all in one round trip. Raises asyncpg errors."""
    try:
        await connection.execute("; ".join(("begin", *statements)))
        yield
    except BaseException:
        await connection.execute("rollback")
        raise
    await connection.execute("commit")


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
