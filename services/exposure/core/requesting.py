"""What people may ask of limits, as payloads that others approve, and what takes effect once they have (LT-38, LT-39, AP-04).

What forbids a request is asked twice, when it is asked for and when it would take effect: the customer may have fallen, or
risen, meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from services.exposure.core import advances, dossier, grouping
from services.exposure.core.excepting import waived
from services.exposure.core.figures import Moment
from services.exposure.core.formulas import converted, times
from services.exposure.core.limits import OWN, currency_of, effective
from services.exposure.core.records import Limit, placed
from services.exposure.core.routing import moved
from services.exposure.core.state import Account
from services.exposure.core.telling import told_of
from shared.core.approval.chain import in_force
from shared.core.approval.commands import Actor, Desk, Request
from shared.core.approval.deciding import Decided, decide
from shared.core.approval.payload import sealed
from shared.core.approval.request import Approval
from shared.core.approval.saying_no import No
from shared.core.approval.steps import Register
from shared.core.events.base import Decision
from shared.core.events.granting import LimitEnded, LimitGranted
from shared.core.ledger.days import months_before
from shared.core.ledger.documents import units
from shared.core.money import settle

UNGRADED_MONTHS = 6
"""A limit without a grade is valid, and reviewed, as that of the last grade that has credit (LT-09.09, LT-09.10)."""
UNGRADED_REVIEW = 3


class Kind(StrEnum):
    """What may be asked of limits; `approvals.yaml` has the rules that tiers do not give."""

    LIMIT = "limit"
    END = "limit-end"
    ADVANCE = "advance"
    GROUP = "group"


class Why(StrEnum):
    """Why a limit cannot be asked for, or take effect. Sentences in `shared/edge/codes.yaml`."""

    OVER = "LIMIT_PERIOD_OVER"
    TOO_FAR = "LIMIT_RISE_TOO_FAR"
    TOO_SOON = "LIMIT_RISE_TOO_SOON"
    PAPERS = "LIMIT_PAPERS_MISSING"
    CEILING = "LIMIT_ABOVE_CEILING"
    UNKNOWN = "LIMIT_UNKNOWN"
    ENDED = "LIMIT_ENDED_BEFORE"
    RATE = "RATE_MISSING"
    STOP = "LIMIT_STOP_MISSING"
    LETTER = "ADVANCE_LETTER_MISSING"
    CONTRACT = "ADVANCE_CONTRACT_MISSING"
    STATEMENT = "ADVANCE_STATEMENT_MISSING"
    ARREARS = "ADVANCE_ARREARS"
    NOT_LOWER = "ADVANCE_NOT_LOWER"
    NO_GRADE = "ADVANCE_NO_GRADE"
    TOTAL = "ADVANCE_TOTAL"
    NO_GROUP = grouping.Why.UNKNOWN.value
    PLACE = "GROUP_LIMIT_PLACE"


class LimitWanted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The payload of a limit. Amounts as decimals in text."""

    customer_id: str
    kind: str
    amount: str
    currency: str
    reason: str
    evidence: str
    by: str
    valid_from: date | None = None
    valid_to: date | None = None
    share: str | None = None
    place: dict[str, str] = msgspec.field(default_factory=dict)
    review_on: date | None = None
    stop_on: date | None = None
    conditions: tuple[str, ...] = ()
    papers: dict[str, str] = msgspec.field(default_factory=dict)
    """Paper → document that is on file (LT-05)."""


