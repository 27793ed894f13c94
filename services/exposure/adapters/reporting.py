"""Customers for reports, folded from their logs: any day that is over can be reported as well as this one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from services.exposure.adapters.folding import read
from services.exposure.core.brain import ExposureBrain
from services.exposure.core.records import is_group
from services.exposure.core.reporting import Entry, entry


class Entries(msgspec.Struct):
    """What is reported of some customers."""

    of: list[Entry] = []
    unread: list[str] = []
    """Customers whose facts could not be folded."""


async def entries(dsn: str, brain: ExposureBrain, customers: Sequence[str], day: date | None) -> Entries:
    """*customers* at the end of *day* (None: the current day of each); groups are none. Raises asyncpg errors."""
    logs, found = await read(dsn, brain, customers, day), Entries([], [])
    for customer in sorted(customers):
        if is_group(customer) or not logs.knows(customer):
            continue
        try:
            one = entry(logs.moment(customer))
        except Exception:  # whatever a fold raises parks the customer; here it is one that could not be read
            found.unread.append(customer)
            continue
        found.of += [one] if one is not None else []
    return found
