"""What the handlers need from outside. The one place that wires the service fills it in; a test may fill in its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from services.alerts.core.knowing import Knowledge
from services.alerts.core.listing import AlertListed, Reach, Wanted
from services.alerts.core.lists import ListMade
from services.alerts.core.rules import Rules
from services.alerts.core.saying import Saying
from services.alerts.core.silence import Silence
from services.alerts.core.worklist import Row
from services.alerts.core.worktime import Hours
from services.alerts.handlers.delivery_ports import DeliveryPorts
from shared.core.errors import Unavailable
from shared.core.events.alert import AlertDecision
from shared.edge.rights import Rows


class Command(Protocol):
    """Decides a command about one alert, or one case, and appends what follows, alone with the case."""

    async def __call__(self, pool: Any, alert_id: str, act: Callable[[Saying, datetime], None]) -> None:
        """*act* may be asked several times, and raises what refuses it. Raises NotFound, Unavailable."""

    async def about(self, pool: Any, stream: str, act: Callable[[Saying, datetime], None]) -> None:
        """The same of a case, which may be of a subject that nothing is known of. Raises Unavailable."""


class Lists(Protocol):
    """Reads the projections, and the life of one alert."""

    async def alerts(
        self, pool: Any, *, before: tuple[datetime, str], limit: int, wanted: Wanted, reach: Reach
    ) -> list[AlertListed]:
        """Alerts before (opened at, id), the newest first."""

    async def alert(self, pool: Any, alert_id: str, reach: Reach) -> AlertListed | None:
        """One alert; None: there is none, or the caller may not see it."""

    async def life(self, pool: Any, alert_id: str) -> list[tuple[AlertDecision, datetime]]:
        """Everything that happened to it, and when it was written down."""

    async def plan(self, pool: Any, alert_id: str) -> list[dict[str, Any]]:
        """The steps by which it is dealt with."""

    async def notices(self, pool: Any, alert_id: str) -> list[dict[str, Any]]:
        """What was to be told of it to whom, and what became of that."""


class Knowing(Protocol):
    """Says whose customers' grades somebody may see."""

    async def __call__(self, pool: Any, person: str, roles: frozenset[str]) -> Knowledge:
        """What *person*, who comes with *roles*, may see today (AL-14.01)."""


class Silences(Protocol):
    """Keeps silences."""

    async def page(self, pool: Any, *, after: tuple[datetime, str], limit: int) -> list[Silence]:
        """All of them, the oldest first."""

    async def make(self, pool: Any, one: Silence) -> None:
        """Keep *one*; the same again changes nothing."""

    async def end(self, pool: Any, silence_id: str, *, by: str, now: datetime) -> bool:
        """End it before its time; False: none of that id holds."""


class Worklists(Protocol):
    """Reads the lists that runs gave to people, and makes one out of turn."""

    async def page(
        self, pool: Any, *, before: tuple[datetime, str], limit: int, person: str | None, name: str | None
    ) -> list[ListMade]:
        """Lists before (made at, id), the newest first."""

    async def one(self, pool: Any, worklist_id: str, person: str | None, rows: Rows) -> tuple[ListMade, list[Row]]:
        """One list with the rows about customers whom *rows* let see. Raises NotFound, also for one of another person."""

    async def make(self, pool: Any, name: str) -> list[str]:
        """Make the list of that name now. Returns the ids of what people got. Raises NotFound."""


@dataclass
class Ports:
    """The one object the routes find in `app.state.ports`."""

    command: Command
    lists: Lists
    knowing: Knowing
    silences: Silences
    worklists: Worklists
    rules: Rules
    hours: Hours
    delivery: DeliveryPorts
    pool: Any = field(default=None)
    """None until the database has answered once."""

    def database(self) -> Any:
        """The pool. Raises Unavailable while there is none."""
        if self.pool is None:
            raise Unavailable("the database does not answer yet; try again later")
        return self.pool
