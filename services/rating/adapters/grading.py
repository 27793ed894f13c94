"""The grades of customers on a day, walked again from their facts: for reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from services.rating.adapters.context import refolder
from services.rating.core.brain import RatingBrain
from shared.edge.store.pool import transaction


class Graded(NamedTuple):
    """A grade of purpose `credit`. None: none, and `refusal` says why; both None: nobody rates the customer yet."""

    grade: str | None
    refusal: str | None
    since: date | None


async def grades(dsn: str, brain: RatingBrain, streams: Sequence[str], day: date) -> dict[str, Graded]:
    """The grades of *streams* on *day*; who could not be folded is missing. Raises asyncpg errors."""
    async with transaction(dsn, schema="rating", readonly=True, isolation="repeatable_read") as connection:
        found = await refolder(connection, brain).each(sorted(streams), dict.fromkeys(streams, (None, day)))
    return {
        one.stream: Graded(one.row.grade, one.row.refusal, one.row.since) if one.row else Graded(None, None, None)
        for one in found
        if one.failure is None
    }
