"""Advance funding (垫资): in principle none; what is granted, by whom, what it may be used for, and how it is run down."""

from __future__ import annotations

from typing import Any

import pytest

from services.exposure.core.advances import (
    AdvanceWanted,
    approvers,
    beyond,
    granted,
    others_of,
    outgrown,
    standing,
    why_not,
)
from services.exposure.core.group import Spent
from shared.core.brain import Decided
from shared.core.events.granting import LimitEnded, LimitGranted
from tests.support.covers import covers
from tests.support.credit_desk import CreditDesk, steps
from tests.support.customer import day

K = 10_000
PAPERS = {"letter": "DOC-1", "contract": "DOC-2", "statement": "DOC-3"}
CHAIN = ("customer_service", "legal", "finance", "deputy_general_manager", "general_manager")


@pytest.fixture
def desk() -> CreditDesk:
    made = CreditDesk()
    made.customer.registered("2024-01-02")
    made.hears()
    made.graded("A")
    return made


def wanted(amount: str = "500000", months: int = 3, **more: Any) -> AdvanceWanted:
    said: dict[str, Any] = {**PAPERS, "reason": "wages", "evidence": "file", "by": "li", **more}
    return AdvanceWanted(customer_id="C1", amount=amount, currency="CNY", months=months, **said)


def grants(desk: CreditDesk, one: AdvanceWanted, id: str = "ap-1") -> None:
    desk.does([Decided(made, publish=False) for made in granted(one, id, desk.moment())], "override")


def pays_out(desk: CreditDesk, id: str, amount: str, on: str = "") -> None:
    desk.customer.books("advance_funding", id, amount, on or desk.today)
    desk.hears()


@covers("LT-14")
def test_without_a_grant_nothing_is_advanced_whatever_the_limit(desk: CreditDesk) -> None:
    desk.granted("1000000")
    assert steps(desk.asks("ADV-1", "1.00", what="advance_funding")) == {"advance": "hold"}
    assert steps(desk.asks("SO-1", "1.00")) == {}


@covers("LT-16", "LT-17", "LT-19")
def test_the_papers_are_named_or_it_cannot_be_asked_for(desk: CreditDesk) -> None:
    assert why_not(wanted(letter=" "), desk.moment()) == "ADVANCE_LETTER_MISSING"
    assert why_not(wanted(contract=""), desk.moment()) == "ADVANCE_CONTRACT_MISSING"
    assert why_not(wanted(statement=""), desk.moment()) is None, "of the best grade some advance is usual"
    desk.graded("B")
    assert why_not(wanted(statement=""), desk.moment()) == "ADVANCE_STATEMENT_MISSING"
    desk.graded("D")
    assert why_not(wanted(), desk.moment()) == "ADVANCE_NO_GRADE"


@covers("LT-18", "LT-19", "LT-20", "LT-21", "AP-02", "AP-03")
@pytest.mark.parametrize(
    ("grade", "amount", "months", "how"),
    [
        ("A", "1000000", 6, ()),
        ("A", "1000000.01", 7, ("amount", "period", "total")),
        ("B", "500000", 3, ()),
        ("B", "500001", 4, ("amount", "period")),
        ("C", "100000", 1, ()),
        ("C", "100001", 2, ("amount", "period")),
    ],
)
def test_amount_and_period_by_grade(
    desk: CreditDesk, grade: str, amount: str, months: int, how: tuple[str, ...]
) -> None:
    desk.graded(grade)
    assert beyond(wanted(amount, months), desk.moment()) == how
    assert approvers(wanted(amount, months), desk.moment()) == CHAIN


@covers("LT-15")
def test_all_advances_together_have_a_ceiling(desk: CreditDesk) -> None:
    assert beyond(wanted("500000", others="500000"), desk.moment()) == ()
    assert beyond(wanted("500000", others="500001"), desk.moment()) == ("total",)


