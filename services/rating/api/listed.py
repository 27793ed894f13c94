"""What the lists answer: the log, customers, warnings, methods."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from services.rating.api.answers import Answer, Decimal, Next, Warning


class LoggedEvent(Answer):
    """One event of the customer's stream."""

    version: int
    kind: str = Field(description="fact or decision")
    business_on: date
    recorded_at: datetime
    event: dict[str, Any] = Field(
        description="structured CloudEvent; personal fields are null without the scope pii:read"
    )


class Events(Answer):
    """A page of the customer's stream, in the order in which it was appended."""

    customer_id: str
    events: list[LoggedEvent]
    next: Next


class CustomerRow(Answer):
    """One customer in a list, at the head of its path."""

    customer_id: str
    version: int
    as_of: date
    currency: str
    grade: str | None
    refusal: str | None
    method: str | None
    score: Decimal | None
    since: date | None
    region: str | None
    segment: str | None
    manager: str | None
    receivable_balance: Decimal | None
    overdue_amount: Decimal | None
    warnings: int
    underlying: str | None = Field(description="the grade before overrides and movement rules")
    override_id: str | None = Field(description="the override that holds")


class Customers(Answer):
    """A page of customers, by id."""

    customers: list[CustomerRow]
    next: Next


class StandingWarning(Warning):
    """A warning with whom it is about."""

    customer_id: str
    raised_at: datetime


class Warnings(Answer):
    """A page of warnings that stand, by customer."""

    warnings: list[StandingWarning]
    next: Next


class Policy(Answer):
    """One version of one method."""

    id: str
    version: str
    sha256: str
    purpose: str
    title: str
    title_zh: str
    effective: date
    approved: date
    reference: str
    grades: list[str] = Field(description="best first")


class PolicyState(Policy):
    """One version, and how it stands on the last day that was opened."""

    state: Literal["draft", "loaded", "waiting_for_approval", "activated", "in_force", "replaced"] = Field(
        description="draft: nobody asked for it; loaded: no order of methods names it; activated: binds from `since`, a day to come"
    )
    since: date | None = Field(description="the day from whose opening it binds, or bound last")
    approval_id: str | None = Field(description="the approval that would put it in force")


class Policies(Answer):
    """Every version of every method that is loaded."""

    policies: list[PolicyState]


class Exported(Answer):
    """A page of the log of one partition, in commit order."""

    events: list[dict[str, Any]] = Field(description="structured CloudEvents, personal fields sealed")
    next: str = Field(description="where to go on, now or later")
    more: bool = Field(description="whether there is more now")
