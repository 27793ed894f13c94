"""What the customers of a partition are measured and judged with, read from the database."""

from __future__ import annotations

from datetime import date, datetime

from services.rating.core.brain import RatingBrain
from services.rating.core.context import Context
from services.rating.core.state import State
from shared.core.policy.activation import Activation
from shared.edge.refolding import Refolder
from shared.edge.store.pool import Connection
from shared.edge.store.read import read_stream
from shared.edge.store.rows import stream_of
from shared.edge.worker.days import REFERENCE_SUBJECT

ACTIVATIONS = """
select effective, number, method, version, sha256 from activations
where $1::timestamptz is null or activated_at <= $1 order by effective, number
"""


async def context_of(
    connection: Connection, brain: RatingBrain, partition: int, known_at: datetime | None = None
) -> Context:
    """The context of *partition*, as known at *known_at*."""
    context = brain.context()
    for one in await read_stream(connection, stream_of(REFERENCE_SUBJECT, partition), known_at=known_at):
        brain.refer(context, one.event)
    context.activations = await activations(connection, known_at)
    return context


async def activations(connection: Connection, known_at: datetime | None = None) -> tuple[Activation, ...]:
    """Every activation that was recorded by *known_at*, by the day from which it binds."""
    return tuple(Activation(**row) for row in await connection.fetch(ACTIVATIONS, known_at))


def refolder(connection: Connection, brain: RatingBrain) -> Refolder[State, Context]:
    """What computes customers again within one transaction of *connection*."""
    return Refolder(brain, connection, lambda partition: context_of(connection, brain, partition))


class Activations:
    """Implements `shared.edge.worker.ports.Changes`: versions of policies that take effect as a day opens."""

    async def bring(self, connection: Connection, context: Context, since: date | None, day: date) -> bool:
        """Bring *context* to what was recorded by now. Returns whether a version took effect after *since*, by *day*.

        An activation is recorded before its day opens, so whoever opens the day sees it.
        """
        found = await activations(connection)
        if found != context.activations:
            context.activations = found
        return since is not None and any(since < one.effective <= day for one in found)
