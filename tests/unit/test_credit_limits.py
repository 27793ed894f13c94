"""Limits: what they add up to, what a grade does to them, what people ask for, watch marks, holds that people let go."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from services.exposure.core import snapshot
from services.exposure.core.formulas import need_of, policy_limit, rounded_down
from services.exposure.core.holds import LetGo, Why
from services.exposure.core.requesting import LimitEndWanted, LimitWanted, approvers, effect, request, why_not
from services.exposure.core.requesting import Why as WhyNot
from shared.core.approval.commands import Actor
from shared.core.brain import Decided
from shared.core.events.approval import ApprovalGranted, ApprovalRequested
from shared.core.events.granting import LimitEnded, LimitGranted
from shared.core.events.limit import (
    LimitBreached,
    LimitChanged,
    LimitRestored,
    LimitWatched,
    OrderReleased,
    ReservationMade,
    ReservationReleased,
)
from tests.support.covers import covers
from tests.support.credit_desk import BRAIN, RULES, CreditDesk
from tests.support.customer import day

K = 10_000


@pytest.fixture
def desk() -> CreditDesk:
    """A customer that has bought for 10,000 a month for two years, and pays."""
    made = CreditDesk()
    made.customer.registered("2024-01-02", segment="dealer")
    made.customer.months("2024-03-05", 24)
    made.hears()
    return made


def policy(desk: CreditDesk, grade: str) -> Any:
    terms = RULES.limits.of(grade)
    assert terms is not None
    return policy_limit(desk.account, desk.today.toordinal(), RULES.limits, desk.customer.context, terms, "CNY")


def wanted(amount: str, kind: str = "policy", **more: Any) -> LimitWanted:
    return LimitWanted(customer_id="C1", kind=kind, amount=amount, currency="CNY", reason="season", evidence="file 7", by="li",
                       **more)  # fmt: skip


def test_the_effective_limit_is_own_cover_guarantees_and_temporary(desk: CreditDesk) -> None:
    desk.graded("A")
    desk.granted("100000", "policy")
    desk.granted("80000", "management")
    desk.granted("50000", "insured", share="0.9")
    desk.granted("20000", "guaranteed", share="0.8")
    desk.granted("5000", "temporary", valid_to=date(2026, 3, 4))
    effective = desk.figures.effective
    assert effective.amount == (80_000 + 45_000 + 16_000 + 5_000) * K
    assert effective.formula == (
        ("management L2", "80000 × 1"), ("insured L3", "50000 × 0.9"), ("guaranteed L4", "20000 × 0.8"),
        ("temporary L5", "5000 × 1"), ("effective", "146000"),
    )  # fmt: skip
    assert effective.valid_to == day("2026-03-04").toordinal()
    desk.opens("2026-03-05")
    assert desk.figures.effective.amount == 141_000 * K
    assert [one.limit_id for one in desk.said(LimitEnded)] == ["L5"]


@covers("LT-01", "LT-09", "G-27")
def test_a_policy_limit_is_the_least_of_need_ability_and_appetite(desk: CreditDesk) -> None:
    terms = RULES.limits.of("A")
    assert terms is not None
    need = need_of(desk.account, desk.today.toordinal(), RULES.limits, terms, desk.customer.context, "CNY")
    assert need == 35_000 * K, "the best month for the 90 days of the term and 15 more"
    assert dict(policy(desk, "A").lines)["by_need"] == "42000"
    assert policy(desk, "A").amount == 42_000 * K
    assert policy(desk, "D").amount == 0
    desk.customer.tell("financials.reported", day("2026-02-20"), statement_id="S1", period_end="2025-12-31", months=12,
                       currency="CNY", lines={"total_assets": "700000", "total_liabilities": "400000"}, basis="audited")  # fmt: skip
    desk.hears()
    assert policy(desk, "A").amount == 30_000 * K, "10 % of net assets"
    assert policy(desk, "C").amount == 10_000 * K, "10,500 rounded down; 4 % of net assets would be 12,000"


@covers("LT-02", "LT-09")
def test_nobody_gets_more_than_his_share_of_the_budget(desk: CreditDesk) -> None:
    from tests.support.histories import Story

    told = Story(0, "~reference").tell("reference.published", day("2026-03-01"), series="own_budget", as_of="2026-03-01",
                                       values={"planned_credit_sales": "3650000"})  # fmt: skip
    desk.customer.context.refer(told)
    assert dict(policy(desk, "A").lines)["budget"] == "660000", "3,650,000 × 60 ÷ 365 × 1.1"
    assert policy(desk, "A").amount == 33_000 * K


@covers("LT-01")
def test_a_new_customer_gets_a_months_purchases_and_never_more_than_a_trial() -> None:
    desk = CreditDesk()
    desk.customer.registered("2026-02-01")
    desk.customer.reports("expected_monthly_purchases", "45600", "2026-02-01")
    desk.hears()
    assert policy(desk, "A").amount == 45_000 * K
    desk.customer.reports("expected_monthly_purchases", "456000", "2026-02-02")
    desk.hears()
    assert policy(desk, "A").amount == 100_000 * K


@pytest.mark.parametrize(("whole", "down"), [(0, 0), (9, 9), (99, 99), (100, 100), (109, 100), (123_456, 120_000)])
def test_limits_are_rounded_down_to_two_digits(whole: int, down: int) -> None:
    assert rounded_down(whole * K + 9_999, 2) == down * K


@covers("LT-06")
def test_a_fall_of_the_grade_lowers_the_limit_at_once_and_leaves_what_was_promised(desk: CreditDesk) -> None:
    desk.graded("A")
    desk.granted("60000", "policy")
    desk.granted("10000", "temporary", valid_to=date(2026, 6, 1))
    desk.granted("10000", "insured", share="1")
    desk.asks("SO-1", "20000.00")
    made = desk.graded("C")
    assert [one.amount for one in desk.said(LimitGranted, made)] == [10_000]
    assert {one.reason for one in desk.said(LimitEnded, made)} == {"LT-06.01"}
    assert [(one.from_, one.to) for one in desk.said(LimitChanged, made)] == [(80_000, 20_000)]
    assert desk.account.reservations["SO-1"].amount == 20_000 * K, "a promise to ship is kept once"
    assert desk.graded("C") == [], "it fell once"


@covers("LT-06", "DN-06")
def test_of_the_worst_grade_nothing_is_left(desk: CreditDesk) -> None:
    desk.graded("A")
    desk.granted("60000", "policy")
    desk.granted("90000", "management")
    desk.asks("SO-1", "20000.00")
    made = desk.graded("D")
    assert desk.figures.effective.amount == 0
    assert len(desk.said(ReservationReleased, made)) == 1
    assert desk.account.reservations == {}


def test_losing_the_grade_is_no_fall(desk: CreditDesk) -> None:
    desk.graded("B")
    desk.granted("60000", "policy")
    assert desk.graded(None, refusal="TOO_FEW_FACTS") == []
    assert desk.asks("SO-1", "100.00", "query").judged.decision == "approved"


@covers("LT-06", "LT-38")
def test_a_rise_only_proposes_at_most_half_more_and_not_twice_in_ninety_days(desk: CreditDesk) -> None:
    desk.graded("C")
    desk.granted("14000", "policy")
    made = desk.graded("B")
    (asked,) = desk.said(ApprovalRequested, made)
    assert desk.figures.effective.amount == 14_000 * K, "nothing rises by itself"
    assert msgspec.json.decode(asked.payload)["amount"] == "21000"
    assert (asked.by, asked.roles, asked.topic) == ("gradeline", ("credit_supervisor",), "credit.limits")
    assert desk.graded("B") == [], "proposed once"
    follows = effect(desk.account.approvals[asked.approval_id], desk.moment())
    assert not isinstance(follows, WhyNot)
    desk.does([Decided(one, publish=False) for one in follows], "override")
    assert desk.figures.effective.amount == 21_000 * K
    assert why_not(wanted("22000"), desk.moment()) is WhyNot.TOO_SOON
    assert why_not(wanted("21000"), desk.moment()) is None, "as much is no rise"
    desk.opens(desk.today + timedelta(days=90))
    assert why_not(wanted("31500"), desk.moment()) is None
    assert why_not(wanted("31500.01"), desk.moment()) is WhyNot.TOO_FAR


@covers("AP-04", "LT-33")
def test_who_approves_follows_from_the_whole_limit_and_the_grade(desk: CreditDesk) -> None:
    desk.graded("A")
    moment = desk.moment()
    assert approvers(wanted("200000"), moment) == ("credit_supervisor",)
    assert approvers(wanted("200000.01"), moment) == ("credit_manager",)
    assert approvers(wanted("5000000"), moment) == ("credit_manager", "finance_director")
    assert approvers(wanted("20000001"), moment)[-1] == "general_manager"
    desk.granted("150000", "insured", share="1")
    assert approvers(wanted("60000"), desk.moment()) == ("credit_manager",), (
        "with the cover it is more than the first tier"
    )
    desk.graded("C")
    assert approvers(wanted("10000"), desk.moment()) == ("credit_manager",)
    desk.graded("D")
    assert approvers(wanted("10000"), desk.moment())[-1] == "general_manager"


@covers("AP-04", "AP-11", "LT-39")
def test_a_request_takes_effect_with_the_content_that_was_approved(desk: CreditDesk) -> None:
    desk.graded("B")
    li = Actor("li", "li", frozenset({"sales"}))
    made = request(desk.moment(), "ap-1", wanted("50000", conditions=("statements by April",)), li, {})
    assert isinstance(made, tuple)
    desk.does([Decided(one, publish=True) for one in made], "override")
    approval = desk.account.approvals["ap-1"]
    assert (approval.roles, approval.by) == (("credit_supervisor",), "li")
    (granted,) = effect(approval, desk.moment())
    assert isinstance(granted, LimitGranted)
    assert (granted.grade, granted.conditions, granted.approval_id) == ("B", ("statements by April",), "ap-1")
    assert (granted.valid_to, granted.review_on) == (date(2027, 3, 2), date(2026, 9, 2))


def test_a_new_policy_limit_ends_the_one_before_so_that_it_never_comes_back(desk: CreditDesk) -> None:
    desk.graded("B")
    desk.granted("50000", "policy", id="old")
    li = Actor("li", "li", frozenset({"sales"}))
    made = request(desk.moment(), "ap-1", wanted("40000", valid_to=date(2026, 3, 10)), li, {})
    assert isinstance(made, tuple)
    desk.does([Decided(one, publish=True) for one in made], "override")
    follows = effect(desk.account.approvals["ap-1"], desk.moment())
    assert not isinstance(follows, WhyNot)
    desk.does([Decided(one, publish=False) for one in follows], "override")
    assert desk.figures.effective.amount == 40_000 * K
    desk.opens("2026-03-11")
    assert (desk.figures.effective.amount, desk.figures.effective.expired_on) == (0, day("2026-03-11").toordinal())


def test_a_limit_can_be_taken_back_once(desk: CreditDesk) -> None:
    desk.granted("50000", "management", id="L1")
    end = LimitEndWanted(customer_id="C1", limit_id="L1", reason="moved away", evidence="mail", by="li")
    assert why_not(end, desk.moment()) is None
    assert why_not(msgspec.structs.replace(end, limit_id="L9"), desk.moment()) is WhyNot.UNKNOWN
    desk.does([Decided(LimitEnded(as_of=desk.today, cause="override", limit_id="L1", reason="x"), publish=False)])
    assert why_not(end, desk.moment()) is WhyNot.ENDED


@covers("LT-03")
def test_watch_marks_are_passed_and_cleared_further_down(desk: CreditDesk) -> None:
    desk.granted("100000")

    def owes(amount: str) -> list[tuple[str, str]]:
        name = f"I{len(desk.customer.events)}"
        desk.customer.invoice(name, amount, desk.today, due="2026-09-01")
        made = desk.hears()
        desk.customer.cancels(name, desk.today)
        kinds = {LimitWatched: "watched", LimitBreached: "breached", LimitRestored: "restored"}
        return [(kinds[type(d.data)], str(getattr(d.data, "mark", ""))) for d in made if type(d.data) in kinds]  # type: ignore[index] # only kinds of the table come here

    assert owes("79999.99") == []
    assert owes("80000.00") == [("watched", "0.8")]
    assert owes("76000.00") == [], "cleared at 75"
    assert owes("95000.00") == [("watched", "0.9")]
    assert owes("86000.00") == []
    assert owes("85000.00") == [("watched", "0.8")]
    assert owes("100000.00") == [("watched", "0.9")], "the limit itself is no breach"
    assert owes("100000.01") == [("breached", "")]
    assert owes("99000.00") == [], "restored at 98"
    assert owes("98000.00") == [("restored", "")]
    assert owes("1000.00") == [("watched", "0")]


@covers("LT-03")
def test_special_approval_counts_the_excess_against_the_role(desk: CreditDesk) -> None:
    desk.graded("A")
    desk.granted("100000")
    desk.asks("SO-1", "110000.00", by="order-system")
    assert desk.releases("SO-1") is Why.NO_AUTHORITY
    assert desk.releases("SO-9", "general_manager") is Why.UNKNOWN
    first = desk.releases("SO-1", "credit_manager")
    assert isinstance(first, LetGo)
    assert (first.role, first.excess, first.valid_until) == ("credit_manager", 10_000 * K, date(2026, 3, 9))
    (told,) = desk.said(OrderReleased)
    assert (told.by, told.note, str(told.excess)) == ("zhao", "paid tomorrow", "10000.00")
    assert len(desk.said(ReservationMade)) == 1
    version = desk.version
    assert isinstance(desk.releases("SO-1", "credit_manager"), LetGo)
    assert desk.version == version, "twice is once"
    desk.asks("SO-2", "0.01", by="order-system")
    assert desk.releases("SO-2", "credit_manager") is Why.NO_AUTHORITY, "what the first took beyond the limit counts"
    assert desk.releases("SO-2", "finance_director", who="order-system") is Why.OWN
    assert isinstance(desk.releases("SO-2", "finance_director"), LetGo)


@covers("LT-03")
def test_without_a_limit_everything_is_excess(desk: CreditDesk) -> None:
    desk.asks("SO-1", "1.00")
    assert desk.releases("SO-1", "deputy_general_manager") is Why.NO_AUTHORITY
    assert isinstance(desk.releases("SO-1", "general_manager"), LetGo)


@covers("LT-03")
def test_a_released_order_is_checked_again_only_where_it_grew_or_waited(desk: CreditDesk) -> None:
    desk.graded("A")
    desk.granted("100000")
    desk.asks("SO-1", "108000.00")
    desk.releases("SO-1", "credit_manager")
    assert desk.asks("SO-1", "108000.00", at="delivery").judged.exclusion == "released"
    assert desk.asks("SO-1", "113400.00", "query").judged.decision == "approved", "5 % more"
    assert desk.asks("SO-1", "113400.01", "query").judged.decision == "held"
    desk.opens("2026-03-07")
    desk.customer.invoice("I1", "50.00", "2026-01-05", due="2026-01-20")
    desk.hears()
    assert desk.asks("SO-1", "108000.00", "query", "delivery").judged.decision == "approved", "five days"
    desk.opens("2026-03-08")
    again = desk.asks("SO-1", "108000.00", "query", "delivery")
    assert again.judged.decision == "held", "checked again, and something new stands against it"
    desk.customer.pays("P9", "50.00", desk.today, for_={"I1": "50.00"})
    desk.hears()
    assert desk.asks("SO-1", "108000.00", "query", "delivery").judged.decision == "approved", "the excess was let go"


def test_holds_let_themselves_go_one_after_the_other_as_headroom_comes(desk: CreditDesk) -> None:
    desk.graded("A")
    desk.granted("50000")
    desk.customer.invoice("I1", "45000.00", desk.today, due="2026-05-01")
    desk.hears()
    desk.asks("SO-1", "15000.00")
    desk.asks("SO-2", "15000.00")
    assert list(desk.account.holds) == ["SO-1", "SO-2"]
    desk.customer.pays("P1", "20000.00", desk.today, for_={"I1": "20000.00"})
    made = desk.hears()
    assert [one.order_id for one in desk.said(OrderReleased, made)] == ["SO-1"]
    assert list(desk.account.holds) == ["SO-2"]
    assert desk.headroom == 10_000, "headroom is kept for the one that goes"
    assert [one.order_id for one in desk.said(ReservationMade, made)] == ["SO-1"]


def test_an_account_comes_back_from_its_snapshot_and_from_its_events_the_same(desk: CreditDesk) -> None:
    desk.graded("A")
    desk.granted("50000", "policy")
    desk.asks("SO-1", "15000.00", place={"company": "1000"})
    desk.asks("SO-2", "90000.00")
    desk.releases("SO-2", "general_manager")
    desk.asks("SO-3", "90000.00")
    desk.graded("B")
    again = BRAIN.load(BRAIN.dump(desk.account))
    assert snapshot.dump(again) == snapshot.dump(desk.account)
    fresh = BRAIN.initial("C1")
    for event in desk.events:
        BRAIN.evolve(fresh, event)
    fresh.head, fresh.considered, fresh.late = desk.account.head, desk.account.considered, desk.account.late
    fresh.ledger.touched = desk.account.ledger.touched
    fresh.ledger.move_to(desk.account.ledger.day)
    assert snapshot.dump(fresh) == snapshot.dump(desk.account)
    assert BRAIN.weight(fresh) > 0


def test_approvals_decided_elsewhere_are_none_of_ours(desk: CreditDesk) -> None:
    told = ApprovalGranted(as_of=desk.today, cause="override", approval_id="x", kind="override", payload_sha256="0" * 64,
                           step=1, role="risk_manager")  # fmt: skip
    desk.does([Decided(told, publish=False)])
    assert desk.account.approvals == {}
    assert told.topic == "credit.ratings"
