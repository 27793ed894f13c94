"""What the exposure service decided and tells nobody: kept in its log, so that every limit and every answer can be explained.

What others see follows from it: limits that changed, reservations, held orders.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta, field

from shared.core.events.base import Decision, settle
from shared.core.events.values import Amount, Code, Currency, DocumentId, Labels, Ratio, Text, check_currency

LimitKind = Literal["policy", "insured", "guaranteed", "temporary", "management", "advance"]
Verdict = Literal["pass", "warn", "hold", "refuse"]


class Logged(Decision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A decision that no topic carries."""


class LimitGranted(Logged, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A limit of one kind holds from a date to a date. The effective limit is put together from all that hold."""

    TYPE: ClassVar[str] = "credit.limit.granted.v1"

    limit_id: DocumentId
    kind: LimitKind
    amount: Amount
    currency: Currency
    valid_from: date
    valid_to: date | None = None
    share: Ratio | None = None
    """Of an insured limit the share covered, of a guaranteed one the uplift; 1 where it is left out."""
    place: Labels = field(default_factory=dict)
    """A sub-limit: company, segment, product_group or salesperson that it is for; empty: the whole customer."""
    review_on: date | None = None
    stop_on: date | None = None
    """The insurer's stop date: after it no new delivery is covered."""
    conditions: tuple[Text, ...] = ()
    reason: Text | None = None
    by: Code | None = None
    approval_id: DocumentId | None = None
    grade: Code | None = None
    """The grade under which it was given."""
    formula: Labels = field(default_factory=dict)
    """Figure → value: how the amount was found."""

    def __post_init__(self) -> None:
        """Settle the amount. Raises Breach."""
        check_currency(self.currency)
        settle(self, "amount", self.currency)


class LimitEnded(Logged, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A limit holds no more from this day on, before or at its last day."""

    TYPE: ClassVar[str] = "credit.limit.ended.v1"

    limit_id: DocumentId
    reason: Text
    by: Code | None = None
    approval_id: DocumentId | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """One step of a credit check: what was seen, what it was compared with, what follows."""

    name: Code
    value: Text | None
    """What was seen; None: not known, or there is none."""
    threshold: Text | None
    strength: Code
    """What follows where the step fails: off, warn, hold, refuse."""
    verdict: Verdict
    reason: Code | None = None
    """The code of the sentence; None where the step passed."""


class CheckDecided(Logged, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A credit check was answered: with every step, as it was seen."""

    TYPE: ClassVar[str] = "credit.check.decided.v1"

    check_id: DocumentId
    order_id: DocumentId
    amount: Amount
    currency: Currency
    control_point: Code
    decision: Literal["approved", "held", "refused"]
    at: Annotated[datetime, Meta(tz=True)]
    steps: tuple[Step, ...] = ()
    place: Labels = field(default_factory=dict)
    exclusion: Code | None = None
    """Why steps were left out: prepaid, lowers_exposure, released."""
    observed: bool = False
    """Everything passes while the company only observes (LT-03.16); what would have followed is in `would_be`."""
    would_be: Literal["approved", "held", "refused"] | None = None
    reservation_id: DocumentId | None = None
    replaces: DocumentId | None = None
    document_kind: Code | None = None
    """`advance_funding`, where it is about an advance; None: about an order."""
    terms: Text | None = None
    """The terms of payment that it was asked for with; other terms are another question."""
    deliver_on: date | None = None
    """When the order is to be delivered: open orders within the credit horizon of that day were counted, too."""
    rules: Code | None = None
    """The version of the check rules."""
    by: Code | None = None
    from_version: Annotated[int, Meta(ge=0)] = 0
    """The version of the stream that it was decided from."""

    def __post_init__(self) -> None:
        """Settle the amount. Raises Breach."""
        check_currency(self.currency)
        settle(self, "amount", self.currency)
