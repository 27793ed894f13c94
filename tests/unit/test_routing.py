"""Limits are routed by risk: hard-to-control business goes up, good customers within the policy go down (LT-33)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.exposure.adapters.rule_files import FOLDER, load
from services.exposure.core.brain import ExposureBrain
from services.exposure.core.requesting import LimitWanted, approvers
from shared.core.customer.state import Setting
from shared.core.errors import Misconfigured
from tests.support.covers import covers
from tests.support.credit_desk import BRAIN, RULES, CreditDesk

covers("LT-33", "AP-04")

SUPERVISOR, MANAGER = ("credit_supervisor",), ("credit_manager",)
DIRECTOR = ("credit_manager", "finance_director")


def desk_of(grade: str, since: str = "2025-03-02", brain: ExposureBrain = BRAIN, **profile: Any) -> CreditDesk:
    """A customer that buys for 100,000 a month, on 2 March 2026: the rules give grade A 420,000 by itself."""
    made = CreditDesk(brain=brain)
    made.customer.registered("2024-01-02", **profile)
    for month in range(1, 15):
        on = date(2025 + (month - 1) // 12, (month - 1) % 12 + 1, 10)
        made.customer.invoice(f"I{month}", "100000.00", on, due=date(2027, 1, 1))
    made.hears()
    made.graded(grade, on=since)
    return made


def asked(desk: CreditDesk, amount: str) -> tuple[str, ...]:
    told = {"kind": "management", "currency": "CNY", "reason": "r", "evidence": "e", "by": "li"}
    return approvers(LimitWanted(customer_id="C1", amount=amount, **told), desk.moment())


def test_a_good_customer_within_the_policy_is_decided_a_tier_lower() -> None:
    desk = desk_of("A")
    assert asked(desk, "420000") == SUPERVISOR
    assert asked(desk, "420000.01") == MANAGER, "more than the rules give by themselves"
    assert asked(desk, "100000") == SUPERVISOR, "there is no tier below the first"


def test_the_admission_is_strict() -> None:
    assert asked(desk_of("A", since="2025-03-03"), "400000") == MANAGER, "not a year yet"
    assert asked(desk_of("B"), "300000") == MANAGER
    fell = desk_of("B", since="2025-03-02")
    fell.graded("A", on="2025-09-01")
    assert asked(fell, "400000") == MANAGER, "it was something else in between"
    fell = desk_of("A", since="2025-01-02")
    fell.graded("B", on="2025-06-01")
    fell.graded("A", on="2025-09-01")
    assert asked(fell, "400000") == MANAGER, "also where it began and ended as A"
    late = desk_of("A")
    late.customer.invoice("LATE", "10.00", date(2026, 1, 10), due=date(2026, 2, 28))
    late.hears()
    assert asked(late, "400000") == MANAGER, "something is late"
    granting = RULES.granting
    strict = tuple(msgspec.structs.replace(one, grades=("B",)) for one in granting.policies)
    rules = msgspec.structs.replace(RULES, granting=msgspec.structs.replace(granting, policies=strict))
    outside = desk_of("A", brain=ExposureBrain(rules, Setting()))
    assert asked(outside, "400000") == MANAGER, "the policy of the segment gives the grade no credit"


@pytest.mark.parametrize("industry", ["building_materials", "textiles"])
def test_business_that_is_hard_to_control_goes_up_and_never_down(industry: str) -> None:
    desk = desk_of("A", industry=industry)
    assert asked(desk, "100000") == MANAGER
    assert asked(desk, "400000") == DIRECTOR
    assert asked(desk_of("C", industry=industry), "100000") == DIRECTOR, "the grade and the industry add up"
    assert asked(desk_of("A", industry="electronics"), "400000") == SUPERVISOR, "a supported industry is no hindrance"


def test_the_longer_a_grade_was_held_the_more_days_count() -> None:
    desk = desk_of("A", since="2025-03-03")
    desk.opens(desk.today + timedelta(days=1))
    assert asked(desk, "400000") == SUPERVISOR


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{control: 1, reduce: 1", "{support: 1, reduce: 1", "write control or reduce"),
        ("delegated: {grades: {A: 1}", "delegated: {grades: {C: 1}", "'C' goes up already"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    for file in FOLDER.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(Misconfigured, match=says):
        load(tmp_path)
