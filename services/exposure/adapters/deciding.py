"""Commands about one customer: what the machine of commands needs to know of exposure (`shared.edge.commanding`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.exposure.adapters import groups, portfolio
from services.exposure.adapters.groups import Groups, spent
from services.exposure.core.brain import ExposureBrain
from services.exposure.core.figures import Moment
from services.exposure.core.found import Found
from services.exposure.core.group import Parent, Spent
from services.exposure.core.instants import instant
from services.exposure.core.records import is_group
from services.exposure.core.state import Account
from shared.core.approval.steps import Register
from shared.core.brain import Decided
from shared.core.events.grouping import Membership
from shared.core.references import References
from shared.edge import commanding
from shared.edge.kafka.partition import partition_of
from shared.edge.store import approvals, turns
from shared.edge.store.append import Moved
from shared.edge.store.pool import Connection

ADVANCES = "~advances"
"""The turn of who decides about advance funding: what all together are granted is bounded (LT-15)."""
LOOK = f"select {portfolio.HEARD} as heard, {portfolio.EVERYBODY} as everybody, {groups.OF} as groups"
"""What a command needs to know besides its customer, in one round trip."""


class Deciding:
    """Implements `services.exposure.handlers.ports.Command` on PostgreSQL."""

    def __init__(self, brain: ExposureBrain, commands: commanding.Commands[Account, References]) -> None:
        """*brain* is that of *commands*."""
        self.brain, self.commands = brain, commands
        self.groups = Groups(brain, commands.settings.partitions)
        self._belongs: dict[str, Sequence[str]] = {}
        """Member → its groups, as last seen: their turns are waited for without a connection, or a busy group took them all."""

    async def __call__(
        self,
        pool: Any,
        customer_id: str,
        decide: Callable[[Found], Sequence[Decided]],
        *,
        cause: str,
        members: Sequence[str] = (),
        about_advances: bool = False,
        by_staff: bool = True,
    ) -> None:
        """Decide and append what follows. Raises Unavailable, and whatever *decide* raises.

        *members*: customers who are told whether they belong to the group *customer_id*, in the same transaction.
        *about_advances*, *by_staff*: as the port says.
        """
        beside = commanding.Beside(tuple(sorted(members)), of_member) if members else commanding.NOBODY
        names = self._belongs.get(customer_id, ())
        asked = _Asked(self.brain, self.groups, customer_id, decide, cause, about_advances, by_staff, names)
        try:
            await self.commands(pool, customer_id, asked, beside, names)
        finally:
            if asked.names:
                self._belongs[customer_id] = asked.names
            else:
                self._belongs.pop(customer_id, None)


def of_member(member: str, decided: Sequence[Decided]) -> Sequence[Decided]:
    """What of *decided* about a group its *member* keeps, too."""
    return [one for one in decided if isinstance(one.data, Membership) and one.data.member == member]


@dataclass(slots=True)
class _Asked:
    """Implements `shared.edge.commanding.Command`."""

    brain: ExposureBrain
    groups: Groups
    customer_id: str
    ask: Callable[[Found], Sequence[Decided]]
    cause: str
    about_advances: bool
    by_staff: bool
    names: Sequence[str]
    """Groups that the customer is believed to belong to; what is read says whether it does."""
    register: Register = field(default_factory=dict)
    heard: datetime | None = None
    advances: tuple[Spent, ...] | None = None
    parents: tuple[Parent, ...] = ()
    members: tuple[Spent, ...] | None = None
    everybody: tuple[Spent, ...] | None = None

    async def begin(self, connection: Connection) -> None:
        """Of a member of groups, take the turns of its groups: what they owe is read after that."""
        for name in self.names:
            await turns.take(connection, name)
        if self.about_advances:
            await turns.take(connection, ADVANCES)

    async def read(self, connection: Connection) -> None:
        """Read the staff register, when facts last came, and what the groups of the customer owe, or the members of a group.

        Raises Moved where it belongs to other groups than those whose turns were taken.
        """
        if self.by_staff:
            self.register = await approvals.register(connection)
        partition = partition_of(self.customer_id, self.groups.partitions)
        row = await connection.fetchrow(LOOK, self.customer_id, partition)
        assert row is not None, "one row whatever there is"
        taken, self.names = [*self.names], row["groups"]
        if taken != self.names:
            raise Moved("the customer belongs to other groups than was believed")
        self.heard, self.everybody = row["heard"], portfolio.read(row["everybody"])
        self.parents = await self.groups.read(connection, self.customer_id, self.names) if self.names else ()
        if self.about_advances:
            self.advances = await portfolio.granted(connection, self.customer_id)
        if is_group(self.customer_id):
            self.members = (await spent(connection, [self.customer_id], partition)).get(self.customer_id, ())

    def decide(self, found: commanding.Found[Account, References]) -> Sequence[Decided]:
        """What is asked, of the customer as it stands at this instant."""
        moment: Moment = self.brain.moment(
            found.state,
            found.day,
            found.context,
            now=instant(found.now),
            version=found.version,
            seen_at=instant(self.heard),
        )
        moment = moment._replace(
            parents=self.parents, members=self.members, advances=self.advances, everybody=self.everybody
        )
        return self.ask(Found(moment, self.register))

    async def keep(self, connection: Connection, found: commanding.Found[Account, References]) -> None:
        """A role that was lost meanwhile grants nothing."""
        if self.by_staff and await approvals.register(connection) != self.register:
            raise Moved("the staff register has changed")
