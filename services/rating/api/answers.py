"""The bodies of the answers. Money and ratios are strings; nothing is ever a float (a strict field refuses one)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

Decimal = Annotated[StrictStr, Field(pattern=r"^-?\d+(\.\d+)?$", examples=["1250.00"])]
"""A decimal number as text."""
Measure = StrictStr | StrictBool | StrictInt | dict[str, StrictStr] | None
Next = Annotated[str | None, Field(description="the cursor of the next page; null on the last")]


class Answer(BaseModel):
    """Reads its fields from the attributes of our own values."""

    model_config = ConfigDict(from_attributes=True)


class Accepted(Answer):
    """Every posted event is durable."""

    accepted: int = Field(ge=0, description="events that were new")
    duplicates: int = Field(ge=0, description="events that were known already, with the same content")


class PolicyId(Answer):
    """Which rules decided."""

    id: str
    version: str
    sha256: str


class Rating(Answer):
    """What one method says."""

    method: str
    purpose: str
    grade: str | None
    refusal: str | None = Field(description="why there is no grade")
    parts: dict[str, str]
    score: Decimal | None
    since: date | None
    valid_until: date | None
    underlying: str | None = Field(description="the grade before overrides and movement rules")
    without_override: str | None = Field(description="the grade with movement rules and without overrides")
    override_id: str | None = Field(description="the override that holds")


class Overriding(Answer):
    """One override: who put what in the place of the grade, until when and why."""

    override_id: str
    grade: str | None
    cap: str | None = Field(description="no better grade than this")
    set_on: date
    expires_on: date = Field(description="the last day on which it holds")
    withdrawn_on: date | None
    in_force: bool
    reason: str
    by: str | None = Field(description="the person who asked for it")
    evidence: str | None
    approval_id: str | None


class Excepting(Answer):
    """One exception: which rule does not hold for the customer, until when and why."""

    exception_id: str
    excepts: str = Field(description="the rule, by its code")
    terms: str | None = Field(description="what is allowed instead")
    size: str | None = Field(description="how far from the rule, as a share of what it says")
    method: str | None
    set_on: date
    expires_on: date = Field(description="the last day on which it holds")
    in_force: bool
    reason: str
    by: str | None = Field(description="the person who asked for it")
    evidence: str | None
    approval_id: str | None


class Warning(Answer):
    """An early warning that stands."""

    warning_id: str
    rule: str
    kind: str
    severity: str
    since: date
    figures: dict[str, Measure]


class Moment(Answer):
    """The two times of every answer about a customer."""

    customer_id: str
    as_of: date = Field(description="true when: the end of this date")
    known_at: datetime = Field(description="known when: what was recorded later does not count")
    version: int = Field(description="the last event of the customer that counts")


class Customer(Moment):
    """Where a customer stands."""

    currency: str
    grade: str | None = Field(description="of purpose `credit`")
    refusal: str | None = Field(description="why there is no grade")
    score: Decimal | None
    method: str | None
    since: date | None
    ratings: list[Rating]
    measures: dict[str, Measure]
    warnings: list[Warning]
    exceptions: list[Excepting] = Field(description="those that hold or held by `as_of`, oldest first")


class Step(Answer):
    """A run of days with one grade."""

    method: str
    purpose: str
    grade: str | None
    refusal: str | None
    since: date
    until: date | None
    cause: str | None = Field(
        description="fact, day, review, policy, override or correction, as the decision says with which the run began; "
        "null where the run was restated later"
    )
    lived: bool = Field(description="decided when its day was open; false: restated later")
    score: Decimal | None = Field(
        description="points of the decision with which the run began; null where restated, and in a method of letters"
    )
    policy: PolicyId | None


class History(Moment):
    """The grade path, oldest run first."""

    ratings: list[Step]


class Line(Answer):
    """One line of the card."""

    characteristic: str
    value: StrictStr | StrictBool | None
    band: str
    letter: str | None
    points: Decimal | None
    max_points: Decimal | None
    part: str | None
    reasons: list[str]
    reference: str
    assumed: bool
    left_out: bool
    lost: Decimal | None = Field(description="points lost to the best that the characteristic can give")
    because: list[str] = Field(description="the reasons in words")


class Because(Answer):
    """A reason for a reader."""

    code: str
    words: str = Field(description="in the language that Accept-Language prefers")


class Change(Answer):
    """One measure, or derived value, and what it would have to be."""

    measure: str
    title: str
    now: StrictStr | StrictBool | None = Field(description="null: not known")
    needed: StrictStr | StrictBool | None


class Way(Answer):
    """Changes that together have an effect, and that effect."""

    changes: list[Change]
    grade: str | None
    score: Decimal | None


class Advice(Answer):
    """What would make a grade better."""

    improvements: list[Way] = Field(description="the most useful single changes, the best first")
    reach: str | None = Field(description="the grade that was asked for")
    ways: list[Way] = Field(
        description="the smallest sets of up to three changes that give it; empty: it stands, or needs more"
    )


class Explanation(Moment, Advice):
    """Why one method says what it says."""

    method: str
    purpose: str
    grade: str | None
    underlying: str | None
    score: Decimal | None
    refusal: str | None
    refusal_detail: str | None
    policy: PolicyId
    reasons: list[str]
    caps: list[str]
    movement: list[str] = Field(description="rules that hold the grade away from the underlying one")
    measures: dict[str, Measure]
    lines: list[Line]
    because: list[Because] = Field(description="reasons in words, those that decided first; then what holds the grade")
    overrides: list[Overriding] = Field(description="that were set by `as_of`, oldest first")


class OpenItem(Answer):
    """A document that is still open."""

    transaction_id: str
    kind: str
    document_no: str | None = Field(description="the number printed on the paper, where it was told")
    booked_on: date
    due_on: date | None
    due_derived: bool = Field(description="no document named a due date, so a term was assumed")
    amount: Decimal
    open_amount: Decimal
    currency: str
    days_past_due: int
    bucket: str
    disputed_amount: Decimal
    company: str | None = Field(description="our selling legal entity, where it was told")


class Ledger(Moment):
    """The open items."""

    currency: str
    unallocated_cash: Decimal
    items: list[OpenItem]
