"""What customers owe on a day, from their logs alone: for comparison with another system's books."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from services.rating.adapters import aliases
from services.rating.core.balance import Companies, balances
from services.rating.core.brain import RatingBrain
from shared.core.envelope import Event
from shared.core.ledger.documents import UNIT
from shared.core.money import QUANTA
from shared.edge.store.pool import Connection, transaction
from shared.edge.store.read import load


class Owed(msgspec.Struct, frozen=True):
    """What one customer owes one of our companies in one currency. Positive: the customer owes us."""

    customer: str
    company: str
    """Empty where no recording names one."""
    currency: str
    balance: Decimal
    """Without what was paid ahead."""
    prepayments: Decimal


class Books(msgspec.Struct):
    """What some customers owe."""

    owed: list[Owed] = []
    unread: list[str] = []
    """Customers whose facts could not be folded."""


async def books(dsn: str, brain: RatingBrain, streams: Sequence[str], day: date) -> Books:
    """The balances of *streams* at the end of *day*, as they are known at one moment. Raises asyncpg errors."""
    async with transaction(dsn, schema="rating", readonly=True, isolation="repeatable_read") as connection:
        loaded = await load(connection, sorted(streams), fold_version="", parked=True)
    found = Books([], [])
    for stream, one in sorted(loaded.items()):
        owed = _owed(brain, stream, one.tail, day)
        if owed is None:
            found.unread.append(stream)
        else:
            found.owed += owed
    return found


def _owed(brain: RatingBrain, stream: str, events: Iterable[Event], day: date) -> list[Owed] | None:
    state, companies = brain.initial(stream), Companies()
    try:
        for event in events:
            brain.evolve(state, event)
            companies.hear(event)
        found = balances(state.ledger, companies, day.toordinal())
    except Exception:  # whatever a fold raises parks the customer; here it is one that could not be read
        return None
    return [
        Owed(
            stream,
            company,
            currency,
            _money(held.owed(prepayments=False), currency),
            _money(held.prepayments, currency),
        )
        for (company, currency), held in sorted(found.items())
    ]


def _money(units: int, currency: str) -> Decimal:
    return Decimal(units).scaleb(-UNIT).quantize(QUANTA[currency])


async def meant(connection: Connection, source: str, ids: Sequence[str]) -> dict[str, str]:
    """Which customer each of *ids* of *source* is linked to, of those that are."""
    rows = await connection.fetch(aliases.FIND, [source] * len(ids), list(ids))
    return {row["other_id"]: row["customer_id"] for row in rows}
