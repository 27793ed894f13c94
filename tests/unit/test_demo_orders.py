"""Orders of the demonstration: put to the desk, taken when approved, helped when held; in the end every document is paid."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any

import msgspec
import pytest

from gradeline.demo.desk import LEAST, limit_for
from gradeline.demo.orders import EVERY_S, LIMITS_S, Orders
from gradeline.demo.showing import Dealt
from gradeline.simulator.book import Book
from gradeline.simulator.busy import busy_day
from gradeline.simulator.portfolio import simulate
from shared.edge import codec
from tests.unit.test_demo_screen import drawn, hear, showing

ON = date(2026, 6, 15)


class FakeDesk:
    """Answers in turn; the API itself is asked where the whole demonstration runs."""

    def __init__(self, *answers: str | None) -> None:
        self.answers, self.asked, self.let_go, self.granted = answers, list[str](), list[str](), 0

    def grant_missing(self) -> None:
        self.granted += 1

    def checks(self, customer: str, order: str, amount: str, currency: str) -> str | None:
        assert Decimal(amount) > 0
        self.asked.append(order)
        return self.answers[(len(self.asked) - 1) % len(self.answers)]

    def lets_go(self, customer: str, order: str) -> None:
        self.let_go.append(order)


def book() -> Book:
    found = Book()
    for event in simulate(6, 2, 5, ON):
        found.note(event)
    return found


def lived(desk: FakeDesk, seconds: int) -> list[dict[str, Any]]:
    """Everything that is told in so many seconds, and at the end."""
    orders = Orders(desk, book(), Random(1), on=f"{ON}", tag="r1", source="/simulator/5/orders", at=lambda s: f"{ON}T09:{int(s) // 60:02d}:{int(s) % 60:02d}+08:00")  # fmt: skip
    told = [fact for second in range(seconds) for fact in orders.due(float(second), lambda _: "B")]
    assert len(desk.asked) == seconds / EVERY_S
    return told + orders.endings()


def of(facts: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [fact["data"] for fact in facts if fact["data"].get("kind") == kind]


def test_what_is_approved_is_ordered_delivered_invoiced_and_paid() -> None:
    facts = lived(FakeDesk("approved"), 60)
    for fact in facts:
        codec.decode(msgspec.json.encode(fact))
    orders, deliveries, invoices = (of(facts, kind) for kind in ("order", "delivery", "invoice"))
    assert len(orders) == len(deliveries) == len(invoices) == 30
    taken = sorted(one["consumes"][0]["transaction_id"] for one in deliveries)
    assert taken == sorted(one["transaction_id"] for one in orders)
    paid = Counter(part["transaction_id"] for fact in facts for part in fact["data"].get("allocations", ()))
    assert paid == Counter(one["transaction_id"] for one in invoices)


def test_what_is_held_is_paid_beforehand_or_let_go_and_then_goes_the_same_way() -> None:
    desk = FakeDesk("held")
    facts = lived(desk, 120)
    prepaid = [fact["data"] for fact in facts if fact["data"].get("purpose") == "prepayment"]
    assert desk.let_go
    assert prepaid
    assert not {one["for_order"] for one in prepaid} & set(desk.let_go), "one or the other"
    settled = {fact["data"]["from"]["id"] for fact in facts if fact["type"] == "credit.settlement.applied.v1"}
    assert {
        one["payment_id"] for one in prepaid if f"{one['payment_id']}".replace("PREPAID", "INVOICE") in ids(facts)
    } == settled
    for fact in facts:
        codec.decode(msgspec.json.encode(fact))


def ids(facts: list[dict[str, Any]]) -> set[str]:
    return {one["transaction_id"] for one in of(facts, "invoice")}


@pytest.mark.parametrize("answer", ["refused", None])
def test_what_is_refused_or_not_answered_leaves_no_fact(answer: str | None) -> None:
    assert lived(FakeDesk(answer), 60) == []


def test_limits_are_looked_after_now_and_then_and_leave_some_room() -> None:
    desk = FakeDesk("refused")
    lived(desk, 60)
    assert desk.granted == 60 / LIMITS_S
    assert limit_for(Decimal("0.00")) == LEAST
    assert limit_for(Decimal("163210.55")) == 210_000


def test_a_busy_day_has_orders_that_are_delivered_and_invoiced() -> None:
    facts = list(islice(busy_day(book(), seed=4, day=ON, tag="r1"), 2000))
    ordered = {one["transaction_id"]: one for one in of(facts, "order")}
    delivered = {one["transaction_id"]: one for one in of(facts, "delivery")}
    assert {one["consumes"][0]["transaction_id"] for one in delivered.values()} <= ordered.keys()
    billed = [one for one in of(facts, "invoice") if "consumes" in one]
    assert {one["consumes"][0]["transaction_id"] for one in billed} <= delivered.keys()
    assert len(delivered) > 50 < len(billed)


def test_checks_holds_and_releases_are_on_the_screen_in_both_languages() -> None:
    model = showing()
    held = {"order_id": "SO-1", "amount": "1200.00", "currency": "CNY", "reasons": ["LIMIT_EXCEEDED"]}
    events = [
        {"id": "C1/1", "type": "credit.order.held.v1", "subject": "C1", "data": held},
        {"id": "C1/2", "type": "credit.order.released.v1", "subject": "C1", "data": {**held, "by": "li"}},
        {"id": "C1/3", "type": "credit.reservation.made.v1", "subject": "C1", "data": {**held, "reasons": []}},
    ]
    assert all(isinstance(one, Dealt) for one in hear(model, *events))
    hear(model, *events)
    assert model.dealt == {"held": 1, "released": 1, "reserved": 1}, "each once"
    text = " ".join(drawn(model, width=400).split())
    for wanted in ("■ 1,200.00 CNY", "加上本单后占用额超过信用额度", "by special approval", "特批", "✓1 ■1 ▶1"):
        assert wanted in text, wanted
