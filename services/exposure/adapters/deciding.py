"""Commands about one customer: what the machine of commands needs to know of exposure (`shared.edge.commanding`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from services.exposure.adapters import groups, portfolio
from services.exposure.adapters.groups import Groups, spent
from services.exposure.adapters.projecting import AccountProjector
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
from shared.edge.commanding.command import NOBODY, Beside, Look
from shared.edge.commanding.command import Found as FoundStream
from shared.edge.commanding.commands import Commands
from shared.edge.kafka.partition import partition_of
from shared.edge.store import approvals, turns
from shared.edge.store.append import Moved
from shared.edge.store.pool import Connection
from shared.edge.worker.settings import WorkerSettings

ADVANCES = "~advances"
"""The turn of who decides about advance funding: what all together are granted is bounded (LT-15)."""


class Deciding:
    """Implements `services.exposure.handlers.ports.Command` on PostgreSQL."""

    def __init__(self, brain: ExposureBrain, settings: WorkerSettings) -> None:
        """Decide with *brain*, as the worker of *settings* does."""
        self.brain = brain
        self.commands: Commands[Account, References] = Commands(
            brain, AccountProjector(), settings, strangers=True, look=LOOK
        )
        self.groups = Groups(brain, settings.partitions)
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
        beside = Beside(tuple(sorted(members)), of_member) if members else NOBODY
        names = self._belongs.get(customer_id, ())
        asked = _Asked(self.brain, self.groups, customer_id, decide, cause, about_advances, by_staff, names)
        try:
            shares = not (names or members or about_advances or by_staff or is_group(customer_id))
            await self.commands(pool, customer_id, asked, beside, names, shares=shares)
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
    """Implements `shared.edge.commanding.command.Command`."""

    brain: ExposureBrain
    groups: Groups
    customer_id: str
    ask: Callable[[Found], Sequence[Decided]]
    cause: str
    about_advances: bool
    by_staff: bool
    names: Sequence[str]
    """Groups that the customer is believed to belong to; what is read says whether it does."""
    taken: Sequence[str] = ()
    """Those whose turns are taken."""
    register: Register = field(default_factory=dict)
    heard: datetime | None = None
    advances: tuple[Spent, ...] | None = None
    parents: tuple[Parent, ...] = ()
    members: tuple[Spent, ...] | None = None
    everybody: tuple[Spent, ...] | None = None

    async def begin(self, connection: Connection) -> None:
        """Of a member of groups, take the turns of its groups: what they owe is read after that."""
        self.taken = self.names
        for name in self.names:
            await turns.take(connection, name)
        if self.about_advances:
            await turns.take(connection, ADVANCES)

    async def read(self, connection: Connection) -> None:
        """Read the staff register, and what the groups of the customer owe, or the members of a group.

        Raises Moved where it belongs to other groups than those whose turns were taken.
        """
        if self.names != self.taken:
            raise Moved("the customer belongs to other groups than was believed")
        if self.by_staff:
            self.register = await approvals.register(connection)
        self.parents = await self.groups.read(connection, self.customer_id, self.names) if self.names else ()
        if self.about_advances:
            self.advances = await portfolio.granted(connection, self.customer_id)
        if is_group(self.customer_id):
            partition = partition_of(self.customer_id, self.groups.partitions)
            found = await spent(connection, [self.customer_id], partition)
            self.members = found.get(self.customer_id, ())

    def decide(self, found: FoundStream[Account, References]) -> Sequence[Decided]:
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

    async def keep(self, connection: Connection, found: FoundStream[Account, References]) -> None:
        """A role that was lost meanwhile grants nothing."""
        if self.by_staff and await approvals.register(connection) != self.register:
            raise Moved("the staff register has changed")


def _tell(asked: _Asked, row: asyncpg.Record) -> bool:
    """Tell *asked* when facts last came, what all customers owe, and the groups of its own: that of a member needs more."""
    asked.heard, asked.everybody, asked.names = row["heard"], portfolio.read(row["everybody"]), tuple(row["groups"])
    return not asked.names


LOOK = Look(f"{portfolio.HEARD} as heard, {portfolio.EVERYBODY} as everybody, {groups.OF} as groups", _tell)
"""What every command is told."""
