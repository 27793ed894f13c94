"""Facts about deposits (保证金): they are no payment and reduce no exposure; they cover."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from shared.core.events.base import DocumentFact, settle
from shared.core.events.values import Amount, Currency, DocumentId

DepositKind = Literal["dealer", "performance", "bid", "quality"]


class DepositReceived(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A customer left money with us as security."""

    TYPE: ClassVar[str] = "credit.deposit.received.v1"
    ON: ClassVar[str | None] = "on"
    DOCUMENT: ClassVar[str | None] = "deposit_id"

    deposit_id: DocumentId
    kind: DepositKind
    amount: Amount
    currency: Currency
    on: date

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", self.currency)


class DepositStep(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A deposit, or a part of it, is no longer there."""

    ON: ClassVar[str | None] = "on"

    deposit_id: DocumentId
    on: date
    kind: DepositKind | None = None
    amount: Amount | None = None
    """How much of it, in the deposit's currency; all that is left if absent."""
    currency: Currency | None = None

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", self.currency)


class DepositRefunded(DepositStep, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """We paid a deposit back."""

    TYPE: ClassVar[str] = "credit.deposit.refunded.v1"


class DepositForfeited(DepositStep, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A customer lost a deposit to us; what of it settles a document is a settlement of its own."""

    TYPE: ClassVar[str] = "credit.deposit.forfeited.v1"
