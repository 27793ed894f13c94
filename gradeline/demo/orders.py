"""Orders that are checked before they are taken: approved, delivered, invoiced and paid; or held, and let go a while later.

What waits goes by itself once it is paid beforehand, or the general manager lets it go. Every document is paid in the end, so
that a long demonstration leaves the customers as they were.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple, Protocol

from gradeline.simulator.agenda import Event, money
from gradeline.simulator.book import Book

EVERY_S = 2.0
LIMITS_S = 10.0
"""So often those who have no limit yet are given one: exposure follows the history a little later than rating."""
WAITS_S, PATIENCE_S = (6.0, 20.0), 4.0
"""How long a held order waits before something is done about it; and how long each step of an order takes."""
PREPAID = 0.6
"""So many of the held orders are paid beforehand; the others are let go by people."""


class Asks(Protocol):
    """Whom orders are put to."""

    def grant_missing(self) -> None:
        """Give a limit to everybody who has none."""

    def checks(self, customer: str, order: str, amount: str, currency: str) -> str | None:
        """approved, held or refused; None where nobody answers."""

    def lets_go(self, customer: str, order: str) -> None:
        """Let a held order go."""


class Order(NamedTuple):
    """One order."""

    customer: str
    number: int
    minor: int
    currency: str


Step = Callable[[], list[Event]]


class Orders:
    """Puts an order to the desk every few seconds and tells what becomes of it. The clock is the caller's."""

    def __init__(
        self, desk: Asks, book: Book, rng: Random, *, on: str, tag: str, source: str, at: Callable[[float], str]
    ) -> None:
        """*tag* keeps ids apart from those of other runs; *at* writes a second of the clock as the time of a fact."""
        self._desk, self._book, self._rng = desk, book, rng
        self._on, self._tag, self._source, self._at = on, tag, source, at
        self._steps: list[tuple[float, int, Step]] = []
        self._waiting: list[tuple[float, int, Order]] = []
        """Held orders, and when something is done about them."""
        self._prepaid: set[int] = set()
        self._number = self._told = 0
        self._next = self._limits = 0.0
        self._now = 0.0

    def due(self, now: float, grade: Callable[[str], str | None]) -> list[Event]:
        """Ask what is to be asked by second *now*, and return the facts that happen. *grade*: nobody without one orders."""
        self._now = now
        facts: list[Event] = []
        if now >= self._limits:
            self._limits = now + LIMITS_S
            self._desk.grant_missing()
        while self._waiting and self._waiting[0][0] <= now:
            facts += self._helped(heappop(self._waiting)[2])
        while self._steps and self._steps[0][0] <= now:
            facts += heappop(self._steps)[2]()
        if now >= self._next:
            self._next = now + EVERY_S
            customer = self._rng.choice(self._book.subjects)
            if grade(customer) is not None:
                facts += self._asked(customer)
        return facts

    def endings(self) -> list[Event]:
        """The facts that end what is going on; what is held by then stays so. Nothing goes on afterwards."""
        facts: list[Event] = []
        while self._steps:
            facts += heappop(self._steps)[2]()
        return facts

    def _asked(self, customer: str) -> list[Event]:
        self._number += 1
        minor = int(self._rng.lognormvariate(15.2, 1.0))
        order = Order(customer, self._number, minor, self._book.currency(customer))
        decision = self._desk.checks(customer, self._id("ORDER", order), money(minor), order.currency)
        if decision == "approved":
            return self._taken(order)
        if decision == "held":
            heappush(self._waiting, (self._now + self._rng.uniform(*WAITS_S), order.number, order))
        return []

    def _helped(self, order: Order) -> list[Event]:
        """A held order is paid beforehand, or let go."""
        self._later(PATIENCE_S, lambda: self._taken(order))
        if self._rng.random() >= PREPAID:
            self._desk.lets_go(order.customer, self._id("ORDER", order))
            return []
        self._prepaid.add(order.number)
        paid = {**self._paid(order, "PREPAID"), "purpose": "prepayment", "for_order": self._id("ORDER", order)}
        return [self._fact(order, "payment.recorded", "prepaid", paid)]

    def _taken(self, order: Order) -> list[Event]:
        """The order is booked; delivery, invoice and payment follow."""
        self._later(self._pause(), lambda: self._delivered(order))
        return [self._booked(order, "order", "ORDER", "")]

    def _delivered(self, order: Order) -> list[Event]:
        self._later(self._pause(), lambda: self._invoiced(order))
        return [self._booked(order, "delivery", "DELIVERY", "ORDER")]

    def _invoiced(self, order: Order) -> list[Event]:
        self._later(4 * self._pause(), lambda: self._settled(order))
        return [self._booked(order, "invoice", "INVOICE", "DELIVERY", due_on=self._on)]

    def _settled(self, order: Order) -> list[Event]:
        to = [{"transaction_id": self._id("INVOICE", order), "amount": money(order.minor)}]
        if order.number not in self._prepaid:
            return [self._fact(order, "payment.recorded", "paid", {**self._paid(order, "PAID"), "allocations": to})]
        self._prepaid.discard(order.number)
        applied = {
            "settlement_id": self._id("SETTLED", order),
            "from": {"kind": "payment", "id": self._id("PREPAID", order)},
            "to": to,
            "applied_on": self._on,
        }
        return [self._fact(order, "settlement.applied", "settled", applied)]

    def _booked(self, order: Order, kind: str, prefix: str, takes: str, **more: Any) -> Event:
        data = {
            "transaction_id": self._id(prefix, order),
            "kind": kind,
            "amount": money(order.minor),
            "currency": order.currency,
            "booked_on": self._on,
            **more,
        }
        if takes:
            data["consumes"] = [{"transaction_id": self._id(takes, order), "amount": money(order.minor)}]
        return self._fact(order, "transaction.recorded", kind, data)

    def _paid(self, order: Order, prefix: str) -> Event:
        return {
            "payment_id": self._id(prefix, order),
            "amount": money(order.minor),
            "currency": order.currency,
            "paid_on": self._on,
        }

    def _id(self, prefix: str, order: Order) -> str:
        return f"{prefix}-{self._tag}-{order.number}"

    def _pause(self) -> float:
        return PATIENCE_S * (0.5 + self._rng.random())

    def _later(self, seconds: float, step: Step) -> None:
        self._told += 1
        heappush(self._steps, (self._now + seconds, self._told, step))

    def _fact(self, order: Order, kind: str, what: str, data: Event) -> Event:
        return {
            "specversion": "1.0",
            "id": f"{self._tag}:order-{order.number}-{what}",
            "source": self._source,
            "type": f"credit.{kind}.v1",
            "subject": order.customer,
            "time": self._at(self._now),
            "datacontenttype": "application/json",
            "data": data,
        }
