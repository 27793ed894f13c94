"""Folds one customer's stream as it was known at an instant, to be looked at on a date."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from services.exposure.core.brain import ExposureBrain
from services.exposure.core.figures import Moment
from services.exposure.core.instants import instant
from services.exposure.core.state import Account
from shared.core import limits
from shared.core.errors import Malformed, Unavailable
from shared.core.events.base import Decision
from shared.core.references import References
from shared.edge import clock
from shared.edge.kafka.partition import partition_of
from shared.edge.store.read import read_stream
from shared.edge.store.rows import Stored, stream_of
from shared.edge.worker.days import REFERENCE_SUBJECT

DAY = "select day from partitions where partition = $1"
INLINE = 200
"""Events that are folded at once; more are folded on a thread, so that checks do not wait."""


class Viewer:
    """Implements `services.exposure.handlers.ports.View` with the functions that the worker uses."""

    def __init__(self, brain: ExposureBrain, partitions: int) -> None:
        """*partitions* of every topic."""
        self.brain, self.partitions = brain, partitions

    async def __call__(
        self, pool: Any, customer_id: str, as_of: date | None, known_at: datetime | None
    ) -> Moment | None:
        """The account on *as_of*, of what was known at *known_at*; decisions later than *as_of* are not folded into it.

        None where nothing was known of it then. Raises Malformed where *as_of* lies too far ahead, Unavailable while no day
        is known.
        """
        partition = partition_of(customer_id, self.partitions)
        async with pool.acquire() as connection, connection.transaction(readonly=True, isolation="repeatable_read"):
            today = await connection.fetchval(DAY, partition)
            stored = await read_stream(connection, customer_id, known_at=known_at)
            references = await read_stream(connection, stream_of(REFERENCE_SUBJECT, partition), known_at=known_at)
        if today is None:
            raise Unavailable("no business day is open here yet; try again later")
        day = as_of or today
        last = date(today.year + limits.AHEAD_YEARS, 12, 31)
        if day > last:
            message = f"as_of: {day} is too far ahead, for the customer's day is {today}; ask for {last} at the latest"
            raise Malformed(message, pointer="?as_of", rule="range")
        if len(stored) > INLINE:
            return await asyncio.to_thread(self._folded, customer_id, stored, references, as_of, day, known_at)
        return self._folded(customer_id, stored, references, as_of, day, known_at)

    def _folded(
        self,
        customer_id: str,
        stored: Sequence[Stored],
        references: Sequence[Stored],
        as_of: date | None,
        day: date,
        known_at: datetime | None,
    ) -> Moment | None:
        context: References = self.brain.context()
        for one in references:
            self.brain.refer(context, one.event)
        account: Account = self.brain.initial(customer_id)
        version = 0
        for one in stored:
            data = one.event.data
            if as_of is None or not isinstance(data, Decision) or data.as_of <= as_of:
                self.brain.evolve(account, one.event)
                version = one.version
        if not version:
            return None
        # of an earlier day, or of what was known earlier, nobody asks for the minute: it counts on the day alone
        now = instant(known_at or clock.now()) if as_of is None else 0
        return self.brain.moment(account, day, context, now=now, version=version)
