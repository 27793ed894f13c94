"""What is posted to the exposure service. Nothing that is posted is ignored."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.exposure.core.judging import Asked
from shared.core import limits
from shared.core.ledger.documents import Place
from shared.edge.http.approving import Body, Code, Line, clean

DocumentId = Annotated[str, StringConstraints(min_length=1, max_length=limits.ID_CHARACTERS), AfterValidator(clean)]
Money = Annotated[str, StringConstraints(min_length=1, max_length=32)]
"""A decimal string; the currency says how many decimals it may have."""
Currency = Annotated[str, StringConstraints(min_length=3, max_length=3)]


class Where(BaseModel):
    """Where in our own house an order belongs."""

    model_config = ConfigDict(extra="forbid")

    company: Code | None = None
    segment: Code | None = None
    product_group: Code | None = None
    salesperson: Code | None = None
    region: Code | None = None

    def place(self) -> Place:
        """As the core knows it."""
        return Place(
            self.company or "",
            self.segment or "",
            self.product_group or "",
            self.salesperson or "",
            self.region or "",
        )


class CheckAsked(Where):
    """A credit check. Asking again is harmless: one order has one reservation."""

    customer_id: Annotated[str, StringConstraints(min_length=1, max_length=limits.SUBJECT_CHARACTERS)]
    order_id: DocumentId = Field(description="the transaction_id under which the order will be posted")
    amount: Money = Field(description="of the order as a whole, tax included, as a decimal string")
    currency: Currency
    control_point: Literal["order", "delivery", "issue"] = "order"
    kind: Literal["reserve", "query", "extend", "commit", "release"] = Field(
        "reserve",
        description="reserve keeps headroom; query writes nothing; extend and commit move the end; release gives it back",
    )
    document_kind: Literal["order", "advance_funding"] = Field("order", description="advance_funding for 垫资")
    replaces: DocumentId | None = Field(None, description="the order whose place it takes: a copy, another number")
    deliver_on: date | None = Field(
        None, description="when it is to be delivered: open orders within the credit horizon of that day count, too"
    )
    terms: Line | None = Field(None, description="terms of payment in your words; other words are other terms")

    def asked(self, units_of: int, by: str) -> Asked:
        """As the core knows it."""
        return Asked(
            order_id=self.order_id,
            amount=units_of,
            currency=self.currency,
            control_point=self.control_point,
            kind=self.kind,
            place=self.place(),
            replaces=self.replaces if self.replaces and self.replaces != self.order_id else "",
            terms=self.terms or "",
            by=by[: limits.CODE_CHARACTERS],
            deliver_on=self.deliver_on.toordinal() if self.deliver_on is not None else 0,
            what="" if self.document_kind == "order" else self.document_kind,
        )


class LimitAsked(Body):
    """A limit of one kind, or a sub-limit where a place is named."""

    kind: Literal["policy", "management", "temporary", "insured", "guaranteed"]
    amount: Money
    currency: Currency
    valid_from: date | None = None
    valid_to: date | None = Field(None, description="its last day; default: as long as the grade's terms say")
    share: Annotated[str, StringConstraints(pattern=r"^(0(\.\d{1,9})?|1(\.0{1,9})?)$")] | None = Field(
        None, description="of an insured amount the share covered, of a guarantee its uplift; 1 = 100 %"
    )
    place: Where | None = None
    review_on: date | None = None
    stop_on: date | None = Field(None, description="the insurer's stop date")
    conditions: list[Line] = Field(default_factory=list, max_length=5)
    papers: dict[Code, DocumentId] = Field(
        default_factory=dict, max_length=20, description="paper → id of the document on file; granting.yaml says which"
    )
    reason: Line
    evidence: Line


class LimitEndAsked(Body):
    """A limit is to hold no more."""

    reason: Line
    evidence: Line


class AdvanceAsked(Body):
    """Advance funding (垫资): the papers are named by their document ids."""

    amount: Money
    currency: Currency
    months: Annotated[int, Field(ge=1, le=120)]
    letter: DocumentId | None = Field(None, description="the written advance letter with the customer's seal")
    contract: DocumentId | None = Field(None, description="the contract clause or the supplementary agreement")
    statement: DocumentId | None = Field(None, description="why it is necessary, where the grade has none in principle")
    exception: Line | None = Field(None, description="why it is not lower than the one before")
    reason: Line
    evidence: Line


class HoldReleased(Body):
    """A held order is let go, once."""

    note: Line = Field(description="why; it is kept")


class SupplyAsked(Body):
    """Supply is stopped, or goes on."""

    reason: Line = Field(description="why; it is published with who decided it")