@covers("LT-24")
def test_no_new_advance_before_arrears_are_cleared(desk: CreditDesk) -> None:
    grants(desk, wanted())
    desk.customer.invoice("I1", "1.00", "2026-01-05", due="2026-03-01")
    desk.hears()
    assert why_not(wanted(), desk.moment()) == "ADVANCE_ARREARS"
    assert "advance" in steps(desk.asks("ADV-1", "1.00", what="advance_funding"))
    desk.customer.pays("P1", "1.00", desk.today, for_={"I1": "1.00"})
    desk.hears()
    assert desk.asks("ADV-1", "1.00", what="advance_funding").judged.decision == "approved"


def test_within_the_grant_it_counts_against_the_grant_and_not_against_the_limit(desk: CreditDesk) -> None:
    desk.granted("100000")
    grants(desk, wanted("50000"))
    answer = desk.asks("ADV-1", "30000.00", what="advance_funding")
    assert (answer.judged.decision, steps(answer)) == ("approved", {})
    assert desk.headroom == 100_000
    assert steps(desk.asks("ADV-2", "20000.01", "query", what="advance_funding")) == {"advance": "hold"}, (
        "with the first"
    )
    pays_out(desk, "ADV-1", "30000.00")
    assert (desk.headroom, standing(desk.figures).outstanding) == (100_000, 30_000 * K)
    assert steps(desk.asks("ADV-2", "20000.00", "query", what="advance_funding")) == {}
    pays_out(desk, "ADV-3", "25000.00")
    assert desk.headroom == 95_000, "what goes beyond the grant eats the limit"


@covers("LT-26")
def test_after_an_adjustment_it_is_lower_unless_somebody_says_why_not(desk: CreditDesk) -> None:
    grants(desk, wanted("500000"))
    assert why_not(wanted("450000"), desk.moment()) is None
    assert why_not(wanted("450000.01"), desk.moment()) == "ADVANCE_NOT_LOWER"
    assert why_not(wanted("450000.01", exception="two more teams"), desk.moment()) is None
    grants(desk, wanted("450000"), "ap-2")
    assert [one.limit_id for one in desk.said(LimitEnded)] == ["ap-1"]
    assert desk.said(LimitGranted)[-1].formula["months"] == "3"


