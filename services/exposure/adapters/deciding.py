"""Commands about one customer: what the machine of commands needs to know of exposure (`shared.edge.commanding`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.exposure.core.brain import ExposureBrain
from services.exposure.core.figures import Moment
from services.exposure.core.found import Found
from services.exposure.core.instants import instant
from services.exposure.core.state import Account
from shared.core.approval.steps import Register
from shared.core.brain import Decided
from shared.core.references import References
from shared.edge import commanding
from shared.edge.store import approvals
from shared.edge.store.append import Moved
from shared.edge.store.pool import Connection

HEARD = "select max(moved_at) from positions where topic like '%credit.events'"
"""Of any customer: the systems that tell facts are silent, or they are not."""


class Deciding:
    """Implements `services.exposure.handlers.ports.Command` on PostgreSQL."""

    def __init__(self, brain: ExposureBrain, commands: commanding.Commands[Account, References]) -> None:
        """*brain* is that of *commands*."""
        self.brain, self.commands = brain, commands

    async def __call__(
        self, pool: Any, customer_id: str, decide: Callable[[Found], Sequence[Decided]], *, cause: str
    ) -> None:
        """Decide and append what follows. Raises Unavailable, and whatever *decide* raises."""
        await self.commands(pool, customer_id, _Asked(self.brain, decide, cause))


@dataclass(slots=True)
class _Asked:
    """Implements `shared.edge.commanding.Command`."""

    brain: ExposureBrain
    ask: Callable[[Found], Sequence[Decided]]
    cause: str
    register: Register = field(default_factory=dict)
    heard: datetime | None = None

    async def read(self, connection: Connection) -> None:
        """Read the staff register, and when facts last came."""
        self.register = await approvals.register(connection)
        self.heard = await connection.fetchval(HEARD)

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
        return self.ask(Found(moment, self.register))

    async def keep(self, connection: Connection, found: commanding.Found[Account, References]) -> None:
        """A role that was lost meanwhile grants nothing."""
        if await approvals.register(connection) != self.register:
            raise Moved("the staff register has changed")
