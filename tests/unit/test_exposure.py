"""What a customer's exposure is, category by category, told in a few facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.exposure.core.exposure import Exposure, Line, exposure, lines, prepaid
from services.exposure.core.holding import Holding
from services.exposure.core.reading import Commitments
from services.exposure.core.rules import DEFAULT, Rules
from shared.core.customer.evolve import evolve
from shared.core.customer.state import Customer, Setting
from shared.core.ledger.bills import BillRules
from shared.core.ledger.documents import Place
from shared.core.references import References
from tests.support.covers import covers
from tests.support.customer import Customer as Told


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def account(told: Told, setting: Setting | None = None) -> Customer[Holding]:
    held = Customer("C1", setting or Setting(), Commitments())
    for event in told.events:
        evolve(held, event)
    return held


def counts(told: Told, on: str, rules: Rules = DEFAULT, **how: Any) -> Exposure:
    return exposure(account(told), day(on), rules, References(), how.pop("currency", "CNY"), **how)


def some(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    """What is not 0 of *amounts*."""
    return {name: str(amount) for name, amount in amounts.items() if amount}


def seen(told: Told, on: str, rules: Rules = DEFAULT, **how: Any) -> dict[str, str]:
    return some(counts(told, on, rules, **how).by_category)


@covers("LT-61")
def test_an_order_becomes_a_delivery_becomes_an_invoice_and_nothing_counts_twice() -> None:
    told = Told()
    told.books("order", "O1", "100.00", "2026-01-02")
    assert seen(told, "2026-01-02") == {"orders": "100.00"}
    told.books("delivery", "D1", "40.00", "2026-01-05", takes={"O1": "40.00"})
    assert seen(told, "2026-01-05") == {"orders": "60.00", "delivered": "40.00"}
    told.invoice("I1", "25.00", "2026-01-06", due="2026-02-05", takes={"D1": "25.00"})
    assert seen(told, "2026-01-06") == {"orders": "60.00", "delivered": "15.00", "not_due": "25.00"}
    told.books("credit_note", "N1", "5.00", "2026-01-07", takes={"I1": "5.00"})
    assert seen(told, "2026-01-07") == {"orders": "60.00", "delivered": "15.00", "not_due": "20.00"}
    assert counts(told, "2026-01-07").total == Decimal("95.00")
    assert seen(told, "2026-02-06") == {"orders": "60.00", "delivered": "15.00", "overdue": "20.00"}
    assert lines(account(told), day("2026-02-06"), DEFAULT) == [
        Line("D1", "delivery", "delivered", 150000, "CNY", day("2026-01-05"), 0, Place()),
        Line("I1", "invoice", "overdue", 200000, "CNY", day("2026-01-06"), day("2026-02-05"), Place()),
        Line("O1", "order", "orders", 600000, "CNY", day("2026-01-02"), 0, Place()),
    ]


# --- time alone


@covers("LT-61")
def test_an_order_counts_from_the_day_on_which_its_first_date_comes_within_the_horizon() -> None:
    told = Told()
    told.books("order", "O1", "100.00", "2026-01-02", schedule=[
        {"seq": 1, "kind": "delivery", "amount": "60.00", "due_on": "2026-04-02"},
        {"seq": 2, "kind": "delivery", "amount": "40.00", "due_on": "2026-03-02"},
    ])  # fmt: skip
    assert seen(told, "2026-01-30") == {}
    assert [(line.category, line.units, line.weight) for line in lines(account(told), day("2026-01-30"), DEFAULT)] == [
        ("orders_later", 1000000, 0)
    ]
    assert seen(told, "2026-01-31") == {"orders": "100.00"}


def test_an_order_beyond_the_horizon_counts_where_the_rules_say_so() -> None:
    told = Told()
    told.books("order", "O1", "100.00", "2026-01-02", due="2026-12-01")
    everything = Rules(categories=DEFAULT.categories | {"orders_later"})
    assert seen(told, "2026-01-02", everything) == {"orders_later": "100.00"}


def test_a_ledger_read_with_another_horizon_is_refused() -> None:
    with pytest.raises(ValueError, match="another credit horizon"):
        counts(Told(), "2026-01-02", Rules(horizon_days=10))


@covers("LT-61")
def test_money_kept_back_is_overdue_only_after_its_own_date() -> None:
    told = Told()
    told.invoice("I1", "100.00", "2026-01-02", schedule=[
        {"seq": 1, "kind": "acceptance", "amount": "95.00", "due_on": "2026-02-02"},
        {"seq": 2, "kind": "retention", "amount": "5.00", "due_on": "2027-02-02"},
    ])  # fmt: skip
    assert seen(told, "2026-02-02") == {"not_due": "95.00", "retention": "5.00"}
    assert seen(told, "2026-02-03") == {"overdue": "95.00", "retention": "5.00"}
    assert seen(told, "2027-02-03") == {"overdue": "100.00"}


# --- paper


def bill(told: Told, kind: str = "commercial_acceptance", **more: Any) -> None:
    told.invoice("I1", "100.00", "2026-01-02", due="2026-02-01")
    told.pays("P1", "100.00", "2026-01-10", for_={"I1": "100.00"}, instrument="bill")
    told.tell("bill.received", date(2026, 1, 10), bill_id="B1", kind=kind, amount="100.00", currency="CNY",
              received_on="2026-01-10", due_on="2026-07-10", payment_id="P1", **more)  # fmt: skip


def step(told: Told, what: str, on: str, **more: Any) -> None:
    told.tell(f"bill.{what}", date.fromisoformat(on), bill_id="B1", on=on, **more)


@covers("LT-61")
@pytest.mark.parametrize(
    ("kind", "acceptor", "amount"),
    [
        ("bank_acceptance", "large_bank", None),
        ("bank_acceptance", "bank", "20.00"),
        ("bank_acceptance", None, "20.00"),
        ("commercial_acceptance", "large_bank", "100.00"),
        ("electronic_receivable", None, "100.00"),
    ],
)
def test_a_bill_settles_the_invoice_and_weighs_as_its_acceptor_does(
    kind: str, acceptor: str | None, amount: str | None
) -> None:
    told = Told()
    bill(told, kind, acceptor_class=acceptor)
    assert seen(told, "2026-01-09") == {"not_due": "100.00"}
    assert seen(told, "2026-06-01") == ({"bills": amount} if amount else {})
    assert counts(told, "2026-06-01").apart["unallocated"] == 0
    found = lines(account(told), day("2026-06-01"), DEFAULT)
    assert [(line.document, line.category, line.units) for line in found] == [("I1", "bills", 1000000)]
    step(told, "honoured", "2026-07-10")
    assert seen(told, "2026-07-10") == {}


@covers("LT-61")
def test_a_bill_passed_on_with_recourse_is_contingent_until_it_must_have_been_presented() -> None:
    told = Told()
    bill(told)
    step(told, "endorsed", "2026-02-10")
    assert seen(told, "2026-02-10") == {"contingent": "100.00"}
    assert seen(told, "2026-07-20") == {"contingent": "100.00"}
    assert seen(told, "2026-07-21") == {}
    step(told, "dishonoured", "2026-07-25")
    assert seen(told, "2026-07-25") == {"overdue": "100.00"}


def test_a_bill_passed_on_without_recourse_is_money() -> None:
    told = Told()
    bill(told)
    step(told, "discounted", "2026-02-10", with_recourse=False)
    assert seen(told, "2026-02-10") == {}


def test_each_part_of_a_bill_stands_where_it_went() -> None:
    told = Told()
    bill(told)
    step(told, "endorsed", "2026-02-10", amount="30.00")
    step(told, "discounted", "2026-02-11", amount="20.00", with_recourse=False)
    assert seen(told, "2026-02-10") == {"bills": "70.00", "contingent": "30.00"}
    assert seen(told, "2026-02-11") == {"bills": "50.00", "contingent": "30.00"}
    step(told, "honoured", "2026-07-10", amount="40.00")
    assert seen(told, "2026-07-10") == {"bills": "10.00", "contingent": "30.00"}
    step(told, "dishonoured", "2026-07-12", amount="10.00")  # its holder came back to us
    assert seen(told, "2026-07-12") == {"bills": "10.00", "contingent": "20.00", "overdue": "10.00"}


def test_how_long_paper_counts_is_data_of_the_rules() -> None:
    told = Told()
    bill(told)
    step(told, "endorsed", "2026-02-10")
    told.invoice("I2", "7.00", "2026-01-02", due="2026-02-01")
    told.pays("P2", "7.00", "2026-01-10", for_={"I2": "7.00"}, instrument="bill")
    short = Setting(bill_rules=BillRules(presented_days=2, longest_months=3))
    for setting, both, one in ((Setting(), "2026-07-09", "2026-07-20"), (short, "2026-04-09", "2026-07-12")):
        held, rules, references = account(told, setting), DEFAULT, References()
        found = [exposure(held, on, rules, references, "CNY") for on in (day(both), day(one), day(one) + 1)]
        assert [some(each.by_category) for each in found] == [
            {"bills": "7.00", "contingent": "100.00"}, {"contingent": "100.00"}, {}
        ]  # fmt: skip


def test_a_bill_that_only_the_payment_tells_of_counts_until_it_matures() -> None:
    told = Told()
    told.invoice("I1", "100.00", "2026-01-02", due="2026-02-01")
    told.pays("P1", "120.00", "2026-01-10", for_={"I1": "100.00"}, instrument="bill", matures_on="2026-04-10")
    assert seen(told, "2026-04-09") == {"bills": "100.00"}
    assert some(counts(told, "2026-04-09").apart) == {}, "paper is no cash before it is paid"
    assert some(counts(told, "2026-04-10").apart) == {"unallocated": "20.00"}


# --- other categories


@covers("LT-61")
def test_every_category_can_be_told_and_switched_off() -> None:
    told = Told()
    told.books("consignment", "C1", "10.00", "2026-01-02")
    told.books("guarantee_given", "G1", "20.00", "2026-01-02")
    told.books("advance_funding", "A1", "30.00", "2026-01-02", due="2026-01-31")
    told.books("retention", "R1", "40.00", "2026-01-02", due="2026-12-31")
    told.invoice("I1", "50.00", "2026-01-02", due="2026-03-31")
    told.tell("receivable.transferred", date(2026, 1, 5), transfer_id="T1", kind="factoring", transaction_ids=["I1"],
              amount="45.00", currency="CNY", on="2026-01-05")  # fmt: skip
    told.pays("P1", "12.00", "2026-01-20", for_={"A1": "12.00"})
    assert seen(told, "2026-02-02") == {
        "consignment": "10.00", "guarantees": "20.00", "advance_funding": "18.00", "retention": "40.00",
        "contingent": "45.00", "not_due": "5.00",
    }  # fmt: skip
    fewer = Rules(categories=frozenset({"retention"}), weights={"retention": 50})
    assert counts(told, "2026-02-02", fewer).by_category == {"retention": Decimal("20.00")}


@covers("LT-61")
def test_what_speaks_for_the_customer_stands_apart_and_opens_no_limit() -> None:
    told = Told()
    told.pays("P1", "100.00", "2026-01-02")
    told.pays("P2", "30.00", "2026-01-02", purpose="prepayment", for_order="O1")
    told.books("credit_note", "N1", "7.00", "2026-01-02")
    told.tell(
        "deposit.received",
        date(2026, 1, 2),
        deposit_id="D1",
        kind="dealer",
        amount="50.00",
        currency="CNY",
        on="2026-01-02",
    )
    told.tell("deposit.refunded", date(2026, 1, 9), deposit_id="D1", amount="20.00", on="2026-01-09")
    shown = counts(told, "2026-01-09")
    assert shown.total == 0
    assert some(shown.apart) == {
        "unallocated": "100.00",
        "prepayments": "30.00",
        "deposits": "30.00",
        "credit_notes": "7.00",
    }
    told.books("order", "O1", "60.00", "2026-01-05")
    assert counts(told, "2026-01-09").total == Decimal("60.00")
    assert counts(told, "2026-01-09", Rules(deduct=frozenset({"prepayments"}))).total == Decimal("30.00")
    assert counts(told, "2026-01-09", Rules(deduct=frozenset({"unallocated"}))).total == 0, "never below nothing"
    assert prepaid(account(told), day("2026-01-09"), DEFAULT, "O1") == {"CNY": 300000}


def test_money_paid_back_that_never_came_in_is_owed() -> None:
    told = Told()
    told.pays("P1", "100.00", "2026-01-02")
    told.refunds("F1", "130.00", "2026-01-09", of="P1")
    assert seen(told, "2026-01-09") == {"special": "30.00"}
    assert [(line.category, line.units) for line in lines(account(told), day("2026-01-09"), DEFAULT)] == [
        ("special", 300000)
    ]


# --- places, orders left out, currencies


@covers("LT-61")
def test_a_place_is_asked_by_the_texts_that_it_names() -> None:
    told = Told()
    told.invoice("I1", "10.00", "2026-01-02", due="2026-02-01", company="A", segment="retail")
    told.invoice("I2", "20.00", "2026-01-02", due="2026-02-01", company="A")
    told.invoice("I3", "40.00", "2026-01-02", due="2026-02-01", company="B", salesperson="S")
    told.pays("P1", "5.00", "2026-01-03", for_={"I3": "5.00"}, company="A", instrument="bill", matures_on="2026-06-01")
    assert seen(told, "2026-01-03", place=Place(company="A")) == {"not_due": "30.00"}
    assert seen(told, "2026-01-03", place=Place(company="A", segment="retail")) == {"not_due": "10.00"}
    assert seen(told, "2026-01-03", place=Place(company="B")) == {"not_due": "35.00", "bills": "5.00"}, (
        "where the claim was"
    )
    assert [
        line.document for line in lines(account(told), day("2026-01-03"), DEFAULT, place=Place(salesperson="S"))
    ] == ["I3", "I3"]


def test_an_order_that_is_asked_about_is_left_out_and_nothing_else_of_it() -> None:
    told = Told()
    told.books("order", "O1", "100.00", "2026-01-02", company="A")
    told.books("delivery", "D1", "40.00", "2026-01-05", takes={"O1": "40.00"}, company="A")
    assert seen(told, "2026-01-05", without_order="O1") == {"delivered": "40.00"}
    assert seen(told, "2026-01-05", without_order="D1") == {"orders": "60.00", "delivered": "40.00"}
    assert seen(told, "2026-01-05", without_order="O9") == {"orders": "60.00", "delivered": "40.00"}
    assert seen(told, "2026-01-05", without_order="O1", place=Place(company="B")) == {}
    assert {line.document for line in lines(account(told), day("2026-01-05"), DEFAULT, without_order="O1")} == {"D1"}


def rates(on: str, **values: str) -> References:
    told = Told()
    told.rates(on, CNY="1", **values)
    return told.context


@covers("LT-61")
def test_other_currencies_count_at_the_rate_of_the_day_and_a_missing_one_is_named() -> None:
    told = Told()
    told.invoice("I1", "100.00", "2026-01-02", due="2026-02-01")
    told.invoice("I2", "10.01", "2026-01-02", due="2026-02-01", currency="USD")
    held = account(told)
    shown = exposure(held, day("2026-01-05"), DEFAULT, rates("2026-01-05", USD="7.1234"), "CNY")
    assert (shown.total, shown.missing) == (Decimal("171.31"), ()), "10.01 × 7.1234 = 71.305234, rounded up"
    shown = exposure(held, day("2026-01-05"), DEFAULT, rates("2026-01-05", USD="7.1234"), "USD")
    assert shown.total == Decimal("24.05"), "100 ÷ 7.1234 = 14.038"
    shown = exposure(held, day("2026-01-05"), DEFAULT, rates("2026-01-06", USD="7.1234"), "CNY")
    assert (shown.total, shown.missing) == (Decimal("100.00"), ("USD",)), "tomorrow's rate is no rate"
    shown = exposure(held, day("2026-01-13"), DEFAULT, rates("2026-01-05", USD="7.1234"), "CNY")
    assert (shown.total, shown.missing) == (Decimal("171.31"), ("USD",)), "8 days old: it counts and is named"
    assert exposure(held, day("2026-01-12"), DEFAULT, rates("2026-01-05", USD="7.1234"), "CNY").missing == ()
    assert exposure(held, day("2026-01-01"), DEFAULT, References(), "CNY").missing == (), "nothing is open in USD yet"


# --- ways round the limit


@pytest.mark.parametrize("kind", ["order", "delivery", "invoice"])
def test_copies_renumbering_reopening_and_other_terms_hide_nothing(kind: str) -> None:
    told = Told()
    told.books(kind, "X1", "100.00", "2026-01-02")
    told.books(kind, "X2", "100.00", "2026-01-02")
    assert counts(told, "2026-01-02").total == 200, "a copy counts"
    told.books(kind, "X3", "100.00", "2026-01-05", replaces="X2")
    assert (counts(told, "2026-01-04").total, counts(told, "2026-01-05").total) == (200, 200), "a new number"
    told.cancels("X1", "2026-01-06")
    assert counts(told, "2026-01-06").total == 100
    told.amends("X1", "100.00", "2026-01-07")
    assert counts(told, "2026-01-07").total == 200, "closed and opened again"
    told.tell("transaction.terms-changed", date(2026, 1, 8), transaction_id="X1", due_on="2027-06-01")
    everything = Rules(categories=DEFAULT.categories | {"orders_later"})
    assert counts(told, "2026-01-08", everything).total == 200, "other terms"


def test_a_credit_note_takes_off_no_more_than_it_is_worth() -> None:
    told = Told()
    told.invoice("I1", "100.00", "2026-01-02", due="2026-02-01")
    told.books("credit_note", "N1", "5.00", "2026-01-07", takes={"I1": "80.00"})
    assert seen(told, "2026-01-07") == {"not_due": "95.00"}


def test_what_is_given_up_or_sold_in_another_currency_takes_nothing_off() -> None:
    told = Told()
    told.invoice("I1", "100.00", "2026-01-02", due="2026-02-01")
    told.tell("write-off.recorded", date(2026, 1, 5), write_off_id="W1", transaction_id="I1", amount="60.00", currency="USD",
              on="2026-01-05", kind="bad_debt")  # fmt: skip
    told.tell("receivable.transferred", date(2026, 1, 5), transfer_id="T1", kind="factoring", transaction_ids=["I1"],
              amount="30.00", currency="USD", on="2026-01-05", with_recourse=False)  # fmt: skip
    assert seen(told, "2026-01-05") == {"not_due": "100.00"}