@covers("LT-22")
def test_what_is_beyond_a_lower_grant_is_halved_in_thirty_days_and_gone_in_sixty(desk: CreditDesk) -> None:
    grants(desk, wanted("500000"))
    pays_out(desk, "ADV-1", "500000.00")
    grants(desk, wanted("300000"), "ap-2")
    start = desk.today
    seen = []
    for later in ("2026-03-02", "2026-03-31", "2026-04-01", "2026-04-30", "2026-05-01"):
        desk.opens(later)
        seen.append(standing(desk.figures).allowed // K)
    assert seen == [500_000, 500_000, 400_000, 400_000, 300_000]
    assert [(rule, due - start.toordinal()) for rule, due in standing(desk.figures).tasks if rule == "LT-22"] == [
        ("LT-22", 30), ("LT-22", 60)
    ]  # fmt: skip
    assert steps(desk.asks("ADV-2", "1.00", "query", what="advance_funding"))["advance"] == "hold"


@covers("LT-22")
def test_the_clock_of_an_advance_runs_from_the_day_we_paid(desk: CreditDesk) -> None:
    grants(desk, wanted("500000", 1))
    pays_out(desk, "ADV-1", "1000.00")
    desk.opens("2026-04-02")
    assert standing(desk.figures).over_period == ()
    desk.granted("1", "temporary")
    desk.opens("2026-04-03")
    assert standing(desk.figures).over_period == ("ADV-1",)


@covers("LT-23")
def test_an_old_advance_without_a_grant_may_only_fall(desk: CreditDesk) -> None:
    pays_out(desk, "ADV-1", "1000.00", "2026-01-05")
    found = standing(desk.figures)
    assert (found.granted, found.outstanding, found.tasks) == (0, 1000 * K, (("LT-23", desk.today.toordinal()),))
    assert steps(desk.asks("ADV-2", "1.00", "query", what="advance_funding"))["advance"] == "hold"


@covers("LT-25", "LT-27")
def test_there_is_a_check_every_quarter_and_a_clearing_before_the_end(desk: CreditDesk) -> None:
    grants(desk, wanted("500000", 6))
    pays_out(desk, "ADV-1", "1000.00")
    assert standing(desk.figures).tasks == (("LT-27", day("2026-06-02").toordinal()),)
    desk.opens("2026-06-03")
    assert standing(desk.figures).tasks == (("LT-27", day("2026-09-02").toordinal()),)
    desk.opens("2026-08-02")
    assert ("LT-25", day("2026-09-02").toordinal()) in standing(desk.figures).tasks


def test_an_advance_is_no_credit_for_orders(desk: CreditDesk) -> None:
    grants(desk, wanted("500000"))
    assert desk.asks("SO-1", "1.00", "query").judged.decision == "held"
    assert desk.figures.effective.amount == 0


def test_a_held_advance_does_not_let_itself_go_as_an_order(desk: CreditDesk) -> None:
    desk.granted("100000")
    assert desk.asks("ADV-1", "1000.00", what="advance_funding").judged.decision == "held"
    desk.customer.invoice("I1", "5.00", desk.today, due="2026-06-01")
    desk.hears()
    assert list(desk.account.holds) == ["ADV-1"]
    grants(desk, wanted("5000"))
    assert (list(desk.account.holds), desk.account.reservations["ADV-1"].what) == ([], "advance_funding")


@covers("LT-22")
def test_while_an_old_one_is_run_down_nothing_is_added_to_it(desk: CreditDesk) -> None:
    grants(desk, wanted("500000"))
    pays_out(desk, "ADV-1", "350000.00")
    grants(desk, wanted("300000"), "ap-2")
    assert standing(desk.figures).allowed == 350_000 * K
    desk.opens("2026-04-01")
    assert standing(desk.figures).allowed == 325_000 * K, "half of what was beyond the new grant is to be gone"
    (seen,) = [
        s for s in desk.asks("ADV-2", "1.00", "query", what="advance_funding").judged.steps if s.name == "advance"
    ]
    assert seen.reason == "ADVANCE_EXCEEDED"


@covers("LT-22")
def test_beside_one_that_is_too_old_nothing_is_advanced(desk: CreditDesk) -> None:
    grants(desk, wanted("500000", 6))
    pays_out(desk, "ADV-1", "10.00", "2025-08-01")
    assert standing(desk.figures).over_period == ("ADV-1",)
    (seen,) = [
        s for s in desk.asks("ADV-2", "1.00", "query", what="advance_funding").judged.steps if s.name == "advance"
    ]
    assert seen.reason == "ADVANCE_EXCEEDED"


@covers("LT-15")
def test_what_others_are_granted_is_added_up_in_any_currency_and_a_missing_rate_goes_to_the_last_authority(
    desk: CreditDesk,
) -> None:
    desk.customer.rates(desk.today, CNY="1", USD="7")
    granted_to = (Spent("CNY", 150_000 * K, 0), Spent("USD", 50_000 * K, 0))
    moment = desk.moment()._replace(advances=granted_to)
    assert others_of(moment) == "500000"
    assert beyond(wanted("500000", others="0"), moment) == (), "of this moment, whatever the request said"
    assert beyond(wanted("500000.01", others="0"), moment) == ("total",)
    unknown = desk.moment()._replace(advances=(Spent("EUR", K, 0),))
    assert others_of(unknown) == "?"
    assert beyond(wanted("1", others="0"), unknown) == ("total",)
    assert beyond(wanted("1", others="?"), desk.moment()) == ("total",)


@covers("LT-15", "LT-21")
def test_what_grew_beyond_the_total_while_others_granted_it_is_asked_again(desk: CreditDesk) -> None:
    moment = desk.moment()._replace(advances=(Spent("CNY", 600_000 * K, 0),))
    assert outgrown(wanted("500000"), ("customer_service",), moment)
    assert not outgrown(wanted("500000"), CHAIN, moment), "the chain that may grant it anyhow"
    assert not outgrown(wanted("400000"), ("customer_service",), moment)
