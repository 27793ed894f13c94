"""Customers for reports, computed from their logs on several processes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from gradeline.commands.verify import accounts_brain, brain_of
from gradeline.database import pool_of, reached
from gradeline.importing.run import Shows
from gradeline.spread import spread
from services.exposure.adapters import reporting
from services.exposure.adapters.reporting import Entries
from services.exposure.adapters.viewing import Viewer
from services.exposure.core.figures import Moment
from services.exposure.core.records import is_group
from services.rating.adapters import grading
from services.rating.adapters.grading import Graded
from shared.core.errors import Unavailable
from shared.edge.proof import customers
from shared.edge.settings import Settings
from shared.edge.waiting import named

TODAY = "select min(day) from partitions"


def accounts(known: Settings, day: date | None, processes: int, show: Shows) -> tuple[Entries, date]:
    """Every customer that exposure knows, at the end of *day* (None: the current day), and which day that is.

    Raises Misconfigured where no database is named, Unavailable where it does not answer or no day was opened yet.
    """
    streams, today = reached(_there(known, "exposure"))
    if today is None:
        raise Unavailable("no business day is open yet; try again later")
    work, found = partial(entries_of, named(known), known.currency, day or today), Entries([], [])
    for piece in spread(work, streams, processes=processes, show=show, what="report"):
        found.of += piece.of
        found.unread += piece.unread
    found.of.sort(key=lambda entry: entry.customer)
    return found, day or today


def grades(known: Settings, day: date, processes: int, show: Shows) -> dict[str, Graded]:
    """The grade of every customer that rating knows, on *day*."""
    streams, _ = reached(_there(known, "rating"))
    work, found = partial(grades_of, named(known), known.currency, known.policies, day), dict[str, Graded]()
    for piece in spread(work, streams, processes=processes, show=show, what="grades"):
        found |= piece
    return found


async def viewed(known: Settings, customer: str, day: date | None) -> Moment | None:
    """One customer at the end of *day* (None: at this moment); None: nothing was known of it by then."""
    if is_group(customer):
        return None
    async with pool_of(known, schema="exposure") as pool:
        return await Viewer(accounts_brain(known.currency), known.partitions)(pool, customer, day, None)


async def _there(known: Settings, schema: str) -> tuple[list[str], date | None]:
    async with pool_of(known, schema=schema) as pool, pool.acquire() as connection:
        return await customers(connection, None, ""), await connection.fetchval(TODAY)


def entries_of(dsn: str, currency: str, day: date, streams: Sequence[str]) -> Entries:
    """Some customers, in this process."""
    return reached(reporting.entries(dsn, accounts_brain(currency), streams, day))


def grades_of(dsn: str, currency: str, policies: Path | None, day: date, streams: Sequence[str]) -> dict[str, Graded]:
    """The grades of some customers, in this process."""
    return reached(grading.grades(dsn, brain_of(currency, policies), streams, day))
