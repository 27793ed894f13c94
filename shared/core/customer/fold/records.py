"""Every other fact: who the customer is, conduct, signals, promises, statements, measures that others report."""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import UNSET, structs, to_builtins

from shared.core import limits
from shared.core.customer.fold.documents import agree, days_of
from shared.core.customer.fold.marking import added
from shared.core.customer.state import CONTRACT, PLACES, REPORTED_OVERDUE, Customer, Record
from shared.core.envelope import is_ours
from shared.core.events.base import DocumentFact
from shared.core.events.collection import OverdueCured, OverdueReported
from shared.core.events.conduct import ReviewCompleted
from shared.core.events.contract import ContractTold
from shared.core.events.customer import (
    CustomerLinked,
    CustomerMerged,
    CustomerRegistered,
    CustomerUnlinked,
    CustomerUpdated,
)
from shared.core.events.statement import AssessmentRecorded, FinancialsReported, MeasureReported
from shared.core.ledger.documents import Order, Term, units

CUSTOMER_TERM = "payment_term_days"
"""The measure that says the term of a customer as its master record has it: days from the booking (assumed)."""
_WHOLE = re.compile("[0-9]+")


def keep(customer: Customer[Any], kind: str, id: str, order: Order, what: dict[str, Any]) -> Record:
    """Keep a dated fact; of two under one id the lesser order stands, and other content is a contradiction."""
    held = customer.record(kind, id)
    if held.order is not None and (order[0], what) != (held.day, held.what):
        customer.contradicted(f"{kind} {id}", order, held.order)
    if held.order is None or order < held.order:
        held.order, held.day, held.what = order, order[0], what
    return held


def end(customer: Customer[Any], kind: str, id: str, order: Order, outcome: str = "") -> None:
    """Keep when a dated fact ended, and how. All ends are kept: on a past day the greatest order up to that day holds."""
    held = customer.record(kind, id)
    held.ends = added(held.ends, (order, outcome))


ATTRIBUTES = tuple(
    field.name
    for field in structs.fields(CustomerRegistered)
    if field.name not in {"identifiers", "contacts", "legal_representative", "controller"}
)
"""What the fold keeps of a profile. Other personal fields stay sealed in the log."""


def profile(customer: Customer[Any], data: CustomerRegistered | CustomerUpdated, order: Order) -> None:
    """Keep what was said about who the customer is."""
    for name in ATTRIBUTES:
        value = getattr(data, name)
        if value is UNSET or (value is None and isinstance(data, CustomerRegistered)):
            continue
        if isinstance(value, date):
            value = value.toordinal()
        elif isinstance(value, Decimal):
            value = str(value)
        customer.learn(name, order, value)


def alias(linked: bool) -> Callable[[Customer[Any], Any, Order], None]:
    """Make the handler that keeps whether an id of another system means this customer."""

    def handle(customer: Customer[Any], data: CustomerLinked | CustomerUnlinked, order: Order) -> None:
        key = (data.other_source, data.other_id)
        held = customer.aliases.get(key)
        if held is None or order > held[0]:
            customer.aliases[key] = (order, linked)

    return handle


def merged(customer: Customer[Any], data: CustomerMerged, order: Order) -> None:
    """Keep into which customer this one was merged."""
    if (order, data.into) not in customer.merges:
        insort(customer.merges, (order, data.into))


def measured(customer: Customer[Any], data: MeasureReported, order: Order) -> None:
    """Keep a measure that another system reported."""
    customer.told += 1
    insort(customer.measures.setdefault(data.name, []), (order, data.period_end.toordinal(), data.value))
    if data.name == CUSTOMER_TERM and _WHOLE.fullmatch(data.value) and int(data.value) <= limits.DAYS:
        agree(customer, "", order, Term(days=int(data.value)))


def kept(kind: str, id_field: str, *fields: str) -> Callable[[Customer[Any], Any, Order], None]:
    """Make the handler that keeps *fields* of a fact under its own id."""

    def handle(customer: Customer[Any], data: Any, order: Order) -> None:
        what = {name: plain(getattr(data, name)) for name in fields if getattr(data, name) is not None}
        keep(customer, kind, getattr(data, id_field), order, what)

    return handle


_AGREED = tuple(name for name in ContractTold.__struct_fields__ if name not in DocumentFact.__struct_fields__)


def contract(customer: Customer[Any], data: ContractTold, order: Order) -> None:
    """Keep what was agreed, as far as it was said: an amendment leaves the rest as it was (`Customer.contract`)."""
    what = {
        name: to_builtins(getattr(data, name), str_keys=True) for name in _AGREED if getattr(data, name) is not None
    }
    customer.learn(f"{CONTRACT}{data.contract_id}", order, what)
    if data.terms is not None:
        agree(customer, data.contract_id, order, days_of(data.terms))


def contract_ended(customer: Customer[Any], data: ContractTold, order: Order) -> None:
    """Keep when a contract ended."""
    ends = data.valid_to.isoformat() if data.valid_to else date.fromordinal(order[0]).isoformat()
    customer.learn(f"{CONTRACT}{data.contract_id}", order, {"valid_to": ends})


def reviewed(customer: Customer[Any], data: ReviewCompleted, order: Order) -> None:
    """Keep a completed review; what our own population reviews say is kept apart, for nobody else gives a place."""
    what = {"outcome": data.outcome} if data.outcome is not None else {}
    keep(customer, PLACES if is_ours(order[2]) else "review", data.review_id, order, what)


def plain(value: Any) -> Any:
    """A value as a snapshot can hold it."""
    if isinstance(value, date):
        return value.toordinal()
    return value if isinstance(value, int | str) else str(value)


def ended(kind: str, id_field: str) -> Callable[[Customer[Any], Any, Order], None]:
    """Make the handler that keeps when such a fact ended, and with what outcome where the fact names one."""

    def handle(customer: Customer[Any], data: Any, order: Order) -> None:
        end(customer, kind, getattr(data, id_field), order, getattr(data, "outcome", None) or "")

    return handle


def statement(customer: Customer[Any], data: FinancialsReported, order: Order) -> None:
    """Keep a financial statement and when it was received."""
    known = max(data.period_end, data.received_on or data.period_end).toordinal()
    what = {
        "known": known,
        "months": data.months,
        "basis": data.basis or "",
        "currency": data.currency,
        "lines": {name: str(amount) for name, amount in data.lines.items()},
    }
    if data.ratios:
        what["ratios"] = {name: str(ratio) for name, ratio in data.ratios.items()}
    keep(customer, "statement", data.statement_id, order, what)


def assessed(customer: Customer[Any], data: AssessmentRecorded, order: Order) -> None:
    """Keep what people answered."""
    what = {"method": data.method, "round": data.round or 1, "scores": {k: str(v) for k, v in data.scores.items()}}
    if data.assessor is not None:
        what["assessor"] = data.assessor
    keep(customer, "assessment", data.assessment_id, order, what)


def overdue(customer: Customer[Any], data: OverdueReported, order: Order) -> None:
    """Keep what billing says is overdue of a document."""
    customer.learn(f"{REPORTED_OVERDUE}{data.transaction_id}", order, (units(data.amount), data.currency))


def cured(customer: Customer[Any], data: OverdueCured, order: Order) -> None:
    """Keep that billing says nothing of it is overdue any more."""
    customer.learn(f"{REPORTED_OVERDUE}{data.transaction_id}", order, (0, ""))
