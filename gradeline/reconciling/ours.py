"""What customers owe here: folded from their logs, on several processes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple

from gradeline.commands.verify import brain_of
from gradeline.database import pool_of, reached
from gradeline.importing.run import Shows
from gradeline.spread import spread
from services.rating.adapters import balances
from services.rating.adapters.balances import Books
from shared.edge.proof import customers
from shared.edge.settings import Settings
from shared.edge.store.conservation import pending
from shared.edge.waiting import named


class Ours(NamedTuple):
    """What is in our books."""

    books: Books
    customers: list[str]
    meant: dict[str, str]
    """Ids of the other system that are linked to a customer of ours."""
    waiting: int
    """Accepted facts that are not in the books yet."""


def read(known: Settings, source: str, ids: Collection[str], day: date, processes: int, shows: Shows) -> Ours:
    """The balances of all customers at the end of *day*; *ids* are the customers that *source* names.

    Raises Misconfigured where no database is named, Unavailable where it does not answer.
    """
    dsn = named(known)

    async def chosen() -> tuple[list[str], dict[str, str], int]:
        async with pool_of(known) as pool, pool.acquire() as connection:
            linked = await balances.meant(connection, source, sorted(ids))
            return await customers(connection, None, ""), linked, await pending(connection)

    streams, meant, waiting = reached(chosen())
    found = Books([], [])
    work = partial(books_of, dsn, known.currency, known.policies, day)
    for piece in spread(work, streams, processes=processes, show=shows, what="balances"):
        found.owed += piece.owed
        found.unread += piece.unread
    return Ours(found, streams, meant, waiting)


def books_of(dsn: str, currency: str, policies: Path | None, day: date, streams: Sequence[str]) -> Books:
    """The balances of some customers, in this process."""
    return reached(balances.books(dsn, brain_of(currency, policies), streams, day))
