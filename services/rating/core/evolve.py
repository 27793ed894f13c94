"""The fold: one handler for every fact. Each keeps what was said; none concludes, and none can fail on a valid fact."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec import UNSET, structs

from services.rating.core.documents import Order, Term
from services.rating.core.ledger import Marked, units
from services.rating.core.lived import remember
from services.rating.core.state import Record, State
from shared.core.envelope import Event
from shared.core.events.base import Decision
from shared.core.events.collection import DunningSent, OverdueCured, OverdueReported, PromiseBroken, PromiseMade
from shared.core.events.conduct import ConductClosed, ConductReported, ReviewCompleted, SignalLifted, SignalReported
from shared.core.events.customer import (
    CustomerLinked,
    CustomerMerged,
    CustomerRegistered,
    CustomerUnlinked,
    CustomerUpdated,
)
from shared.core.events.dispute import DisputeClosed, DisputeOpened
from shared.core.events.payment import PaymentRecorded, PaymentReversed, RefundPaid, SettlementApplied, SettlementUndone
from shared.core.events.rating import FactQuarantined
from shared.core.events.statement import AssessmentRecorded, FinancialsReported, MeasureReported
from shared.core.events.transaction import (
    TransactionAccepted,
    TransactionAmended,
    TransactionCancelled,
    TransactionRecorded,
    TransactionTermsChanged,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

ALL = -1
"""An amount left out: all of it."""


def order_of(event: Event) -> Order:
    """(business day, microseconds, source, id): where facts compete, the greatest holds."""
    return (event.business_date.toordinal(), (event.time - _EPOCH) // _MICROSECOND, event.source, event.id)


def evolve(state: State, event: Event) -> None:
    """Fold *event* into *state*: a fact, or one of our own decisions.

    A fact of a class without a handler is a bug in our reasoning and raises KeyError.
    """
    data = event.data
    if isinstance(data, Decision):
        remember(state.lived, data, event.id)
        if isinstance(data, FactQuarantined):
            state.conflicts[f"fact {data.fact.source} {data.fact.id}"] = event.business_date.toordinal()
        return
    order = order_of(event)
    state.seen(order[0], event.source, event.id, event.type)
    HANDLERS[type(data)](state, data, order)


def _ordinal(day: date | None) -> int:
    return day.toordinal() if day else 0


# --- documents


def _term(data: Any) -> Term | None:
    if data.due_on is not None:
        return Term(due=data.due_on.toordinal())
    if data.terms is not None:
        return Term(days=data.terms.days, starts=data.terms.starts, cut_off=data.terms.cut_off_day or 0)
    if data.schedule is not None:
        slices = [(i.kind, units(i.amount), _ordinal(i.due_on), i.trigger or "") for i in data.schedule]
        return Term(slices=slices)
    return None


def _recorded(state: State, data: TransactionRecorded, order: Order) -> None:
    ledger = state.ledger
    held = ledger.document(data.transaction_id)
    takes = [(portion.transaction_id, units(portion.amount)) for portion in data.consumes or ()]
    said = (data.kind, data.currency, units(data.amount), data.booked_on.toordinal(), _term(data), takes)
    if held.order is not None:
        if said != (held.kind, held.currency, held.amount, held.booked, held.term, held.takes):
            state.conflicts[f"document {data.transaction_id}"] = order[0]
        if order >= held.order:
            return
    marks: list[Marked] = [("document", held.id)]
    for to, _ in takes:
        marks.append(("document", ledger.document(to).id))
    if data.replaces:
        marks.append(("document", ledger.document(data.replaces).id))
    found = ledger.before(marks)
    held.kind, held.currency, held.amount, held.booked, held.term, held.takes = said
    held.order = order
    for to, _ in takes:
        _link(ledger.document(to).takers, held.id)
    if data.replaces and data.replaces != held.id:
        held.replaces = data.replaces
        old = ledger.document(data.replaces)
        rival = ledger.documents.get(old.replaced_by)
        if rival is None or rival.order is None or order < rival.order:
            old.replaced_by = held.id
    ledger.after(found)


def _link(names: list[str], name: str) -> None:
    """Add *name* once, in an order that does not depend on arrival."""
    if name not in names:
        insort(names, name)


def _amended(state: State, data: TransactionAmended, order: Order) -> None:
    held = state.ledger.document(data.transaction_id)
    found = state.ledger.before([("document", held.id)])
    insort(held.amended, (order, order[0], units(data.amount)))
    state.ledger.after(found)


def _accepted(state: State, data: TransactionAccepted, order: Order) -> None:
    held = state.ledger.document(data.transaction_id)
    found = state.ledger.before([("document", held.id)])
    if held.accepted is None or order > held.accepted[0]:
        held.accepted = (order, data.accepted_on.toordinal())
    state.ledger.after(found)


def _cancelled(state: State, data: TransactionCancelled, order: Order) -> None:
    held = state.ledger.document(data.transaction_id)
    found = state.ledger.before([("document", held.id)])
    insort(held.cancelled, (order[0], ALL if data.amount is None else units(data.amount)))
    state.ledger.after(found)


def _terms_changed(state: State, data: TransactionTermsChanged, order: Order) -> None:
    held = state.ledger.document(data.transaction_id)
    found = state.ledger.before([("document", held.id)])
    term = _term(data)
    if term is not None:
        insort(held.terms, (order, order[0], term), key=lambda entry: entry[0])
    state.ledger.after(found)


def _dispute_opened(state: State, data: DisputeOpened, order: Order) -> None:
    ledger = state.ledger
    document = ledger.document(data.transaction_id)
    found = ledger.before([("document", document.id)])
    held = ledger.dispute(data.dispute_id)
    if held.order is None or order < held.order:
        held.order, held.document = order, document.id
        held.opened, held.amount = data.opened_on.toordinal(), units(data.amount)
    _link(document.disputes, data.dispute_id)
    ledger.after(found)


def _dispute_closed(state: State, data: DisputeClosed, order: Order) -> None:
    ledger = state.ledger
    held = ledger.dispute(data.dispute_id)
    found = ledger.before([("document", held.document)] if held.document else [])
    if held.close_order is None or order > held.close_order:
        held.close_order, held.closed = order, data.closed_on.toordinal()
    ledger.after(found)


# --- money


def _paid(state: State, data: PaymentRecorded, order: Order) -> None:
    ledger = state.ledger
    held = ledger.payment(data.payment_id)
    allocations = [
        (a.transaction_id, units(a.amount), units(a.discount) if a.discount else 0) for a in data.allocations or ()
    ]
    paid = data.paid_on.toordinal()
    said = (units(data.amount), data.currency, paid, data.purpose or "settlement", allocations)
    if held.order is not None:
        if said != (held.amount, held.currency, held.paid, held.purpose, held.allocations):
            state.conflicts[f"payment {data.payment_id}"] = order[0]
        if order >= held.order:
            return
    marks: list[Marked] = [("payment", held.id)]
    for to, *_ in allocations:
        marks.append(("document", ledger.document(to).id))
    found = ledger.before(marks)
    held.amount, held.currency, held.paid, held.purpose, held.allocations = said
    held.order = order
    matures = data.matures_on or data.value_on if data.instrument == "bill" else data.value_on
    held.cash_on = max(paid, _ordinal(matures))
    for to, *_ in allocations:
        _link(ledger.document(to).payers, held.id)
    ledger.after(found)


def _reversed(state: State, data: PaymentReversed, order: Order) -> None:
    held = state.ledger.payment(data.payment_id)
    found = state.ledger.before([("payment", held.id)])
    amount = ALL if data.amount is None else units(data.amount)
    insort(held.reversals, (order[0], amount, data.reason, order), key=lambda r: (r[0], r[3]))
    state.ledger.after(found)
    if data.reason == "bounced":
        _keep(state, "bounced", f"{data.payment_id}\0{order[3]}", order, {})


def _settled(state: State, data: SettlementApplied, order: Order) -> None:
    ledger = state.ledger
    settlement = ledger.settlement(data.settlement_id)
    if settlement.order is not None and order >= settlement.order:
        return
    name, holder = ledger.holder(data.from_.kind, data.from_.id)
    is_payment = data.from_.kind in {"payment", "prepayment"}
    marks: list[Marked] = [("payment", name)] if is_payment else []
    to = [(portion.transaction_id, units(portion.amount)) for portion in data.to]
    marks += [("document", ledger.document(one).id) for one, _ in [*to, *settlement.to]]
    found = ledger.before(marks)
    settlement.order, settlement.holder = order, name
    settlement.day, settlement.to = data.applied_on.toordinal(), to
    _link(holder.settlements, settlement.id)
    for one, _ in to:
        document = ledger.document(one)
        _link(document.payers if is_payment else document.creditors, name)
    ledger.after(found)


def _unsettled(state: State, data: SettlementUndone, order: Order) -> None:
    ledger = state.ledger
    settlement = ledger.settlement(data.settlement_id)
    marks: list[Marked] = [("document", to) for to, _ in settlement.to]
    if settlement.holder in ledger.payments:
        marks.append(("payment", settlement.holder))
    found = ledger.before(marks)
    if settlement.undo_order is None or order > settlement.undo_order:
        settlement.undo_order, settlement.undone = order, data.undone_on.toordinal()
    ledger.after(found)


def _refunded(state: State, data: RefundPaid, order: Order) -> None:
    ledger = state.ledger
    held = ledger.refund(data.refund_id)
    if held.order is not None and order >= held.order:
        return
    of = data.of or ""
    marks: list[Marked] = [("refund", held.id)]
    marks += [("payment", name) for name in {of, held.of} if name in ledger.payments]
    found = ledger.before(marks)
    held.order, held.of, held.day = order, of, data.paid_on.toordinal()
    held.amount, held.currency = units(data.amount), data.currency
    if of:
        _link(ledger.refunds_of.setdefault(of, []), held.id)
    ledger.after(found)


# --- everything else


def _keep(state: State, kind: str, id: str, order: Order, what: dict[str, Any]) -> Record:
    """Keep a dated fact; of two under one id the lesser order stands."""
    held = state.record(kind, id)
    if held.order is None or order < held.order:
        held.order, held.day, held.what = order, order[0], what
    return held


def _end(state: State, kind: str, id: str, order: Order) -> None:
    held = state.record(kind, id)
    if held.end_order is None or order > held.end_order:
        held.end_order, held.ended = order, order[0]


_ATTRIBUTES = tuple(
    field.name
    for field in structs.fields(CustomerRegistered)
    if field.name not in {"identifiers", "contacts", "legal_representative", "controller"}
)
"""What the fold keeps of a profile. Other personal fields stay sealed in the log."""


def _profile(state: State, data: CustomerRegistered | CustomerUpdated, order: Order) -> None:
    for name in _ATTRIBUTES:
        value = getattr(data, name)
        if value is UNSET or (value is None and isinstance(data, CustomerRegistered)):
            continue
        if isinstance(value, date):
            value = value.toordinal()
        elif isinstance(value, Decimal):
            value = str(value)
        state.learn(name, order, value)


def _alias(linked: bool) -> Callable[[State, Any, Order], None]:
    def handle(state: State, data: CustomerLinked | CustomerUnlinked, order: Order) -> None:
        key = (data.other_source, data.other_id)
        held = state.aliases.get(key)
        if held is None or order > held[0]:
            state.aliases[key] = (order, linked)

    return handle


def _merged(state: State, data: CustomerMerged, order: Order) -> None:
    if state.merged is None or order > state.merged[0]:
        state.merged = (order, data.into)


def _measured(state: State, data: MeasureReported, order: Order) -> None:
    state.told += 1
    insort(state.measures.setdefault(data.name, []), (order, data.period_end.toordinal(), data.value))


def _kept(kind: str, id_field: str, *fields: str) -> Callable[[State, Any, Order], None]:
    def handle(state: State, data: Any, order: Order) -> None:
        what = {name: _plain(getattr(data, name)) for name in fields if getattr(data, name) is not None}
        _keep(state, kind, getattr(data, id_field), order, what)

    return handle


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.toordinal()
    return value if isinstance(value, int | str) else str(value)


def _ended(kind: str, id_field: str) -> Callable[[State, Any, Order], None]:
    def handle(state: State, data: Any, order: Order) -> None:
        _end(state, kind, getattr(data, id_field), order)

    return handle


def _statement(state: State, data: FinancialsReported, order: Order) -> None:
    known = max(data.period_end, data.received_on or data.period_end).toordinal()
    what = {
        "known": known,
        "months": data.months,
        "basis": data.basis or "",
        "lines": {name: str(amount) for name, amount in data.lines.items()},
    }
    _keep(state, "statement", data.statement_id, order, what)


def _assessed(state: State, data: AssessmentRecorded, order: Order) -> None:
    what = {"method": data.method, "round": data.round or 1, "scores": {k: str(v) for k, v in data.scores.items()}}
    _keep(state, "assessment", data.assessment_id, order, what)


def _overdue(state: State, data: OverdueReported, order: Order) -> None:
    state.learn(f"overdue {data.transaction_id}", order, units(data.amount))


def _cured(state: State, data: OverdueCured, order: Order) -> None:
    state.learn(f"overdue {data.transaction_id}", order, 0)


HANDLERS: dict[type, Callable[[State, Any, Order], None]] = {
    CustomerRegistered: _profile,
    CustomerUpdated: _profile,
    CustomerLinked: _alias(True),
    CustomerUnlinked: _alias(False),
    CustomerMerged: _merged,
    TransactionRecorded: _recorded,
    TransactionAmended: _amended,
    TransactionAccepted: _accepted,
    TransactionCancelled: _cancelled,
    TransactionTermsChanged: _terms_changed,
    PaymentRecorded: _paid,
    PaymentReversed: _reversed,
    SettlementApplied: _settled,
    SettlementUndone: _unsettled,
    RefundPaid: _refunded,
    OverdueReported: _overdue,
    OverdueCured: _cured,
    DisputeOpened: _dispute_opened,
    DisputeClosed: _dispute_closed,
    PromiseMade: _kept("promise", "promise_id", "due_on", "amount", "currency"),
    PromiseBroken: _ended("promise", "promise_id"),
    DunningSent: _kept("dunning", "dunning_id", "level", "channel", "delivered_on"),
    FinancialsReported: _statement,
    AssessmentRecorded: _assessed,
    MeasureReported: _measured,
    ConductReported: _kept("conduct", "conduct_id", "kind", "severity", "amount", "currency"),
    ConductClosed: _ended("conduct", "conduct_id"),
    SignalReported: _kept("signal", "signal_id", "kind", "severity", "amount", "currency"),
    SignalLifted: _ended("signal", "signal_id"),
    ReviewCompleted: _kept("review", "review_id", "outcome"),
}
