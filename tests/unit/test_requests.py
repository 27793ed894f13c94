"""What may be asked of a customer and what follows from it; and that time does to a request what it must when days open."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from services.rating.core.requests import (
    Found,
    Kind,
    Override,
    Waiver,
    Why,
    effect,
    erased,
    last_day,
    policies_of,
    waiver_why_not,
    why_not,
)
from shared.core.approval.chain import Bounds, Chain, Chains, Exceptions, Limits
from shared.core.approval.commands import Desk
from shared.core.approval.payload import sealed
from shared.core.approval.request import Approval
from shared.core.events.approval import (
    ApprovalEscalated,
    ApprovalExpired,
    ApprovalRequested,
    ExceptionEnded,
    ExceptionGranted,
    OverrideSet,
    OverrideWithdrawn,
)
from tests.support.covers import covers
from tests.support.customer import BRAIN
from tests.unit.test_overriding import OPENED, Office, decided, override

covers("AP-16")

BOUNDS = Bounds(up_steps=1, days=90, renewals=2)
CHAINS = Chains(OPENED, Limits(1, 2, 10), {"exception": Chain(("risk_manager",))}, BOUNDS, exceptions=Exceptions(30))
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


def found(office: Office, day: date = OPENED) -> Found:
    """The customer as it stands, for who decides about it on *day*."""
    desk = Desk(day, CHAINS, lambda _: False, {}, {"cause": "override", "labels": {}})
    return Found(office.desk.state, desk, policies_of(office.desk.state, BRAIN.rulebook))


def refused(office: Office, one: Override, day: date = OPENED) -> Why | None:
    state = office.desk.state
    policy = policies_of(state, BRAIN.rulebook)["credit"]
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
        why_not(
            wanted(method="rm-0"),
            office.desk.state,
            policies_of(office.desk.state, BRAIN.rulebook)["credit"],
            OPENED,
            BOUNDS,
        )
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
    policy = policies_of(state, BRAIN.rulebook)["credit"]
    stands, _ = office.grade()
    up = policy.grades[policy.grades.index(stands) - 1] if stands != policy.grades[0] else policy.grades[0]
    one = approved(Kind.OVERRIDE, wanted(grade=up, method=policy.method))
    (made,) = effect(one, found(office))
    assert isinstance(made, OverrideSet)
    assert (made.grade, made.override_id, made.approval_id, made.by) == (up, "AP-1", "AP-1", "li")
    office.customer.signals("S-1", "dishonest_debtor", OPENED)
    office.desk.decides(OPENED)
    assert effect(one, found(office)) is Why.TOO_FAR_UP, "it fell meanwhile"


def test_an_end_ends_what_holds_and_an_erasure_names_its_basis(office: Office) -> None:
    end = {"customer_id": "C1", "override_id": "OV-1", "reason": "r", "by": "li"}
    one = approved(Kind.OVERRIDE_END, end)
    assert effect(one, found(office)) is Why.UNKNOWN
    office.hears(override(OPENED, date(2026, 3, 20), grade="C"))
    (made,) = effect(one, found(office))
    assert isinstance(made, OverrideWithdrawn)
    assert effect(one, found(office, date(2026, 3, 21))) is Why.OVER
    erasure = approved(Kind.ERASURE, {"customer_id": "C1", "basis": "PIPL 47", "by": "li"})
    assert (erased(erasure), erased(one), effect(erasure, found(office))) == ("PIPL 47", None, ())


def test_an_exception_is_kept_shown_and_ends_by_itself(office: Office) -> None:
    wanted = Waiver(
        customer_id="C1",
        excepts="LT-20",
        expires_on=date(2026, 3, 10),
        reason="r",
        evidence="e",
        by="li",
        terms="100000",
    )
    for until, why in (
        (date(2026, 3, 1), Why.WAIVER_OVER),
        (date(2026, 4, 2), Why.WAIVER_TOO_LONG),
        (date(2026, 4, 1), None),
    ):
        assert waiver_why_not(msgspec.structs.replace(wanted, expires_on=until), found(office).desk) is why
    (made,) = effect(approved(Kind.EXCEPTION, wanted), found(office))
    assert isinstance(made, ExceptionGranted)
    assert (made.exception_id, made.excepts, made.terms, made.by) == ("AP-1", "LT-20", "100000", "li")
    stood = office.grade()
    assert office.hears(made) == [], "no grade follows from it"
    assert office.grade() == stood
    office.desk.lives("2026-03-10")
    assert office.desk.said(ExceptionEnded) == []
    outcome = BRAIN.decide(office.desk.state, date(2026, 3, 10), office.customer.context, cause="day")
    assert outcome.wakes_on == date(2026, 3, 11)
    office.desk.lives("2026-04-20")
    (ended,) = office.desk.said(ExceptionEnded, published=True)
    assert (str(ended.as_of), ended.excepts) == ("2026-03-11", "LT-20")
    again = BRAIN.load(BRAIN.dump(office.desk.state))
    assert msgspec.to_builtins(again.exceptions) == msgspec.to_builtins(office.desk.state.exceptions)
    events = [*office.customer.events, decided(made)]
    shown = [office.customer.view(on, events).exceptions for on in ("2026-03-01", "2026-03-10", "2026-03-11")]
    assert shown[0] == ()
    assert [(one.excepts, one.in_force) for (one,) in shown[1:]] == [("LT-20", True), ("LT-20", False)]


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
