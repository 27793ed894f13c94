"""Orders, deliveries and invoices of one customer, and what becomes of each invoice."""

from __future__ import annotations

from math import exp
from random import Random
from typing import Any

from gradeline.simulator.agenda import Agenda, money
from gradeline.simulator.collecting import Collecting
from gradeline.simulator.profile import Behaviour, Profile

SMALLEST, LARGEST = 10_000, 99_999_999_999
"""Amounts of an order, in minor units."""


class Trade:
    """Books documents into the agenda; what is paid and chased is left to Collecting."""

    __slots__ = ("_agenda", "_collecting", "_credit_share", "_iso", "_number", "_p", "_rng")

    def __init__(self, profile: Profile, agenda: Agenda, rng: Random) -> None:
        """Everything random comes from *rng*."""
        self._p, self._agenda, self._rng = profile, agenda, rng
        self._iso = agenda.calendar.iso
        self._collecting = Collecting(profile, agenda, rng)
        self._credit_share = 0.12 if profile.behaviour is Behaviour.DISPUTING else 0.03
        self._number = 0

    def order(self, day: int) -> None:
        """The customer orders on *day*; deliveries, invoices and payments follow from it."""
        self._number += 1
        number, rng = self._number, self._rng
        minor = min(LARGEST, max(SMALLEST, int(exp(rng.gauss(self._p.log_mean, self._p.log_sigma)))))
        if not self._p.chain:
            self._invoice(f"INV-{number}", day, minor, None)
            return
        order_id = f"ORD-{number}"
        self._book(order_id, "order", day, minor)
        if rng.random() < 0.02:
            cancelled = {"transaction_id": order_id, "cancelled_on": self._iso(day + 1)}
            self._agenda.put(day + 1, "transaction.cancelled", f"cancel:{order_id}", cancelled)
            return
        parts = [minor] if rng.random() < 0.75 else [minor * 2 // 5, minor - minor * 2 // 5]
        shipped = day
        for part, part_minor in enumerate(parts, 1):
            shipped += 1 + int(rng.random() * 7)
            self._deliver(order_id, f"{number}-{part}", shipped, part_minor)

    def opening_balance(self, day: int) -> None:
        """What an older customer owes already when the story begins."""
        minor = max(SMALLEST, int(exp(self._rng.gauss(self._p.log_mean, self._p.log_sigma))))
        due = day + self._rng.randint(5, 40)
        self._book("OPEN-1", "opening_balance", day, minor, due_on=self._iso(due))
        self._collecting.collect("OPEN-1", minor, day, due)

    def _book(self, document: str, kind: str, day: int, minor: int, **more: Any) -> None:
        data = {
            "transaction_id": document,
            "kind": kind,
            "amount": money(minor),
            "currency": self._p.currency,
            "booked_on": self._iso(day),
            **more,
        }
        self._agenda.put(day, "transaction.recorded", f"book:{document}", data)

    def _deliver(self, order_id: str, suffix: str, day: int, minor: int) -> None:
        document, rng = f"DEL-{suffix}", self._rng
        self._book(document, "delivery", day, minor, consumes=[{"transaction_id": order_id, "amount": money(minor)}])
        if rng.random() < 0.15:
            signed = day + 1 + int(rng.random() * 4)
            accepted = {"transaction_id": document, "accepted_on": self._iso(signed)}
            self._agenda.put(signed, "transaction.accepted", f"accept:{document}", accepted)
        self._invoice(f"INV-{suffix}", day + 1 + int(rng.random() * 4), minor, document)

    def _invoice(self, document: str, day: int, minor: int, delivery: str | None) -> None:
        p, rng = self._p, self._rng
        due, more = day + p.terms_days, dict[str, Any]()
        if p.says_terms:
            more["terms"] = {"code": f"N{p.terms_days}", "days": p.terms_days, "starts": "invoice"}
        else:
            more["due_on"] = self._iso(due)
        if delivery:
            more["consumes"] = [{"transaction_id": delivery, "amount": money(minor)}]
        self._book(document, "invoice", day, minor, **more)
        if rng.random() < 0.008:
            due += 30
            extended = {"transaction_id": document, "due_on": self._iso(due)}
            self._agenda.put(day + 5, "transaction.terms-changed", f"extend:{document}", extended)
        if rng.random() < self._credit_share:
            minor -= self._credit(document, day + 3 + int(rng.random() * 15), minor)
        self._collecting.collect(document, minor, day, due)

    def _credit(self, invoice: str, day: int, minor: int) -> int:
        """A credit note or return for a part of *invoice*; answers the part."""
        part = max(1, int(minor * self._rng.uniform(0.02, 0.2)))
        kind = "return" if self._rng.random() < 0.4 else "credit_note"
        prefix = "RET" if kind == "return" else "CRN"
        document = f"{prefix}-{invoice.removeprefix('INV-')}"
        self._book(document, kind, day, part, consumes=[{"transaction_id": invoice, "amount": money(part)}])
        return part
