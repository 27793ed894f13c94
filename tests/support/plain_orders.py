"""What becomes of the orders of one customer, as one would work it out on paper: a limit, what is open, a queue of orders that wait.

It shares no code with the product. The customer asks before it buys and pays in the order of the ledger. An order of more than
two fifths of the limit waits for people, who let it go at once, whatever the limit says. Any other waits while it would exceed
the limit; after each payment those that wait are looked at again, the longest waiting first. What was let go is invoiced before
anything else happens. What is paid before it was invoiced, because the order still waits, is paid once it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tests.support.spreadsheet import Row

SHARE = Decimal("0.4")
APPROVED, TOO_MUCH, TOO_LARGE = "approved", "LIMIT_EXCEEDED", "DOCUMENT_TOO_LARGE"


@dataclass
class Paper:
    """One customer's orders on paper."""

    limit: Decimal
    answers: dict[str, str] = field(default_factory=dict)
    """Order → approved, or the first reason why it waits."""
    waiting: dict[str, Decimal] = field(default_factory=dict)
    """Orders that wait, the longest waiting first."""
    owed: dict[str, Decimal] = field(default_factory=dict)
    """Everything that was let go and is not paid."""
    let_go: list[str] = field(default_factory=list)
    """Orders that let themselves go, in their order."""
    early: set[str] = field(default_factory=set)
    """What was to be paid while its order waited."""

    def asks(self, order: str, amount: Decimal) -> None:
        fits = sum(self.owed.values()) + amount <= self.limit
        is_large = amount > self.limit * SHARE
        self.answers[order] = TOO_MUCH if not fits else TOO_LARGE if is_large else APPROVED
        if fits or is_large:
            self.owed[order] = amount
        else:
            self.waiting[order] = amount

    def pays(self, order: str) -> None:
        if order in self.waiting:
            self.early.add(order)
            return
        due = [order]
        while due:
            del self.owed[due.pop(0)]
            for name, amount in list(self.waiting.items()):
                if sum(self.owed.values()) + amount <= self.limit:
                    self.let_go.append(name)
                    self.owed[name] = self.waiting.pop(name)
                    due += [name] if name in self.early else []


def script(lines: Iterable[Row], until: date) -> list[tuple[str, Row]]:
    """`asks` and `pays` of one customer up to *until*, in the order of the ledger; of one day what is asked comes first."""
    told = [(row.invoiced, 0, row.invoice, "asks", row) for row in lines]
    told += [(row.settled, 1, row.invoice, "pays", row) for row in lines if row.invoiced <= until]
    return [(what, row) for on, *_, what, row in sorted(told, key=lambda one: one[:3]) if on <= until]


def played(lines: Iterable[Row], until: date, limit: Decimal) -> Paper:
    """Everything that happens to one customer."""
    paper = Paper(limit)
    for what, row in script(lines, until):
        paper.asks(row.invoice, row.amount) if what == "asks" else paper.pays(row.invoice)
    return paper
