"""The steps of a credit check: each looks at one figure and says what it saw, what it compared it with, and whether it failed.

How strong a step is, and its numbers, are data (`services/exposure/policies/checks.yaml`). A step that only warns so far,
such as a review a day late, fails at most as a warning, whatever its strength.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.exposure.core import advances, parents, portfolio, sectors
from services.exposure.core.figures import Figures
from services.exposure.core.formulas import shown, times
from services.exposure.core.holding import ADVANCE, BILLS, DEPOSITS
from services.exposure.core.limits import OWN, SECURED, places
from services.exposure.core.records import HOUR, called, within
from services.exposure.core.rulebook import StepRule
from services.exposure.core.rules import PERCENT
from services.exposure.core.wanted import PASSED, Kind, Seen, Wanted, beyond
from shared.core.ledger.documents import units
from shared.core.money import plain


def _standing(wanted: Wanted, _: StepRule) -> list[Seen]:
    figures = wanted.figures
    into = figures.account.merged_into(figures.day)
    if into is not None:
        return [Seen(into, None, "MERGED")]
    status = figures.account.attribute("status", figures.day) or "active"
    return [Seen(str(status), "active", "CLOSED" if status == "closed" else None)]


def _supply(wanted: Wanted, _: StepRule) -> list[Seen]:
    since = wanted.figures.account.published.suspended_on
    return [Seen(_day(since), None, "SUPPLY_SUSPENDED" if since else None)]


def _grade(wanted: Wanted, _: StepRule) -> list[Seen]:
    rules = wanted.figures.moment.rules.limits
    return [Seen(wanted.grade, rules.terms[-1].grade, "GRADE_WORST" if rules.is_worst(wanted.grade) else None)]


def _ungraded(wanted: Wanted, _: StepRule) -> list[Seen]:
    return [Seen(wanted.grade, None, None if wanted.terms is not None else "NO_GRADE")]


def _limit(wanted: Wanted, _: StepRule) -> list[Seen]:
    limit = wanted.figures.effective
    exposed = wanted.exposed()
    return [Seen(shown(exposed), shown(limit.amount), beyond(exposed, limit, "LIMIT_EXCEEDED"))]


def _sub_limit(wanted: Wanted, _: StepRule) -> list[Seen]:
    figures, found = wanted.figures, list[Seen]()
    for place in places(figures.account, figures.day):
        if within(wanted.place, place):
            limit, exposed = figures.limit(place), wanted.exposed(place)
            reason = beyond(exposed, limit, "SUB_LIMIT_EXCEEDED")
            found.append(Seen(shown(exposed), shown(limit.amount), reason, at=called(place)))
    return found or [PASSED]


def _document(wanted: Wanted, rule: StepRule) -> list[Seen]:
    if not wanted.figures.effective.exists or wanted.what == ADVANCE:
        return [PASSED]  # there is no limit to take a share of, and the step `limit` says so
    most = times(wanted.figures.effective.amount, rule.numbers["share"])
    worth = max(0, wanted.amount - wanted.paid)
    return [Seen(shown(worth), shown(most), "DOCUMENT_TOO_LARGE" if worth > most else None)]


def secured_by(figures: Figures) -> int:
    """What insurers and guarantors answer for."""
    return sum(part.counted for part in figures.effective.parts if part.kind in SECURED)


def _security(wanted: Wanted, _: StepRule) -> list[Seen]:
    """What goes beyond the unsecured share of the own limit is insured, guaranteed or deposited (LT-09.07, LT-43)."""
    figures, terms = wanted.figures, wanted.terms
    limit = figures.effective
    if terms is None or terms.unsecured_share is None or not limit.exists:
        return [PASSED]
    own = sum(part.counted for part in limit.parts if part.kind in OWN)
    secured = secured_by(figures) + times(
        units(figures.details().apart.get(DEPOSITS, Decimal(0))), figures.moment.rules.limits.deposit_share
    )
    demanded = max(0, wanted.exposed() - times(own, terms.unsecured_share))
    return [Seen(shown(secured), shown(demanded), "SECURITY_MISSING" if secured < demanded else None)]


def _bills(wanted: Wanted, _: StepRule) -> list[Seen]:
    """What is paid with bills that no bank accepted, and is not honoured yet (LT-09.11)."""
    figures, terms = wanted.figures, wanted.terms
    if terms is None or not figures.effective.exists:
        return [PASSED]
    most = times(figures.effective.amount, terms.bills_share)
    held = sum(
        figures.in_currency(line.units, line.currency)
        for line in figures.lines
        if line.category == BILLS and line.weight == PERCENT
    )
    return [Seen(shown(held), shown(most), "TOO_MANY_BILLS" if held > most else None)]


def _oldest_overdue(wanted: Wanted, _: StepRule) -> list[Seen]:
    most = wanted.figures.moment.rules.limits.stop_days(wanted.grade)
    late = wanted.figures.late_days()
    return [Seen(str(late), str(most), "OVERDUE_TOO_OLD" if late and late >= most else None)]


def _overdue_ratio(wanted: Wanted, rule: StepRule) -> list[Seen]:
    worst = wanted.figures.moment.rules.limits.is_worst(wanted.grade)
    ratio = wanted.figures.overdue_ratio(0 if worst else int(rule.numbers["grace_days"]))
    warn, hold = rule.numbers["warn"], rule.numbers["hold"]
    reason = "OVERDUE_RATIO" if ratio > warn else None
    value = (
        str(plain(ratio.quantize(Decimal("1e-9"))))
        if ratio >= Decimal("1e-9")
        else ("0" if not ratio else "0.000000001")
    )
    return [Seen(value, str(hold if ratio > hold else warn), reason, ratio <= hold)]


def _dunning(wanted: Wanted, rule: StepRule) -> list[Seen]:
    """The highest level of a letter that was sent since nothing was overdue last; with nothing overdue none counts."""
    figures, least = wanted.figures, int(rule.numbers["level"])
    oldest = figures.overdue[0].due if figures.overdue else 0
    sent = figures.account.records.get("dunning", {}).values() if oldest else ()
    level = max((int(one.what["level"]) for one in sent if oldest <= one.day <= figures.day and one.order), default=0)
    return [Seen(str(level), str(least), "DUNNED" if level >= least else None)]


def _limit_validity(wanted: Wanted, _: StepRule) -> list[Seen]:
    limit = wanted.figures.effective
    if limit.expired_on:
        return [Seen(_day(limit.expired_on - 1), _day(wanted.figures.day), "LIMIT_EXPIRED")]
    return [Seen(_day(limit.own.valid_to) if limit.own else None, _day(wanted.figures.day))]


def _review(wanted: Wanted, rule: StepRule) -> list[Seen]:
    own, day = wanted.figures.effective.own, wanted.figures.day
    due = own.review_on if own is not None else 0
    if not due or day <= due:
        return [Seen(_day(due), _day(day))]
    return [Seen(_day(due), _day(day), "REVIEW_OVERDUE", day - due <= rule.numbers["hold_days"])]


def _promise(wanted: Wanted, rule: StepRule) -> list[Seen]:
    day, days = wanted.figures.day, int(rule.numbers["days"])
    held = wanted.figures.account.records.get("promise", {}).values()
    broken = [on for one in held for (on, *_), _ in one.ends if day - days < on <= day]
    return [Seen(_day(max(broken, default=0)), f"{days}", "PROMISE_BROKEN" if broken else None)]


def _insurer(wanted: Wanted, _: StepRule) -> list[Seen]:
    stop, day = wanted.figures.effective.stop_on, wanted.figures.day
    return [Seen(_day(stop), _day(day), "INSURER_STOPPED" if stop and day > stop else None)]


def _freshness(wanted: Wanted, rule: StepRule) -> list[Seen]:
    """How old what is known is. Not known, as when a day is decided and no order is asked for: it passes."""
    moment = wanted.figures.moment
    if not moment.seen_at or not moment.now:
        return [PASSED]
    warn, hold = int(rule.numbers["warn_hours"]), int(rule.numbers["hold_hours"])
    age = max(0, moment.now - moment.seen_at)
    large = wanted.amount > times(wanted.figures.effective.amount, rule.numbers["share"])
    holds = age > hold * HOUR and large
    reason = "DATA_STALE" if age > warn * HOUR else None
    return [Seen(f"{age // HOUR}", f"{hold if holds else warn}", reason, not holds)]


def _down_payment(wanted: Wanted, _: StepRule) -> list[Seen]:
    """A share of the order by grade, of what no insurer or guarantor answers for (LT-42): a down payment, or a guarantee."""
    terms = wanted.terms
    share = terms.down_payment if terms is not None else Decimal(0)
    secured = secured_by(wanted.figures) if share else 0
    owed_before = wanted.exposed() - wanted.adds() if secured else 0
    asked = times(wanted.amount - min(wanted.amount, max(0, secured - owed_before)), share)
    return [Seen(shown(wanted.paid), shown(asked), "DOWN_PAYMENT_MISSING" if wanted.paid < asked else None)]


def _advance(wanted: Wanted, _: StepRule) -> list[Seen]:
    """Of an advance: it is granted, within its amount and period, and nothing is in arrears (LT-14, LT-22 to LT-24)."""
    figures = wanted.figures
    if wanted.what != ADVANCE:
        return [PASSED]
    used = figures.outstanding_advances + figures.advances_kept(wanted.orders)
    reason = advances.may_add(figures, wanted.amount + figures.advances_kept(wanted.orders))
    return [Seen(shown(used + wanted.amount), shown(figures.advance_grant), reason)]


def _rate(wanted: Wanted, _: StepRule) -> list[Seen]:
    """Last of all: the other steps have asked for every amount by then."""
    missing = sorted(wanted.figures.missing)
    return [Seen(", ".join(missing) or None, None, "RATE_MISSING" if missing else None)]


def _day(day: int) -> str | None:
    return date.fromordinal(day).isoformat() if day else None


STEPS: dict[str, Kind] = {
    "standing": Kind(_standing),
    "supply": Kind(_supply),
    "grade": Kind(_grade),
    "ungraded": Kind(_ungraded),
    "limit": Kind(_limit),
    "sub_limit": Kind(_sub_limit),
    "group": Kind(parents.look),
    "document": Kind(_document, ("share",)),
    "security": Kind(_security),
    "bills": Kind(_bills),
    "oldest_overdue": Kind(_oldest_overdue),
    "overdue_ratio": Kind(_overdue_ratio, ("warn", "hold", "grace_days")),
    "dunning": Kind(_dunning, ("level",)),
    "limit_validity": Kind(_limit_validity),
    "review": Kind(_review, ("hold_days",)),
    "promise": Kind(_promise, ("days",)),
    "insurer": Kind(_insurer),
    "freshness": Kind(_freshness, ("warn_hours", "hold_hours", "share")),
    "down_payment": Kind(_down_payment),
    "standards": Kind(sectors.standards),
    "industry": Kind(sectors.industry, ("reduced",)),
    "ceiling": Kind(sectors.ceiling),
    "contract": Kind(sectors.contracts),
    "advance": Kind(_advance),
    "budget": Kind(portfolio.budget),
    "concentration": Kind(portfolio.concentration),
    "rate": Kind(_rate),
}
"""Every step by its name in the rules."""
