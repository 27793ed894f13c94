"""Attends to what no single customer knows: groups whose sum moved, held orders of their members, the use of the budget.

No worker can: it decides one customer, and does not know what the others owe. A check does not wait for this; it adds
up itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import structlog

from services.exposure.adapters.deciding import Deciding
from services.exposure.adapters.portfolio import Totals
from services.exposure.core import announce, holds, portfolio
from services.exposure.core.found import Found
from shared.core.brain import Decided
from shared.core.errors import GradelineError
from shared.edge import metrics
from shared.edge.store.pool import LOST

EVERY_SECONDS = 5.0

STANDS = """
select g.group_id, g.version, p.day, a.currency, sum(a.exposure) as exposure, sum(a.reserved) as reserved,
       sum(a.version) as moved
from groups g
join group_members m using (group_id)
join accounts a using (customer_id)
cross join (select max(day) as day from partitions) p
where g.ended_on is null
group by g.group_id, p.day, a.currency order by g.group_id, a.currency
"""
HELD = """
select h.customer_id from holds h join group_members m using (customer_id)
where m.group_id = $1 group by h.customer_id order by min(h.held_on), h.customer_id
"""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Attending:
    """Looks at all groups, and decides those of which anything moved since it looked last."""

    deciding: Deciding
    totals: Totals
    _seen: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    async def __call__(self, pool: asyncpg.Pool) -> int:
        """Attend once. Returns how many groups had moved. One that cannot be decided does not keep the others waiting.

        What all customers owe is measured, too.
        """
        use = portfolio.use_of(await self.totals(pool))
        if use.share is not None:
            metrics.BUDGET_USE.set(float(use.share))
        now: dict[str, tuple[Any, ...]] = {}
        for row in await pool.fetch(STANDS):
            now[row["group_id"]] = (*now.get(row["group_id"], ()), *row.values())
        moved = [group for group, stands in now.items() if self._seen.get(group) != stands]
        self._seen = {group: stands for group, stands in now.items() if group not in moved}
        for group in moved:
            try:
                await self._attend(pool, group)
            except GradelineError as error:
                log.warning("a group could not be attended to", error=error.message)
            else:
                self._seen[group] = now[group]
        return len(moved)

    async def _attend(self, pool: asyncpg.Pool, group: str) -> None:
        await self.deciding(pool, group, _marks, cause="fact")
        for row in await pool.fetch(HELD, group):  # the longest held first
            await self.deciding(pool, row["customer_id"], _clear, cause="fact")


def _marks(found: Found) -> Sequence[Decided]:
    return announce.attend(found.moment)


def _clear(found: Found) -> Sequence[Decided]:
    return holds.clear(found.moment)


async def keep_attending(
    pool: asyncpg.Pool, stop: asyncio.Event, attending: Attending, *, every: float = EVERY_SECONDS
) -> None:
    """Look every so many seconds, until *stop* is set. Outlives every outage of the database."""
    while not stop.is_set():
        with contextlib.suppress(*LOST, asyncpg.PostgresError, GradelineError):
            await attending(pool)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)
