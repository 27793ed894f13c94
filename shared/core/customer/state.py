"""What is told about one customer: the ledger, and dated facts of every other kind. No conclusion is drawn here.

Each service's state is one of these, with what that service concludes beside it; what a fact means is folded in one place.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import date
from typing import Any, Generic

import msgspec

from shared.core.ledger.bills import BillRules
from shared.core.ledger.days import WEEKENDS, WorkCalendar
from shared.core.ledger.documents import Order
from shared.core.ledger.ledger import Ledger
from shared.core.ledger.position import RAW, Lens
from shared.core.ledger.reading import P, Reading

REPORTED_OVERDUE = "overdue "
"""What billing says of a document is kept like an attribute, under this word and the document: (units, currency)."""

CONTRACT = "contract "
"""What is agreed is kept like an attribute, under this word and the contract: what each fact said of it."""

PLACES = "place"
"""The kind of record that keeps what population reviews said of the customer."""


class Record(msgspec.Struct, array_like=True, gc=False):
    """A dated fact that another may end: a promise, a signal, a matter of conduct. `order` is None until it is recorded."""

    day: int = 0
    order: Order | None = None
    what: dict[str, Any] = {}
    ends: list[tuple[Order, str]] = []
    """(order, outcome) of everything that ended it."""

    @property
    def ended(self) -> int:
        """The day of its last end; 0: none."""
        return self.ends[-1][0][0] if self.ends else 0

    def end_by(self, day: int) -> tuple[Order, str] | None:
        """(order, outcome) of the greatest end up to *day*; None while it is open."""
        return next((end for end in reversed(self.ends) if end[0][0] <= day), None)


class Setting(msgspec.Struct, frozen=True):
    """How a ledger is read: the lenses of the methods in force, the work calendar, the term of undated documents."""

    lenses: tuple[Lens, ...] = (RAW,)
    calendar: WorkCalendar = WEEKENDS
    term_days: int = 30
    bill_rules: BillRules = BillRules()
    currency: str = "CNY"
    """Of the installation; a customer without items and without one of its own is shown in it."""


class Customer(Generic[P]):
    """The facts of one customer. Mutated in place by `evolve`; pure seen from outside, for nothing else holds it."""

    __slots__ = (
        "aliases",
        "companies",
        "conflicts",
        "customer_id",
        "days",
        "first",
        "late",
        "ledger",
        "measures",
        "merges",
        "profile",
        "records",
        "told",
    )

    def __init__(self, customer_id: str, setting: Setting, reading: Reading[P]) -> None:
        """A customer of whom nothing is known, whose ledger is added up as *reading* says."""
        self.customer_id = customer_id
        self.ledger = Ledger(reading, setting.lenses, setting.calendar, setting.term_days, setting.bill_rules)
        self.profile: dict[str, list[tuple[Order, Any]]] = {}
        """Attribute → its values, by order."""
        self.records: dict[str, dict[str, Record]] = {}
        """Kind of fact → id → record."""
        self.measures: dict[str, list[tuple[Order, int, str]]] = {}
        """Reported measure → (order, end of its period, value)."""
        self.aliases: dict[tuple[str, str], tuple[Order, bool]] = {}
        self.merges: list[tuple[Order, str]] = []
        """(order, surviving customer), by order."""
        self.conflicts: dict[str, int] = {}
        """Documents recorded twice with other content, quarantined facts: what → day."""
        self.days: list[int] = []
        """Every business date of a fact, in order."""
        self.first = 0
        """The earliest business date of any fact; 0 while there is none."""
        self.late: tuple[int, str, str, str] | None = None
        """(business day, source, id, type) of the fact that reaches back furthest since the last decision."""
        self.companies: set[str] = set()
        """Our legal entities that ever booked something with the customer."""
        self.told = 0
        """Grows with every fact that is no document and no payment; what such facts give is measured once a day."""

    def merged_into(self, day: int) -> str | None:
        """The customer that this one was merged into by *day*, as last told; None while it stands for itself."""
        return next((into for order, into in reversed(self.merges) if order[0] <= day), None)

    def attribute(self, name: str, day: int) -> Any:
        """The value of a profile attribute as last told by *day*; None before it was told."""
        found = None
        for order, value in self.profile.get(name, ()):
            if order[0] > day:
                break
            found = value
        return found

    def contract(self, contract_id: str, day: int) -> dict[str, Any]:
        """What is agreed in a contract as last told by *day*, by the fields of its facts; empty before it was signed."""
        found: dict[str, Any] = {}
        for order, told in self.profile.get(f"{CONTRACT}{contract_id}", ()):
            if order[0] <= day:
                found |= told
        return found

    def contract_ids(self) -> list[str]:
        """The contracts that were ever told of."""
        return [name.removeprefix(CONTRACT) for name in self.profile if name.startswith(CONTRACT)]

    def contract_ends(self, day: int) -> Iterator[int]:
        """The last days of contracts, *day* or later, as they are known on *day*."""
        for name in self.contract_ids():
            ends = self.contract(name, day).get("valid_to")
            if ends and (last := date.fromisoformat(ends).toordinal()) >= day:
                yield last

    def learn(self, name: str, order: Order, value: Any) -> None:
        """Keep one more value of a profile attribute."""
        self.told += 1
        insort(self.profile.setdefault(name, []), (order, value), key=lambda entry: entry[0])

    def record(self, kind: str, id: str) -> Record:
        """The record *id* of *kind*, about to be told more; an empty one where only its end is known so far."""
        self.told += 1
        kept = self.records.setdefault(kind, {})
        held = kept.get(id)
        if held is None:
            held = kept[id] = Record()
        return held

    def contradicted(self, what: str, order: Order, other: Order) -> None:
        """*what* was told twice with other content; it counts from the later of the two days."""
        self.conflicts[what] = max(order[0], other[0], self.conflicts.get(what, 0))

    def seen(self, day: int, source: str, id: str, type: str) -> None:
        """A fact of *day* came in: the path from that day on may be another."""
        late, days, ledger = self.late, self.days, self.ledger
        if late is None or (day <= late[0] and (day, source, id) < late[:3]):
            self.late = (day, source, id, type)
        if not days or days[-1] < day:
            days.append(day)
        elif days[at := bisect_left(days, day)] != day:
            days.insert(at, day)
        self.first = days[0]
        ledger.touched = min(ledger.touched, day)
