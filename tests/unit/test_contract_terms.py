"""A check warns of a contract in force that leaves out what a contract must state (LT-12)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.customer import day
from tests.unit.test_granting import desk_of, seen

covers("LT-12")

WHOLE = {
    "amount": "500000.00",
    "currency": "CNY",
    "penalty_rate": "0.0005",
    "terms": {"days": 30, "code": "TRANSFER-30"},
}
STATED = "terms, terms.code, amount, penalty_rate"


def step(*told: dict[str, Any]) -> tuple[str | None, str | None, str, str | None]:
    desk = desk_of()
    for at, one in enumerate(told):
        kind = "contract.amended" if one.pop("amends", False) else "contract.signed"
        desk.customer.tell(kind, day("2026-01-05"), **{"contract_id": f"K{at}", **one})
    desk.hears()
    return seen(desk.asks("SO-1", "1.00", "query"), "contract")


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in WHOLE.items() if name not in names}


def test_a_contract_that_states_everything_passes_and_so_does_none_at_all() -> None:
    assert step() == (None, STATED, "pass", None)
    assert step({**WHOLE}) == (None, STATED, "pass", None)


@pytest.mark.parametrize(
    ("told", "lacking"),
    [
        (without("penalty_rate"), "penalty_rate"),
        (without("amount", "currency"), "amount"),
        (without("terms"), "terms, terms.code"),
        ({**WHOLE, "terms": {"days": 30}}, "terms.code"),
    ],
)
def test_what_a_contract_leaves_out_is_named_and_holds_nothing(told: dict[str, Any], lacking: str) -> None:
    assert step(told) == (f"K0: {lacking}", STATED, "warn", "CONTRACT_INCOMPLETE")


def test_an_amendment_may_add_what_was_left_out() -> None:
    more = {"amends": True, "contract_id": "K0", "penalty_rate": "0.0005"}
    assert step(without("penalty_rate"), more)[2] == "pass"


def test_a_contract_that_is_over_or_has_not_begun_is_not_looked_at() -> None:
    assert step({**without("amount", "currency"), "valid_to": "2026-03-01"})[2] == "pass"
    assert step({**without("amount", "currency"), "valid_to": "2026-03-02"})[2] == "warn", "its last day"
    assert step({**without("amount", "currency"), "valid_from": "2026-03-03"})[2] == "pass"


def test_each_incomplete_contract_is_named() -> None:
    value = step(without("amount", "currency"), {**WHOLE}, without("penalty_rate"))[0]
    assert value == "K0: amount; K2: penalty_rate"
