"""The bodies of the answers. Money and ratios are strings; nothing is ever a float."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StrictStr

from shared.edge.http.approving import Answer, Next

Decimal = Annotated[StrictStr, Field(pattern=r"^-?\d+(\.\d+)?$", examples=["1250.00"])]
"""A decimal number as text."""


class Words(Answer):
    """Why, in both languages."""

    code: str = Field(description="never changes")
    en: str
    zh: str


class Step(Answer):
    """One step of a credit check."""

    name: str
    value: str | None = Field(description="what was seen")
    threshold: str | None = Field(description="what it was compared with")
    strength: str = Field(description="what follows where it fails: off, warn, hold, refuse")
    verdict: str = Field(description="pass, warn, hold or refuse")
    reason: Words | None


class Kept(Answer):
    """Headroom that is kept for an order."""

    id: str
    amount: Decimal
    currency: str
    expires_at: datetime
    committed: bool


class Freshness(Answer):
    """How fresh the answer is."""

    version: int = Field(description="of the customer's stream")
    as_of: date
    lag: int | None = Field(description="seconds since the last fact that was heard of anybody; null: not known")


class Line(Answer):
    """What a figure consists of."""

    what: str
    amount: str


class Term(Answer):
    """The credit term as it was calculated, and how; what orders and contracts say goes before it."""

    days: int | None = Field(description="null: it cannot be said, and `missing` says what is missing")
    rate_a_year: str | None = Field(
        description="what credit costs a year at this grade: capital at the rate of the market, and the loss to be expected;"
        " a share; null: series lpr is not known"
    )
    formula: list[Line]
    missing: str | None


class Check(Answer):
    """The answer to a credit check. Without the scope exposures:read it says no more than it must."""

    decision: str = Field(description="approved, held or refused")
    check_id: str | None = Field(description="of what was kept of it; null: nothing was written")
    order_id: str
    control_point: str
    exclusion: str | None = Field(
        description="why the steps do not count: reserved, lowers_exposure, prepaid, released"
    )
    observed: bool = Field(description="the company only observes; `would_be` says what would have followed")
    would_be: str | None
    reservation: Kept | None
    steps: list[Step]
    currency: str | None
    limit: Decimal | None
    exposure: Decimal | None
    reserved: Decimal | None
    excess: Decimal | None = Field(description="how far the limit would be exceeded")
    term: Term | None
    rules: str = Field(description="the version of the check rules")
    freshness: Freshness


class Part(Answer):
    """One document in exposure."""

    document: str
    kind: str
    category: str
    amount: Decimal
    currency: str
    booked_on: date | None
    due_on: date | None
    weight: int = Field(description="how many percent of it count")


class Limit(Answer):
    """One limit that was granted and not ended."""

    limit_id: str
    kind: str
    amount: Decimal
    currency: str
    share: Decimal
    holds: bool = Field(description="whether it counts on that day")
    valid_from: date
    valid_to: date | None
    review_on: date | None
    stop_on: date | None
    grade: str | None
    conditions: list[str]
    reason: str
    by: str | None
    approval_id: str | None
    formula: list[Line]


class Excepted(Answer):
    """A rule that people let not hold for the customer, until its last day."""

    rule: Words
    holds: bool = Field(description="whether it counts on that day")
    since: date
    until: date
    terms: str | None = Field(description="what is allowed instead")
    by: str | None


class Sub(Answer):
    """A sub-limit and what is used of it."""

    place: dict[str, str]
    limit: Decimal
    exposure: Decimal
    reserved: Decimal
    headroom: Decimal


class Reserved(Answer):
    """A reservation."""

    reservation_id: str
    order_id: str
    amount: Decimal
    counts: Decimal = Field(description="what of it its order has not used up")
    currency: str
    expires_at: datetime
    committed: bool


class Held(Answer):
    """An order that waits."""

    hold_id: str
    customer_id: str
    order_id: str
    amount: Decimal
    currency: str
    control_point: str
    reasons: list[Words]
    held_on: date
    excess: Decimal
    company: str | None
    segment: str | None
    product_group: str | None
    salesperson: str | None
    check_id: str | None
    replaces: str | None


class Holds(Answer):
    """A page of held orders, the longest held first."""

    holds: list[Held]
    next: Next


class LetGo(Answer):
    """A held order that was let go."""

    order_id: str
    by: str
    excess: Decimal
    currency: str
    valid_until: date
    reasons: list[Words]
    reservation_id: str | None


class Task(Answer):
    """What staff have to do."""

    rule: str
    due_on: date


class Advance(Answer):
    """Where advance funding stands."""

    granted: Decimal
    outstanding: Decimal
    allowed: Decimal = Field(description="what may be outstanding today")
    over_period: list[str]
    tasks: list[Task]


class GroupStand(Answer):
    """Where a group stands."""

    group_id: str
    name: str
    currency: str
    lead: str | None
    since: date
    ended_on: date | None
    as_of: date
    limit: Decimal | None = Field(description="null: none was given, so that nothing binds the group")
    exposure: Decimal = Field(description="the sum of the members, in the currency of the group, at rates of that day")
    reserved: Decimal
    headroom: Decimal | None
    utilisation: Decimal | None
    is_breached: bool
    missing: list[str] = Field(
        description="currencies without a rate, which count as nothing here; ? where the figures of a member are not known"
    )


class Exposure(Answer):
    """Where a customer stands, with everything that it consists of."""

    customer_id: str
    as_of: date
    known_at: datetime
    version: int
    currency: str
    grade: str | None
    limit: Decimal
    formula: list[Line] = Field(description="how the effective limit is put together")
    term: Term
    exposure: Decimal
    reserved: Decimal
    headroom: Decimal
    over_limit: Decimal
    utilisation: Decimal | None = Field(description="exposure ÷ limit; null where there is no credit")
    by_category: dict[str, Decimal]
    apart: dict[str, Decimal] = Field(description="what speaks for the customer and opens no limit")
    missing: list[str] = Field(description="currencies without a rate: the amounts are not certain")
    overdue: Decimal
    days_past_due: int
    suspended_on: date | None
    suspended_because: str | None
    suspended_by: str | None = Field(description="who stopped supply, and lets it go on; null: the rules do")
    limits: list[Limit]
    exceptions: list[Excepted]
    sub_limits: list[Sub]
    reservations: list[Reserved]
    holds: list[Held]
    advance: Advance | None
    lines: list[Part]
    groups: list[GroupStand] = Field(description="those to which it belongs on that day, by id")
