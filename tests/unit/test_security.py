"""What a grade is given only against security, and how much may be owed in bills that no bank accepted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.credit_desk import CreditDesk


def desk_of(grade: str) -> CreditDesk:
    """A customer of *grade* with a limit of 100,000."""
    made = CreditDesk()
    made.customer.registered("2024-01-02")
    made.hears()
    made.graded(grade)
    made.granted("100000")
    return made


def seen(answer: Any, name: str) -> tuple[str | None, str | None, str]:
    (step,) = [one for one in answer.judged.steps if one.name == name]
    return step.value, step.threshold, step.verdict


@covers("LT-09", "LT-43")
@pytest.mark.parametrize(
    ("grade", "amount", "threshold", "verdict"),
    [
        ("A", "40000.00", None, "pass"),
        ("B", "60000.00", "0", "pass"),
        ("B", "60000.01", "0.01", "warn"),
        ("C", "1.00", "1", "warn"),
    ],
)
def test_above_a_share_of_the_limit_by_grade_security_is_demanded(
    grade: str, amount: str, threshold: str | None, verdict: str
) -> None:
    answer = desk_of(grade).asks("SO-1", amount, "query")
    assert seen(answer, "security")[1:] == (threshold, verdict)


@covers("LT-09", "LT-43")
def test_what_is_insured_or_guaranteed_is_security_and_leaves_the_own_limit_as_it_is() -> None:
    desk = desk_of("B")
    desk.granted("30000", "guaranteed", share="0.8")
    desk.granted("10000", "insured", share="0.9")
    assert seen(desk.asks("SO-1", "93000.00", "query"), "security") == ("33000", "33000", "pass")
    assert seen(desk.asks("SO-1", "93000.01", "query"), "security") == ("33000", "33000.01", "warn")


@covers("LT-09")
@pytest.mark.parametrize(("grade", "share"), [("A", "20000"), ("B", "10000"), ("C", "0")])
def test_bills_that_no_bank_accepted_are_taken_up_to_a_share_of_the_limit(grade: str, share: str) -> None:
    desk = desk_of(grade)
    desk.customer.invoice("I1", "20000.01", "2026-02-01", due="2026-06-01")
    desk.customer.pays(
        "P1", "20000.01", "2026-02-10", for_={"I1": "20000.01"}, instrument="bill", matures_on="2026-08-01"
    )
    desk.hears()
    assert seen(desk.asks("SO-1", "1.00", "query"), "bills") == ("20000.01", share, "warn")
    desk.opens("2026-08-01")
    assert seen(desk.asks("SO-1", "1.00", "query"), "bills") == ("0", share, "pass"), "honoured"
