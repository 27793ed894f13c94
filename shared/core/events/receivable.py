"""Facts about receivables that are no longer collected by us: sold, written off, and what came in after all."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from shared.core import limits
from shared.core.events.base import DocumentFact, settle
from shared.core.events.values import Amount, Currency, DocumentId, Text

TransferKind = Literal["factoring", "assignment", "securitisation"]
WriteOffKind = Literal["bad_debt", "small_difference", "exchange"]
Documents = Annotated[tuple[DocumentId, ...], Meta(min_length=1, max_length=limits.ITEMS)]


class ReceivableTransferred(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """We sold or assigned receivables. With recourse the risk stays with us; where nothing is said of it, it does."""

    TYPE: ClassVar[str] = "credit.receivable.transferred.v1"
    ON: ClassVar[str | None] = "on"
    DOCUMENT: ClassVar[str | None] = "transfer_id"

    transfer_id: DocumentId
    kind: TransferKind
    transaction_ids: Documents
    amount: Amount
    """The face value that was transferred: of each document at most so much."""
    currency: Currency
    on: date
    to: Text | None = None
    with_recourse: bool | None = None
    debtor_notified: bool | None = None

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", self.currency)


class ReceivableRepurchased(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Transferred receivables came back to us."""

    TYPE: ClassVar[str] = "credit.receivable.repurchased.v1"
    ON: ClassVar[str | None] = "on"

    transfer_id: DocumentId
    on: date
    transaction_ids: Documents | None = None
    """Which of them; all if absent."""
    amount: Amount | None = None
    currency: Currency | None = None

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", self.currency)


class WriteOffRecorded(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """We gave up what is open of a document, or a part of it. It is no payment."""

    TYPE: ClassVar[str] = "credit.write-off.recorded.v1"
    ON: ClassVar[str | None] = "on"
    DOCUMENT: ClassVar[str | None] = "write_off_id"

    write_off_id: DocumentId
    transaction_id: DocumentId
    amount: Amount
    currency: Currency
    on: date
    kind: WriteOffKind
    approval: Text | None = None

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", self.currency)


class WriteOffReversed(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A write-off no longer holds; the document is open again, as old as it was."""

    TYPE: ClassVar[str] = "credit.write-off.reversed.v1"
    ON: ClassVar[str | None] = "on"

    write_off_id: DocumentId
    on: date
    approval: Text | None = None


class RecoveryRecorded(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something came in after all on what was written off."""

    TYPE: ClassVar[str] = "credit.recovery.recorded.v1"
    ON: ClassVar[str | None] = "on"
    DOCUMENT: ClassVar[str | None] = "recovery_id"

    recovery_id: DocumentId
    write_off_id: DocumentId
    amount: Amount
    """In the currency of the write-off."""
    on: date

    def __post_init__(self) -> None:
        """Bring the amounts to their plain form."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", None)
