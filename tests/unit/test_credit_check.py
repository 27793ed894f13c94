"""Credit checks: every step with its numbers, reservations, holds, and what is left out and why."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from services.exposure.core.brain import ExposureBrain
from shared.core.customer.state import Setting
from shared.core.events.granting import CheckDecided
from shared.core.events.limit import OrderHeld, OrderReleased, ReservationCommitted, ReservationExpired, ReservationMade
from tests.support.covers import covers
from tests.support.credit_desk import RULES, CreditDesk, steps


@pytest.fixture
def desk() -> CreditDesk:
    """A customer of grade A with a limit of 100,000."""
    made = CreditDesk()
    made.customer.registered("2024-01-02", segment="dealer")
    made.hears()
    made.graded("A")
    made.granted("100000")
    return made


def test_an_order_within_the_limit_is_approved_and_headroom_is_kept_for_it(desk: CreditDesk) -> None:
    answer = desk.asks("SO-1", "30000.00")
    assert (answer.judged.decision, steps(answer)) == ("approved", {})
    assert answer.reservation is not None
    assert answer.reservation.reservation_id == "rs-1"
    assert desk.headroom == 70_000
    assert [type(one.data) for one in desk.log[-2:]] == [CheckDecided, ReservationMade]


def test_the_same_question_again_is_the_same_act(desk: CreditDesk) -> None:
    first = desk.asks("SO-1", "30000.00")
    version = desk.version
    second = desk.asks("SO-1", "30000.00")
    assert second.reservation == first.reservation
    assert second.judged.exclusion == "reserved"
    assert desk.version == version, "nothing is written"
    assert desk.headroom == 70_000


def test_a_query_writes_nothing(desk: CreditDesk) -> None:
    version = desk.version
    assert desk.asks("SO-1", "30000.00", "query").judged.decision == "approved"
    assert desk.asks("SO-2", "130000.00", "query").judged.decision == "held"
    assert desk.version == version
    assert (desk.account.reservations, desk.account.holds) == ({}, {})


@covers("LT-03")
def test_beyond_the_limit_an_order_is_held_and_at_issue_it_is_only_warned_of(desk: CreditDesk) -> None:
    answer = desk.asks("SO-1", "100000.01")
    assert answer.judged.decision == "held"
    assert steps(answer) == {"limit": "hold", "document": "hold"}
    (held,) = desk.said(OrderHeld)
    assert (held.reasons, str(held.excess)) == (("LIMIT_EXCEEDED", "DOCUMENT_TOO_LARGE"), "0.01")
    assert steps(desk.asks("SO-2", "100000.01", at="issue")) == {"limit": "warn"}
    assert steps(desk.asks("SO-3", "100000.01", at="delivery")) == {"limit": "hold"}


@covers("LT-03")
def test_one_document_may_not_take_more_than_two_fifths_of_the_limit(desk: CreditDesk) -> None:
    assert steps(desk.asks("SO-1", "40000.00")) == {}
    assert steps(desk.asks("SO-2", "40000.01")) == {"document": "hold"}


@covers("LT-03", "LT-09")
def test_the_oldest_undisputed_item_decides_by_grade(desk: CreditDesk) -> None:
    desk.customer.invoice("I1", "1000.00", "2026-01-02", due="2026-02-01")
    desk.customer.invoice("I2", "50000.00", "2026-02-20", due="2026-03-20")
    desk.hears()
    assert desk.today.isoformat() == "2026-03-02"
    assert steps(desk.asks("SO-1", "100.00", "query")) == {}, "29 days late is within the 30 of grade A"
    desk.opens("2026-03-03")
    assert steps(desk.asks("SO-1", "100.00", "query")) == {"supply": "hold", "oldest_overdue": "hold"}
    desk.customer.disputes("D1", "I1", "1000.00", "2026-03-03")
    desk.hears()
    assert steps(desk.asks("SO-1", "100.00", "query")) == {}, "what is in dispute does not count"
    desk.opens("2026-03-18")
    desk.graded("B")
    assert desk.figures.late_days() == 0


@covers("LT-03")
def test_the_overdue_ratio_warns_above_a_tenth_and_holds_above_a_fifth(desk: CreditDesk) -> None:
    desk.customer.invoice("I1", "1000.00", "2026-01-22", due="2026-02-21")
    desk.customer.invoice("I2", "9000.00", "2026-02-20", due="2026-03-20")
    desk.hears()
    assert steps(desk.asks("SO-1", "100.00", "query")) == {}, "a tenth exactly"
    desk.customer.amends("I2", "8999.00", "2026-03-02")
    desk.hears()
    assert steps(desk.asks("SO-1", "100.00", "query")) == {"overdue_ratio": "warn"}
    desk.customer.amends("I2", "3999.00", "2026-03-02")
    desk.hears()
    assert steps(desk.asks("SO-1", "100.00", "query")) == {"overdue_ratio": "hold"}


@covers("LT-03")
def test_a_dunning_letter_of_the_third_level_holds_while_what_it_is_about_is_open(desk: CreditDesk) -> None:
    desk.customer.invoice("I1", "100.00", "2026-01-22", due="2026-02-21")
    desk.customer.invoice("I2", "90000.00", "2026-02-20", due="2026-03-20")
    desk.customer.tell("dunning.sent", desk.today, dunning_id="D1", sent_on=desk.today, level=3, channel="letter")
    desk.hears()
    assert steps(desk.asks("SO-1", "100.00", "query")) == {"dunning": "hold"}
    desk.customer.pays("P1", "100.00", "2026-03-02", for_={"I1": "100.00"})
    desk.hears()
    assert steps(desk.asks("SO-1", "100.00", "query")) == {}


@covers("LT-03")
def test_the_worst_grade_is_refused_and_no_grade_only_warned_of() -> None:
    desk = CreditDesk()
    desk.customer.registered("2024-01-02")
    desk.hears()
    desk.granted("100000")
    assert (desk.asks("SO-1", "100.00", "query").judged.decision, steps(desk.asks("SO-1", "100.00", "query"))) == (
        "approved", {"ungraded": "warn"}
    )  # fmt: skip
    desk.graded("D")
    desk.granted("100000")
    answer = desk.asks("SO-1", "100.00", "query")
    assert answer.judged.decision == "refused"
    assert steps(answer)["grade"] == "refuse"
    assert steps(desk.asks("SO-1", "100.00", "query", "issue"))["grade"] == "warn"


@covers("LT-03")
def test_a_limit_that_ran_out_holds_and_an_overdue_review_holds_after_thirty_days() -> None:
    desk = CreditDesk()
    desk.customer.registered("2024-01-02")
    desk.hears()
    desk.graded("A")
    desk.granted("100000", valid_to=date(2026, 5, 1), review_on=date(2026, 3, 10))
    assert steps(desk.asks("SO-1", "100.00", "query")) == {}
    desk.opens("2026-03-11")
    assert steps(desk.asks("SO-1", "100.00", "query")) == {"review": "warn"}
    desk.opens("2026-04-10")
    assert steps(desk.asks("SO-1", "100.00", "query")) == {"review": "hold"}
    desk.opens("2026-05-02")
    assert steps(desk.asks("SO-1", "100.00", "query")) == {"limit": "hold", "limit_validity": "hold"}


@covers("LT-03")
def test_a_promise_broken_in_thirty_days_warns(desk: CreditDesk) -> None:
    on = desk.today
    desk.customer.tell("promise.made", on, promise_id="V1", made_on=on, due_on=on, amount="10.00", currency="CNY")
    desk.customer.tell("promise.broken", on, promise_id="V1", broken_on=on)
    desk.hears()
    assert steps(desk.asks("SO-1", "100.00", "query")) == {"promise": "warn"}
    desk.opens("2026-04-01")
    assert steps(desk.asks("SO-1", "100.00", "query")) == {}


@covers("LT-03")
def test_after_the_insurers_stop_date_orders_are_held(desk: CreditDesk) -> None:
    desk.granted("50000", "insured", share="0.9", stop_on=desk.today)
    assert desk.figures.effective.amount == 145_000 * 10_000
    assert steps(desk.asks("SO-1", "100.00", "query")) == {}
    desk.opens("2026-03-03")
    assert steps(desk.asks("SO-1", "100.00", "query")) == {"insurer": "hold"}


@covers("LT-03")
def test_old_data_warn_and_hold_large_orders(desk: CreditDesk) -> None:
    desk.seen_at = desk.now
    desk.waits(26)
    assert steps(desk.asks("SO-1", "20000.00", "query")) == {}
    desk.waits(0.5)
    assert steps(desk.asks("SO-1", "20000.00", "query")) == {"freshness": "warn"}
    desk.waits(46)
    assert steps(desk.asks("SO-1", "20000.00", "query")) == {"freshness": "hold"}
    assert steps(desk.asks("SO-1", "10000.00", "query")) == {"freshness": "warn"}, "a small order goes on"
    assert desk.asks("SO-1", "10000.00", "query").lag == 72.5 * 3600 * 1_000_000


@covers("LT-03")
def test_a_reservation_runs_out_after_72_hours_and_holds_nothing_back_from_that_instant(desk: CreditDesk) -> None:
    desk.asks("SO-1", "40000.00")
    desk.waits(71.9)
    assert desk.headroom == 60_000
    assert desk.sweeps() == []
    desk.waits(0.1)
    assert desk.headroom == 100_000, "before anybody wrote it down"
    (expired,) = desk.sweeps()
    assert isinstance(expired.data, ReservationExpired)
    assert desk.account.reservations == {}


@covers("LT-03")
def test_a_confirmed_order_is_kept_for_thirty_days_or_until_it_is_booked(desk: CreditDesk) -> None:
    desk.asks("SO-1", "40000.00")
    answer = desk.asks("SO-1", "40000.00", "commit")
    assert answer.reservation is not None
    assert answer.reservation.committed
    desk.waits(29 * 24)
    assert desk.headroom == 60_000
    desk.customer.books("order", "SO-1", "40000.00", desk.today)
    made = desk.hears()
    (committed,) = desk.said(ReservationCommitted, made)
    assert committed.expires_at is None, "it is exposure now"
    assert (desk.headroom, desk.account.reservations) == (60_000, {})


def test_a_reservation_of_a_day_that_was_opened_ahead_of_the_clock_stands_on_that_day(desk: CreditDesk) -> None:
    desk.opens(desk.today + timedelta(days=9))
    desk.waits(-9 * 24)
    desk.asks("SO-1", "40000.00")
    desk.decides()
    assert desk.headroom == 60_000
    assert desk.asks("SO-2", "70000.00").judged.decision == "held"


def test_extending_keeps_the_number_and_moves_the_end(desk: CreditDesk) -> None:
    first = desk.asks("SO-1", "40000.00")
    desk.waits(48)
    later = desk.asks("SO-1", "40000.00", "extend")
    assert first.reservation is not None
    assert later.reservation is not None
    assert later.reservation.reservation_id == first.reservation.reservation_id
    assert later.reservation.expires_at == first.reservation.expires_at + 48 * 3600 * 1_000_000


def test_re_authorising_another_amount_counts_the_order_once(desk: CreditDesk) -> None:
    desk.asks("SO-1", "40000.00")
    desk.asks("SO-2", "30000.00")
    answer = desk.asks("SO-1", "35000.00")
    assert answer.judged.decision == "approved"
    assert desk.headroom == 35_000
    assert desk.asks("SO-1", "40000.00").judged.decision == "approved"
    assert desk.headroom == 30_000


def test_giving_back_frees_at_once_and_twice_is_once(desk: CreditDesk) -> None:
    desk.asks("SO-1", "40000.00")
    desk.asks("SO-1", "40000.00", "release")
    version = desk.version
    assert desk.headroom == 100_000
    desk.asks("SO-1", "40000.00", "release")
    assert desk.version == version


def test_a_prepaid_order_passes_whatever_stands_against_the_customer(desk: CreditDesk) -> None:
    desk.graded("D")
    desk.customer.invoice("I1", "500000.00", "2025-06-01", due="2025-07-01")
    desk.customer.pays("P1", "5000.00", desk.today, purpose="prepayment", for_order="SO-1")
    desk.hears()
    answer = desk.asks("SO-1", "5000.00")
    assert (answer.judged.decision, answer.judged.exclusion, answer.reservation) == ("approved", "prepaid", None)
    assert desk.asks("SO-2", "5000.00").judged.decision == "refused", "the money is for the other order"
    assert desk.asks("SO-1", "5000.01", "query").judged.decision == "refused", "a cent too much is not paid"
    desk.customer.reverses("P1", desk.today, reason="bounced")
    desk.hears()
    assert desk.asks("SO-1", "5000.00", "query").judged.decision == "refused"


@covers("LT-09", "LT-42")
def test_a_weak_grade_pays_down_before_it_is_delivered(desk: CreditDesk) -> None:
    desk.graded("C")
    desk.granted("100000")
    assert steps(desk.asks("SO-1", "10000.00")) == {"down_payment": "hold", "security": "warn"}
    desk.customer.pays("P1", "3000.00", desk.today, purpose="prepayment", for_order="SO-1")
    made = desk.hears()
    assert desk.said(OrderReleased, made)[0].by is None, "it lets itself go once the money is there"
    assert desk.account.reservations["SO-1"].amount == 7000 * 10_000, "what was paid is not kept again"


@covers("LT-03")
def test_a_company_that_only_observes_lets_everything_pass_and_says_what_would_have_been(desk: CreditDesk) -> None:
    watching = msgspec.structs.replace(RULES.checks, observing=frozenset({"1000"}))
    other = CreditDesk(brain=ExposureBrain(msgspec.structs.replace(RULES, checks=watching), Setting()))
    other.customer.registered("2024-01-02")
    other.hears()
    answer = other.asks("SO-1", "10.00", place={"company": "1000"})
    assert (answer.judged.decision, answer.judged.would_be, answer.judged.observed) == ("approved", "held", True)
    (told,) = other.said(CheckDecided)
    assert (told.decision, told.would_be, told.observed) == ("approved", "held", True)
    assert other.asks("SO-2", "10.00", place={"company": "2000"}).judged.decision == "held"


@covers("LT-40", "DN-05")
def test_supply_stops_and_goes_on_with_the_oldest_item(desk: CreditDesk) -> None:
    desk.customer.invoice("I1", "1000.00", "2026-01-02", due="2026-02-01")
    desk.hears()
    assert desk.wakes_on is not None
    assert desk.wakes_on.isoformat() <= "2026-03-03"
    desk.opens("2026-03-03")
    assert desk.account.published.suspended_on == desk.today.toordinal()
    assert desk.row.suspended_on == desk.today
    desk.customer.pays("P1", "1000.00", desk.today, for_={"I1": "1000.00"})
    desk.hears()
    assert (desk.account.published.suspended_on, desk.row.suspended_on) == (0, None)


def test_sub_limits_bind_their_own_orders_alone(desk: CreditDesk) -> None:
    desk.granted("10000", place={"product_group": "P1"})
    answer = desk.asks("SO-1", "10000.01", place={"product_group": "P1"})
    assert steps(answer) == {"sub_limit:product_group=P1": "hold"}
    assert desk.asks("SO-2", "10000.01", place={"product_group": "P2"}).judged.decision == "approved"
    assert desk.asks("SO-3", "6000.00", place={"product_group": "P1"}).judged.decision == "approved"
    assert desk.asks("SO-4", "6000.00", place={"product_group": "P1"}).judged.decision == "held"


def test_an_amount_in_a_currency_without_a_rate_is_held(desk: CreditDesk) -> None:
    assert steps(desk.asks("SO-1", "1.00", "query", currency="EUR")) == {"rate": "hold"}
    desk.customer.rates("2026-03-01", CNY="1", EUR="8")
    assert steps(desk.asks("SO-1", "1.00", "query", currency="EUR")) == {}
    answer = desk.asks("SO-1", "5000.01", "query", currency="EUR")
    assert steps(answer) == {"document": "hold"}


def test_a_booked_order_is_not_counted_beside_its_reservation_even_before_that_is_said(desk: CreditDesk) -> None:
    desk.asks("SO-1", "30000.00")
    desk.brain.evolve(desk.account, desk.customer.books("order", "SO-1", "30000.00", desk.today))
    assert desk.headroom == 70_000


def test_an_answer_that_kept_what_was_kept_stands_too(desk: CreditDesk) -> None:
    desk.asks("SO-1", "30000.00")
    assert desk.asks("SO-1", "30000.00", at="delivery").judged.exclusion is None
    again = desk.asks("SO-1", "30000.00", at="delivery")
    assert (again.judged.exclusion, again.reservation and again.reservation.reservation_id) == ("reserved", "rs-1")


def test_money_that_went_elsewhere_is_no_down_payment(desk: CreditDesk) -> None:
    desk.customer.invoice("I1", "5000.00", desk.today, due="2026-04-01")
    desk.customer.pays("P1", "5000.00", desk.today, purpose="prepayment", for_order="SO-1")
    desk.hears()
    assert desk.asks("SO-1", "5000.00", "query").judged.exclusion == "prepaid"
    desk.customer.settles("S1", desk.today, ("prepayment", "P1"), {"I1": "4000.00"})
    desk.hears()
    assert desk.asks("SO-1", "5000.00", "query").judged.exclusion is None
    assert desk.asks("SO-1", "1000.00", "query").judged.exclusion == "prepaid"


def test_grades_of_other_purposes_are_none_of_ours(desk: CreditDesk) -> None:
    desk.graded("D", purpose="service")
    assert desk.asks("SO-1", "100.00", "query").judged.decision == "approved"
