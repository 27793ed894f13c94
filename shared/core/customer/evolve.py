"""The fold of facts: one handler for each. It keeps what was said; none concludes, and none can fail on a valid fact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from shared.core.customer.fold import claims, documents, money, paper, records
from shared.core.customer.state import Customer
from shared.core.envelope import Event
from shared.core.events.bill import (
    BillDiscounted,
    BillDishonoured,
    BillEndorsed,
    BillHonoured,
    BillPledged,
    BillPresented,
    BillReceived,
    BillReturned,
)
from shared.core.events.collection import DunningSent, OverdueCured, OverdueReported, PromiseBroken, PromiseMade
from shared.core.events.conduct import ConductClosed, ConductReported, ReviewCompleted, SignalLifted, SignalReported
from shared.core.events.contract import ApplicationReceived, ContractAmended, ContractEnded, ContractSigned
from shared.core.events.customer import (
    CustomerLinked,
    CustomerMerged,
    CustomerRegistered,
    CustomerUnlinked,
    CustomerUpdated,
    ErasureRequested,
)
from shared.core.events.deposit import DepositForfeited, DepositReceived, DepositRefunded
from shared.core.events.dispute import DisputeClosed, DisputeOpened
from shared.core.events.payment import PaymentRecorded, PaymentReversed, RefundPaid, SettlementApplied, SettlementUndone
from shared.core.events.receivable import (
    ReceivableRepurchased,
    ReceivableTransferred,
    RecoveryRecorded,
    WriteOffRecorded,
    WriteOffReversed,
)
from shared.core.events.set_off import SetOffRecorded, SetOffUndone
from shared.core.events.statement import AssessmentRecorded, FinancialsReported, MeasureReported
from shared.core.events.transaction import (
    TransactionAccepted,
    TransactionAmended,
    TransactionCancelled,
    TransactionRecorded,
    TransactionTermsChanged,
)
from shared.core.ledger.documents import Order

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EPOCHS: dict[timezone, datetime] = {}
"""Offset → the epoch as clocks there showed it; few are in use, so each is made once."""


def order_of(event: Event) -> Order:
    """(business day, microseconds, source, id): where facts compete, the greatest holds."""
    return (event.business_date.toordinal(), _instant(event.time), event.source, event.id)


def _instant(time: datetime) -> int:
    """Microseconds since 1970. Of two times at one fixed offset the difference is had without asking for the offset."""
    zone = time.tzinfo
    if type(zone) is not timezone:
        return (time - _EPOCH) // _MICROSECOND
    epoch = _EPOCHS.get(zone)
    if epoch is None:
        epoch = _EPOCHS[zone] = _EPOCH.astimezone(zone)
    return (time - epoch) // _MICROSECOND


def evolve(customer: Customer[Any], event: Event) -> None:
    """Fold the fact *event* into *customer*. A fact of a class without a handler is a bug and raises KeyError."""
    order = order_of(event)
    customer.seen(order[0], event.source, event.id, event.type)
    HANDLERS[type(event.data)](customer, event.data, order)


HANDLERS: dict[type, Callable[[Customer[Any], Any, Order], None]] = {
    CustomerRegistered: records.profile,
    CustomerUpdated: records.profile,
    CustomerLinked: records.alias(True),
    CustomerUnlinked: records.alias(False),
    CustomerMerged: records.merged,
    ErasureRequested: records.kept("erasure", "request_id", "basis"),
    TransactionRecorded: documents.recorded,
    TransactionAmended: documents.amended,
    TransactionAccepted: documents.accepted,
    TransactionCancelled: documents.cancelled,
    TransactionTermsChanged: documents.terms_changed,
    PaymentRecorded: money.paid,
    PaymentReversed: money.reversed,
    SettlementApplied: money.settled,
    SettlementUndone: money.unsettled,
    RefundPaid: money.refunded,
    BillReceived: paper.bill_received,
    BillEndorsed: paper.bill_moved("endorsed"),
    BillDiscounted: paper.bill_moved("discounted"),
    BillPledged: paper.bill_moved("pledged"),
    BillPresented: paper.bill_moved("presented"),
    BillHonoured: paper.bill_moved("honoured"),
    BillDishonoured: paper.bill_moved("dishonoured"),
    BillReturned: paper.bill_moved("returned"),
    DepositReceived: paper.deposit_received,
    DepositRefunded: paper.deposit_left("refunded"),
    DepositForfeited: paper.deposit_left("forfeited"),
    SetOffRecorded: claims.set_off,
    SetOffUndone: claims.set_off_undone,
    ReceivableTransferred: claims.transferred,
    ReceivableRepurchased: claims.repurchased,
    WriteOffRecorded: claims.written_off,
    WriteOffReversed: claims.write_off_reversed,
    RecoveryRecorded: claims.recovered,
    OverdueReported: records.overdue,
    OverdueCured: records.cured,
    DisputeOpened: documents.dispute_opened,
    DisputeClosed: documents.dispute_closed,
    PromiseMade: records.kept("promise", "promise_id", "due_on", "amount", "currency"),
    PromiseBroken: records.ended("promise", "promise_id"),
    DunningSent: records.kept("dunning", "dunning_id", "level", "channel", "delivered_on"),
    FinancialsReported: records.statement,
    AssessmentRecorded: records.assessed,
    MeasureReported: records.measured,
    ConductReported: records.kept("conduct", "conduct_id", "kind", "severity", "amount", "currency"),
    ConductClosed: records.ended("conduct", "conduct_id"),
    SignalReported: records.kept("signal", "signal_id", "kind", "severity", "amount", "currency"),
    SignalLifted: records.ended("signal", "signal_id"),
    ReviewCompleted: records.reviewed,
    ContractSigned: records.contract,
    ContractAmended: records.contract,
    ContractEnded: records.contract_ended,
    ApplicationReceived: records.kept("application", "application_id", "kind", "amount", "currency", "term_days"),
}
