"""What a customer's facts come to, counted once more from the posted events: no code of the product."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

Fact = dict[str, Any]


class Portion(NamedTuple):
    """So much of an invoice was settled on a day, by cash or not."""

    on: date
    amount: Fraction
    cash: bool


class Invoice(NamedTuple):
    """An invoice and what settled it."""

    booked: date
    due: date
    amount: Fraction
    portions: list[Portion]


class Books:
    """One customer at the end of *day*. Due dates of what a method reads with `due_roll` are working days here."""

    def __init__(self, facts: Iterable[Fact], day: date) -> None:
        self.day = day
        self.profile: dict[str, Any] = {}
        self.reports: dict[str, str] = {}
        self.signals: set[str] = set()
        self.violations = self.broken_promises = 0
        self.statement: dict[str, Any] | None = None
        self.invoices: dict[str, Invoice] = {}
        for one in sorted(facts, key=lambda one: str(one["time"])):
            self._hear(one["type"].removeprefix("credit.").removesuffix(".v1"), one["data"])

    def _hear(self, kind: str, data: dict[str, Any]) -> None:
        match kind:
            case "customer.registered":
                self.profile = data
            case "measure.reported":
                self.reports[data["name"]] = data["value"]
            case "signal.reported":
                self.signals.add(data["kind"])
            case "conduct.reported":
                self.violations += data["kind"] == "violation"
            case "promise.broken":
                self.broken_promises += 1
            case "promise.made":
                pass
            case "financials.reported":
                self.statement = data
            case "transaction.recorded" if data["kind"] == "invoice":
                booked, due = (date.fromisoformat(data[key]) for key in ("booked_on", "due_on"))
                self.invoices[data["transaction_id"]] = Invoice(booked, due, Fraction(data["amount"]), [])
            case "transaction.recorded":
                self._settle(data["consumes"], date.fromisoformat(data["booked_on"]), cash=False)
            case "payment.recorded":
                self._settle(data["allocations"], date.fromisoformat(data["paid_on"]), cash=True)
            case _:
                raise AssertionError(kind)

    def _settle(self, parts: list[dict[str, str]], on: date, *, cash: bool) -> None:
        for part in parts:
            self.invoices[part["transaction_id"]].portions.append(Portion(on, Fraction(part["amount"]), cash))

    # --- what others say

    def number(self, name: str) -> Fraction | None:
        """A reported number."""
        return Fraction(self.reports[name]) if name in self.reports else None

    def says(self, name: str) -> bool | None:
        """A reported switch."""
        return self.reports[name] == "yes" if name in self.reports else None

    def ratio(self, above: str, below: str) -> Fraction | None:
        """One line of the statement ÷ another."""
        lines = self.statement["lines"] if self.statement else {}
        return Fraction(lines[above]) / Fraction(lines[below]) if above in lines and below in lines else None

    @property
    def audited(self) -> bool | None:
        """Whether the statement is audited."""
        return self.statement["basis"] == "audited" if self.statement else None

    @property
    def loses(self) -> bool:
        """A loss above a tenth of the net assets."""
        loss = self.ratio("net_profit", "net_assets")
        return loss is not None and loss < Fraction(-1, 10)

    # --- the ledger

    def days_late(self) -> list[tuple[int, Fraction]]:
        """(days late, amount) of everything settled, and of what is open past its due date."""
        found = []
        for invoice in self.invoices.values():
            found += [((portion.on - invoice.due).days, portion.amount) for portion in invoice.portions]
            still = invoice.amount - sum(portion.amount for portion in invoice.portions)
            if still and invoice.due < self.day:
                found.append(((self.day - invoice.due).days, still))
        return [(max(0, days), amount) for days, amount in found]

    @property
    def worst_late(self) -> int | None:
        """The most days late of anything."""
        return max((days for days, _ in self.days_late()), default=0) if self.invoices else None

    @property
    def late_items(self) -> int:
        """How many invoices were not settled whole by their due date."""
        in_time = (sum(p.amount for p in i.portions if p.on <= i.due) >= i.amount for i in self.invoices.values())
        return sum(not whole for whole in in_time)

    @property
    def average_late(self) -> Fraction | None:
        """Days late, weighted by amount."""
        late = self.days_late()
        return (
            Fraction(sum(days * amount for days, amount in late)) / sum(amount for _, amount in late) if late else None
        )

    @property
    def past_due(self) -> int:
        """Days past due of the oldest open item."""
        still = [i.due for i in self.invoices.values() if sum(p.amount for p in i.portions) < i.amount]
        return max((max(0, (self.day - due).days) for due in still), default=0)

    @property
    def collected(self) -> Fraction | None:
        """Cash on what fell due ÷ what fell due: what a claim settled brought none."""
        due = sum(invoice.amount for invoice in self.invoices.values())
        cash = sum(portion.amount for invoice in self.invoices.values() for portion in invoice.portions if portion.cash)
        return Fraction(cash) / due if due else None

    def months_since(self, first: date) -> int:
        """Completed months."""
        return (self.day.year - first.year) * 12 + self.day.month - first.month - (self.day.day < first.day)

    @property
    def relation(self) -> int | None:
        """Completed months since the account was opened."""
        opened = self.profile.get("opened_on")
        return self.months_since(date.fromisoformat(opened)) if opened else None

    @property
    def is_new(self) -> bool:
        """Less than six months since the first sale, or fewer than three items due in a year."""
        first = min((invoice.booked for invoice in self.invoices.values()), default=self.day)
        year_ago = self.day.replace(year=self.day.year - 1, day=min(self.day.day, 28))
        due = [1 for invoice in self.invoices.values() if year_ago < invoice.due < self.day]
        return self.months_since(first) < 6 or len(due) < 3

    @property
    def falls(self) -> bool:
        """Three full months, each below the one before, by a fifth in all, and each below last year's."""
        sold: dict[int, Fraction] = {}
        for invoice in self.invoices.values():
            month = invoice.booked.year * 12 + invoice.booked.month
            sold[month] = sold.get(month, Fraction(0)) + invoice.amount
        this = self.day.year * 12 + self.day.month
        if min(sold, default=this) > this - 15:
            return False
        last, middle, third, fourth = (sold.get(this - back, Fraction(0)) for back in range(1, 5))
        year_ago = [sold.get(this - 12 - back, Fraction(0)) for back in range(1, 4)]
        below = all(now < then for now, then in zip((last, middle, third), year_ago, strict=True))
        return last < middle < third < fourth and last <= fourth * Fraction(4, 5) and below
