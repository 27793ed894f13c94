"""How many customers each person has, from what rating and exposure know of them (AP-14)."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import NamedTuple

from services.alerts.adapters import staff, staff_policy
from services.alerts.core.organisation import Organisation
from shared.edge.store.pool import Connection

CUSTOMERS = """
select c.customer_id, c.manager, c.receivable_balance > 0 as owes,
       exists (select from exposure.limits l where l.customer_id = c.customer_id and l.currency = $1 and l.amount > $2
               and (l.valid_to is null or l.valid_to >= $3)) as large
from rating.customers c
"""


class Load(NamedTuple):
    """The customers of one person; empty: of nobody that is known."""

    person: str
    active: int
    large: int

    @property
    def over(self) -> bool:
        """Whether it is more than one may have; what nobody has is."""
        most = staff_policy.policy().workload
        return not self.person or self.active > most.active or self.large > most.large


async def loads(connection: Connection, *, today: date) -> list[Load]:
    """Everybody with customers, the most first; *connection* has the schema of alerts. Raises asyncpg errors."""
    organisation = Organisation(await staff.everything(connection))
    most = staff_policy.policy().workload
    active, large = Counter[str](), Counter[str]()
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(CUSTOMERS, most.currency, most.large_above, today):
            given = organisation.assigned(row["customer_id"], today)
            person = given or (organisation.called(row["manager"]) if row["manager"] else None) or ""
            active[person] += bool(row["owes"])
            large[person] += row["large"]
    found = [Load(person, active[person], large[person]) for person in active.keys() | large.keys()]
    return sorted(
        (one for one in found if one.active or one.large), key=lambda one: (-one.active, -one.large, one.person)
    )
