"""Every other fact: who the customer is, conduct, signals, promises, statements, measures that others report."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import UNSET, structs

from services.rating.core.documents import Order, units
from services.rating.core.fold.marking import added
from services.rating.core.state import PLACES, REPORTED_OVERDUE, Record, State
from shared.core.envelope import is_ours
from shared.core.events.collection import OverdueCured, OverdueReported
from shared.core.events.conduct import ReviewCompleted
from shared.core.events.customer import (
    CustomerLinked,
    CustomerMerged,
    CustomerRegistered,
    CustomerUnlinked,
    CustomerUpdated,
)
from shared.core.events.statement import AssessmentRecorded, FinancialsReported, MeasureReported


def keep(state: State, kind: str, id: str, order: Order, what: dict[str, Any]) -> Record:
    """Keep a dated fact; of two under one id the lesser order stands, and other content is a contradiction."""
    held = state.record(kind, id)
    if held.order is not None and (order[0], what) != (held.day, held.what):
        state.contradicted(f"{kind} {id}", order, held.order)
    if held.order is None or order < held.order:
        held.order, held.day, held.what = order, order[0], what
    return held


def end(state: State, kind: str, id: str, order: Order, outcome: str = "") -> None:
    """Keep when a dated fact ended, and how. All ends are kept: on a past day the greatest order up to that day holds."""
    held = state.record(kind, id)
    held.ends = added(held.ends, (order, outcome))


ATTRIBUTES = tuple(
    field.name
    for field in structs.fields(CustomerRegistered)
    if field.name not in {"identifiers", "contacts", "legal_representative", "controller"}
)
"""What the fold keeps of a profile. Other personal fields stay sealed in the log."""


def profile(state: State, data: CustomerRegistered | CustomerUpdated, order: Order) -> None:
    """Keep what was said about who the customer is."""
    for name in ATTRIBUTES:
        value = getattr(data, name)
        if value is UNSET or (value is None and isinstance(data, CustomerRegistered)):
            continue
        if isinstance(value, date):
            value = value.toordinal()
        elif isinstance(value, Decimal):
            value = str(value)
        state.learn(name, order, value)


def alias(linked: bool) -> Callable[[State, Any, Order], None]:
    """Make the handler that keeps whether an id of another system means this customer."""

    def handle(state: State, data: CustomerLinked | CustomerUnlinked, order: Order) -> None:
        key = (data.other_source, data.other_id)
        held = state.aliases.get(key)
        if held is None or order > held[0]:
            state.aliases[key] = (order, linked)

    return handle


def merged(state: State, data: CustomerMerged, order: Order) -> None:
    """Keep into which customer this one was merged."""
    if (order, data.into) not in state.merges:
        insort(state.merges, (order, data.into))


def measured(state: State, data: MeasureReported, order: Order) -> None:
    """Keep a measure that another system reported."""
    state.told += 1
    insort(state.measures.setdefault(data.name, []), (order, data.period_end.toordinal(), data.value))


def kept(kind: str, id_field: str, *fields: str) -> Callable[[State, Any, Order], None]:
    """Make the handler that keeps *fields* of a fact under its own id."""

    def handle(state: State, data: Any, order: Order) -> None:
        what = {name: plain(getattr(data, name)) for name in fields if getattr(data, name) is not None}
        keep(state, kind, getattr(data, id_field), order, what)

    return handle


def reviewed(state: State, data: ReviewCompleted, order: Order) -> None:
    """Keep a completed review; what our own population reviews say is kept apart, for nobody else gives a place."""
    what = {"outcome": data.outcome} if data.outcome is not None else {}
    keep(state, PLACES if is_ours(order[2]) else "review", data.review_id, order, what)


def plain(value: Any) -> Any:
    """A value as a snapshot can hold it."""
    if isinstance(value, date):
        return value.toordinal()
    return value if isinstance(value, int | str) else str(value)


def ended(kind: str, id_field: str) -> Callable[[State, Any, Order], None]:
    """Make the handler that keeps when such a fact ended, and with what outcome where the fact names one."""

    def handle(state: State, data: Any, order: Order) -> None:
        end(state, kind, getattr(data, id_field), order, getattr(data, "outcome", None) or "")

    return handle


def statement(state: State, data: FinancialsReported, order: Order) -> None:
    """Keep a financial statement and when it was received."""
    known = max(data.period_end, data.received_on or data.period_end).toordinal()
    what = {
        "known": known,
        "months": data.months,
        "basis": data.basis or "",
        "currency": data.currency,
        "lines": {name: str(amount) for name, amount in data.lines.items()},
    }
    keep(state, "statement", data.statement_id, order, what)


def assessed(state: State, data: AssessmentRecorded, order: Order) -> None:
    """Keep what people answered."""
    what = {"method": data.method, "round": data.round or 1, "scores": {k: str(v) for k, v in data.scores.items()}}
    if data.assessor is not None:
        what["assessor"] = data.assessor
    keep(state, "assessment", data.assessment_id, order, what)


def overdue(state: State, data: OverdueReported, order: Order) -> None:
    """Keep what billing says is overdue of a document."""
    state.learn(f"{REPORTED_OVERDUE}{data.transaction_id}", order, (units(data.amount), data.currency))


def cured(state: State, data: OverdueCured, order: Order) -> None:
    """Keep that billing says nothing of it is overdue any more."""
    state.learn(f"{REPORTED_OVERDUE}{data.transaction_id}", order, (0, ""))
