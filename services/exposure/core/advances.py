"""Advance funding (垫资): pay first, then serve; in principle no advance (LT-14). What is granted, and what is run down.

The clock of one advance runs from the day on which we paid until the customer pays. Every chain ends with the general manager.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from services.exposure.core.figures import Figures, Moment
from services.exposure.core.formulas import converted, ratio, shown, times
from services.exposure.core.group import summed
from services.exposure.core.holding import ADVANCE
from services.exposure.core.limits import advance_limit
from services.exposure.core.noted import ADVANCE_TOTAL
from services.exposure.core.records import Limit
from services.exposure.core.rulebook import AdvanceTerms
from services.exposure.core.state import Account
from services.exposure.core.telling import payable, told_of
from shared.core.events.base import Decision
from shared.core.events.granting import LimitEnded, LimitGranted
from shared.core.events.limit import LimitWatched
from shared.core.ledger.days import months_before
from shared.core.ledger.documents import units
from shared.core.money import settle


class AdvanceWanted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The payload of an advance. *letter*, *contract* and *statement* name documents that are on file."""

    customer_id: str
    amount: str
    currency: str
    months: int
    reason: str
    evidence: str
    by: str
    letter: str = ""
    """The written advance letter with the customer's seal (LT-16)."""
    contract: str = ""
    """The clause of a new customer's contract, or the supplementary agreement that names amount and period (LT-17)."""
    statement: str = ""
    """Why it is necessary, of customer service or the developer (LT-19, LT-20)."""
    exception: str = ""
    """Why it is not lower than the one before (LT-26)."""
    others: str = "0"
    """What all other customers were granted in CNY when it was asked for (LT-15); `?`: a rate is missing, so it is not known."""


class Advance(msgspec.Struct, frozen=True):
    """Where advance funding stands. Units of the currency of the account."""

    granted: int
    outstanding: int
    allowed: int
    """What may be outstanding today: the grant, and what of an older excess is not due to be gone yet (LT-22)."""
    over_period: tuple[str, ...]
    """Advances that were paid longer ago than the period of the grant."""
    tasks: tuple[tuple[str, int], ...]
    """(rule, due day): what staff have to do."""


def why_not(wanted: AdvanceWanted, moment: Moment) -> str | None:
    """The code of what forbids *wanted*; None: nothing does."""
    terms = terms_of(moment)
    if terms is None:
        return "ADVANCE_NO_GRADE"
    if not wanted.letter.strip():
        return "ADVANCE_LETTER_MISSING"
    if not wanted.contract.strip():
        return "ADVANCE_CONTRACT_MISSING"
    if terms.exceptional and not wanted.statement.strip():
        return "ADVANCE_STATEMENT_MISSING"
    if Figures(moment).overdue:
        return "ADVANCE_ARREARS"  # LT-24
    before = newest(moment.account)
    if before is None or wanted.exception.strip():
        return None
    old = converted(before.amount, before.currency, wanted.currency, moment.references, moment.day)
    if old is None:
        return "RATE_MISSING"
    most = times(old, moment.rules.advances.lower_share)
    return "ADVANCE_NOT_LOWER" if amount_in(wanted) > most else None


def terms_of(moment: Moment) -> AdvanceTerms | None:
    """What the grade of the account may be advanced; no grade stands as the weakest that may be."""
    rules = moment.rules
    grade = moment.account.grade_on(moment.day)
    if grade is None or grade.grade is None:
        return rules.advances.grades[-1] if rules.advances.grades else None
    return rules.advances.of(grade.grade)


def others_of(moment: Moment) -> str:
    """What all other customers are granted now, in CNY, as a plain decimal; `?` where a rate is missing."""
    stale = moment.counting.stale_rate_days
    found = summed(moment.advances or (), "CNY", moment.references, moment.day, stale)
    return "?" if found.missing else shown(found.exposure)


def beyond(wanted: AdvanceWanted, moment: Moment) -> tuple[str, ...]:
    """In what *wanted* goes beyond what may be granted: amount (LT-18 to LT-20), period, the total of all (LT-15).

    The total is that of this moment where others were looked at, else that of the request.
    """
    others = wanted.others if moment.advances is None else others_of(moment)
    terms = terms_of(moment)
    asked = converted(amount_in(wanted), wanted.currency, "CNY", moment.references, moment.day)
    found = []
    if terms is None or asked is None or asked > terms.amount:
        found.append("amount")
    if terms is None or wanted.months > terms.months:
        found.append("period")
    if asked is None or others == "?" or units(Decimal(others)) + asked > moment.rules.advances.total:
        found.append("total")
    return tuple(found)


def approvers(wanted: AdvanceWanted, moment: Moment) -> tuple[str, ...]:
    """Who grants *wanted*, one after the other (LT-18 to LT-21)."""
    terms = terms_of(moment)
    if terms is None or beyond(wanted, moment):
        return moment.rules.advances.beyond
    return terms.by


def outgrown(wanted: AdvanceWanted, by: tuple[str, ...], moment: Moment) -> bool:
    """Whether *wanted*, which *by* have granted, has come to be beyond what they may: others were granted more meanwhile."""
    return bool(beyond(wanted, moment)) and by != moment.rules.advances.beyond


