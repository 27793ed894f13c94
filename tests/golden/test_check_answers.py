"""Answers to credit checks, whole, as the API gives them: what an ERP was built against does not change unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.exposure.api.answers import Check
from services.exposure.api.telling import checked
from tests.support.credit_desk import CreditDesk

FOLDER = Path(__file__).parent / "checks"


def _desk(grade: str = "A") -> CreditDesk:
    desk = CreditDesk()
    desk.customer.registered("2024-01-02", segment="dealer")
    desk.customer.invoice("I1", "12000.00", "2026-02-10", due="2026-03-20", company="1000")
    desk.hears()
    desk.graded(grade)
    desk.granted("100000", "policy", id="L-2026", review_on=date(2026, 9, 1))
    desk.seen_at = desk.now
    desk.waits(0.25)
    return desk


def approved() -> Any:
    """An order within the limit."""
    return _desk().asks("SO-1", "30000.00", place={"company": "1000", "segment": "dealer"}, by="erp")


def held() -> Any:
    """Beyond the limit, overdue, and dunned."""
    desk = _desk("C")
    desk.granted("100000")
    desk.customer.invoice("I2", "9000.00", "2026-01-05", due="2026-02-10")
    desk.customer.tell("dunning.sent", desk.today, dunning_id="D1", sent_on=desk.today, level=3, channel="letter")
    desk.hears()
    return desk.asks("SO-2", "95000.00", by="erp")


def refused() -> Any:
    """The worst grade."""
    return _desk("D").asks("SO-3", "1.00", "query")


def prepaid() -> Any:
    """Paid before, whatever stands against the customer."""
    desk = _desk("D")
    desk.customer.pays("P1", "500.00", desk.today, purpose="prepayment", for_order="SO-4")
    desk.hears()
    return desk.asks("SO-4", "500.00", "query")


CASES: dict[str, Callable[[], Any]] = {"approved": approved, "held": held, "refused": refused, "prepaid": prepaid}


def answered(name: str, *, whole: bool) -> dict[str, Any]:
    """The answer of a case as JSON values."""
    return Check.model_validate(checked(CASES[name](), whole=whole)).model_dump(mode="json")


@pytest.mark.parametrize("name", CASES)
def test_an_answer_is_what_it_always_was(name: str) -> None:
    assert answered(name, whole=True) == json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def test_every_file_is_an_answer() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == CASES.keys()


def test_who_may_not_read_exposures_is_told_the_decision_alone() -> None:
    said = json.dumps(answered("held", whole=False))
    assert "held" in said
    for word in ("LIMIT_EXCEEDED", "100000", "12000", "DUNNED", '"C"'):
        assert word not in said