class LimitEndWanted(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of taking a limit back."""

    customer_id: str
    limit_id: str
    reason: str
    evidence: str
    by: str


Wanted = LimitWanted | LimitEndWanted | advances.AdvanceWanted | grouping.GroupWanted
Refusal = Why | grouping.Why
Follows = Sequence[Decision] | Refusal
_KINDS: dict[type, Kind] = {
    LimitWanted: Kind.LIMIT,
    LimitEndWanted: Kind.END,
    advances.AdvanceWanted: Kind.ADVANCE,
    grouping.GroupWanted: Kind.GROUP,
}


def kind_of(wanted: Wanted) -> Kind:
    """Under which kind of request *wanted* is approved."""
    return _KINDS[type(wanted)]


def why_not(wanted: Wanted, moment: Moment) -> Refusal | None:
    """What forbids *wanted* now; None: nothing does, or people let the rule not hold for the customer (AP-16)."""
    why = _why_not(wanted, moment)
    return None if why in waived(moment.account, moment.day, moment.rules.authority) else why


def _why_not(wanted: Wanted, moment: Moment) -> Refusal | None:
    if isinstance(wanted, grouping.GroupWanted):
        return grouping.why_not(wanted, moment)
    if isinstance(wanted, LimitEndWanted):
        held = moment.account.limits.get(wanted.limit_id)
        return Why.UNKNOWN if held is None else Why.ENDED if held.ended_on else None
    if isinstance(wanted, advances.AdvanceWanted):
        no = advances.why_not(wanted, moment)
        return Why(no) if no is not None else None
    return _why_not_limit(wanted, moment)


def _why_not_limit(wanted: LimitWanted, moment: Moment) -> Why | None:
    day, rules, group = moment.day, moment.rules.limits, moment.account.group
    if group is not None and (not group.since or group.ended_on):
        return Why.NO_GROUP
    if group is not None and wanted.place:
        return Why.PLACE  # a check of a member looks at what the whole group may owe
    if wanted.valid_to is not None and wanted.valid_to.toordinal() < max(day, _from(wanted, day)):
        return Why.OVER
    if dossier.missing(moment, wanted.kind, wanted.amount, wanted.currency, wanted.papers):
        return Why.PAPERS
    if wanted.kind not in OWN:
        return None
    if dossier.is_above_ceiling(moment, amount_in(wanted), wanted.currency):
        return Why.CEILING
    before = own_before(moment.account, day, wanted)
    if before is None or not before.amount:
        return None
    amount = converted(amount_in(wanted), wanted.currency, before.currency, moment.references, day)
    if amount is None:
        return Why.RATE
    if amount <= before.amount:
        return None
    if amount > times(before.amount, 1 + rules.rise_share):
        return Why.TOO_FAR
    risen = moment.account.published.risen_on
    return Why.TOO_SOON if risen and day < risen + rules.rise_days and not wanted.place else None


def own_before(account: Account, day: int, wanted: LimitWanted) -> Limit | None:
    """The own limit that *wanted* would take the place of."""
    held = [one for one in account.own(placed(wanted.place)) if one.holds(day)]
    return max((one for one in held if one.kind == wanted.kind), key=lambda one: one.newness, default=None) or max(
        held, key=lambda one: one.newness, default=None
    )


def approvers(wanted: Wanted, moment: Moment) -> tuple[str, ...]:
    """Who grants *wanted*, in order: by what the customer would have in all, and by its risk (AP-04.01, AP-04.02, LT-33)."""
    if isinstance(wanted, LimitEndWanted | grouping.GroupWanted):
        return ()
    if isinstance(wanted, advances.AdvanceWanted):
        return advances.approvers(wanted, moment)
    in_all = _in_all(wanted, moment)
    return moment.rules.authority.approvers(in_all, moved(moment, in_all))


def _in_all(wanted: LimitWanted, moment: Moment) -> int:
    """The effective limit in CNY once *wanted* holds; without a rate, more than any tier."""
    day, references = moment.day, moment.references
    currency = currency_of(moment.account, day, moment.home)
    now = effective(moment.account, day, references, currency)
    amount = times(amount_in(wanted), Decimal(wanted.share or 1))
    asked = converted(amount, wanted.currency, currency, references, day)
    if asked is None or now.missing:
        return 1 << 62
    replaced = sum(part.counted for part in now.parts if part.kind in OWN) if wanted.kind in OWN else 0
    total = converted(now.amount - replaced + asked, currency, "CNY", references, day)
    return total if total is not None else 1 << 62


def ask_for(moment: Moment, approval_id: str, wanted: Wanted, by: Actor, register: Register) -> tuple[Decision, ...]:
    """The request for *wanted* in the name of *by*; nothing where it was asked for before, or may not be."""
    made = request(moment, approval_id, wanted, by, register)
    return () if isinstance(made, No) else made


def request(moment: Moment, approval_id: str, wanted: Wanted, by: Actor, register: Register) -> Decided:
    """Ask for *wanted*: what is decided, or why it is not."""
    at = desk(moment, register)
    kind = kind_of(wanted)
    chain = at.chains.of(kind, approvers(wanted, moment))
    text = sealed(msgspec.to_builtins(wanted))[0]
    asked = Request(approval_id, kind, text, by, wanted.reason, wanted.evidence, chain)
    return decide(asked, moment.account.approvals.get(approval_id), at)


def desk(moment: Moment, register: Register) -> Desk:
    """What an approval is decided with on the day of *moment*."""
    day = date.fromordinal(moment.day)
    told = told_of(moment.account, moment.day, "override")
    told.pop("as_of")
    return Desk(day, in_force(moment.rules.chains, day), moment.account.ledger.calendar.rests, register, told)


def payload_of(approval: Approval) -> Wanted:
    """What was hashed, and what takes effect."""
    types: dict[str, Any] = {kind: wanted for wanted, kind in _KINDS.items()}
    read: Wanted = msgspec.json.decode(approval.payload, type=types[approval.kind])
    return read


def effect(approval: Approval, moment: Moment) -> Follows:
    """What follows from the last grant of *approval*, read from the content that was hashed and from nothing else."""
    wanted = payload_of(approval)
    why = why_not(wanted, moment)
    if why is not None:
        return why
    told = told_of(moment.account, moment.day, "override")
    if isinstance(wanted, LimitEndWanted):
        said = {**told, "limit_id": wanted.limit_id, "reason": wanted.reason, "by": wanted.by}
        return (LimitEnded(**said, approval_id=approval.approval_id),)
    if isinstance(wanted, grouping.GroupWanted):
        return grouping.granted(wanted, approval.approval_id, moment)
    if isinstance(wanted, advances.AdvanceWanted):
        if advances.outgrown(wanted, approval.roles, moment):
            return Why.TOTAL
        return advances.granted(wanted, approval.approval_id, moment)
    return _granted(wanted, approval.approval_id, moment)


def _granted(wanted: LimitWanted, approval_id: str, moment: Moment) -> tuple[Decision, ...]:
    account, day, rules = moment.account, moment.day, moment.rules.limits
    grade = account.grade_on(day)
    terms = rules.of(grade.grade if grade else None)
    months = (terms.valid_months if terms and terms.valid_months else UNGRADED_MONTHS) if wanted.kind in OWN else 0
    review = (terms.review_months if terms else UNGRADED_REVIEW) if wanted.kind in OWN else 0
    start = _from(wanted, day)
    share = wanted.share or (str(rules.guarantee_uplift) if wanted.kind == "guaranteed" else None)
    granted = LimitGranted(
        **told_of(account, day, "override"),
        limit_id=approval_id,
        kind=wanted.kind,  # type: ignore[arg-type] # the route and the rules write only kinds that there are
        amount=settle(Decimal(wanted.amount), wanted.currency),
        currency=wanted.currency,
        valid_from=date.fromordinal(start),
        valid_to=wanted.valid_to or (months_on(start, months) if months else None),
        share=Decimal(share) if share else None,
        place=wanted.place,
        review_on=wanted.review_on or (months_on(day, review) if review else None),
        stop_on=wanted.stop_on,
        conditions=wanted.conditions,
        reason=wanted.reason,
        by=wanted.by,
        approval_id=approval_id,
        grade=grade.grade if grade else None,
    )
    made: list[Decision] = [granted]
    if wanted.kind == "policy":  # one policy limit a place: the older one must not come back when this one ends
        told = told_of(account, day, "override")
        older = [one for one in account.own(placed(wanted.place)) if one.kind == "policy" and not one.ended_on]
        made += [LimitEnded(**told, limit_id=one.limit_id, reason=f"replaced by {approval_id}"[:200]) for one in older]
    return tuple(made)


def amount_in(wanted: LimitWanted) -> int:
    """The amount in units. Raises Breach for a currency that is none, or more decimals than it has."""
    return units(settle(Decimal(wanted.amount), wanted.currency))


def _from(wanted: LimitWanted, day: int) -> int:
    return max(day, wanted.valid_from.toordinal()) if wanted.valid_from is not None else day


def months_on(day: int, months: int) -> date:
    """The date so many months after *day*."""
    return date.fromordinal(months_before(day, -months))
