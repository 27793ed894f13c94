"""Facts that contradict or overtake each other: nothing is counted twice and arrival order still does not matter."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.customer import Customer, day
from tests.unit.test_ledger_scenarios import arrivals, expect

MARCH = day("2025-03-03")


@pytest.fixture
def book() -> Customer:
    book = Customer()
    book.invoice("I", "100.00", "2025-03-03", due="2025-03-31")
    return book


def test_an_invoice_that_was_re_issued_is_invoiced_once(book: Customer) -> None:
    book.invoice("I2", "110.00", "2025-03-20", replaces="I")

    expect(book, "2025-03-20", receivable_balance="110.00", invoiced="110.00")


def test_money_on_an_invoice_re_issued_as_two_is_used_once(book: Customer) -> None:
    book.pays("P", "100.00", "2025-03-10", for_={"I": "100.00"})
    book.invoice("I2", "60.00", "2025-03-20", replaces="I")
    book.invoice("I3", "60.00", "2025-03-20", replaces="I")

    expect(book, "2025-03-20", receivable_balance="20.00", unallocated_cash="0")


def test_cancelling_a_credit_note_that_was_set_against_an_invoice_opens_the_invoice_again(book: Customer) -> None:
    book.books("credit_note", "C", "30.00", "2025-03-05")
    book.settles("S", "2025-03-10", ("credit_note", "C"), {"I": "30.00"})
    book.cancels("C", "2025-03-15")

    expect(book, "2025-03-15", unapplied_credit="0", receivable_balance="100.00")


def test_a_credit_note_lowers_an_invoice_by_no_more_than_its_own_amount(book: Customer) -> None:
    book.books("credit_note", "C", "30.00", "2025-03-05")
    book.settles("S", "2025-03-10", ("credit_note", "C"), {"I": "80.00"})

    expect(book, "2025-03-10", unapplied_credit="0", receivable_balance="70.00")


def test_a_recording_that_replaces_nothing_stands_alone_in_any_arrival_order(book: Customer) -> None:
    book.invoice("J", "50.00", "2025-03-05")
    book.invoice("J", "50.00", "2025-03-06", replaces="I")

    expect(book, "2025-03-10", receivable_balance="150.00")
    assert all("document J" in book.folded(order).conflicts for order in arrivals(book.events))


def test_of_two_recordings_of_one_settlement_the_lesser_stands_in_any_arrival_order(book: Customer) -> None:
    book.invoice("J", "50.00", "2025-03-05")
    book.pays("P", "100.00", "2025-03-04")
    book.pays("Q", "50.00", "2025-03-04")
    book.settles("S", "2025-03-10", ("payment", "P"), {"I": "100.00"})
    book.settles("S", "2025-03-11", ("payment", "Q"), {"J": "50.00"})

    expect(book, "2025-03-12", receivable_balance="50.00", unallocated_cash="50.00")


def test_of_two_recordings_of_one_dispute_the_lesser_stands_in_any_arrival_order(book: Customer) -> None:
    book.invoice("J", "50.00", "2025-03-05")
    book.disputes("X", "I", "40.00", "2025-03-10")
    book.disputes("X", "J", "50.00", "2025-03-11")
    book.amends("J", "60.00", "2025-03-12")

    expect(book, "2025-03-15", disputed_amount="40.00")


def test_the_day_of_a_contradiction_does_not_depend_on_arrival_order(book: Customer) -> None:
    book.invoice("I", "170.00", "2025-03-04")

    found = [book.folded(order).conflicts for order in arrivals(book.events)]

    assert found[0] == found[1]


def test_cancelling_a_delivery_that_was_invoiced_counts_the_invoiced_part_once(book: Customer) -> None:
    book.books("order", "O", "100.00", "2025-03-03")
    book.books("delivery", "D", "40.00", "2025-03-04", takes={"O": "40.00"})
    book.invoice("J", "25.00", "2025-03-05", takes={"D": "25.00"})
    book.cancels("D", "2025-03-06", "15.00")

    expect(book, "2025-03-06", open_orders="75.00", delivered_not_invoiced="0", exposure="200.00")


# --- what is no document


_TWICE: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "promise P": ("promise.made", {"promise_id": "P", "made_on": MARCH, "due_on": MARCH, "currency": "CNY"},
                  {"amount": ("5.00", "9.00")}),
    "statement F": ("financials.reported", {"statement_id": "F", "period_end": MARCH, "months": 12, "currency": "CNY"},
                    {"lines": ({"net_profit": "-1.00"}, {"net_profit": "1.00"})}),
    "signal G": ("signal.reported", {"signal_id": "G", "on": MARCH}, {"kind": ("lawsuit", "enforcement")}),
    "conduct K": ("conduct.reported", {"conduct_id": "K", "found_on": MARCH}, {"kind": ("fraud", "breach")}),
    "assessment A": ("assessment.recorded", {"assessment_id": "A", "method": "rm-01", "assessed_on": MARCH},
                     {"scores": ({"display": "4"}, {"display": "5"})}),
    "dunning N": ("dunning.sent", {"dunning_id": "N", "sent_on": MARCH}, {"level": (1, 2)}),
    "review R": ("review.completed", {"review_id": "R", "completed_on": MARCH}, {"outcome": ("approved", "refused")}),
}  # fmt: skip


@pytest.mark.parametrize("what", _TWICE)
def test_a_record_told_twice_with_other_content_is_a_contradiction_and_with_the_same_is_none(what: str) -> None:
    fact, same, other = _TWICE[what]
    [(field, values)] = other.items()
    agreed, contradicted = Customer(), Customer()
    for value in values:
        agreed.tell(fact, MARCH, **same, **{field: values[0]})
        contradicted.tell(fact, MARCH, **same, **{field: value})

    assert agreed.folded().conflicts == {}
    for order in arrivals(contradicted.events):
        assert contradicted.folded(order).conflicts == {what: MARCH.toordinal()}


@pytest.mark.parametrize(
    ("reported", "ended", "measure"),
    [
        (("signal.reported", {"signal_id": "G", "kind": "insolvency", "on": MARCH}),
         ("signal.lifted", {"signal_id": "G"}, "lifted_on"), "insolvency"),
        (("promise.made", {"promise_id": "P", "made_on": MARCH, "due_on": MARCH, "amount": "5.00", "currency": "CNY"}),
         ("promise.broken", {"promise_id": "P"}, "broken_on"), "broken_commitments_12m"),
    ],
)  # fmt: skip
def test_an_end_told_again_later_does_not_change_the_days_before(
    reported: tuple[str, dict[str, Any]], ended: tuple[str, dict[str, Any], str], measure: str
) -> None:
    book = Customer()
    book.tell(reported[0], MARCH, **reported[1])
    name, data, field = ended
    book.tell(name, day("2025-03-10"), **data, **{field: day("2025-03-10")})
    before = [book.at(on)[measure] for on in ("2025-03-09", "2025-03-10", "2025-03-19")]
    book.tell(name, day("2025-03-20"), **data, **{field: day("2025-03-20")})

    for order in arrivals(book.events):
        assert [book.at(on, order)[measure] for on in ("2025-03-09", "2025-03-10", "2025-03-19")] == before


@pytest.mark.parametrize("other", [{"payer": "乙公司"}, {"instrument": "bill"}])
def test_of_two_recordings_of_one_payment_who_paid_and_how_must_agree_too(
    book: Customer, other: dict[str, str]
) -> None:
    book.pays("P", "100.00", "2025-03-10")
    book.pays("P", "100.00", "2025-03-10", **other)

    assert all("payment P" in book.folded(order).conflicts for order in arrivals(book.events))
    seen = {(book.at("2025-03-12", order)["third_party_ratio_12m"], book.at("2025-03-12", order)["bill_ratio_12m"])
            for order in arrivals(book.events)}  # fmt: skip
    assert seen == {(0, 0)}


def test_of_two_recordings_of_one_invoice_the_lines_must_agree_too(book: Customer) -> None:
    lines = [{"product_class": "first", "quantity": "2", "amount": "50.00"}]
    book.invoice("L", "50.00", "2025-03-05", lines=lines)
    book.invoice("L", "50.00", "2025-03-05", lines=[{**lines[0], "quantity": "3"}])

    assert all("document L" in book.folded(order).conflicts for order in arrivals(book.events))
    assert {book.at("2025-03-06", order)["sales_volume_12m"] for order in arrivals(book.events)} == {2}
