"""The books of one customer: documents and money as they were told, and which money lies on which document."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from shared.core.ledger.bills import DEFAULT, BillRules, Void, voids_of
from shared.core.ledger.days import FAR, WorkCalendar
from shared.core.ledger.dependents import Marked
from shared.core.ledger.documents import (
    Agreed,
    Bill,
    Deposit,
    Dispute,
    Document,
    Lot,
    Payment,
    Refund,
    Settlement,
    Transfer,
)
from shared.core.ledger.lots import SECURITY, as_credit, ended, lots_of
from shared.core.ledger.position import Lens


class Book:
    """What the postings of a document may look at. Nothing here is a sum, and nothing depends on a day."""

    __slots__ = (
        "_lots",
        "agreed",
        "bill_rules",
        "bills",
        "calendar",
        "credits",
        "deposits",
        "disputes",
        "documents",
        "lenses",
        "payments",
        "refunds",
        "refunds_of",
        "settlements",
        "term_days",
        "transfers",
    )

    def __init__(
        self, lenses: tuple[Lens, ...], calendar: WorkCalendar, term_days: int, bill_rules: BillRules = DEFAULT
    ) -> None:
        """Nothing was told. Lateness is seen through *lenses*; *term_days* is the term of undated documents."""
        self.lenses, self.calendar, self.term_days, self.bill_rules = lenses, calendar, term_days, bill_rules
        self.documents: dict[str, Document] = {}
        self.payments: dict[str, Payment] = {}
        self.credits: dict[str, Payment] = {}
        """What settles and is no payment, by `kind id`: credits, deposits, bills, set-offs, write-offs."""
        self.settlements: dict[str, Settlement] = {}
        self.disputes: dict[str, Dispute] = {}
        self.refunds: dict[str, Refund] = {}
        self.refunds_of: dict[str, list[str]] = {}
        self.bills: dict[str, Bill] = {}
        self.deposits: dict[str, Deposit] = {}
        self.transfers: dict[str, Transfer] = {}
        self.agreed: dict[str, list[Agreed]] = {}
        """Contract → the terms that were agreed in it, by order; under the empty name those of the customer."""
        self._lots: dict[str, dict[str, list[Lot]]] = {}

    def document(self, id: str) -> Document:
        """The document *id*; an empty one where it was only referred to so far."""
        held = self.documents.get(id)
        if held is None:
            held = self.documents[id] = Document(id)
        return held

    def payment(self, id: str) -> Payment:
        """The payment *id*; an empty one where it was only referred to so far."""
        held = self.payments.get(id)
        if held is None:
            held = self.payments[id] = Payment(id)
        return held

    def settlement(self, id: str) -> Settlement:
        """The settlement *id*; an empty one where only its undoing is known so far."""
        return self.settlements.setdefault(id, Settlement(id))

    def dispute(self, id: str) -> Dispute:
        """The dispute *id*; an empty one where only its close is known so far."""
        return self.disputes.setdefault(id, Dispute())

    def refund(self, id: str) -> Refund:
        """The refund *id*; an empty one while it is being recorded."""
        return self.refunds.setdefault(id, Refund(id))

    def bill(self, id: str) -> Bill:
        """The bill *id*; an empty one where only what happened to it is known so far."""
        return self.bills.setdefault(id, Bill(id))

    def deposit(self, id: str) -> Deposit:
        """The deposit *id*; an empty one where only what happened to it is known so far."""
        return self.deposits.setdefault(id, Deposit(id))

    def transfer(self, id: str) -> Transfer:
        """The transfer *id*; an empty one where only its end is known so far."""
        return self.transfers.setdefault(id, Transfer(id))

    def holder(self, kind: str, id: str) -> tuple[str, Payment]:
        """What a settlement takes from: (its name, the payment), or a credit or deposit kept under `kind id`."""
        if kind in {"payment", "prepayment"}:
            return id, self.payment(id)
        name = f"{kind} {id}"
        return name, self.credits.setdefault(name, Payment(name))

    def mark_of(self, holder: str) -> Marked:
        """How *holder*, the name of a payment or of a credit, is marked."""
        return ("payment" if holder in self.payments else "credit", holder)

    def _lots_of(self, payment: str) -> dict[str, list[Lot]]:
        lots = self._lots.get(payment)
        if lots is None:
            held = self.payments.get(payment)
            refunds = [r for name in self.refunds_of.get(payment, ()) if (r := self.refunds[name]).of == payment]
            lots = {}
            if held is not None and held.order:
                lots = lots_of(held, self.settlements_of(held), refunds, voids=self.voids_of(held))
            if len(self._lots) > 64:
                self._lots.clear()
            self._lots[payment] = lots
        return lots

    def money(self, payment: str, document: str, currency: str) -> list[Lot]:
        """The money of *payment* that was said to be for *document*, where it is in *currency*."""
        held = self.payments[payment]
        if held.order is None or held.currency != currency:
            return []
        return self._lots_of(payment).get(document, [])

    def bills_of(self, payment: Payment) -> list[Bill]:
        """The bills that *payment* was made with, as far as they were received."""
        if not payment.bills:
            return []
        held = (self.bills[name] for name in payment.bills)
        return [bill for bill in held if bill.payment == payment.id and bill.order is not None]

    def voids_of(self, payment: Payment) -> Sequence[Void]:
        """When money of *payment* did not stand because a bill did not."""
        return voids_of(self.bills_of(payment)) if payment.bills else ()

    def booked_as(self, bill: Bill | None) -> Payment | None:
        """The recorded payment that *bill* is."""
        held = self.payments.get(bill.payment) if bill is not None and bill.order is not None else None
        return held if held is not None and held.order is not None else None

    def settlements_of(self, holder: Payment) -> list[Settlement]:
        """The later settlements out of *holder*, those out of its bills included."""
        if not (holder.settlements or holder.bills):
            return []
        held = [self.settlements[name] for name in holder.settlements]
        found = [settlement for settlement in held if settlement.holder == holder.id]
        for bill in self.bills_of(holder):
            name = f"bill {bill.id}"
            for settlement in self.credits[name].settlements if name in self.credits else ():
                one = self.settlements[settlement]
                if one.holder == name:  # before the bill is received, nobody knows that it is this payment
                    found.append(one if one.day >= bill.received else structs.replace(one, day=bill.received))
        return found

    def taken_from(self, deposit: Deposit) -> list[Lot]:
        """What later settlements took out of *deposit*."""
        credit = self.credits.get(f"deposit {deposit.id}")
        if credit is None or deposit.order is None:
            return []
        lots = lots_of(_as_security(credit, deposit, deposit.day), self.settlements_of(credit), [])
        return [lot for held in lots.values() for lot in held]

    def credit(self, document: Document) -> list[Lot]:
        """What was set against *document* later and is no payment."""
        found: list[Lot] = []
        for name in document.creditors:
            credit = self.credits[name]
            kind, _, source = name.partition(" ")
            if kind in {"credit_note", "rebate"}:
                note = self.documents.get(source)
                if note is not None and note.order is not None and note.currency == document.currency:
                    found += lots_of(*_as_money(note, credit, self.settlements_of(credit))).get(document.id, [])
            else:
                found += self._secured(kind, source, credit, document)
        return found

    def _secured(self, kind: str, source: str, credit: Payment, document: Document) -> list[Lot]:
        """What of *credit* lies on *document*: without bound until a bill or deposit is received, then as far as that goes.

        From the day on which a bill is booked as a payment the payment settles, and the bill no more.
        """
        settlements, until = self.settlements_of(credit), FAR
        if credit.currency not in {"", document.currency}:
            return []
        security: Bill | Deposit | None = None
        since, voids = FAR, list[Void]()
        if kind == "bill":
            security = bill = self.bills.get(source)
            if bill is not None and bill.order is not None:
                since, voids = bill.received, voids_of([bill])
                if (payment := self.booked_as(bill)) is not None:
                    until = max(since, payment.paid)
        elif kind == "deposit":
            security = deposit = self.deposits.get(source)
            if deposit is not None and deposit.order is not None:
                since = deposit.day
        found: list[Lot] = []
        if any(one.day < since for one in settlements):
            found += ended(lots_of(credit, settlements, []).get(document.id, []), since)
        if security is not None and since < until and security.currency == document.currency:
            lots = lots_of(_as_security(credit, security, since), settlements, [], voids=voids)
            found += ended(lots.get(document.id, []), until)
        return found


def _as_money(
    note: Document, credit: Payment, settlements: list[Settlement]
) -> tuple[Payment, list[Settlement], list[Refund], list[tuple[int, int]]]:
    money, changes = as_credit(note, credit)
    return money, settlements, [], changes


def _as_security(used: Payment, security: Bill | Deposit, since: int) -> Payment:
    """*security*, there from *since* on, as money that the settlements of *used* take from."""
    return Payment(
        used.id,
        amount=security.amount,
        currency=security.currency,
        paid=since,
        order=security.order,
        purpose=SECURITY,
        settlements=used.settlements,
    )
