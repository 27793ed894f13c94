"""Folds one customer's stream as it was known at an instant, and shows what stands on a date."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

from services.rating.adapters.context import context_of
from services.rating.core.brain import RatingBrain
from services.rating.core.engine import Engine, Values
from services.rating.core.show import show
from services.rating.core.state import State
from services.rating.core.told import Told
from services.rating.core.trying import measured
from services.rating.core.view import View
from shared.core import limits
from shared.core.customer.state import Setting
from shared.core.errors import Malformed
from shared.core.policy.policy import Policy
from shared.core.policy.rulebook import Rulebook
from shared.core.refusal import Refusal
from shared.edge import clock
from shared.edge.kafka.partition import partition_of
from shared.edge.settings import Settings
from shared.edge.store.pool import Connection
from shared.edge.store.read import read_stream
from shared.edge.workdays import china

DAY = "select coalesce((select day from partitions where partition = $1), (select max(date) from business_days))"

ALIASES_FOLLOWED = 16
"""A customer merged into one that was merged, and so on: longer chains are cut."""


def customer_view(settings: Settings, rules: Rulebook) -> Viewer:
    """The view over the shipped rules. Raises Misconfigured."""
    return Viewer(RatingBrain(rules, Setting(calendar=china(), currency=settings.currency)), settings)


class _Read(NamedTuple):
    """One customer, folded, and the rules over what was published."""

    state: State
    told: Told
    version: int
    day: int
    engine: Engine


class Viewer:
    """Implements `services.rating.handlers.ports.CustomerView` with the functions that the worker uses."""

    def __init__(self, brain: RatingBrain, settings: Settings) -> None:
        """*settings* names the zone and the number of partitions."""
        self.brain, self.settings = brain, settings

    async def __call__(self, pool: Any, customer_id: str, as_of: date | None, known_at: datetime | None) -> View | None:
        """The view of *customer_id*, or of the customer it was merged into. None where nothing is known of it.

        Raises Malformed where *as_of* lies too far ahead.
        """
        read = await self._read(pool, customer_id, as_of, known_at)
        return None if read is None else show(read.state, read.day, read.version, read.engine, read.told)

    async def measures(
        self, pool: Any, customer_id: str, as_of: date | None, known_at: datetime | None, policy: Policy
    ) -> tuple[Values | Refusal, date] | None:
        """What *policy* looks at of *customer_id*, and on which day; otherwise as the view."""
        read = await self._read(pool, customer_id, as_of, known_at)
        if read is None:
            return None
        return measured(read.state, read.day, read.engine, policy), date.fromordinal(read.day)

    async def _read(self, pool: Any, customer_id: str, as_of: date | None, known_at: datetime | None) -> _Read | None:
        async with pool.acquire() as connection, connection.transaction(readonly=True, isolation="repeatable_read"):
            for _ in range(ALIASES_FOLLOWED):
                partition = partition_of(customer_id, self.settings.partitions)
                today = await self._today(connection, partition)
                _check_reach(as_of, today)
                folded = await self._fold(connection, customer_id, known_at)
                if folded is None:
                    return None
                state, told, version = folded
                day = as_of or today
                into = state.merged_into(day.toordinal())
                if into is None or into == customer_id:
                    break
                customer_id = into
            context = await context_of(connection, self.brain, partition, known_at)
        return _Read(state, told, version, day.toordinal(), Engine(self.brain.rulebook, self.brain.setting, context))

    async def _fold(
        self, connection: Connection, customer_id: str, known_at: datetime | None
    ) -> tuple[State, Told, int] | None:
        stored = await read_stream(connection, customer_id, known_at=known_at)
        if not stored:
            return None
        state, told = self.brain.initial(customer_id), Told()
        for one in stored:
            self.brain.evolve(state, one.event)
            told.hear(one.event)
        return state, told, stored[-1].version

    async def _today(self, connection: Connection, partition: int) -> date:
        day: date | None = await connection.fetchval(DAY, partition)
        return day or clock.today(self.settings.zone)


def _check_reach(as_of: date | None, today: date) -> None:
    """Raise Malformed where *as_of* is so far ahead that it is a slip of the hand."""
    last = date(today.year + limits.AHEAD_YEARS, 12, 31)
    if as_of is not None and as_of > last:
        message = f"as_of: {as_of} is too far ahead, for the customer's day is {today}; ask for {last} at the latest"
        raise Malformed(message, pointer="?as_of", rule="range")
