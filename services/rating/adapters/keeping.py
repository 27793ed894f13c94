"""Keeps posted facts in intake, and says which of them were known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from services.rating.adapters.aliases import resolved
from shared.core.envelope import Event
from shared.edge import clock
from shared.edge.store import intake
from shared.edge.store.intake import Sealer
from shared.edge.worker.failpoints import failpoint


class Kept(NamedTuple):
    """The positions of the events that were known already. All are durable."""

    duplicates: frozenset[int]


class Keeper:
    """Implements `services.rating.handlers.ports.Keep` on PostgreSQL."""

    def __init__(self, *, partitions: int, sealer: Callable[[Any], Sealer]) -> None:
        """*partitions* of the topic the facts go to; *sealer* makes, of the pool, what seals personal fields."""
        self._partitions = partitions
        self._sealer_of = sealer
        self._sealer: tuple[Any, Sealer] | None = None

    async def __call__(self, pool: Any, events: Sequence[Event]) -> Kept:
        """Keep *events* in one transaction. Raises Conflict with the index, asyncpg errors.

        A fact that names an id which was linked since it was first posted is known under that id already.
        """
        sealer = self._of(pool)
        async with pool.acquire() as connection:
            named = await resolved(connection, events)
        linked = [at for at, one in enumerate(named) if one.subject != events[at].subject]
        sealed = await sealer.seal([*named, *(events[at] for at in linked)])
        formerly = dict(zip(linked, sealed[len(named) :], strict=True))
        async with pool.acquire() as connection, connection.transaction():
            done = await intake.keep(
                connection,
                sealed[: len(named)],
                now=clock.now(),
                partitions=self._partitions,
                sealer=sealer,
                formerly=formerly,
            )
            failpoint("before_intake_commit")
        failpoint("after_intake_commit")
        return Kept(done.repeated)

    def _of(self, pool: Any) -> Sealer:
        if self._sealer is None or self._sealer[0] is not pool:
            self._sealer = (pool, self._sealer_of(pool))
        return self._sealer[1]
