"""What staff have to do about advance funding, and who comes to know that its cap is used up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.exposure.core import snapshot
from services.exposure.core.advances import granted, standing
from services.exposure.core.group import Spent
from shared.core.brain import Decided
from shared.core.events.limit import LimitWatched
from shared.core.events.rating import ReviewDue
from shared.core.ledger.documents import units
from tests.support.covers import covers
from tests.support.credit_desk import CreditDesk
from tests.support.customer import day
from tests.unit.test_advances import grants, pays_out, wanted


@pytest.fixture
def desk() -> CreditDesk:
    made = CreditDesk()
    made.customer.registered("2024-01-02")
    made.hears()
    made.graded("A")
    return made


def told(desk: CreditDesk) -> list[tuple[str, str, str]]:
    """(day, what, due) of everything that was said to be due."""
    said = [one.data for one in desk.log if isinstance(one.data, ReviewDue) and one.publish]
    assert all((one.purpose, one.topic) == ("advance", "credit.limits") for one in said)
    return [(str(one.as_of), one.review_id, str(one.due_on)) for one in said]


@covers("LT-27")
def test_the_quarterly_check_is_given_to_somebody_two_weeks_before_it_is_due(desk: CreditDesk) -> None:
    grants(desk, wanted("500000", months=6))
    assert told(desk) == []
    pays_out(desk, "AD1", "1000")
    desk.opens("2026-09-01")
    assert told(desk) == [
        ("2026-05-19", "LT-27/2026-06-02", "2026-06-02"),
        ("2026-08-02", "LT-25/2026-09-02", "2026-09-02"),
        ("2026-08-19", "LT-27/2026-09-02", "2026-09-02"),
    ]


@covers("LT-27")
@pytest.mark.parametrize("on", ["2026-05-18", "2026-06-02", "2026-08-18"])
def test_the_day_on_which_it_is_told_wakes_the_customer_up(desk: CreditDesk, on: str) -> None:
    grants(desk, wanted("500000", months=6))
    pays_out(desk, "AD1", "1000")
    desk.opens(on)
    after = [said for said, _, _ in told(desk)]
    wakes = desk.wakes_on
    desk.opens("2026-08-31")
    following = min(date.fromisoformat(said) for said, _, _ in told(desk)[len(after) :])
    assert wakes is not None
    assert wakes <= following


@covers("LT-25")
def test_what_is_owed_is_collected_before_the_contract_ends(desk: CreditDesk) -> None:
    desk.customer.tell("contract.signed", desk.today, contract_id="DOC-2", valid_to=date(2026, 5, 31))
    desk.hears()
    grants(desk, wanted("500000", months=6))
    desk.opens("2026-04-29")
    assert standing_tasks(desk) == ()
    desk.opens("2026-04-30")
    assert standing_tasks(desk) == (("LT-25", day("2026-05-31").toordinal()),)
    assert told(desk) == [("2026-04-30", "LT-25/2026-05-31", "2026-05-31")]


def standing_tasks(desk: CreditDesk) -> tuple[tuple[str, int], ...]:
    return standing(desk.figures).tasks


@covers("LT-23")
def test_arrears_without_a_grant_are_told_once_a_month(desk: CreditDesk) -> None:
    pays_out(desk, "AD1", "1000")
    desk.opens("2026-04-05")
    assert [what for _, what, _ in told(desk)] == ["LT-23/2026-03", "LT-23/2026-04"]


def test_what_was_told_outlives_a_snapshot(desk: CreditDesk) -> None:
    pays_out(desk, "AD1", "1000")
    brain = desk.brain
    kept = snapshot.load(snapshot.dump(desk.account), brain.setting, brain.reading)
    assert kept.published.duties == ("LT-23/2026-03",)


@covers("LT-15", "AL-04")
@pytest.mark.parametrize(
    ("others", "mark"), [("299999.99", None), ("300000", "0.8"), ("500000", "0.8"), ("600000", "1")]
)
def test_the_use_of_the_cap_of_all_advances_is_told_from_a_share_on(
    desk: CreditDesk, others: str, mark: str | None
) -> None:
    moment = desk.moment()._replace(advances=(Spent("CNY", units(Decimal(others)), 0),))
    made = [one for one in granted(wanted("500000"), "ap-1", moment) if isinstance(one, LimitWatched)]
    assert [str(one.mark.normalize()) for one in made] == ([mark] if mark else [])
    assert all(
        (one.kind, one.to, one.exposure) == ("advance-total", 1_000_000, Decimal(others) + 500_000) for one in made
    )


@covers("LT-15")
def test_the_use_of_the_cap_is_no_mark_of_the_customers_limit(desk: CreditDesk) -> None:
    moment = desk.moment()._replace(advances=(Spent("CNY", units(Decimal(600_000)), 0),))
    desk.does([Decided(one, publish=False) for one in granted(wanted("500000"), "ap-1", moment)], "override")
    assert desk.account.published.mark == "0"
