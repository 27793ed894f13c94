"""Stored customers folded from their first event, as they are looked at on a day: what reports and suppositions stand on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from services.exposure.adapters.bounds import SCHEMA
from services.exposure.core.brain import ExposureBrain
from services.exposure.core.figures import Moment
from services.exposure.core.state import Account
from shared.core.envelope import Event
from shared.core.events.base import Decision
from shared.core.references import References
from shared.edge.refolding import CUSTOMERS, DAYS, Refolder
from shared.edge.store.pool import Connection, transaction
from shared.edge.store.read import Loaded, load, read_stream
from shared.edge.store.rows import stream_of
from shared.edge.worker.days import REFERENCE_SUBJECT


class Logs(NamedTuple):
    """The logs of some customers, and what they are folded with."""

    brain: ExposureBrain
    as_of: date | None
    """None: the current day of each."""
    loaded: dict[str, Loaded]
    partitions: dict[str, int]
    days: dict[int, date]
    contexts: dict[int, References]

    def knows(self, customer: str) -> bool:
        """Whether anything is known of *customer*."""
        one = self.loaded.get(customer)
        return one is not None and bool(one.tail) and self._day(customer) is not None

    def moment(self, customer: str) -> Moment:
        """*customer*, whom it knows, on the day. Decisions later than that are not folded. Raises what a fold raises."""
        day = self._day(customer)
        assert day is not None
        account = _folded(self.brain, customer, self.loaded[customer].tail, self.as_of)
        moment: Moment = self.brain.moment(account, day, self.contexts[self.partitions[customer]])
        return moment

    def _day(self, customer: str) -> date | None:
        return self.as_of or self.days.get(self.partitions.get(customer, -1))


async def read(dsn: str, brain: ExposureBrain, customers: Sequence[str], as_of: date | None) -> Logs:
    """The logs of *customers* at one moment. Raises asyncpg errors."""
    async with transaction(dsn, schema=SCHEMA, readonly=True, isolation="repeatable_read") as connection:
        partitions = {row["stream"]: row["partition"] for row in await connection.fetch(CUSTOMERS, list(customers))}
        numbers = sorted(set(partitions.values()))
        days = {row["partition"]: row["day"] for row in await connection.fetch(DAYS, numbers)}
        contexts: dict[int, References] = {}
        for number in numbers:
            contexts[number] = brain.context()
            for one in await read_stream(connection, stream_of(REFERENCE_SUBJECT, number)):
                brain.refer(contexts[number], one.event)
        loaded = await load(connection, sorted(partitions), fold_version="", parked=True)
    return Logs(brain, as_of, loaded, partitions, days, contexts)


def refolder(connection: Connection, brain: ExposureBrain) -> Refolder[Account, References]:
    """What computes accounts again within one transaction of *connection*."""

    async def context(partition: int) -> References:
        found = brain.context()
        for one in await read_stream(connection, stream_of(REFERENCE_SUBJECT, partition)):
            brain.refer(found, one.event)
        return found

    return Refolder(brain, connection, context)


def _folded(brain: ExposureBrain, customer: str, events: Sequence[Event], as_of: date | None) -> Account:
    account = brain.initial(customer)
    for event in _told(events, as_of):
        brain.evolve(account, event)
    return account


def _told(events: Sequence[Event], as_of: date | None) -> Iterator[Event]:
    for event in events:
        if as_of is None or not isinstance(event.data, Decision) or event.data.as_of <= as_of:
            yield event
