"""One busy day, without end: facts all dated today, about the customers of a history, for a demonstration.

The stories of `portfolio.live` bring a customer a fact every other day. Here every fact happens today, so that its
consequences show today.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from random import Random

from gradeline.simulator.agenda import Calendar, Event, money
from gradeline.simulator.book import Book
from gradeline.simulator.portfolio import ZONE

SIGNALS = {"press": 40, "lawsuit": 30, "enforcement": 18, "dishonest_debtor": 12}
RIVALS = ("ours_only", "ours_main", "equal", "rivals_main")


def busy_day(book: Book, *, seed: int, day: date, tag: str, zone: str = ZONE) -> Iterator[Event]:
    """Facts dated *day* about the customers in *book*, in which each is noted.

    *tag* keeps the ids of this run apart from those of other runs on the same day. The same arguments and the same book
    give the same facts.
    """
    rng = Random(f"{seed}/{day}/{tag}")
    work = _Work(book, rng, day.isoformat(), tag)
    calendar, first = Calendar(zone), day.toordinal() * 86_400
    actions = tuple(work.weights)
    weights = tuple(work.weights.values())
    number = 0
    while True:
        subject = rng.choice(book.subjects)
        done = rng.choices(actions, weights=weights)[0](subject)
        if done is None:
            continue
        kind, data = done
        number += 1
        event: Event = {
            "specversion": "1.0",
            "id": f"{tag}:{number}",
            "source": f"/simulator/{seed}/today/{day.isoformat()}",
            "type": f"credit.{kind}.v1",
            "subject": subject,
            "time": calendar.time(first + number % 86_400),
            "datacontenttype": "application/json",
            "data": data,
        }
        book.note(event)
        yield event


Done = tuple[str, Event] | None
"""The short type and the data of a fact; None where the customer has nothing to do it with."""


class _Work:
    """What may happen today."""

    def __init__(self, book: Book, rng: Random, on: str, tag: str) -> None:
        self._book, self._rng, self._on, self._tag = book, rng, on, tag
        self._number = 0
        self._payments: dict[str, str] = {}
        self._signals: dict[str, str] = {}
        self._ordered: dict[str, list[Event]] = {}
        self._delivered: dict[str, list[Event]] = {}
        self.weights: dict[Callable[[str], Done], int] = {
            self.invoice: 40,
            self.order: 15,
            self.deliver: 12,
            self.bill: 11,
            self.pay: 28,
            self.bounce: 3,
            self.signal: 5,
            self.lift: 3,
            self.rival: 4,
            self.dispute: 2,
        }

    def _next(self, prefix: str) -> str:
        self._number += 1
        return f"{prefix}-{self._tag}-{self._number}"

    def invoice(self, subject: str) -> Done:
        """An invoice, due in 30 days."""
        return "transaction.recorded", {**self._document(subject, "INV", "invoice"), "due_on": self._due()}

    def order(self, subject: str) -> Done:
        """An order."""
        ordered = self._document(subject, "ORD", "order")
        self._ordered.setdefault(subject, []).append(ordered)
        return "transaction.recorded", ordered

    def deliver(self, subject: str) -> Done:
        """What was ordered first today is delivered."""
        delivered = self._follows(self._ordered.get(subject), "DEL", "delivery")
        if delivered is None:
            return None
        self._delivered.setdefault(subject, []).append(delivered)
        return "transaction.recorded", delivered

    def bill(self, subject: str) -> Done:
        """What was delivered first today is invoiced, due in 30 days."""
        billed = self._follows(self._delivered.get(subject), "INV", "invoice")
        return None if billed is None else ("transaction.recorded", {**billed, "due_on": self._due()})

    def _follows(self, before: list[Event] | None, prefix: str, kind: str) -> Event | None:
        """The document that takes the place of the first of *before*, whole."""
        if not before:
            return None
        first = before.pop(0)
        taken = [{"transaction_id": first["transaction_id"], "amount": first["amount"]}]
        return {**first, "transaction_id": self._next(prefix), "kind": kind, "consumes": taken}

    def _due(self) -> str:
        return date.fromordinal(date.fromisoformat(self._on).toordinal() + 30).isoformat()

    def _document(self, subject: str, prefix: str, kind: str) -> Event:
        return {
            "transaction_id": self._next(prefix),
            "kind": kind,
            "amount": money(int(self._rng.lognormvariate(14.2, 0.8))),
            "currency": self._book.currency(subject),
            "booked_on": self._on,
        }

    def pay(self, subject: str) -> Done:
        """The oldest open document is paid."""
        found = self._book.oldest_open(subject)
        if found is None:
            return None
        payment = self._payments[subject] = self._next("PAY")
        return "payment.recorded", {
            "payment_id": payment,
            "amount": money(found.minor),
            "currency": self._book.currency(subject),
            "paid_on": self._on,
            "instrument": "transfer",
            "allocations": [{"transaction_id": found.document, "amount": money(found.minor)}],
        }

    def bounce(self, subject: str) -> Done:
        """The last payment of today comes back."""
        payment = self._payments.pop(subject, None)
        if payment is None:
            return None
        return "payment.reversed", {"payment_id": payment, "reversed_on": self._on, "reason": "bounced"}

    def signal(self, subject: str) -> Done:
        """The world outside speaks up."""
        if subject in self._signals:
            return None
        kind = self._rng.choices(tuple(SIGNALS), weights=tuple(SIGNALS.values()))[0]
        signal = self._signals[subject] = self._next("SIG")
        return "signal.reported", {"signal_id": signal, "kind": kind, "on": self._on, "severity": "warning"}

    def lift(self, subject: str) -> Done:
        """What was said today is no longer so."""
        signal = self._signals.pop(subject, None)
        return None if signal is None else ("signal.lifted", {"signal_id": signal, "lifted_on": self._on})

    def rival(self, subject: str) -> Done:
        """A visit shows whose goods the customer sells."""
        value = self._rng.choices(RIVALS, weights=(40, 35, 17, 8))[0]
        return "measure.reported", {"name": "rival_goods", "value": value, "period_end": self._on}

    def dispute(self, subject: str) -> Done:
        """The customer contests its oldest open document."""
        found = self._book.oldest_open(subject)
        if found is None:
            return None
        return "dispute.opened", {
            "dispute_id": self._next("DSP"),
            "transaction_id": found.document,
            "amount": money(found.minor),
            "currency": self._book.currency(subject),
            "opened_on": self._on,
            "category": "quality",
        }
