"""Random histories of one customer with everything that exposure reads: orders to write-offs, bills, deposits, places."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from shared.core.envelope import Event
from tests.support.histories import START, Story

PLACES: list[dict[str, str]] = [
    {},
    {"company": "A"},
    {"company": "B", "segment": "retail"},
    {"company": "A", "segment": "export", "salesperson": "S1"},
]
STEPS = ("endorsed", "discounted", "pledged", "presented", "honoured", "honoured", "dishonoured", "returned")
DAYS = 200


class Dealings(Story):
    """Facts in any order of business, some of them absurd; what they name may not exist."""

    def __init__(self, seed: int, documents: int = 5, currencies: tuple[str, ...] = ("CNY",)) -> None:
        super().__init__(seed, currencies=currencies)
        self.invoices = [f"I{number}" for number in range(documents)]
        for number in range(documents):
            self._chain(number)
        for number in range(documents):
            self._money(number)
        for part in (self._bill, self._bill, self._deposit, self._gone, self._gone, self._others):
            if self.random.random() < 0.6:
                part(len(self.events))

    def some_day(self) -> date:
        return START + timedelta(days=self.random.randint(0, DAYS))

    def place(self) -> dict[str, str]:
        return self.random.choice(PLACES)

    def amount(self, low: int = 1, high: int = 120) -> str:
        return f"{self.random.randint(low, high)}.{self.random.randint(0, 99):02}"

    def books(
        self, id: str, kind: str, amount: str, on: date, takes: dict[str, str] | None = None, **more: Any
    ) -> None:
        consumes = [{"transaction_id": to, "amount": part} for to, part in (takes or {}).items()]
        self.tell("transaction.recorded", on, transaction_id=id, kind=kind, amount=amount, booked_on=on,
                  currency=self.random.choice(self.currencies), consumes=consumes or None, **more)  # fmt: skip

    def _due(self, on: date, amount: str) -> dict[str, Any]:
        random, chosen = self.random, self.random.random()
        if chosen < 0.5:
            return {"due_on": on + timedelta(days=random.choice([-3, 0, 10, 45, 90]))}
        if chosen < 0.7:
            whole = int(amount.partition(".")[0])
            parts = [f"{whole // 2}.00", f"{whole - whole // 2}.{amount[-2:]}"]
            return {"schedule": [
                {"seq": 1, "kind": "instalment", "amount": parts[0], "due_on": on + timedelta(days=random.choice([5, 40]))},
                {"seq": 2, "kind": "retention", "amount": parts[1], "due_on": on + timedelta(days=random.choice([20, 120]))},
            ]}  # fmt: skip
        return {"terms": {"days": random.choice([0, 30]), "starts": "invoice"}} if chosen < 0.8 else {}

    def _chain(self, number: int) -> None:
        """Order, delivery, invoice, credit note: each takes up the one before, or does not; each may change later."""
        random, on, before = self.random, self.some_day(), ""
        for letter, kind in (("O", "order"), ("D", "delivery"), ("I", "invoice"), ("N", "credit_note")):
            if letter not in "I" and random.random() < 0.4:
                continue
            id, amount = f"{letter}{number}", self.amount()
            more = {} if kind == "credit_note" else self.place()
            if kind in {"order", "invoice"}:
                more = more | self._due(on, amount) | random.choice([{}, {"contract_id": "HT"}])
            self.books(
                id, kind, amount, on, {before: self.amount()} if before and random.random() < 0.8 else None, **more
            )
            self._change(id, kind, on, more)
            before, on = id, on + timedelta(days=random.randint(0, 25))

    def _change(self, id: str, kind: str, on: date, more: dict[str, Any]) -> None:
        random, later = self.random, on + timedelta(days=self.random.randint(0, 60))
        if random.random() < 0.2:
            self.tell("transaction.cancelled", later, transaction_id=id, cancelled_on=later,
                      amount=self.amount() if random.random() < 0.5 else None)  # fmt: skip
        if random.random() < 0.2:
            later += timedelta(days=random.randint(0, 9))
            self.tell("transaction.amended", later, transaction_id=id, amount=self.amount())
        if kind in {"order", "invoice"} and random.random() < 0.3:
            self.tell("transaction.terms-changed", later, transaction_id=id,
                      due_on=later + timedelta(days=random.choice([0, 5, 60])))  # fmt: skip
        for again in range(random.choice([0, 0, 0, 1, 2])):
            later += timedelta(days=random.randint(0, 20))
            where = {name: text for name, text in more.items() if name in {"company", "segment", "salesperson"}}
            self.books(id + "b" * (again + 1), kind, self.amount(), later, None, replaces=id + "b" * again, **where)

    def _for(self) -> list[dict[str, str]]:
        return [
            {"transaction_id": self.random.choice(self.invoices), "amount": self.amount()}
            for _ in range(self.random.randint(1, 2))
        ]

    def _money(self, number: int) -> None:
        random, on, id = self.random, self.some_day(), f"P{number}"
        bill = random.random() < 0.3
        self.tell("payment.recorded", on, payment_id=id, amount=self.amount(), paid_on=on, instrument="bill" if bill else None,
                  currency=random.choice(self.currencies), purpose=random.choice([None, None, "prepayment"]), for_order=f"O{number}",
                  matures_on=on + timedelta(days=40) if bill and random.random() < 0.5 else None,
                  allocations=self._for() if random.random() < 0.8 else None, **self.place())  # fmt: skip
        later = on + timedelta(days=random.randint(0, 60))
        if random.random() < 0.3:
            self.tell("payment.reversed", later, payment_id=id, reversed_on=later, reason=random.choice(["error", "bounced"]),
                      amount=self.amount() if random.random() < 0.5 else None)  # fmt: skip
        self.settles(random.choice(["payment", "prepayment"]), id)
        self.settles("credit_note", f"N{number}")
        if random.random() < 0.25:
            self.tell("refund.paid", later, refund_id=f"F{number}", amount=self.amount(), paid_on=later,
                      currency=random.choice(self.currencies),
                      of=random.choice([id, f"N{number}", "DEP", None]), **self.place())  # fmt: skip

    def settles(self, kind: str, id: str) -> None:
        """Something is set against invoices later, perhaps, and perhaps undone."""
        random, on, name = self.random, self.some_day(), f"S{len(self.events)}"
        if random.random() < 0.4:
            self.tell(
                "settlement.applied",
                on,
                settlement_id=name,
                from_={"kind": kind, "id": id},
                to=self._for(),
                applied_on=on,
            )
            if random.random() < 0.3:
                later = on + timedelta(days=random.randint(0, 40))
                self.tell("settlement.undone", later, settlement_id=name, undone_on=later)

    def _bill(self, number: int) -> None:
        random, on, id = self.random, self.some_day(), f"B{number}"
        if random.random() < 0.9:
            self.tell("bill.received", on, bill_id=id, kind=random.choice(["bank_acceptance", "commercial_acceptance"]),
                      acceptor_class=random.choice(["large_bank", "bank", None]), amount=self.amount(), currency="CNY",
                      received_on=on, due_on=on + timedelta(days=50) if random.random() < 0.7 else None,
                      payment_id=f"P{random.randint(0, 2)}" if random.random() < 0.7 else None)  # fmt: skip
        self.settles("bill", id)
        for _ in range(random.randint(0, 3)):
            on += timedelta(days=random.randint(0, 40))
            what = random.choice(STEPS)
            self.tell(f"bill.{what}", on, bill_id=id, on=on, with_recourse=random.choice([None, True, False]),
                      amount=self.amount() if random.random() < 0.2 else None)  # fmt: skip

    def _deposit(self, number: int) -> None:
        random, on = self.random, self.some_day()
        if random.random() < 0.8:
            self.tell(
                "deposit.received",
                on,
                deposit_id="DEP",
                kind="dealer",
                amount=self.amount(),
                currency="CNY",
                on=on,
                **self.place(),
            )
        self.settles("deposit", "DEP")
        for what in random.choices(["refunded", "forfeited"], k=random.randint(0, 2)):
            on += timedelta(days=random.randint(0, 40))
            self.tell(
                f"deposit.{what}", on, deposit_id="DEP", on=on, amount=self.amount() if random.random() < 0.7 else None
            )

    def _gone(self, number: int) -> None:
        """Set off, sold, or written off; and back."""
        random, on, id, back = self.random, self.some_day(), f"X{number}", random_back(self)
        later, invoice = on + timedelta(days=random.randint(0, 50)), random.choice(self.invoices)
        chosen = random.random()
        if chosen < 0.3:
            legs = [{"debtor": who, "creditor": "us", "transaction_id": random.choice(self.invoices), "amount": self.amount()}
                    for who in ("C1", "C2")]  # fmt: skip
            self.tell("set-off.recorded", on, set_off_id=id, kind="payables", legs=legs, on=on)
            if back:
                self.tell("set-off.undone", later, set_off_id=id, on=later)
        elif chosen < 0.6:
            names = sorted({invoice, random.choice(self.invoices)})
            self.tell("receivable.transferred", on, transfer_id=id, kind="factoring", transaction_ids=names, amount=self.amount(),
                      currency="CNY", on=on, with_recourse=random.choice([None, True, False]))  # fmt: skip
            if back:
                self.tell(
                    "receivable.repurchased",
                    later,
                    transfer_id=id,
                    on=later,
                    transaction_ids=random.choice([None, names[:1]]),
                )
        else:
            self.tell("write-off.recorded", on, write_off_id=id, transaction_id=invoice, amount=self.amount(), currency="CNY",
                      on=on, kind=random.choice(["bad_debt", "small_difference"]))  # fmt: skip
            if back:
                self.tell("write-off.reversed", later, write_off_id=id, on=later)
            self.tell("recovery.recorded", later, recovery_id=id, write_off_id=id, amount=self.amount(), on=later)

    def _others(self, number: int) -> None:
        for kind in ("advance_funding", "consignment", "guarantee_given", "retention", "interest"):
            on = self.some_day()
            self.books(f"I{kind}", kind, self.amount(), on, **self.place())
            self.invoices.append(f"I{kind}")
            self._change(f"I{kind}", kind, on, {})
        self._money(number)
        for what in ("signed", "amended", "amended"):
            terms = self.random.choice([None, {"days": 15, "starts": "invoice"}, {"days": 75, "starts": "invoice"}])
            self.tell(
                f"contract.{what}", self.some_day(), contract_id="HT", amount="100.00", currency="CNY", terms=terms
            )
        for _ in range(self.random.choice([0, 1, 2])):
            value, end = self.random.choice(["10", "50"]), self.some_day()
            self.tell("measure.reported", end, name="payment_term_days", value=value, period_end=end)
        self.tell("application.received", self.some_day(), application_id="SQ", kind="limit", on=self.some_day())


def random_back(story: Story) -> bool:
    """Whether it is taken back."""
    return story.random.random() < 0.5


def dealings(seed: int, documents: int = 5, currencies: tuple[str, ...] = ("CNY",)) -> list[Event]:
    """A random history of one customer."""
    return Dealings(seed, documents, currencies).events
