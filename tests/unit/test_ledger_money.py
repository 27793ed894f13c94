"""Where money goes in the ledger, and what else is kept of a customer, whatever the order in which the facts arrive."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.rating.core.evolve import evolve
from shared.core.events.rating import WarningRaised
from tests.support.customer import BRAIN, Customer, Seen, day
from tests.unit.test_ledger_scenarios import arrivals, expect


@pytest.fixture
def book() -> Customer:
    book = Customer()
    book.invoice("I", "100.00", "2025-03-03", due="2025-03-31")
    return book


# --- payments


def test_a_payment_with_cash_discount_closes_the_invoice_and_is_collected_without_it(book: Customer) -> None:
    book.pays("P", "98.00", "2025-03-10", for_={"I": "98.00"}, discount="2.00")

    expect(book, "2025-03-10", receivable_balance="0", unallocated_cash="0", collected="98.00")


def test_an_amount_that_no_binary_fraction_holds_is_kept_to_the_last_cent(book: Customer) -> None:
    book.invoice("J", "123456789012345.67", "2025-03-03")
    book.pays("P", "0.01", "2025-03-10", for_={"J": "0.01"})

    expect(book, "2025-03-10", receivable_balance="123456789012445.66", unallocated_cash="0")


def test_a_payment_for_two_invoices_counts_only_as_far_as_the_money_goes(book: Customer) -> None:
    book.invoice("J", "50.00", "2025-03-03")
    book.pays("P", "120.00", "2025-03-10", for_={"I": "100.00", "J": "50.00"})

    expect(book, "2025-03-10", receivable_balance="30.00", unallocated_cash="0")


def test_a_later_settlement_uses_unallocated_cash_and_its_undoing_gives_it_back(book: Customer) -> None:
    book.pays("P", "100.00", "2025-03-10")
    book.settles("S", "2025-04-05", ("payment", "P"), {"I": "100.00"})
    book.undoes("S", "2025-04-20")

    expect(book, "2025-03-10", unallocated_cash="100.00", receivable_balance="100.00")
    expect(book, "2025-04-05", unallocated_cash="0", receivable_balance="0")
    expect(book, "2025-04-20", unallocated_cash="100.00", receivable_balance="100.00", max_days_past_due=20)


def test_money_settled_later_is_late_by_the_day_it_came_not_by_the_day_it_was_allocated(book: Customer) -> None:
    book.pays("P", "100.00", "2025-04-02")
    book.settles("S", "2025-05-30", ("payment", "P"), {"I": "100.00"})

    expect(book, "2025-05-30", worst_days_late=2, days_beyond_terms="2")


def test_an_over_payment_is_unallocated_until_it_is_refunded(book: Customer) -> None:
    book.pays("P", "120.00", "2025-03-10", for_={"I": "120.00"})
    book.refunds("F", "20.00", "2025-03-15", of="P")

    expect(book, "2025-03-10", receivable_balance="0", unallocated_cash="20.00")
    expect(book, "2025-03-15", receivable_balance="0", unallocated_cash="0")


def test_a_bounced_payment_reopens_a_closed_invoice_with_its_age_and_counts_as_conduct(book: Customer) -> None:
    book.pays("P", "100.00", "2025-03-10", for_={"I": "100.00"})
    book.reverses("P", "2025-04-10", reason="bounced")

    expect(book, "2025-04-09", receivable_balance="0", worst_days_late=0, broken_commitments=0)
    expect(book, "2025-04-10", receivable_balance="100.00", max_days_past_due=10, collected="0",
           broken_commitments=1, unallocated_cash="0")  # fmt: skip


def test_a_reversal_in_part_takes_money_on_no_document_first(book: Customer) -> None:
    book.pays("P", "120.00", "2025-03-10", for_={"I": "100.00"})
    book.reverses("P", "2025-03-12", "50.00")

    expect(book, "2025-03-12", receivable_balance="30.00", unallocated_cash="0", collected="70.00",
           broken_commitments=0)  # fmt: skip


def test_reversals_that_post_the_same_are_taken_away_one_by_one_when_an_earlier_one_is_told_late() -> None:
    book = Customer()
    book.pays("P", "20.00", "2025-03-10")
    for on in ("2025-03-20", "2025-03-20", "2025-03-12"):
        book.reverses("P", on, "10.00")

    for order in arrivals(book.events):
        state = book.folded([])
        state.ledger.move_to(day("2025-04-01").toordinal())  # from here on every fact is posted as it comes
        for event in order:
            evolve(state, event)
        seen = Seen(state, "2025-04-01", book.context)

        assert (seen["collected"], seen["unallocated_cash"]) == (0, 0)


def test_a_prepayment_is_shown_apart_until_it_is_used(book: Customer) -> None:
    book.pays("P", "80.00", "2025-02-20", purpose="prepayment")
    book.settles("S", "2025-03-05", ("prepayment", "P"), {"I": "80.00"})

    expect(book, "2025-03-04", prepayments="80.00", unallocated_cash="0", receivable_balance="100.00")
    expect(book, "2025-03-05", prepayments="0", unallocated_cash="0", receivable_balance="20.00")


def test_money_allocated_before_its_invoice_waits_unallocated(book: Customer) -> None:
    book.pays("P", "60.00", "2025-02-20", for_={"J": "60.00"})
    book.invoice("J", "60.00", "2025-03-01")

    expect(book, "2025-02-28", unallocated_cash="60.00", receivable_balance="0")
    expect(book, "2025-03-01", unallocated_cash="0", receivable_balance="0")


def test_a_credit_note_may_be_set_against_an_invoice_later_and_taken_off_again(book: Customer) -> None:
    book.books("credit_note", "C", "30.00", "2025-03-05")
    book.settles("S", "2025-03-10", ("credit_note", "C"), {"I": "30.00"})
    book.undoes("S", "2025-03-15")

    expect(book, "2025-03-05", unapplied_credit="30.00", receivable_balance="100.00")
    expect(book, "2025-03-10", unapplied_credit="0", receivable_balance="70.00")
    expect(book, "2025-03-15", unapplied_credit="30.00", receivable_balance="100.00")


# --- everything else that is kept


def test_billings_own_overdue_notice_is_kept_and_its_cure_ends_it(book: Customer) -> None:
    book.tell("overdue.reported", day("2025-04-05"), transaction_id="I", amount="100.00", currency="CNY",
              days_past_due=5, reported_on=day("2025-04-05"))  # fmt: skip
    book.tell("overdue.cured", day("2025-04-20"), transaction_id="I", cured_on=day("2025-04-20"))

    for order in arrivals(book.events):
        state = book.folded(order)
        assert state.attribute("overdue I", day("2025-04-19").toordinal()) == (1_000_000, "CNY")
        assert state.attribute("overdue I", day("2025-04-20").toordinal()) == (0, "")


def test_billings_overdue_amounts_are_compared_with_ours(book: Customer) -> None:
    book.tell("overdue.reported", day("2025-04-05"), transaction_id="I", amount="80.00", currency="CNY",
              days_past_due=5, reported_on=day("2025-04-05"))  # fmt: skip
    book.pays("P", "100.00", "2025-04-20", for_={"I": "100.00"})
    book.tell("overdue.cured", day("2025-04-22"), transaction_id="I", cured_on=day("2025-04-22"))

    for on, difference in (("2025-04-04", "0"), ("2025-04-05", "20"), ("2025-04-20", "80"), ("2025-04-22", "0")):
        expect(book, on, overdue_difference=difference)


def test_an_overdue_notice_about_a_document_we_never_got_is_a_difference_until_the_document_is_there(
    book: Customer,
) -> None:
    book.tell("overdue.reported", day("2025-04-05"), transaction_id="LOST", amount="777.00", currency="CNY",
              days_past_due=5, reported_on=day("2025-04-05"))  # fmt: skip
    before = {on: book.at(on)["overdue_difference"] for on in ("2025-04-04", "2025-04-05", "2025-04-09")}
    book.invoice("LOST", "777.00", "2025-04-10", due="2025-04-12")

    assert before == {"2025-04-04": 0, "2025-04-05": 777, "2025-04-09": 777}
    for on, difference in {**before, "2025-04-12": 777, "2025-04-13": 0}.items():
        expect(book, on, overdue_difference=str(difference))


@pytest.mark.parametrize(("rates", "difference"), [({"CNY": "1", "USD": "7"}, 600), ({"CNY": "1"}, None)])
def test_an_overdue_notice_in_another_currency_is_compared_at_its_rate(
    book: Customer, rates: dict[str, str], difference: int | None
) -> None:
    book.rates("2025-01-01", **rates)
    book.tell("overdue.reported", day("2025-04-05"), transaction_id="I", amount="100.00", currency="USD",
              days_past_due=5, reported_on=day("2025-04-05"))  # fmt: skip

    assert book.at("2025-04-06")["overdue_difference"] == difference


def test_the_last_word_on_an_alias_holds(book: Customer) -> None:
    book.tell("customer.linked", day("2025-03-05"), other_source="/crm", other_id="7")
    book.tell("customer.unlinked", day("2025-03-09"), other_source="/crm", other_id="7")
    book.tell("customer.linked", day("2025-03-06"), other_source="/crm", other_id="8")

    for order in arrivals(book.events):
        aliases = book.folded(order).aliases
        assert {other: linked for other, (_, linked) in aliases.items()} == {("/crm", "7"): False, ("/crm", "8"): True}


def test_a_customer_merged_twice_is_where_the_merge_of_its_day_said(book: Customer) -> None:
    book.tell("customer.merged", day("2025-03-20"), into="C2")
    book.tell("customer.merged", day("2025-04-20"), into="C3")

    for events in (book.events, book.events[::-1]):
        state = book.folded(events)
        into = [state.merged_into(day(on).toordinal()) for on in ("2025-03-19", "2025-03-20", "2025-04-20")]
        assert into == [None, "C2", "C3"]


def test_a_merged_customer_has_no_grade_from_that_day_and_says_why(book: Customer) -> None:
    book.months("2024-01-10", 14)
    book.tell("customer.merged", day("2025-03-20"), into="C2")

    before, after = book.view("2025-03-19").ratings[0], book.view("2025-03-20").ratings[0]

    assert before.grade is not None
    assert (after.grade, after.refusal, after.since) == (None, "MERGED", day("2025-03-20"))


def test_a_promise_broken_counts_and_one_kept_does_not(book: Customer) -> None:
    for name in ("A", "B"):
        book.tell("promise.made", day("2025-04-01"), promise_id=name, made_on=day("2025-04-01"),
                  due_on=day("2025-04-10"), amount="100.00", currency="CNY")  # fmt: skip
    book.tell("promise.broken", day("2025-04-11"), promise_id="A", broken_on=day("2025-04-11"))

    expect(book, "2025-04-10", broken_commitments=0)
    expect(book, "2025-04-11", broken_commitments=1, broken_commitments_90d=1)
    expect(book, "2025-07-11", broken_commitments=1, broken_commitments_90d=0)


def test_a_signal_holds_until_it_is_lifted(book: Customer) -> None:
    book.signals("G", "dishonest_debtor", "2025-04-01")
    book.tell("signal.lifted", day("2025-05-01"), signal_id="G", lifted_on=day("2025-05-01"))

    for on, holds in (("2025-03-31", False), ("2025-04-01", True), ("2025-04-30", True), ("2025-05-01", False)):
        expect(book, on, judgment_debtor=holds)


def test_the_newest_reported_share_of_rival_goods_counts_for_twelve_months(book: Customer) -> None:
    book.reports("rival_goods_share", "0.3", "2025-03-10")
    book.reports("rival_goods_share", "0.5", "2025-04-10")

    for on, word in (("2025-03-09", None), ("2025-03-10", "ours_main"), ("2025-04-10", "equal"),
                     ("2026-04-10", "equal"), ("2026-04-11", None)):  # fmt: skip
        assert [book.at(on, order)["rival_goods_class"] for order in arrivals(book.events)] == [word] * 6


def test_dunning_and_assessments_are_kept_with_their_day_and_the_first_recording_stands(book: Customer) -> None:
    book.tell("dunning.sent", day("2025-04-05"), dunning_id="N", sent_on=day("2025-04-05"), level=1)
    book.tell("assessment.recorded", day("2025-04-06"), assessment_id="A", method="rm-01",
              assessed_on=day("2025-04-06"), scores={"display": "4"}, round=1)  # fmt: skip
    book.tell("dunning.sent", day("2025-04-09"), dunning_id="N", sent_on=day("2025-04-09"), level=2)

    for order in arrivals(book.events):
        records = book.folded(order).records
        assert (records["dunning"]["N"].day, records["dunning"]["N"].what["level"]) == (
            day("2025-04-05").toordinal(),
            1,
        )
        assert records["assessment"]["A"].what["scores"] == {"display": "4"}


# --- the same document told twice


def test_of_two_recordings_of_one_document_the_lesser_stands_and_a_data_warning_is_raised(book: Customer) -> None:
    book.invoice("I", "170.00", "2025-03-04", due="2025-03-31")
    expect(book, "2025-03-10", receivable_balance="100.00")

    for order in arrivals(book.events):
        state = book.folded(order)
        made = BRAIN.decide(state, day("2025-03-10"), book.context, cause="fact").decisions
        raised = [d.data for d in made if isinstance(d.data, WarningRaised)]
        assert [(w.rule, w.kind, w.figures["latest"]) for w in raised] == [("DQ-01", "data", "document I")]


def test_of_two_recordings_of_one_payment_the_lesser_stands_and_a_data_warning_is_raised(book: Customer) -> None:
    book.pays("P", "40.00", "2025-03-10", for_={"I": "40.00"})
    book.pays("P", "90.00", "2025-03-11", for_={"I": "90.00"})
    expect(book, "2025-03-20", receivable_balance="60.00", collected="40.00", unallocated_cash="0")

    assert all("payment P" in book.folded(order).conflicts for order in arrivals(book.events))


def test_the_same_recording_under_two_event_ids_is_no_contradiction(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-03-31")
    expect(book, "2025-03-10", receivable_balance="100.00", invoiced="100.00")

    assert not any(book.folded(order).conflicts for order in arrivals(book.events))


def test_an_amount_is_exact_to_the_last_cent(book: Customer) -> None:
    book.invoice("J", "999999999999999.99", "2025-03-03")
    book.pays("P", "0.01", "2025-03-10", for_={"J": "0.01"})

    assert book.at("2025-03-10")["receivable_balance"] == Decimal("1000000000000099.98")
