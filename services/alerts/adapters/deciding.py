"""Commands about one alert or one case: what the machine of commands needs to know of alerts (`shared.edge.commanding`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.alerts.core.acting import UNKNOWN
from services.alerts.core.brain import AlertsBrain
from services.alerts.core.case import Case, case_of
from services.alerts.core.saying import Saying
from shared.core.brain import Decided
from shared.core.errors import NotFound
from shared.edge.commanding.command import Found
from shared.edge.commanding.commands import Commands
from shared.edge.store.pool import Connection


class Deciding:
    """Implements `services.alerts.handlers.ports.Command` on PostgreSQL."""

    def __init__(self, brain: AlertsBrain, commands: Commands[Case, None]) -> None:
        """*brain* is that of *commands*."""
        self.brain, self.commands = brain, commands

    async def __call__(self, pool: Any, alert_id: str, act: Callable[[Saying, datetime], None]) -> None:
        """Carry *act* out and append what follows. Raises NotFound, Unavailable, and whatever *act* raises."""
        stream = case_of(alert_id)
        if not stream:
            raise NotFound(UNKNOWN)
        await self.about(pool, stream, act)

    async def about(self, pool: Any, stream: str, act: Callable[[Saying, datetime], None]) -> None:
        """Carry *act* out on the case *stream*. Raises Unavailable, and whatever *act* raises."""
        await self.commands(pool, stream, _Asked(self.brain, act))


@dataclass(slots=True)
class _Asked:
    """Implements `shared.edge.commanding.command.Command`."""

    brain: AlertsBrain
    act: Callable[[Saying, datetime], None]
    cause: str = "override"

    async def begin(self, connection: Connection) -> None:
        """It waits for nobody else."""

    async def read(self, connection: Connection) -> None:
        """Nothing else."""

    def decide(self, found: Found[Case, None]) -> Sequence[Decided]:
        """What is asked, of the case as it stands at this instant."""
        saying = Saying(found.state, self.brain.rules, self.brain.hours, found.day.toordinal(), self.cause)
        self.act(saying, found.now)
        return saying.decided

    async def keep(self, connection: Connection, found: Found[Case, None]) -> None:
        """Nothing else."""
