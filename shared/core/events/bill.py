"""Facts about bills (票据): a bill settles an invoice, but the risk stays until it is honoured (contracts D2)."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from shared.core.events.base import DocumentFact, check_date, settle
from shared.core.events.values import Amount, Code, Currency, DocumentId, Text

BillKind = Literal["bank_acceptance", "commercial_acceptance", "cheque", "electronic_receivable"]


class BillReceived(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A customer gave us a bill.

    `payment_id` names the payment that it was booked as. Where none is named, it settles what a later settlement says.
    """

    TYPE: ClassVar[str] = "credit.bill.received.v1"
    ON: ClassVar[str | None] = "received_on"
    DOCUMENT: ClassVar[str | None] = "bill_id"

    bill_id: DocumentId
    kind: BillKind
    amount: Amount
    currency: Currency
    received_on: date
    drawer: Text | None = None
    acceptor: Text | None = None
    acceptor_class: Code | None = None
    """`large_bank`, `bank`, `company` …; unknown ones are kept and weigh as a company's."""
    issued_on: date | None = None
    due_on: date | None = None
    payment_id: DocumentId | None = None

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach, also for a due date whose year is a typing error."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", self.currency)
        check_date(self.due_on, at="/due_on")


class BillStep(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something that happened to a bill."""

    ON: ClassVar[str | None] = "on"

    bill_id: DocumentId
    on: date
    amount: Amount | None = None
    """In the bill's currency; all of it if absent."""
    to: Text | None = None
    with_recourse: bool | None = None
    """Whether its holder can come back to us; where nothing is said, it can."""
    reason: Text | None = None

    def __post_init__(self) -> None:
        """Bring the amounts to their plain form."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", None)


class BillEndorsed(BillStep, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """We passed a bill on (背书)."""

    TYPE: ClassVar[str] = "credit.bill.endorsed.v1"


class BillDiscounted(BillStep, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """We sold a bill to a bank before it was due (贴现)."""

    TYPE: ClassVar[str] = "credit.bill.discounted.v1"


class BillPledged(BillStep, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """We pledged a bill (质押); it is still ours."""

    TYPE: ClassVar[str] = "credit.bill.pledged.v1"


class BillPresented(BillStep, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bill was presented for payment (提示付款)."""

    TYPE: ClassVar[str] = "credit.bill.presented.v1"


class BillHonoured(BillStep, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bill was paid (兑付)."""

    TYPE: ClassVar[str] = "credit.bill.honoured.v1"


class BillDishonoured(BillStep, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bill was not paid (拒付): the claim is open again, as old as it was."""

    TYPE: ClassVar[str] = "credit.bill.dishonoured.v1"


class BillReturned(BillStep, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bill went back to the customer (退票): the claim is open again, as old as it was."""

    TYPE: ClassVar[str] = "credit.bill.returned.v1"
