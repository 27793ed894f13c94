"""Commands of people about one customer: what the machine of commands needs to know of rating (`shared.edge.commanding`).

The staff register is read with the customer, and compared again as the command is written: a role that was lost meanwhile
grants nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from services.rating.adapters.context import Activations
from services.rating.core.announce import labels
from services.rating.core.brain import RatingBrain
from services.rating.core.context import Context
from services.rating.core.requests import Act, Found, policies_of
from services.rating.core.state import State
from shared.core.approval.chain import in_force
from shared.core.approval.commands import Desk
from shared.core.approval.steps import Register
from shared.core.brain import Decided
from shared.edge.approval_chains import Versions
from shared.edge.commanding.command import Found as FoundStream
from shared.edge.commanding.commands import Commands
from shared.edge.store import approvals, erasing, intake
from shared.edge.store.append import Moved, Projector
from shared.edge.store.keys import SubjectKeys
from shared.edge.store.pool import Connection
from shared.edge.worker.settings import WorkerSettings


class Deciding:
    """Implements `services.rating.handlers.ports.Decide` on PostgreSQL."""

    def __init__(
        self,
        brain: RatingBrain,
        projector: Projector,
        settings: WorkerSettings,
        chains: Versions,
        keys: Callable[[Any], SubjectKeys],
    ) -> None:
        """*chains* say who grants what; *keys* makes, of the pool, what destroys the key of a customer."""
        self.brain, self.settings, self.chains, self.keys = brain, settings, chains, keys
        self.commands = Commands(brain, projector, settings, Activations())

    async def __call__(self, pool: Any, customer_id: str, command: Callable[[Found], Act]) -> None:
        """Decide *command* and append what follows. Raises NotFound, Unavailable, and whatever *command* raises."""
        await self.commands(pool, customer_id, _Asked(self, pool, customer_id, command))


@dataclass(slots=True)
class _Asked:
    """Implements `shared.edge.commanding.command.Command`."""

    desk: Deciding
    pool: Any
    customer_id: str
    command: Callable[[Found], Act]
    register: Register = field(default_factory=dict)
    act: Act = field(default_factory=lambda: Act(()))
    cause: str = "override"

    async def begin(self, connection: Connection) -> None:
        """It waits for nobody else."""

    async def read(self, connection: Connection) -> None:
        """Read the staff register."""
        self.register = await approvals.register(connection)

    def decide(self, found: FoundStream[State, Context]) -> Sequence[Decided]:
        """What the command says of the customer as found."""
        brain = self.desk.brain
        desk = Desk(
            day=found.day,
            chains=in_force(self.desk.chains, found.day),
            rests=brain.setting.calendar.rests,
            register=self.register,
            common={"cause": self.cause, "labels": labels(found.state)},
        )
        self.act = self.command(Found(found.state, desk, policies_of(found.state, brain.rulebook)))
        return [Decided(one, publish=True) for one in self.act.decisions]

    async def keep(self, connection: Connection, found: FoundStream[State, Context]) -> None:
        """Compare the register; where the customer is erased, keep the request as a fact and destroy the key."""
        if await approvals.register(connection) != self.register:
            raise Moved("the staff register has changed")
        if self.act.erase is None:
            return
        (granted, *_) = self.act.decisions
        told = self.desk.settings
        fact = erasing.request(
            self.customer_id,
            str(getattr(granted, "approval_id", "")),
            self.act.erase,
            at=found.now.astimezone(ZoneInfo(told.zone)),
            instance=told.instance,
        )
        await intake.keep(connection, [fact], now=found.now, partitions=told.partitions)
        await erasing.destroy(connection, self.desk.keys(self.pool), self.customer_id, now=found.now)
