"""What may be asked of a customer and what follows from it; and that time does to a request what it must when days open."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from services.rating.core.requests import Kind, Override, Why, effect, erased, last_day, policy_of, why_not
from shared.core.approval.chain import Bounds
from shared.core.approval.payload import sealed
from shared.core.approval.request import Approval
from shared.core.events.approval import (
    ApprovalEscalated,
    ApprovalExpired,
    ApprovalRequested,
    OverrideSet,
    OverrideWithdrawn,
)
from tests.support.covers import covers
from tests.support.customer import BRAIN
from tests.unit.test_overriding import OPENED, Office, override

BOUNDS = Bounds(up_steps=1, days=90, renewals=2)
COMMON: dict[str, Any] = {"as_of": OPENED, "cause": "override", "labels": {}}


@pytest.fixture
def office() -> Office:
    return Office()


def wanted(**changes: Any) -> Override:
    plain = {
        "customer_id": "C1",
        "method": "rm-22",
        "expires_on": date(2026, 4, 1),
        "reason": "r",
        "evidence": "e",
        "by": "li",
    }
    return Override(**{**plain, "grade": "C", **changes})


def refused(office: Office, one: Override, day: date = OPENED) -> Why | None:
    state = office.desk.state
    policy = policy_of(state, BRAIN.rulebook)
    assert policy is not None
    return why_not(msgspec.structs.replace(one, method=policy.method), state, policy, day, BOUNDS)


def approved(kind: Kind, payload: Any) -> Approval:
    text, sha256 = sealed(msgspec.to_builtins(payload))
    return Approval("AP-1", kind, text, sha256, "li", OPENED.toordinal(), ("risk_manager",))


@covers("G-25")
def test_down_is_free_and_up_is_one_step_above_what_would_stand(office: Office) -> None:
    stands, _ = office.grade()
    office.customer.signals("S-1", "dishonest_debtor", OPENED)
    office.desk.decides(OPENED)
    assert office.grade()[0] == "D"
    assert stands != "D"
    assert refused(office, wanted(grade="D")) is None
    assert refused(office, wanted(grade="C")) is None
    assert refused(office, wanted(grade="B")) is Why.TOO_FAR_UP
    office.hears(override(OPENED, date(2026, 3, 20), grade="C"))
    assert office.grade()[0] == "C"
    assert refused(office, wanted(grade="B")) is Why.TOO_FAR_UP, (
        "counted from the grade of the rules, not from the override"
    )
    assert refused(office, wanted(grade=None, cap="A")) is None, "a cap lifts nobody"


@covers("G-25")
def test_it_ends_within_its_days_and_is_of_the_scale(office: Office) -> None:
    assert last_day(OPENED, BOUNDS) == date(2026, 5, 31)
    assert refused(office, wanted(expires_on=date(2026, 5, 31))) is None
    assert refused(office, wanted(expires_on=date(2026, 6, 1))) is Why.TOO_LONG
    assert refused(office, wanted(expires_on=OPENED)) is None
    assert refused(office, wanted(expires_on=date(2026, 3, 1))) is Why.OVER
    assert refused(office, wanted(grade="9")) is Why.OFF_SCALE
    assert (
        why_not(wanted(method="rm-0"), office.desk.state, policy_of(office.desk.state, BRAIN.rulebook), OPENED, BOUNDS)
        is Why.NO_GRADE
    )


@covers("G-25")
def test_it_is_renewed_twice_and_then_reviewed(office: Office) -> None:
    for number, start in enumerate((2, 6, 10)):
        assert refused(office, wanted(), date(2026, 3, start)) is None
        office.hears(override(date(2026, 3, start), date(2026, 3, start + 3), id=f"OV-{number}", grade="C"))
    assert refused(office, wanted(), date(2026, 3, 14)) is Why.TOO_OFTEN
    assert refused(office, wanted(), date(2026, 3, 15)) is None, "after a day without one it is a new one"


def test_what_takes_effect_is_what_was_hashed_and_still_allowed(office: Office) -> None:
    state = office.desk.state
    policy = policy_of(state, BRAIN.rulebook)
    assert policy is not None
    stands, _ = office.grade()
    up = policy.grades[policy.grades.index(stands) - 1] if stands != policy.grades[0] else policy.grades[0]
    one = approved(Kind.OVERRIDE, wanted(grade=up, method=policy.method))
    (made,) = effect(one, state, policy, BOUNDS, COMMON)
    assert isinstance(made, OverrideSet)
    assert (made.grade, made.override_id, made.approval_id, made.by) == (up, "AP-1", "AP-1", "li")
    office.customer.signals("S-1", "dishonest_debtor", OPENED)
    office.desk.decides(OPENED)
    assert effect(one, state, policy_of(state, BRAIN.rulebook), BOUNDS, COMMON) is Why.TOO_FAR_UP, "it fell meanwhile"


def test_an_end_ends_what_holds_and_an_erasure_names_its_basis(office: Office) -> None:
    state, end = office.desk.state, {"customer_id": "C1", "override_id": "OV-1", "reason": "r", "by": "li"}
    one = approved(Kind.OVERRIDE_END, end)
    assert effect(one, state, None, BOUNDS, COMMON) is Why.UNKNOWN
    office.hears(override(OPENED, date(2026, 3, 20), grade="C"))
    (made,) = effect(one, state, None, BOUNDS, COMMON)
    assert isinstance(made, OverrideWithdrawn)
    assert effect(one, state, None, BOUNDS, {**COMMON, "as_of": date(2026, 3, 21)}) is Why.OVER
    erasure = approved(Kind.ERASURE, {"customer_id": "C1", "basis": "PIPL 47", "by": "li"})
    assert (erased(erasure), erased(one), effect(erasure, state, None, BOUNDS, COMMON)) == ("PIPL 47", None, ())


def test_days_that_open_remind_escalate_and_let_a_request_lapse_each_once(office: Office) -> None:
    text, sha256 = sealed({"grade": "C"})
    asked = ApprovalRequested(
        **COMMON, approval_id="AP-1", kind="override", payload=text, payload_sha256=sha256, step=1, role="risk_manager",
        roles=("risk_manager",), deputies={"risk_manager": ("general_manager",)}, by="li",
        remind_on=date(2026, 3, 3), deputy_on=date(2026, 3, 4), lapses_on=date(2026, 3, 16),
    )  # fmt: skip
    assert [type(one.data) for one in office.hears(asked)] == []
    outcome = BRAIN.decide(office.desk.state, OPENED, office.customer.context, cause="day")
    assert outcome.wakes_on is not None
    assert outcome.wakes_on <= date(2026, 3, 3), "the customer is woken for its request"
    office.desk.lives("2026-04-20")
    escalated = office.desk.said(ApprovalEscalated, published=True)
    assert [(str(one.as_of), one.to, one.deputies) for one in escalated] == [
        ("2026-03-03", "reminder", ()),
        ("2026-03-04", "deputy", ("general_manager",)),
    ]
    (expired,) = office.desk.said(ApprovalExpired, published=True)
    assert (str(expired.as_of), expired.cause) == ("2026-03-17", "day")
    again = BRAIN.load(BRAIN.dump(office.desk.state))
    assert again.approvals == office.desk.state.approvals
    assert again.approvals["AP-1"].place == "expired"