def granted(wanted: AdvanceWanted, approval_id: str, moment: Moment) -> tuple[Decision, ...]:
    """The grant; an older one ends with it."""
    account, day, rules = moment.account, moment.day, moment.rules.advances
    told = told_of(account, day, "override")
    grade = account.grade_on(day)
    papers = (f"letter {wanted.letter}", f"contract {wanted.contract}")
    made: list[Decision] = [
        LimitGranted(
            **told,
            limit_id=approval_id,
            kind="advance",
            amount=settle(Decimal(wanted.amount), wanted.currency),
            currency=wanted.currency,
            valid_from=date.fromordinal(day),
            valid_to=date.fromordinal(months_before(day, -wanted.months)),
            review_on=date.fromordinal(months_before(day, -rules.quarter_months)),
            conditions=papers,
            reason=wanted.reason,
            by=wanted.by,
            approval_id=approval_id,
            grade=grade.grade if grade else None,
            formula={"beyond": ", ".join(beyond(wanted, moment)) or "none", "months": str(wanted.months)},
        )
    ]
    older = [one for one in account.limits.values() if one.kind == "advance" and not one.ended_on]
    made += [LimitEnded(**told, limit_id=one.limit_id, reason=f"replaced by {approval_id}") for one in older]
    return (*made, *_used(wanted, moment))


def _used(wanted: AdvanceWanted, moment: Moment) -> tuple[Decision, ...]:
    """That the cap of all advances is nearly used up with *wanted*, or more than that (LT-15)."""
    asked = converted(amount_in(wanted), wanted.currency, "CNY", moment.references, moment.day)
    others, rules = others_of(moment), moment.rules.advances
    if moment.advances is None or asked is None or others == "?":
        return ()
    total = units(Decimal(others)) + asked
    share = ratio(total, rules.total)
    if share < rules.total_watch:
        return ()
    cap = payable(rules.total, "CNY")
    return (
        LimitWatched(
            **told_of(moment.account, moment.day, "override"),
            limit_id=ADVANCE_TOTAL,
            kind=ADVANCE_TOTAL,
            from_=cap,
            to=cap,
            currency="CNY",
            exposure=payable(total, "CNY"),
            utilisation=share,
            mark=Decimal(1) if total > rules.total else rules.total_watch,
        ),
    )


def standing(figures: Figures) -> Advance:
    """Where advance funding of an account stands, and what is due to be done."""
    moment, account, day = figures.moment, figures.account, figures.day
    rules = moment.rules.advances
    held = advance_limit(account, day)
    grant = figures.in_currency(held.amount, held.currency) if held is not None else 0
    lines = [line for line in figures.lines if line.category == ADVANCE and line.units > 0]
    outstanding = sum(figures.in_currency(line.units, line.currency) for line in lines)
    months = _months_of(held) if held is not None else 0
    late = tuple(line.document for line in lines if not held or months_before(day, months) > line.booked)
    tasks: list[tuple[str, int]] = []
    changed = held.granted_on if held is not None else _ended_on(account, day)
    if outstanding > grant or late:
        tasks += (
            [("LT-22", changed + rules.half_days), ("LT-22", changed + rules.all_days)] if changed else [("LT-23", day)]
        )
    ends = contract_end(held, account, day) if held is not None else 0
    if ends and months_before(ends, rules.contract_months) <= day:
        tasks.append(("LT-25", ends))
    if held is not None and outstanding:
        tasks.append(("LT-27", next_quarter(held, day, rules.quarter_months)))
    return Advance(grant, outstanding, max(grant, _allowed(figures, grant, outstanding, changed)), late, tuple(tasks))


def contract_end(held: Limit, account: Account, day: int) -> int:
    """The last day of the contract under which *held* was granted, as told by *day*; where none is told, that of the grant."""
    for paper in held.conditions:
        kind, _, name = paper.partition(" ")
        told = account.contract(name, day).get("valid_to") if kind == "contract" else None
        if told is not None:
            return date.fromisoformat(told).toordinal()
    return held.valid_to


def _allowed(figures: Figures, grant: int, outstanding: int, changed: int) -> int:
    """The grant, and what was beyond it when it was *changed*: half of that after 30 days, nothing after 60 (LT-22.01)."""
    rules, day = figures.moment.rules.advances, figures.day
    if outstanding <= grant or not changed or day - changed >= rules.all_days:
        return grant
    moment = figures.moment._replace(day=changed)
    excess = max(0, Figures(moment).outstanding_advances - grant)
    figures.account.ledger.move_to(day)
    return grant + (excess // 2 if day - changed >= rules.half_days else excess)


def may_add(figures: Figures, amount: int) -> str | None:
    """Why *amount* more may not be advanced; None: it may. Over the grant, or without one, arrears only fall (LT-22, LT-23)."""
    held = advance_limit(figures.account, figures.day)
    if held is None:
        return "ADVANCE_NONE"
    if figures.overdue:
        return "ADVANCE_ARREARS"
    now = standing(figures)
    return "ADVANCE_EXCEEDED" if now.outstanding + amount > now.granted or now.over_period else None


def next_quarter(held: Limit, day: int, months: int) -> int:
    """The next quarterly check of a grant (LT-27), on *day* or after it."""
    at, count = months_before(held.granted_on, -months), 1
    while at < day:
        count += 1
        at = months_before(held.granted_on, -months * count)
    return at


def newest(account: Account) -> Limit | None:
    """The advance granted last; also where it is over."""
    held = (one for one in account.limits.values() if one.kind == "advance")
    return max(held, key=lambda one: one.newness, default=None)


def _ended_on(account: Account, day: int) -> int:
    """Since when there is no grant any more; 0: there never was one."""
    held = newest(account)
    if held is None:
        return 0
    return min(held.ended_on or day, held.valid_to + 1 if held.valid_to else day)


def _months_of(held: Limit) -> int:
    return int(dict(held.formula).get("months", "0"))


def amount_in(wanted: AdvanceWanted) -> int:
    """The amount in units. Raises Breach."""
    return units(settle(Decimal(wanted.amount), wanted.currency))
