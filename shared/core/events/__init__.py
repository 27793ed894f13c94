"""Every event of the product: the tuple below is the catalogue, in the order of docs/asyncapi.yaml."""

from __future__ import annotations

from shared.core.events.alert import (
    AlertAcknowledged,
    AlertEscalated,
    AlertOpened,
    AlertResolved,
    AlertSnoozed,
    AlertUndelivered,
    AlertWithdrawn,
)
from shared.core.events.approval import (
    ApprovalEscalated,
    ApprovalExpired,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalVoted,
    ApprovalWithdrawn,
    ExceptionEnded,
    ExceptionGranted,
    OverrideExpired,
    OverrideSet,
    OverrideWithdrawn,
)
from shared.core.events.base import Data, Decision, Fact
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
from shared.core.events.calendar import BusinessDayOpened, BusinessDayRated, ReferencePublished
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
from shared.core.events.granting import CheckDecided, LimitEnded, LimitGranted
from shared.core.events.grouping import GroupDeclared, GroupEnded, GroupJoined, GroupLeft
from shared.core.events.limit import (
    CollectionStageChanged,
    GroupChanged,
    LimitBreached,
    LimitChanged,
    LimitRestored,
    LimitWatched,
    OrderHeld,
    OrderReleased,
    ReservationCommitted,
    ReservationExpired,
    ReservationMade,
    ReservationReleased,
    ReserveChanged,
    SupplyResumed,
    SupplySuspended,
)
from shared.core.events.payment import PaymentRecorded, PaymentReversed, RefundPaid, SettlementApplied, SettlementUndone
from shared.core.events.rating import (
    DecisionCorrected,
    FactQuarantined,
    GradeChanged,
    PolicyActivated,
    ReviewDue,
    WarningCleared,
    WarningRaised,
    WarningWithdrawn,
)
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

FACTS: tuple[type[Fact], ...] = (
    CustomerRegistered,
    CustomerUpdated,
    CustomerLinked,
    CustomerUnlinked,
    CustomerMerged,
    ErasureRequested,
    TransactionRecorded,
    TransactionAmended,
    TransactionAccepted,
    TransactionCancelled,
    TransactionTermsChanged,
    PaymentRecorded,
    PaymentReversed,
    SettlementApplied,
    SettlementUndone,
    RefundPaid,
    BillReceived,
    BillEndorsed,
    BillDiscounted,
    BillPledged,
    BillPresented,
    BillHonoured,
    BillDishonoured,
    BillReturned,
    DepositReceived,
    DepositRefunded,
    DepositForfeited,
    SetOffRecorded,
    SetOffUndone,
    ReceivableTransferred,
    ReceivableRepurchased,
    WriteOffRecorded,
    WriteOffReversed,
    RecoveryRecorded,
    DisputeOpened,
    DisputeClosed,
    OverdueReported,
    OverdueCured,
    PromiseMade,
    PromiseBroken,
    DunningSent,
    FinancialsReported,
    AssessmentRecorded,
    MeasureReported,
    ConductReported,
    ConductClosed,
    SignalReported,
    SignalLifted,
    ReviewCompleted,
    ContractSigned,
    ContractAmended,
    ContractEnded,
    ApplicationReceived,
    ReferencePublished,
    BusinessDayOpened,
)
"""What happened at upstream systems (and the day)."""
DECISIONS: tuple[type[Decision], ...] = (
    BusinessDayRated,
    GradeChanged,
    WarningRaised,
    WarningCleared,
    WarningWithdrawn,
    DecisionCorrected,
    ReviewDue,
    PolicyActivated,
    FactQuarantined,
    OverrideSet,
    OverrideExpired,
    OverrideWithdrawn,
    ApprovalRequested,
    ApprovalVoted,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalWithdrawn,
    ApprovalEscalated,
    ApprovalExpired,
    ExceptionGranted,
    ExceptionEnded,
    LimitGranted,
    LimitEnded,
    LimitChanged,
    LimitWatched,
    LimitBreached,
    LimitRestored,
    CheckDecided,
    ReservationMade,
    ReservationCommitted,
    ReservationReleased,
    ReservationExpired,
    OrderHeld,
    OrderReleased,
    SupplySuspended,
    SupplyResumed,
    GroupDeclared,
    GroupJoined,
    GroupLeft,
    GroupEnded,
    GroupChanged,
    ReserveChanged,
    CollectionStageChanged,
    AlertOpened,
    AlertAcknowledged,
    AlertEscalated,
    AlertSnoozed,
    AlertResolved,
    AlertWithdrawn,
    AlertUndelivered,
)
"""What Gradeline decided."""
EVENTS: tuple[type[Data], ...] = FACTS + DECISIONS
BY_TYPE: dict[str, type[Data]] = {event.TYPE: event for event in EVENTS}
"""CloudEvents type → class."""

assert len(BY_TYPE) == len(EVENTS), "two classes have the same type"
