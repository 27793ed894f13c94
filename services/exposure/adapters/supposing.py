"""Supposes other grades for stored customers, each folded from its facts as `verify` folds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.exposure.adapters.bounds import SCHEMA
from services.exposure.core.brain import ExposureBrain
from services.exposure.core.state import Account
from services.exposure.core.supposing import Outcome, Supposed, Why, supposed
from shared.core.envelope import Event
from shared.core.events.base import Decision
from shared.core.references import References
from shared.edge.refolding import CUSTOMERS, DAYS
from shared.edge.store.pool import transaction
from shared.edge.store.read import load, read_stream
from shared.edge.store.rows import stream_of
from shared.edge.worker.days import REFERENCE_SUBJECT

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
    async with transaction(dsn, schema=SCHEMA, readonly=True, isolation="repeatable_read") as connection:
        names = [customer for customer, _ in customers]
        partitions = {row["stream"]: row["partition"] for row in await connection.fetch(CUSTOMERS, names)}
        numbers = sorted(set(partitions.values()))
        days = {row["partition"]: row["day"] for row in await connection.fetch(DAYS, numbers)}
        contexts: dict[int, References] = {}
        for number in numbers:
            contexts[number] = brain.context()
            for one in await read_stream(connection, stream_of(REFERENCE_SUBJECT, number)):
                brain.refer(contexts[number], one.event)
        loaded = await load(connection, sorted(partitions), fold_version="", parked=True)
    for customer, grade in customers:
        stream, number = loaded.get(customer), partitions.get(customer, -1)
        day = as_of or days.get(number)
        if stream is None or not stream.tail or day is None:
            found[customer] = Supposed(Outcome.NOT_KNOWN, why=Why.STRANGER)
            continue
        try:
            account = _folded(brain, customer, stream.tail, as_of)
            found[customer] = supposed(brain.moment(account, day, contexts[number]), grade)
        except Exception:  # whatever a brain raises parks a customer; here it is one that could not be read
            found[customer] = Supposed(Outcome.NOT_KNOWN, why=Why.UNREAD)
    return found


def _folded(brain: ExposureBrain, customer: str, events: Sequence[Event], as_of: date | None) -> Account:
    account = brain.initial(customer)
    for event in events:
        if as_of is None or not isinstance(event.data, Decision) or event.data.as_of <= as_of:
            brain.evolve(account, event)
    return account
