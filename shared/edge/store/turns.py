"""Who may write next. Locks of the database that end with the transaction, taken before any other.

Everybody who appends to a partition shares its lock, so nobody waits for anybody; who keeps losing, a command or a worker,
takes it alone before reading, and then whoever writes to the partition waits until that is written. Rows are locked after
this, and partitions are taken in the order of their numbers: so no two can wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.edge.store.pool import Connection

_SHARED = """
select pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '~turn/' || p, 0))
from (select p from unnest('{{{partitions}}}'::int[]) p order by p) t
"""
_ALONE = """
select pg_advisory_xact_lock(hashtextextended(current_schema() || '~turn/' || p, 0))
from (select p from unnest($1::int[]) p order by p) t
"""
_CUSTOMER = "select pg_advisory_xact_lock(hashtextextended(current_schema() || '/' || $1::text, 0))"
_FIRST = _CUSTOMER.replace("$1::text", "convert_from('\\x{name}', 'UTF8')")


def shared(partitions: Iterable[int]) -> str:
    """The statement that who appends to *partitions* begins with."""
    return _SHARED.format(partitions=",".join(str(int(partition)) for partition in sorted(partitions)))


async def alone(connection: Connection, partitions: Iterable[int]) -> None:
    """Wait until nobody writes to *partitions*; nobody will until the transaction on *connection* ends.

    Raises asyncpg.LockNotAvailableError or QueryCanceledError where that takes too long.
    """
    await connection.execute(_ALONE, sorted(partitions))


async def take(connection: Connection, customer_id: str) -> None:
    """Wait until no other command about *customer_id* is under way. Only commands take this. Raises as `alone`."""
    await connection.execute(_CUSTOMER, customer_id)


def first(customer_id: str) -> str:
    """The statement that takes the turn of *customer_id*, for who begins a transaction with it."""
    return _FIRST.format(name=customer_id.encode().hex())
