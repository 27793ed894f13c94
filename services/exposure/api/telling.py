"""What the core says, as bodies of answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.exposure.core import advances
from services.exposure.core.answering import Checked
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.holds import LetGo
from services.exposure.core.instants import time_of
from services.exposure.core.limits import advance_limit, places
from services.exposure.core.records import Excepted, Limit, Reservation, told
from services.exposure.core.telling import amount_of, payable
from services.exposure.core.term import Term, Weighed, term_of
from services.exposure.core.watching import utilisation
from shared.core.ledger.documents import units
from shared.core.money import plain
from shared.edge.codes import REASONS, meaning
from shared.edge.cursors import cursor


def words(code: str) -> dict[str, str]:
    """*code* in both languages."""
    said = REASONS.get(code) or meaning(code)
    return {"code": code, "en": said.en, "zh": said.zh}


def checked(answer: Checked, *, whole: bool) -> dict[str, Any]:
    """The answer to a credit check; its figures and steps only where the caller may read exposures (*whole*)."""
    judged, kept = answer.judged, answer.reservation
    told_of: dict[str, Any] = {
        "decision": judged.decision,
        "check_id": answer.check_id,
        "order_id": answer.asked.order_id,
        "control_point": answer.asked.control_point,
        "exclusion": judged.exclusion,
        "observed": judged.observed,
        "would_be": judged.would_be if whole and judged.would_be != judged.decision else None,
        "reservation": None,
        "steps": [],
        "currency": None,
        "limit": None,
        "exposure": None,
        "reserved": None,
        "excess": None,
        "term": term(answer.term) if whole else None,
        "rules": answer.rules,
        "freshness": {
            "version": answer.version,
            "as_of": date.fromordinal(answer.day),
            "lag": None if answer.lag is None else answer.lag // 1_000_000,
        },
    }
    if kept is not None:
        told_of["reservation"] = {
            "id": kept.reservation_id,
            "amount": str(payable(kept.amount, kept.currency)),
            "currency": kept.currency,
            "expires_at": time_of(kept.expires_at),
            "committed": kept.committed,
        }
    if whole:
        told_of["steps"] = [_step(step) for step in judged.steps]
        told_of["currency"] = answer.currency
        for name, amount in (
            ("limit", answer.limit),
            ("exposure", answer.exposure),
            ("reserved", answer.reserved),
            ("excess", judged.excess),
        ):
            told_of[name] = str(payable(amount, answer.currency))
    return told_of


def term(one: Term) -> dict[str, Any]:
    """A credit term, how it was found, and what credit costs."""
    rate = None if one.rate_a_year is None else format(one.rate_a_year, "f")
    return {"days": one.days, "rate_a_year": rate, **weighed(one)}


def weighed(one: Term | Weighed) -> dict[str, Any]:
    """How a term was found or weighed."""
    return {"formula": _lines(one.lines), "missing": one.missing or None}


def _step(step: Any) -> dict[str, Any]:
    fields = {name: getattr(step, name) for name in ("name", "value", "threshold", "strength", "verdict")}
    return {**fields, "reason": words(step.reason) if step.reason else None}


def let_go(one: LetGo) -> dict[str, Any]:
    """A held order that was let go."""
    return {
        "order_id": one.order_id,
        "by": one.by,
        "excess": str(payable(one.excess, one.currency)),
        "currency": one.currency,
        "valid_until": one.valid_until,
        "reasons": [words(code) for code in one.reasons],
        "reservation_id": one.reservation_id,
    }


def exposure(customer_id: str, moment: Moment, known_at: datetime) -> dict[str, Any]:
    """Where a customer stands, with everything that it consists of."""
    figures = Figures(moment)
    account, day, currency = moment.account, moment.day, figures.currency
    effective, details = figures.effective, figures.details()
    limit, total, reserved = effective.amount, figures.total, figures.reserved()
    grade, published = account.grade_on(day), account.published
    used = utilisation(total, limit)
    overdue = sum(one.amount for one in figures.overdue)
    return {
        "customer_id": customer_id,
        "as_of": date.fromordinal(day),
        "known_at": known_at,
        "version": moment.version,
        "currency": currency,
        "grade": grade.grade if grade else None,
        "limit": str(payable(limit, currency)),
        "formula": _lines(effective.formula),
        "term": term(term_of(figures)),
        "exposure": str(payable(total, currency)),
        "reserved": str(payable(reserved, currency)),
        "headroom": str(payable(limit - total - reserved, currency)),
        "over_limit": str(payable(max(0, total - limit), currency)),
        "utilisation": None if used is None else format(used, "f"),
        "by_category": {name: str(amount) for name, amount in details.by_category.items()},
        "apart": {name: str(amount) for name, amount in details.apart.items()},
        "overdue": str(payable(overdue, currency)),
        "days_past_due": figures.late_days(),
        "suspended_on": _day(published.suspended_on),
        "suspended_because": published.suspended_because or None,
        "suspended_by": published.suspended_by or None,
        "limits": [limit_told(one, day) for one in account.limits.values() if not one.ended_on],
        "exceptions": [_excepted(one, day) for one in account.exceptions.values() if day <= one.until],
        "sub_limits": list(_subs(figures)),
        "reservations": [_reservation(one, figures) for one in account.reservations.values()],
        "holds": [_hold(customer_id, one) for one in account.holds.values()],
        "advance": _advance(figures),
        "lines": [_part(line) for line in figures.lines],
        "missing": sorted(figures.missing),  # last: what was looked at is known by now
    }


def _subs(figures: Figures) -> Iterable[dict[str, Any]]:
    for place in places(figures.account, figures.day):
        limit, used, kept = figures.limit(place).amount, figures.exposure(place), figures.reserved(place)
        amounts = {"limit": limit, "exposure": used, "reserved": kept, "headroom": limit - used - kept}
        yield {
            "place": told(place),
            **{name: str(payable(amount, figures.currency)) for name, amount in amounts.items()},
        }


def _excepted(one: Excepted, day: int) -> dict[str, Any]:
    return {
        "rule": words(one.excepts),
        "holds": one.since <= day <= one.until,
        "since": _day(one.since),
        "until": _day(one.until),
        "terms": one.terms or None,
        "by": one.by or None,
    }


def limit_told(one: Limit, day: int) -> dict[str, Any]:
    """A limit that was granted, as it stands on *day*."""
    return {
        "limit_id": one.limit_id,
        "kind": one.kind,
        "amount": str(payable(one.amount, one.currency)),
        "currency": one.currency,
        "share": one.share,
        "holds": one.holds(day),
        "valid_from": _day(one.valid_from),
        "valid_to": _day(one.valid_to),
        "review_on": _day(one.review_on),
        "stop_on": _day(one.stop_on),
        "grade": one.grade,
        "conditions": list(one.conditions),
        "reason": one.reason,
        "by": one.by or None,
        "approval_id": one.approval_id or None,
        "formula": _lines(one.formula),
    }


def _reservation(one: Reservation, figures: Figures) -> dict[str, Any]:
    return {
        "reservation_id": one.reservation_id,
        "order_id": one.order_id,
        "amount": str(payable(one.amount, one.currency)),
        "counts": str(payable(figures.counted(one), one.currency)),
        "currency": one.currency,
        "expires_at": time_of(one.expires_at),
        "committed": one.committed,
    }


def hold_id(customer_id: str, order_id: str) -> str:
    """One word for an order of a customer: ids of orders may hold anything, and a path may not."""
    return cursor(customer_id, order_id)


def written(amount: str, currency: str) -> str:
    """*amount*, as a projection keeps it, with exactly the decimals of *currency*."""
    return str(payable(units(Decimal(amount)), currency))


def _hold(customer_id: str, one: Any) -> dict[str, Any]:
    return {
        "hold_id": hold_id(customer_id, one.order_id),
        "customer_id": customer_id,
        "order_id": one.order_id,
        "amount": str(payable(one.amount, one.currency)),
        "currency": one.currency,
        "control_point": one.control_point,
        "reasons": [words(code) for code in one.reasons],
        "held_on": _day(one.held_on),
        "excess": str(payable(one.excess, one.currency)),
        **{name: told(one.place).get(name) for name in ("company", "segment", "product_group", "salesperson")},
        "check_id": one.check_id or None,
        "replaces": one.replaces or None,
    }


def _advance(figures: Figures) -> dict[str, Any] | None:
    found = advances.standing(figures)
    if not found.outstanding and advance_limit(figures.account, figures.day) is None:
        return None
    amounts = {"granted": found.granted, "outstanding": found.outstanding, "allowed": found.allowed}
    return {
        **{name: str(payable(amount, figures.currency)) for name, amount in amounts.items()},
        "over_period": list(found.over_period),
        "tasks": [{"rule": rule, "due_on": _day(due)} for rule, due in found.tasks],
    }


def _part(line: Any) -> dict[str, Any]:
    return {
        "document": line.document,
        "kind": line.kind,
        "category": line.category,
        "amount": format(plain(amount_of(line.units)), "f"),
        "currency": line.currency,
        "booked_on": _day(line.booked),
        "due_on": _day(line.due),
        "weight": line.weight,
    }


def _lines(lines: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"what": what, "amount": amount} for what, amount in lines]


def _day(day: int) -> date | None:
    return date.fromordinal(day) if day else None
