"""Facts about who a customer is."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shared.core import limits
from shared.core.breach import Breach
from shared.core.events.base import Fact, Part, settle
from shared.core.events.values import (
    ERASED,
    SEALED_PREFIX,
    Amount,
    Code,
    Count,
    Currency,
    DocumentId,
    PersonalText,
    SealedToken,
    Text,
    check_clear,
    check_currency,
    check_customer_id,
)

CustomerKind = Literal["company", "person", "sole_trader", "institution", "household"]
CustomerStatus = Literal["active", "dormant", "closed"]
Identifiers = Annotated[
    dict[Code, PersonalText], Meta(max_length=limits.CODE_CHARACTERS, extra={"personal_keys": ("id_no",)})
]
"""Official numbers: uscc, tax_no, duns …; `id_no`, a person's, is sealed."""


class Contact(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A person to speak with at the customer."""

    name: Text
    role: Text | None = None
    phone: Text | None = None
    mobile: Text | None = None
    email: Text | None = None
    address: Text | None = None


Contacts = Annotated[
    Annotated[tuple[Contact, ...], Meta(max_length=limits.CONTACTS)] | SealedToken,
    Meta(extra={"personal": True}),
]


class CustomerRegistered(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A customer was opened in the books."""

    TYPE: ClassVar[str] = "credit.customer.registered.v1"
    ON: ClassVar[str | None] = "opened_on"

    name: PersonalText
    kind: CustomerKind | None = None
    opened_on: date | None = None
    status: CustomerStatus | None = None
    industry: Code | None = None
    region: Code | None = None
    segment: Code | None = None
    manager: Code | None = None
    identifiers: Identifiers | None = None
    legal_representative: PersonalText | None = None
    controller: PersonalText | None = None
    paid_in_capital: Amount | None = None
    currency: Currency | None = None
    ownership: Code | None = None
    size_class: Code | None = None
    head_count: Count | None = None
    contacts: Contacts | None = None

    def __post_init__(self) -> None:
        """Settle the capital and bound the clear texts. Raises Breach."""
        check_currency(self.currency)
        settle(self, "paid_in_capital", self.currency)
        _check_personal(self)


class CustomerUpdated(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something about a customer changed. A field left out is unchanged; null clears it."""

    TYPE: ClassVar[str] = "credit.customer.updated.v1"

    name: PersonalText | UnsetType = UNSET
    kind: CustomerKind | UnsetType | None = UNSET
    opened_on: date | UnsetType | None = UNSET
    status: CustomerStatus | UnsetType | None = UNSET
    industry: Code | UnsetType | None = UNSET
    region: Code | UnsetType | None = UNSET
    segment: Code | UnsetType | None = UNSET
    manager: Code | UnsetType | None = UNSET
    identifiers: Identifiers | UnsetType | None = UNSET
    legal_representative: PersonalText | UnsetType | None = UNSET
    controller: PersonalText | UnsetType | None = UNSET
    paid_in_capital: Amount | UnsetType | None = UNSET
    currency: Currency | UnsetType | None = UNSET
    ownership: Code | UnsetType | None = UNSET
    size_class: Code | UnsetType | None = UNSET
    head_count: Count | UnsetType | None = UNSET
    contacts: Contacts | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        """Settle the capital and bound the clear texts. Raises Breach."""
        currency = None if self.currency is UNSET else self.currency
        check_currency(currency)
        if self.paid_in_capital is not UNSET:
            settle(self, "paid_in_capital", currency)
        _check_personal(self)


class CustomerLinked(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An id that another system uses means this customer."""

    TYPE: ClassVar[str] = "credit.customer.linked.v1"

    other_source: Text
    other_id: DocumentId


class CustomerUnlinked(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An id that another system uses no longer means this customer."""

    TYPE: ClassVar[str] = "credit.customer.unlinked.v1"

    other_source: Text
    other_id: DocumentId


class CustomerMerged(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """This customer is the same as another, which survives; grading of this one ends."""

    TYPE: ClassVar[str] = "credit.customer.merged.v1"

    into: Annotated[str, Meta(min_length=1, max_length=limits.SUBJECT_CHARACTERS)]
    """The customer that survives."""
    evidence: Text | None = None

    def __post_init__(self) -> None:
        """Raise Breach unless `into` can be the id of a customer."""
        check_customer_id(self.into, at="/into")


class ErasureRequested(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The persons behind this customer want their data erased. The fact stays: it proves when, and on what basis."""

    TYPE: ClassVar[str] = "credit.erasure.requested.v1"
    ON: ClassVar[str | None] = "on"
    DOCUMENT: ClassVar[str | None] = "request_id"

    request_id: DocumentId
    basis: Text
    """Of the request in law, or what it was decided on."""
    on: date


def _check_personal(customer: CustomerRegistered | CustomerUpdated) -> None:
    """Raise Breach where a personal field is longer than sealing it allows, or contacts are neither a list nor sealed."""
    for field in ("name", "legal_representative", "controller"):
        check_clear(getattr(customer, field), at=f"/{field}")
    for key, text in (customer.identifiers or {}).items():
        check_clear(text, at=f"/identifiers/{key}")
    contacts = customer.contacts
    if isinstance(contacts, str) and contacts != ERASED and not contacts.startswith(SEALED_PREFIX):
        raise Breach("must be a list of contacts; write [{...}]", rule="type", pointer="/contacts")
    if isinstance(contacts, tuple) and len(msgspec.json.encode(contacts)) > limits.CONTACTS_BYTES:
        longest = limits.CONTACTS_BYTES
        raise Breach(f"has more than {longest} bytes; send fewer contacts", rule="too-long", pointer="/contacts")
