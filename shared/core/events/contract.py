"""Facts about contracts, and about what a customer asks for."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from shared.core.events.base import DocumentFact, check_window, settle
from shared.core.events.transaction import Terms
from shared.core.events.values import Amount, Code, Currency, Days, DocumentId, Months, Share, Text, check_currency

ApplicationKind = Literal["limit", "temporary", "advance", "term", "rating"]


class ContractTold(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is agreed with a customer. In an amendment, what is left out is unchanged."""

    contract_id: DocumentId
    kind: Code | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    amount: Amount | None = None
    currency: Currency | None = None
    terms: Terms | None = None
    penalty_rate: Share | None = None
    """A day, of what is overdue."""
    advance_amount: Amount | None = None
    """How much we may put up for the customer (垫资)."""
    advance_months: Months | None = None
    retention_share: Share | None = None
    """The part kept back until the warranty ends (质保金)."""
    forum: Text | None = None
    document_id: DocumentId | None = None

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach, also for a contract that ends before it begins."""
        DocumentFact.__post_init__(self)
        check_currency(self.currency)
        settle(self, "amount", self.currency)
        settle(self, "advance_amount", self.currency)
        check_window(self.valid_from, self.valid_to, at="/valid_from")


class ContractSigned(ContractTold, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A contract was signed."""

    TYPE: ClassVar[str] = "credit.contract.signed.v1"
    DOCUMENT: ClassVar[str | None] = "contract_id"


class ContractAmended(ContractTold, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A contract was changed."""

    TYPE: ClassVar[str] = "credit.contract.amended.v1"


class ContractEnded(ContractTold, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A contract no longer holds: from `valid_to` on where it is given, else from the day of the fact."""

    TYPE: ClassVar[str] = "credit.contract.ended.v1"


class ApplicationReceived(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A customer asked for a limit, a temporary one, advance funding, a longer term or a rating."""

    TYPE: ClassVar[str] = "credit.application.received.v1"
    ON: ClassVar[str | None] = "on"
    DOCUMENT: ClassVar[str | None] = "application_id"

    application_id: DocumentId
    kind: ApplicationKind
    on: date
    amount: Amount | None = None
    currency: Currency | None = None
    term_days: Days | None = None
    document_id: DocumentId | None = None

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        DocumentFact.__post_init__(self)
        check_currency(self.currency)
        settle(self, "amount", self.currency)
