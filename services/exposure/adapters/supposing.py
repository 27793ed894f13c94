"""Supposes other grades for stored customers, each folded from its facts as `verify` folds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.exposure.adapters.bounds import SCHEMA
from services.exposure.adapters.folding import read
from services.exposure.core.brain import ExposureBrain
from services.exposure.core.supposing import Outcome, Supposed, Why, supposed
from shared.edge.store.pool import transaction

Graded = tuple[str, str | None]
"""A customer, and the grade to suppose."""
THERE = "select to_regclass('streams') is not null"
SOMEBODY = "select exists (select from streams where stream !~ '^~')"


async def known(dsn: str) -> tuple[bool, bool]:
    """Whether there is a schema of exposure, and whether it knows anybody. Raises asyncpg errors."""
    async with transaction(dsn, schema=SCHEMA, readonly=True, isolation="read_committed") as connection:
        if not await connection.fetchval(THERE):
            return False, False
        return True, await connection.fetchval(SOMEBODY)


async def suppose(
    dsn: str, brain: ExposureBrain, customers: Sequence[Graded], as_of: date | None
) -> dict[str, Supposed]:
    """What the grades of *customers* would do to their policy limits on *as_of* (None: the current day of each).

    Decisions later than *as_of* are not folded. Raises asyncpg errors.
    """
    found: dict[str, Supposed] = {}
    logs = await read(dsn, brain, [customer for customer, _ in customers], as_of)
    for customer, grade in customers:
        if not logs.knows(customer):
            found[customer] = Supposed(Outcome.NOT_KNOWN, why=Why.STRANGER)
            continue
        try:
            found[customer] = supposed(logs.moment(customer), grade)
        except Exception:  # whatever a brain raises parks a customer; here it is one that could not be read
            found[customer] = Supposed(Outcome.NOT_KNOWN, why=Why.UNREAD)
    return found
