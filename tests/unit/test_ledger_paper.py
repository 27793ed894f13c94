"""Bills, set-offs, sold and written-off claims as rating sees them: they settle, and are no good payment."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rating.core import snapshot
from services.rating.core.evolve import evolve
from tests.support.covers import covers
from tests.support.customer import SETTING, Customer, Day, Seen, day
from tests.support.dealings import dealings
from tests.unit.test_ledger_order import days, folded, measured
from tests.unit.test_ledger_scenarios import expect

covers("LT-61")


@pytest.fixture
def book() -> Customer:
    return Customer()


def step(book: Customer, what: str, on: Day, **more: Any) -> None:
    book.tell(f"bill.{what}", day(on), bill_id="B", on=day(on), **more)


def bill(book: Customer, on: Day, amount: str = "100.00", payment: str | None = "P", **more: Any) -> None:
    book.tell("bill.received", day(on), bill_id="B", kind="bank_acceptance", amount=amount, currency="CNY",
              received_on=day(on), due_on=day("2025-09-10"), payment_id=payment, **more)  # fmt: skip


def paid_by_bill(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-04-02")
    book.pays("P", "100.00", "2025-03-10", for_={"I": "100.00"}, instrument="bill", matures_on=day("2025-09-10"))
    bill(book, "2025-03-10")


def test_a_bill_settles_the_invoice(book: Customer) -> None:
    paid_by_bill(book)
    expect(book, "2025-04-03", receivable_balance="0", overdue_amount="0", worst_days_late=0)


def test_a_dishonoured_bill_opens_the_claim_again_as_old_as_it_was(book: Customer) -> None:
    paid_by_bill(book)
    step(book, "dishonoured", "2025-09-11")
    expect(book, "2025-09-10", receivable_balance="0", bounced_payments_12m=0)
    expect(
        book,
        "2025-09-11",
        receivable_balance="100.00",
        overdue_amount="100.00",
        max_days_past_due=162,
        bounced_payments_12m=1,
    )


def test_a_bill_that_is_honoured_after_all_settles_again(book: Customer) -> None:
    paid_by_bill(book)
    step(book, "returned", "2025-05-02")
    step(book, "honoured", "2025-06-02")
    expect(book, "2025-05-02", overdue_amount="100.00", bounced_payments_12m=0)
    expect(book, "2025-06-02", overdue_amount="0", receivable_balance="0")


def test_a_bill_that_came_and_went_before_its_payment_was_booked_leaves_nothing_behind(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-04-02")
    pays = book.pays("P", "100.00", "2025-05-10", for_={"I": "60.00"}, instrument="bill")
    bill(book, "2025-03-10")
    step(book, "dishonoured", "2025-04-01")
    step(book, "honoured", "2025-05-02")
    state = book.folded([pays])
    state.ledger.move_to(day("2025-06-01").toordinal())  # from here on every fact is posted as it comes
    for event in book.events:
        if event is not pays:
            evolve(state, event)
    seen = Seen(state, "2025-06-01", book.context)
    assert (seen["collected"], seen["bill_ratio"], seen["unallocated_cash"]) == (100, 1, 40)


def test_of_two_bills_of_one_payment_only_the_bad_one_opens_the_claim(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-04-02")
    book.pays("P", "100.00", "2025-03-10", for_={"I": "100.00"}, instrument="bill")
    for name, amount in (("B", "60.00"), ("B2", "40.00")):
        book.tell("bill.received", day("2025-03-10"), bill_id=name, kind="cheque", amount=amount, currency="CNY",
                  received_on=day("2025-03-10"), payment_id="P")  # fmt: skip
    step(book, "dishonoured", "2025-05-01")
    expect(book, "2025-05-01", overdue_amount="60.00")


def test_a_settlement_from_a_bill_that_is_a_payment_is_that_payment(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-04-02")
    book.pays("P", "100.00", "2025-03-10", instrument="bill")
    bill(book, "2025-03-10")
    book.settles("S", "2025-03-12", ("bill", "B"), {"I": "100.00"})
    expect(book, "2025-03-11", receivable_balance="100.00", unallocated_cash="100.00")
    expect(book, "2025-03-12", receivable_balance="0", unallocated_cash="0")


def test_a_bill_that_is_no_payment_settles_no_more_than_it_is_worth(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-04-02")
    bill(book, "2025-03-10", "70.00", payment=None)
    book.settles("S", "2025-03-12", ("bill", "B"), {"I": "90.00"})
    expect(book, "2025-03-12", receivable_balance="30.00", unallocated_cash="0")
    step(book, "dishonoured", "2025-05-01")
    expect(book, "2025-05-01", receivable_balance="100.00")


def test_a_set_off_settles_what_the_customer_owes_and_nobody_else(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-04-02")
    book.tell("set-off.recorded", day("2025-03-20"), set_off_id="X", kind="three_party", on=day("2025-03-20"), legs=[
        {"debtor": "C1", "creditor": "us", "transaction_id": "I", "amount": "30.00"},
        {"debtor": "C2", "creditor": "C1", "transaction_id": "I", "amount": "30.00"},
    ])  # fmt: skip
    expect(book, "2025-03-20", receivable_balance="70.00", collected=0)
    book.tell("set-off.undone", day("2025-04-20"), set_off_id="X", on=day("2025-04-20"))
    expect(book, "2025-04-20", overdue_amount="100.00")


def written_off(book: Customer, kind: str, amount: str = "100.00") -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-04-02")
    book.tell("write-off.recorded", day("2025-07-01"), write_off_id="W", transaction_id="I", amount=amount, currency="CNY",
              on=day("2025-07-01"), kind=kind)  # fmt: skip


def test_a_bad_debt_is_settled_late_and_never_paid(book: Customer) -> None:
    written_off(book, "bad_debt")
    expect(book, "2025-06-30", receivable_balance="100.00", worst_days_late_12m=89)
    expect(book, "2025-07-01", receivable_balance="0", overdue_amount="0", worst_days_late_12m=90, on_time_ratio_12m="0",
           on_time_count_ratio_12m="0", days_beyond_terms_12m="90", collected=0)  # fmt: skip


def test_a_bad_debt_given_up_before_it_was_due_was_not_paid_on_time_either(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-09-02")
    book.tell("write-off.recorded", day("2025-07-01"), write_off_id="W", transaction_id="I", amount="100.00", currency="CNY",
              on=day("2025-07-01"), kind="bad_debt")  # fmt: skip
    expect(book, "2025-09-03", on_time_ratio_12m="0", on_time_count_ratio_12m="0",
           days_beyond_terms_signed_12m="0")  # fmt: skip


def test_a_small_difference_says_nothing_of_the_customer(book: Customer) -> None:
    written_off(book, "small_difference", "0.50")
    book.pays("P", "99.50", "2025-04-01", for_={"I": "99.50"})
    expect(book, "2025-07-01", receivable_balance="0", on_time_ratio_12m="1", worst_days_late_12m=0)


def test_what_is_written_off_after_a_payment_takes_only_the_rest(book: Customer) -> None:
    written_off(book, "bad_debt")
    book.pays("P", "40.00", "2025-04-01", for_={"I": "40.00"})
    expect(book, "2025-07-01", receivable_balance="0", unallocated_cash="0", on_time_ratio_12m="0.4")


def test_a_reversed_write_off_opens_the_claim_as_old_as_it_was(book: Customer) -> None:
    written_off(book, "bad_debt")
    book.tell("write-off.reversed", day("2025-08-01"), write_off_id="W", on=day("2025-08-01"))
    book.tell(
        "recovery.recorded", day("2025-08-02"), recovery_id="R", write_off_id="W", amount="1.00", on=day("2025-08-02")
    )
    expect(book, "2025-08-02", overdue_amount="100.00", max_days_past_due=122)


@pytest.mark.parametrize(("recourse", "balance"), [(True, "100.00"), (None, "100.00"), (False, "0")])
def test_what_is_sold_without_recourse_is_owed_to_us_no_more(
    book: Customer, recourse: bool | None, balance: str
) -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-04-02")
    book.tell("receivable.transferred", day("2025-03-20"), transfer_id="T", kind="factoring", transaction_ids=["I", "I9"],
              amount="100.00", currency="CNY", on=day("2025-03-20"), with_recourse=recourse)  # fmt: skip
    expect(book, "2025-03-20", receivable_balance=balance)
    book.tell("receivable.repurchased", day("2025-05-02"), transfer_id="T", on=day("2025-05-02"), transaction_ids=["I"])
    expect(book, "2025-05-02", overdue_amount="100.00", max_days_past_due=30)


def test_a_deposit_is_no_cash_and_its_return_takes_none(book: Customer) -> None:
    book.tell(
        "deposit.received",
        day("2025-03-03"),
        deposit_id="D",
        kind="dealer",
        amount="50.00",
        currency="CNY",
        on=day("2025-03-03"),
    )
    book.invoice("I", "100.00", "2025-03-03", due="2025-04-02")
    book.settles("S", "2025-04-10", ("deposit", "D"), {"I": "80.00"})
    book.refunds("F", "10.00", "2025-03-05", of="D")
    expect(book, "2025-03-05", unallocated_cash="0", receivable_balance="100.00")
    expect(book, "2025-04-10", receivable_balance="50.00")


def test_what_was_closed_and_is_amended_later_is_open_again(book: Customer) -> None:
    book.books("order", "O", "100.00", "2025-03-03")
    book.cancels("O", "2025-03-05")
    book.amends("O", "80.00", "2025-03-07")
    expect(book, "2025-03-05", open_orders="0")
    expect(book, "2025-03-07", open_orders="80.00")


def test_a_contract_is_what_was_last_said_of_it(book: Customer) -> None:
    book.tell("contract.signed", day("2025-03-03"), contract_id="HT", amount="100.00", currency="CNY",
              terms={"days": 60, "starts": "acceptance"}, retention_share="0.05")  # fmt: skip
    book.tell("contract.amended", day("2025-05-05"), contract_id="HT", terms={"days": 45, "starts": "acceptance"})
    book.tell("contract.ended", day("2025-08-01"), contract_id="HT", valid_to="2025-09-30")
    state = book.folded(book.events[::-1])
    signed = {"amount": "100.00", "currency": "CNY", "retention_share": "0.05"}
    assert state.contract("HT", day("2025-03-02").toordinal()) == {}
    assert state.contract("HT", day("2025-05-04").toordinal()) == signed | {
        "terms": {"days": 60, "starts": "acceptance"}
    }
    now = state.contract("HT", day("2025-08-01").toordinal())
    assert now == signed | {"terms": {"days": 45, "starts": "acceptance"}, "valid_to": "2025-09-30"}


def test_the_same_id_told_with_other_content_is_a_contradiction(book: Customer) -> None:
    bill(book, "2025-03-10")
    bill(book, "2025-03-11", "90.00")
    for company in ("A", "B"):
        book.invoice("I", "100.00", "2025-03-03", company=company)
    assert set(book.folded().conflicts) == {"bill B", "document I"}


@given(seed=st.integers(0, 10**6), shuffle=st.integers(0, 10**6))
@pytest.mark.slow
def test_arrival_order_and_snapshots_change_no_measure(seed: int, shuffle: int) -> None:
    events, random = dealings(seed), Random(shuffle)
    mixed = events + random.choices(events, k=len(events))
    random.shuffle(mixed)
    other = folded(mixed[:20], day=days(shuffle)[0])
    other = snapshot.load(snapshot.dump(other), SETTING)
    told = {event.identity for event in mixed[:20]}
    for event in mixed[20:]:
        if event.identity not in told:
            told.add(event.identity)
            evolve(other, event)

    for on in days(shuffle, 2):
        assert measured(folded(events), on) == measured(other, on)


def test_of_a_bill_only_the_part_that_was_not_honoured_opens_the_claim(book: Customer) -> None:
    paid_by_bill(book)
    step(book, "dishonoured", "2025-09-11", amount="30.00")
    step(book, "dishonoured", "2025-09-12", amount="25.00")
    step(book, "honoured", "2025-10-10", amount="50.00")
    expect(book, "2025-09-11", receivable_balance="30.00")
    expect(book, "2025-09-12", receivable_balance="55.00")
    expect(book, "2025-10-10", receivable_balance="50.00")  # what was left with us was paid first, then 5 of the rest


@pytest.mark.parametrize(("days", "bounced"), [((), 1), (("2025-09-11",), 1), (("2025-09-11", "2025-09-20"), 2)])
def test_a_bill_that_bounced_and_is_told_both_ways_bounced_once(
    book: Customer, days: tuple[str, ...], bounced: int
) -> None:
    paid_by_bill(book)
    step(book, "dishonoured", "2025-09-11")
    for on in days:
        book.reverses("P", on, reason="bounced")
    expect(book, "2025-09-30", bounced_payments_12m=bounced)
