"""Facts about claims that were set off against each other (抵销): no money moved."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from shared.core import limits
from shared.core.events.base import DocumentFact, Part, settle_each
from shared.core.events.values import Amount, DocumentId, Text

SetOffKind = Literal["payables", "three_party", "in_kind"]


class Leg(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """So much of what one party owes another went away."""

    debtor: Text
    """The customer, by its id, where it is the customer's debt."""
    creditor: Text
    amount: Amount
    """In the currency of the document."""
    transaction_id: DocumentId | None = None


class SetOffRecorded(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Claims were set off against each other, between two parties or three. It settles, and is no payment."""

    TYPE: ClassVar[str] = "credit.set-off.recorded.v1"
    ON: ClassVar[str | None] = "on"
    DOCUMENT: ClassVar[str | None] = "set_off_id"

    set_off_id: DocumentId
    kind: SetOffKind
    legs: Annotated[tuple[Leg, ...], Meta(min_length=1, max_length=limits.ITEMS)]
    on: date
    document_id: DocumentId | None = None

    def __post_init__(self) -> None:
        """Bring the amounts to their plain form."""
        DocumentFact.__post_init__(self)
        settle_each(self.legs, "amount", None, at="/legs")


class SetOffUndone(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A set-off no longer holds; the documents are open again."""

    TYPE: ClassVar[str] = "credit.set-off.undone.v1"
    ON: ClassVar[str | None] = "on"

    set_off_id: DocumentId
    on: date
