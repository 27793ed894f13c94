"""What the handlers need from outside. `services.rating.main` fills it in; a test may fill in its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from services.rating.core.view import CustomerRow, PolicySummary, StandingWarning, View
from shared.core.envelope import Event
from shared.core.errors import Unavailable


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
        self, pool: Any, *, after: str, limit: int, grade: str | None, region: str | None
    ) -> list[CustomerRow]:
        """Customers after the id *after*, in the order of their ids."""

    async def warnings(
        self, pool: Any, *, after: tuple[str, str], limit: int, severity: str | None
    ) -> list[StandingWarning]:
        """Warnings that stand, after (customer, warning)."""

    async def dead_letters(
        self, pool: Any, *, after: tuple[datetime, str, int, str, int] | None, limit: int, state: str
    ) -> list[dict[str, Any]]:
        """Dead letters in *state*, newest first, without their bytes."""

    async def parked(self, pool: Any, *, after: tuple[datetime, str] | None, limit: int) -> list[dict[str, Any]]:
        """Parked customers after (since, customer), the longest parked first."""

    async def quarantined(
        self, pool: Any, *, after: tuple[datetime, str, str, str] | None, limit: int
    ) -> list[dict[str, Any]]:
        """Facts whose identity was used before, newest first. Raises ValueError where *after* is no place."""


@dataclass
class Ports:
    """The one object the routes find in `app.state.ports`."""

    view: CustomerView
    keep: Keep
    log: Log
    lists: Lists
    policies: Sequence[PolicySummary]
    partitions: int
    pool: Any = field(default=None)
    """None until the database has answered once."""

    def database(self) -> Any:
        """The pool. Raises Unavailable while there is none."""
        if self.pool is None:
            raise Unavailable("the database does not answer yet; try again later")
        return self.pool
