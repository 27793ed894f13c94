"""What the handlers need from outside. The one place that wires the service fills it in; a test may fill in its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from services.exposure.core.figures import Moment
from services.exposure.core.found import Found
from services.exposure.core.granting_rules import GrantingRules
from services.exposure.core.listing import Everybody, GroupListed, HoldRow, Standing, WantedHolds
from shared.core.approval.listed import ApprovalRow, Wanted
from shared.core.brain import Decided
from shared.core.errors import Unavailable
from shared.edge.rights import Rows


class Command(Protocol):
    """Decides a command about one customer and appends what follows, alone with it."""

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
        """*decide* may be asked several times, and raises what refuses it; where it returns nothing, nothing is written.

        *members*: customers who are told in the same transaction whether they belong to the group *customer_id*.
        *by_staff*: it looks at the register of staff, and a role that is lost meanwhile grants nothing.
        *about_advances*: it is alone with all that is decided about advance funding, and sees what others are granted.

        Raises NotFound, Unavailable.
        """


class View(Protocol):
    """Folds one customer's stream."""

    async def __call__(
        self, pool: Any, customer_id: str, as_of: date | None, known_at: datetime | None
    ) -> Moment | None:
        """The account on *as_of* (None: its current day), of what was known at *known_at* (None: everything).

        Decisions later than *as_of* are not folded into it. None: nothing was known of it then.
        """


class Lists(Protocol):
    """Reads the projections that lists are made of."""

    async def approvals(
        self, pool: Any, *, after: tuple[date, str], limit: int, wanted: Wanted, rows: Rows
    ) -> list[ApprovalRow]:
        """Requests after (day of the request, id), the oldest first."""

    async def holds(
        self, pool: Any, *, after: tuple[date, str, str], limit: int, wanted: WantedHolds, rows: Rows
    ) -> list[HoldRow]:
        """Held orders after (day, customer, order), the longest held first."""

    async def may_see(self, pool: Any, customer_id: str, rows: Rows) -> bool:
        """Whether a caller with *rows* may see *customer_id*."""

    async def groups(
        self, pool: Any, *, after: str, limit: int, customer_id: str | None = None, known: bool = False
    ) -> list[GroupListed]:
        """Groups after the id *after*, by id; *customer_id*: those to which it belongs. Ended ones where *known*."""

    async def members(self, pool: Any, group_id: str) -> list[Standing]:
        """Who belongs to a group, or will, and what each owes, as last written."""

    async def strangers(self, pool: Any, customers: Sequence[str]) -> list[str]:
        """Those of *customers* of whom nothing is known."""

    async def today(self, pool: Any) -> date:
        """The day that is open. Raises Unavailable while none is."""


class Totals(Protocol):
    """Adds up all customers."""

    async def __call__(self, pool: Any) -> Everybody:
        """What all customers owe now. Raises Unavailable while no day is open."""


@dataclass
class Ports:
    """The one object the routes find in `app.state.ports`."""

    command: Command
    view: View
    lists: Lists
    totals: Totals
    policies: GrantingRules
    """The credit policies, and what else credit is granted by."""
    pool: Any = field(default=None)
    """None until the database has answered once."""

    def database(self) -> Any:
        """The pool. Raises Unavailable while there is none."""
        if self.pool is None:
            raise Unavailable("the database does not answer yet; try again later")
        return self.pool
