"""What the handlers need from outside. `services.rating.main` fills it in; a test may fill in its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from services.rating.core import policy_requests
from services.rating.core.activating import Standing
from services.rating.core.comparing import Compared, Comparison
from services.rating.core.requests import Act, Found
from services.rating.core.trying import Outcome, Trial
from services.rating.core.view import CustomerRow, PolicySummary, StandingWarning, View
from shared.core.approval.listed import ApprovalRow, Wanted
from shared.core.envelope import Event
from shared.core.errors import Unavailable
from shared.core.policy.policy import Book
from shared.core.policy.rulebook import Rulebook
from shared.edge.rights import Rows


class Kept(Protocol):
    """What became of some posted events; they are durable."""

    @property
    def duplicates(self) -> frozenset[int]:
        """The positions of those that were known already, with the same content."""


class Keep(Protocol):
    """Makes events durable in one transaction, all or nothing."""

    async def __call__(self, pool: Any, events: Sequence[Event]) -> Kept:
        """Raises Conflict with the index of the first event whose identity was used for other content."""


class CustomerView(Protocol):
    """Folds one customer's stream and says what stands on a date, as known at an instant."""

    async def __call__(self, pool: Any, customer_id: str, as_of: date | None, known_at: datetime | None) -> View | None:
        """*as_of* None: the customer's current day. *known_at* None: everything known. Returns None if unknown."""


class Try(Protocol):
    """Tries a method, in force or a draft, on given measures or on a customer; touches nothing that is live."""

    async def __call__(self, asked: Trial) -> Outcome | None:
        """None where the customer, the method or the version is not there. Raises Malformed, TookTooLong, Unavailable."""


class Compare(Protocol):
    """Says who of a population would move from one version to another; touches nothing that is live."""

    async def __call__(self, asked: Comparison) -> Compared | None:
        """None where a version is not there. Raises Malformed, TookTooLong, Unavailable."""


class Log(Protocol):
    """Reads stored events as structured CloudEvents."""

    async def stream(
        self,
        pool: Any,
        stream: str,
        *,
        after: int,
        as_of: date | None,
        known_at: datetime | None,
        limit: int,
        clear: bool,
        restricted: bool,
    ) -> list[dict[str, Any]]:
        """The events of *stream* above version *after*. Personal fields are null unless *clear*.

        What belongs on `credit.restricted` is left out unless *restricted*.
        """

    async def partition(
        self, pool: Any, partition: int, *, after: int, limit: int, restricted: bool
    ) -> tuple[list[bytes], int, bool]:
        """Events of *partition* in commit order, as the topics carry them; the position reached; whether there are more.

        *restricted* as in `stream`.
        """


class Lists(Protocol):
    """Reads the projections that lists are made of."""

    async def customers(
        self, pool: Any, *, after: str, limit: int, grade: str | None, region: str | None, rows: Rows
    ) -> list[CustomerRow]:
        """Customers after the id *after*, in the order of their ids, as far as *rows* let see; so everywhere here."""

    async def warnings(
        self, pool: Any, *, after: tuple[str, str], limit: int, severity: str | None, rows: Rows
    ) -> list[StandingWarning]:
        """Warnings that stand, after (customer, warning)."""

    async def approvals(
        self, pool: Any, *, after: tuple[date, str], limit: int, wanted: Wanted, rows: Rows
    ) -> list[ApprovalRow]:
        """Approvals after (day of the request, id), the oldest first."""

    async def versions(self, pool: Any) -> Standing:
        """What the state of each version of a method follows from."""

    async def may_see(self, pool: Any, customer_id: str, rows: Rows) -> bool:
        """Whether a caller with *rows* may see *customer_id*."""

    async def dead_letters(
        self, pool: Any, *, after: tuple[datetime, str, int, str, int] | None, limit: int, state: str
    ) -> list[dict[str, Any]]:
        """Dead letters in *state*, newest first, without their bytes."""

    async def parked(
        self, pool: Any, *, after: tuple[datetime, str] | None, limit: int, rows: Rows
    ) -> list[dict[str, Any]]:
        """Parked customers after (since, customer), the longest parked first."""

    async def quarantined(
        self, pool: Any, *, after: tuple[datetime, str, str, str] | None, limit: int, rows: Rows
    ) -> list[dict[str, Any]]:
        """Facts whose identity was used before, newest first. Raises ValueError where *after* is no place."""


class Decide(Protocol):
    """Decides a command about one customer and appends what follows, alone with it."""

    async def __call__(self, pool: Any, customer_id: str, command: Callable[[Found], Act]) -> None:
        """*command* may be asked several times, and raises what refuses it. Raises NotFound, Unavailable."""


class DecidePolicy(Protocol):
    """Decides a command about the rules and appends what follows, while no day can open."""

    async def __call__(self, pool: Any, command: Callable[[policy_requests.Found], policy_requests.Act]) -> None:
        """*command* may be asked several times, and raises what refuses it. Raises Unavailable."""


@dataclass
class Ports:
    """The one object the routes find in `app.state.ports`."""

    view: CustomerView
    keep: Keep
    log: Log
    lists: Lists
    decide: Decide
    decide_policy: DecidePolicy
    policies: Sequence[PolicySummary]
    attempt: Try
    rules: Rulebook
    """Everything that is loaded."""
    compare: Compare
    partitions: int
    pool: Any = field(default=None)
    """None until the database has answered once."""

    @property
    def books(self) -> Mapping[str, Book]:
        """The versions of each method, by id."""
        return self.rules.books

    def database(self) -> Any:
        """The pool. Raises Unavailable while there is none."""
        if self.pool is None:
            raise Unavailable("the database does not answer yet; try again later")
        return self.pool
