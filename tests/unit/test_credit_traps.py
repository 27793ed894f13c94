"""The ten traps of credit control (features, section 6), each with what the naive implementation would do beside it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.exposure.core.checking import check
from services.exposure.core.exposure import exposure, lines
from services.exposure.core.judging import Asked
from services.exposure.core.rules import DEFAULT
from services.exposure.core.watching import utilisation
from shared.core.events.limit import LimitChanged, OrderHeld
from shared.core.references import References
from tests.support.credit_desk import CreditDesk, steps
from tests.support.histories import history

K = 10_000
"""Units of one yuan."""


@pytest.fixture
def desk() -> CreditDesk:
    """A customer of grade A with a limit of 24,000."""
    made = CreditDesk()
    made.customer.registered("2024-01-02")
    made.hears()
    made.graded("A")
    made.granted("24000")
    return made


@given(seed=st.integers(0, 5000), ahead=st.integers(0, 500))
@settings(max_examples=40, deadline=None)
def test_1_the_parts_add_up_to_the_whole_on_every_day(seed: int, ahead: int) -> None:
    desk = CreditDesk()
    for event in history(seed):
        desk.brain.evolve(desk.account, event)
    on = date(2024, 1, 8).toordinal() + ahead
    found = exposure(desk.account, on, DEFAULT, References(), "CNY")
    parts = [line for line in lines(desk.account, on, DEFAULT) if line.category in found.by_category]
    assert sum(line.units * line.weight for line in parts) == sum(found.by_category.values()) * 100 * K


def test_2_a_ratio_is_never_rounded_to_nothing(desk: CreditDesk) -> None:
    assert utilisation(1, 10**18) == Decimal("1e-9")
    assert utilisation(10**18 - 1, 10**18) == Decimal("0.999999999"), "nor up to a mark"
    assert round(Decimal(1) / Decimal(10**18), 9) == 0, "what the naive would show"
    desk.customer.invoice("I1", "0.01", "2026-01-05", due="2026-02-20")
    desk.customer.invoice("I2", "99999999.00", "2026-02-05", due="2026-03-30")
    desk.hears()
    (seen,) = [s for s in desk.asks("SO-1", "1.00", "query").judged.steps if s.name == "overdue_ratio"]
    assert seen.value == "0.000000001"


def test_3_what_was_paid_beforehand_opens_no_limit_of_nothing() -> None:
    desk = CreditDesk()
    desk.customer.registered("2024-01-02")
    desk.customer.pays("P1", "5000.00", "2026-03-01", purpose="prepayment")
    desk.hears()
    desk.granted("0")
    answer = desk.asks("SO-1", "3000.00")
    assert answer.judged.decision == "held"
    assert steps(answer)["limit"] == "hold", "and not for being large alone"
    assert answer.exposure == 0
    naive = -5000 + 3000
    assert naive <= 0, "exposure below zero would let the order pass"
    assert desk.row.utilisation is None, "nothing is divided by 0"


def test_4_the_own_document_is_not_counted_twice(desk: CreditDesk) -> None:
    """vip.kingdee.com/article/285118653522108287: limit 24,000; own 12,010 leaves 11,990, and the check refused it."""
    desk.customer.books("order", "SO-1", "12010.00", desk.today)
    desk.hears()
    assert desk.headroom == 11_990
    answer = desk.asks("SO-1", "12010.00", at="delivery")
    assert (answer.judged.decision, answer.judged.exposed) == ("approved", 12_010 * K)
    assert desk.figures.total + 12_010 * K > 24_000 * K, "what the naive would compare"
    assert desk.asks("SO-1", "12010.00").judged.exposed == 12_010 * K, "nor when the order is checked again"
    desk.asks("SO-2", "9000.00")
    assert desk.asks("SO-2", "9000.00", at="delivery").judged.exposed == 21_010 * K, "nor its own reservation"


def test_5_a_receipt_dated_back_counts_from_its_date_and_no_later_one_before(desk: CreditDesk) -> None:
    desk.customer.invoice("I1", "10000.00", "2026-02-01", due="2026-04-01")
    desk.hears()
    desk.customer.pays("P1", "4000.00", "2026-02-10", for_={"I1": "4000.00"})
    desk.customer.pays("P2", "1000.00", "2026-03-01", for_={"I1": "1000.00"})
    desk.hears()

    def on(text: str) -> Decimal:
        return exposure(desk.account, date.fromisoformat(text).toordinal(), DEFAULT, References(), "CNY").total

    assert [on(day) for day in ("2026-02-09", "2026-02-10", "2026-02-28", "2026-03-01")] == [10000, 6000, 6000, 5000]


def test_6_no_copy_no_reopening_and_no_other_number_gets_around_a_hold(desk: CreditDesk) -> None:
    assert desk.asks("SO-1", "30000.00").judged.decision == "held"
    assert desk.asks("SO-1-copy", "30000.00").judged.decision == "held", "a copy is an order like any other"
    desk.releases("SO-1", "general_manager")
    assert desk.asks("SO-1", "30000.00").judged.decision == "approved"
    assert desk.asks("SO-1-again", "30000.00").judged.decision == "held", "the release was for the one order"
    desk.customer.books("order", "SO-1", "30000.00", desk.today)
    desk.customer.cancels("SO-1", desk.today)
    desk.hears()
    desk.opens("2026-03-09")
    reopened = desk.asks("SO-1", "60000.00")
    assert reopened.judged.decision == "held", "reopened, it is checked as what it is now"
    assert desk.figures.reserved() == 0


def test_6_another_number_takes_the_place_of_the_old_and_only_that(desk: CreditDesk) -> None:
    desk.asks("SO-1", "9000.00")
    answer = desk.asks("SO-1-new", "9600.00", replaces="SO-1")
    assert (answer.judged.decision, answer.judged.exposed) == ("approved", 9600 * K)
    assert list(desk.account.reservations) == ["SO-1-new"]
    desk.customer.books("order", "SO-1-new", "9600.00", desk.today, replaces="SO-1")
    desk.hears()
    assert (desk.headroom, desk.account.reservations) == (14_400, {})


def test_7_what_lowers_exposure_is_never_blocked(desk: CreditDesk) -> None:
    desk.customer.invoice("I1", "90000.00", "2025-10-01", due="2025-11-01")
    desk.hears()
    assert desk.account.published.suspended_on
    desk.customer.books("credit_note", "N1", "80000.00", desk.today, takes={"I1": "80000.00"})
    desk.customer.pays("P1", "10000.00", desk.today, for_={"I1": "10000.00"})
    desk.hears()
    assert (desk.headroom, desk.account.published.suspended_on) == (24_000, 0)
    desk.asks("SO-1", "9000.00")
    desk.customer.invoice("I2", "30000.00", "2026-02-01", due="2026-02-02")
    desk.hears()
    assert list(desk.account.reservations) == ["SO-1"]
    assert desk.asks("SO-1", "9000.00", "release").judged.would_be == "held"
    assert desk.account.reservations == {}, "it is given back all the same"


def test_7_an_approved_order_may_always_become_smaller(desk: CreditDesk) -> None:
    desk.asks("SO-1", "9000.00")
    desk.customer.invoice("I1", "30000.00", "2026-02-01", due="2026-02-02")
    desk.hears()
    smaller = desk.asks("SO-1", "8000.00")
    assert (smaller.judged.decision, smaller.judged.exclusion) == ("approved", "lowers_exposure")
    assert desk.account.reservations["SO-1"].amount == 8000 * K
    assert desk.asks("SO-1", "8500.00").judged.decision == "held", "growing again is growing"
    assert desk.asks("SO-2", "1.00").judged.decision == "held"


def test_7_what_nobody_approved_does_not_become_good_by_becoming_smaller(desk: CreditDesk) -> None:
    desk.customer.books("order", "SO-1", "30000.00", desk.today)
    desk.hears()
    assert desk.asks("SO-1", "30000.00").judged.decision == "held"
    assert desk.asks("SO-1", "29999.00").judged.decision == "held"


def test_8_other_terms_are_another_question(desk: CreditDesk) -> None:
    """SAP note 3696515: a change of terms did not check again."""
    assert desk.asks("SO-1", "9000.00", terms="30 days").reservation is not None
    desk.customer.invoice("I1", "30000.00", "2026-02-01", due="2026-02-02")
    desk.hears()
    assert desk.asks("SO-1", "9000.00", terms="30 days").judged.decision == "approved", "what was promised stands"
    assert desk.asks("SO-1", "9000.00", terms="180 days").judged.decision == "held"


def test_8_a_due_date_that_moves_is_seen_at_once(desk: CreditDesk) -> None:
    desk.customer.invoice("I1", "1000.00", "2026-01-02", due="2026-03-30")
    desk.hears()
    assert steps(desk.asks("SO-1", "1.00", "query")) == {}
    desk.customer.tell("transaction.terms-changed", desk.today, transaction_id="I1", due_on="2026-01-20")
    desk.hears()
    assert "oldest_overdue" in steps(desk.asks("SO-1", "1.00", "query"))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_9_checks_that_race_for_one_headroom_never_both_get_it(seed: int) -> None:
    """As the edge does it: decided on a version, appended only where the version is still that one, else decided again."""
    desk, random = CreditDesk(), Random(seed)
    desk.customer.registered("2024-01-02")
    desk.hears()
    desk.graded("A")
    desk.granted("24000")
    orders = [Asked(order_id=f"SO-{n}", amount=random.randint(1, 9600) * K, currency="CNY") for n in range(12)]
    waiting = [(asked, desk.moment(), check(desk.moment(), asked)) for asked in orders]
    naive = sum(asked.amount for asked, _, act in waiting if act.answer.judged.decision == "approved")
    approved = 0
    random.shuffle(waiting)
    for asked, moment, first in waiting:
        act = first if moment.version == desk.version else check(desk.moment(), asked)
        desk.does(act.decisions)
        approved += asked.amount if act.answer.judged.decision == "approved" else 0
    assert approved <= 24_000 * K
    assert approved == desk.figures.reserved()
    assert naive == sum(asked.amount for asked in orders), "each alone would have been let go"


def test_10_a_limit_that_changed_is_always_told(desk: CreditDesk) -> None:
    told = [(str(one.from_) if one.from_ else None, str(one.to)) for one in desk.said(LimitChanged)]
    assert told == [(None, "24000.00")]
    desk.granted("10000", "temporary", valid_to=date(2026, 3, 5))
    assert desk.said(LimitChanged)[-1].to == 34_000
    desk.opens("2026-03-06")
    assert desk.said(LimitChanged)[-1].to == 24_000, "a temporary limit falls back by itself"
    assert all(one.publish for one in desk.log if isinstance(one.data, LimitChanged | OrderHeld))
    assert desk.account.published.limit == desk.figures.effective.amount
