"""What the rating API answers about one customer at one `as_of`, as it was known at one `known_at`.

Plain values. Amounts and ratios are decimal strings as they go over the wire, with all decimals of their currency; days
and counts are integers; no value is ever a float.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec

MeasureValue = str | int | bool | dict[str, str] | None
"""Decimal string, days or count, yes or no, ageing by bucket; None: not known at that date."""


class PolicyId(msgspec.Struct, frozen=True):
    """Which rules decided."""

    id: str
    version: str
    sha256: str


class Overriding(msgspec.Struct, frozen=True, kw_only=True):
    """One override: who put what in the place of the grade, until when and why."""

    override_id: str
    grade: str | None
    """The grade that is put in its place; None: a cap."""
    cap: str | None
    """The grade that is the best there may be; None: a grade."""
    set_on: date
    expires_on: date
    """The last day on which it holds."""
    withdrawn_on: date | None
    """The day from which it holds no more, where it was taken back."""
    in_force: bool
    reason: str
    by: str | None
    """The person who asked for it."""
    evidence: str | None
    approval_id: str | None


class Excepting(msgspec.Struct, frozen=True, kw_only=True):
    """One exception: which rule does not hold for the customer, until when and why (AP-16)."""

    exception_id: str
    excepts: str
    """The rule, by its code."""
    terms: str | None
    """What is allowed instead."""
    size: str | None
    """How far from the rule, as a share of what it says (AP-09)."""
    method: str | None
    set_on: date
    expires_on: date
    """The last day on which it holds."""
    in_force: bool
    reason: str
    by: str | None
    """The person who asked for it."""
    evidence: str | None
    approval_id: str | None


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """What one method says of the customer on `as_of`."""

    method: str
    purpose: str
    """`credit`, `service` or `compliance`."""
    grade: str | None
    """The effective grade: overrides and movement rules count. None: no grade, see `refusal`."""
    refusal: str | None = None
    """A code of `shared.core.refusal`, where there is no grade."""
    parts: dict[str, str] = msgspec.field(default_factory=dict)
    """The letter of each characteristic, or the points of each part."""
    score: str | None = None
    """Points 0 to 100 as a decimal string; None in a method of letters."""
    since: date | None = None
    """The first day of the unbroken run of this grade."""
    valid_until: date | None = None
    """The last day before it must be reviewed."""
    underlying: str | None = None
    """The grade before overrides and movement rules."""
    without_override: str | None = None
    """The grade with movement rules and without overrides."""
    override_id: str | None = None
    """The override that holds."""


class Warning(msgspec.Struct, frozen=True, kw_only=True):
    """One early warning that stands on `as_of`."""

    warning_id: str
    rule: str
    """E.g. `MN-01`."""
    kind: str
    """legal_person · brand · financial · transaction · data."""
    severity: str
    """info · warning · critical."""
    since: date
    figures: dict[str, MeasureValue] = msgspec.field(default_factory=dict)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One run of days with one grade on the customer's path, newest known last."""

    method: str
    purpose: str
    grade: str | None
    refusal: str | None
    since: date
    until: date | None
    """The last day of the run; None: it still holds."""
    cause: str | None
    """fact · day · review · policy · override · correction, as the decision says with which the run began; None: restated."""
    lived: bool
    """True: decided when its day was open; false: restated later (import, correction)."""
    score: str | None = None
    """Points 0 to 100 of that decision; None: restated, or a method of letters."""
    policy: PolicyId | None = None


class Told(msgspec.Struct, frozen=True):
    """A reason code and its words."""

    code: str
    en: str
    zh: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the card, as `shared.core.policy.assessment.Line` says it."""

    characteristic: str
    value: str | bool | None
    band: str
    letter: str | None = None
    points: str | None = None
    max_points: str | None = None
    part: str | None = None
    reasons: tuple[str, ...] = ()
    reference: str = ""
    assumed: bool = False
    left_out: bool = False
    lost: str | None = None
    """Points lost to the best that the characteristic can give."""
    told: tuple[Told, ...] = ()
    """The reasons in words."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why one method says what it says: every line, the vetoes and caps, and what the movement rules held back."""

    method: str
    purpose: str
    grade: str | None
    underlying: str | None
    score: str | None
    refusal: str | None
    refusal_detail: str | None
    policy: PolicyId
    reasons: tuple[str, ...]
    caps: tuple[str, ...]
    movement: tuple[str, ...]
    """Codes of the movement rules that held the effective grade away from the underlying one."""
    measures: dict[str, MeasureValue]
    """What the method looked at."""
    lines: tuple[Line, ...]
    overrides: tuple[Overriding, ...] = ()
    """Those that hold, held or were taken back by `as_of`, oldest first."""


class OpenItem(msgspec.Struct, frozen=True, kw_only=True):
    """One document of the ledger that is still open on `as_of`."""

    transaction_id: str
    kind: str
    document_no: str | None
    """The number printed on the paper, where it was told."""
    booked_on: date
    due_on: date | None
    due_derived: bool
    """True where no document named a due date, so that a term was assumed."""
    amount: str
    open_amount: str
    currency: str
    days_past_due: int
    """0 while not due."""
    bucket: str
    """not_due · 1_30 · 31_60 · 61_90 · over_90."""
    disputed_amount: str
    company: str | None = None
    """The selling legal entity, where it was told."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the API answers about one customer."""

    customer_id: str
    """The surviving customer, where the one asked for was merged into another."""
    as_of: date
    version: int
    """The version of the stream that was folded: the last event known at `known_at`."""
    currency: str
    ratings: tuple[Rating, ...]
    """In the order of `methods.yaml`; the first of purpose `credit` is the customer's grade."""
    measures: dict[str, MeasureValue]
    warnings: tuple[Warning, ...]
    history: tuple[Step, ...]
    explanations: tuple[Explanation, ...]
    items: tuple[OpenItem, ...]
    """By due date."""
    unallocated_cash: str
    exceptions: tuple[Excepting, ...] = ()
    """Those that hold or held by `as_of`, oldest first."""

    def without(self, purpose: str) -> View:
        """The view without what methods of *purpose* say."""
        return msgspec.structs.replace(
            self,
            ratings=tuple(one for one in self.ratings if one.purpose != purpose),
            history=tuple(one for one in self.history if one.purpose != purpose),
            explanations=tuple(one for one in self.explanations if one.purpose != purpose),
        )

    @property
    def credit(self) -> Rating | None:
        """The rating of purpose `credit`, where a method of it applies."""
        return next((rating for rating in self.ratings if rating.purpose == "credit"), None)


class PolicySummary(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one method that is loaded."""

    id: str
    version: str
    sha256: str
    purpose: str
    title: str
    title_zh: str
    effective: date
    approved: date
    reference: str
    grades: tuple[str, ...]
    """Best first."""


class CustomerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the projection `customers`: the head of the customer's path, for lists only."""

    customer_id: str
    version: int
    as_of: date
    currency: str
    grade: str | None
    refusal: str | None
    method: str | None
    score: str | None
    since: date | None
    region: str | None
    segment: str | None
    manager: str | None
    receivable_balance: str | None
    overdue_amount: str | None
    warnings: int
    underlying: str | None
    override_id: str | None


class StandingWarning(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the projection of warnings that stand now."""

    customer_id: str
    warning_id: str
    rule: str
    kind: str
    severity: str
    since: date
    raised_at: datetime
    figures: dict[str, MeasureValue]
