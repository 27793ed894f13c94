"""What time does to an alert: escalation in working time, repeats with a limit, snoozes, tasks before and after their day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from services.alerts.core import acting
from services.alerts.core.worktime import Span
from shared.core.errors import Declined, NotFound
from shared.core.events.approval import ApprovalExpired, ApprovalGranted, ApprovalRequested
from shared.core.events.limit import LimitBreached, LimitWatched, OrderHeld, SupplySuspended
from shared.core.events.rating import ReviewDue, WarningCleared
from tests.support.alert_desk import HOURS, LABELS, MONDAY, NINE, Desk, grade, later, types, warning
from tests.support.covers import covers

covers("AL-03", "AL-04", "AL-05", "AL-16")

TOLD = {"as_of": MONDAY, "cause": "fact", "labels": LABELS}
HOUR = timedelta(hours=1)


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        ("2026-03-02T09:00", Span(120, True), "2026-03-02T11:00"),
        ("2026-03-02T17:00", Span(120, True), "2026-03-03T10:00"),
        ("2026-03-02T20:00", Span(120, True), "2026-03-03T10:30"),
        ("2026-03-06T17:00", Span(60, True), "2026-03-09T09:00"),  # a Friday
        ("2026-03-02T09:00", Span(0, True, 1), "2026-03-03T09:00"),
        ("2026-03-02T20:00", Span(0, True, 1), "2026-03-03T17:30"),
        ("2026-02-13T17:00", Span(120, True), "2026-02-14T10:00"),  # a Saturday that works, before the spring festival
        ("2026-02-14T17:00", Span(120, True), "2026-02-24T10:00"),  # over the festival
        ("2026-03-02T17:00", Span(120), "2026-03-02T19:00"),
    ],
)
def test_working_time_knows_the_days_that_work_and_the_hours(start: str, span: Span, end: str) -> None:
    assert HOURS.after(shanghai(start), span) == shanghai(end)


def test_a_critical_alert_that_nobody_takes_on_goes_up_after_two_four_and_eight_working_hours() -> None:
    desk = Desk()
    desk.hears(grade("A", "C", -2))
    assert desk.only().acknowledge_by == NINE + 2 * HOUR
    assert desk.waits(NINE + 2 * HOUR - timedelta(seconds=1)) == []
    (up,) = desk.waits(NINE + 2 * HOUR)
    assert (up.data.at, up.publish) == (NINE + 2 * HOUR, True)  # type: ignore[attr-defined]
    desk.waits(NINE + 10 * HOUR)
    told = [(what, to) for what, to in desk.told() if what == "escalated"]
    assert told == [("escalated", (who,)) for who in ("line", "role:credit_manager", "role:deputy_general_manager")]


def test_a_late_look_says_what_a_punctual_one_says() -> None:
    punctual, late = Desk(), Desk()
    for desk in (punctual, late):
        desk.hears(grade("A", "C", -2))
    for minutes in range(0, 60 * 24 * 10, 30):
        punctual.waits(NINE + timedelta(minutes=minutes))
    late.waits(NINE + timedelta(days=10))
    assert [one.data for one in punctual.decided] == [one.data for one in late.decided]
    assert punctual.case.alerts == late.case.alerts
    assert list(punctual.notices) == list(late.notices)


def test_repeats_end_at_their_limit_and_with_who_takes_it_on() -> None:
    desk = Desk()
    desk.hears(grade("A", "C", -2))
    desk.waits(later(days=60))
    assert [what for what, _ in desk.told()].count("repeated") == 5
    other = Desk()
    other.hears(grade("A", "C", -2))
    other.does(lambda s, at: acting.acknowledge(s, at, "C-1.1", "li"), later(minutes=20))
    other.waits(later(days=60))
    assert [what for what, _ in other.told()] == ["opened", "reminded"], "that it was not resolved in time"


def test_nobody_is_called_up_while_the_cause_is_away() -> None:
    desk = Desk()
    desk.hears(warning(severity="critical"), warning(WarningCleared))
    assert desk.waits(later(days=1)) == []


def test_a_warning_goes_up_after_one_and_three_working_days() -> None:
    desk = Desk()
    desk.hears(grade("A", "B", -1))
    desk.waits(later(days=4))
    assert [(to, at.data.at) for (what, to), at in zip(  # type: ignore[attr-defined]
        [one for one in desk.told() if one[0] == "escalated"],
        [one for one in desk.decided if one.data.TYPE.endswith("escalated.v1")], strict=True)] == [
        (("line",), later(days=1)), (("role:credit_manager",), later(days=3)),
    ]  # fmt: skip


def test_a_snooze_is_silent_until_it_ends_and_then_its_clock_begins_again() -> None:
    desk = Desk()
    desk.hears(grade("A", "C", -2))
    until = later(days=7)
    desk.does(lambda s, at: acting.snooze(s, at, "C-1.1", "li", until, "waits for papers"))
    assert desk.waits(later(days=6)) == []
    (woken,) = desk.waits(until)
    assert (types([woken]), desk.only().state) == (["alert.reminded"], "open")
    assert desk.only().acknowledge_by == until + 2 * HOUR
    assert types(desk.waits(until + 2 * HOUR)) == ["alert.escalated"]
    for wrong, code in (
        (later(days=7, hours=-1), "SNOOZE_IN_THE_PAST"),
        (until + timedelta(days=31), "SNOOZE_TOO_LONG"),
    ):
        with pytest.raises(Declined, match=code):
            desk.does(lambda s, at, to=wrong: acting.snooze(s, at, "C-1.1", "li", to, "x"), until)  # type: ignore[misc]


def test_what_is_over_is_opened_again_before_anything_is_done_with_it() -> None:
    desk = Desk()
    desk.hears(grade("A", "C", -2))
    desk.does(lambda s, at: acting.resolve(s, at, "C-1.1", "li", "paid"))
    with pytest.raises(Declined, match="ALERT_IS_OVER"):
        desk.does(lambda s, at: acting.assign(s, at, "C-1.1", "li", "wang"))
    with pytest.raises(NotFound):
        desk.does(lambda s, at: acting.resolve(s, at, "C-1.7", "li", "paid"))
    desk.does(lambda s, at: acting.reopen(s, at, "C-1.1", "li", "not paid"), later(hours=1))
    assert (desk.only().state, desk.only().acknowledge_by) == ("open", NINE + 3 * HOUR)
    with pytest.raises(Declined, match="ALERT_STANDS"):
        desk.does(lambda s, at: acting.reopen(s, at, "C-1.1", "li", "x"))


def test_a_review_is_a_task_with_a_reminder_before_and_on_its_day_and_calls_up_after_it() -> None:
    desk = Desk()
    due = date(2026, 3, 10)
    desk.hears(ReviewDue(**TOLD, review_id="rm-32/x", method="rm-32", due_on=due))  # type: ignore[arg-type]
    assert desk.told() == [("opened", ("owner",))]
    seen = {}
    for number in range(1, 20):
        day = MONDAY + timedelta(days=number)
        before = len(desk.notices)
        desk.opens(day)
        for notice, _ in list(desk.notices.values())[before:]:
            seen[day] = (notice.what, notice.to)
    assert seen == {
        date(2026, 3, 5): ("reminded", ("owner",)),
        due: ("reminded", ("owner",)),
        date(2026, 3, 11): ("escalated", ("line",)),
        date(2026, 3, 17): ("escalated", ("role:credit_manager",)),
    }


def test_a_task_that_arises_on_its_day_is_not_reminded_of_the_days_before() -> None:
    desk = Desk()
    desk.hears(ReviewDue(**TOLD, review_id="rm-32/x", method="rm-32", due_on=MONDAY))  # type: ignore[arg-type]
    assert desk.wakes_on == MONDAY + timedelta(days=1)
    desk.opens(MONDAY + timedelta(days=1))
    assert [what for what, _ in desk.told()] == ["opened", "escalated"]


@covers("LT-27")
def test_what_is_due_of_an_advance_is_a_task_of_its_own_and_no_review_of_a_grade() -> None:
    desk = Desk()
    due = date(2026, 3, 16)
    said = {"method": "advance-funding", "purpose": "advance"}
    for rule in ("LT-25", "LT-27"):
        desk.hears(ReviewDue(**TOLD, **said, review_id=f"{rule}/2026-03-16", due_on=due))  # type: ignore[arg-type]
    assert [(one.kind, one.severity) for one in desk.case.standing()] == [("advance_duty", "warning")] * 2
    assert desk.told() == [("opened", ("owner", "role:finance"))] * 2


@covers("LT-15")
@pytest.mark.parametrize(("mark", "severity"), [("0.80", "warning"), ("1", "critical")])
def test_the_use_of_the_cap_of_all_advances_goes_to_those_who_grant_them(mark: str, severity: str) -> None:
    desk = Desk()
    used = {"exposure": Decimal(850_000), "to": Decimal(1_000_000), "from_": Decimal(1_000_000), "currency": "CNY"}
    total: dict[str, object] = {**TOLD, **used, "limit_id": "advance-total", "kind": "advance-total"}
    desk.hears(LimitWatched(**total, utilisation=Decimal("0.85"), mark=Decimal(mark)))  # type: ignore[arg-type]
    assert [(one.kind, one.severity) for one in desk.case.standing()] == [("advances_watched", severity)]
    assert desk.told() == [("opened", ("role:finance", "role:deputy_general_manager", "role:general_manager"))]


def approval(cls: type, step: int, role: str, **more: object) -> object:
    return cls(
        **TOLD, approval_id="AP-1", kind="advance", payload_sha256="0" * 64, step=step, role=role, by="wang", **more
    )


ROLES = ("customer_service", "deputy_general_manager")


@covers("AL-12")
def test_each_step_of_an_approval_is_a_task_of_its_role_and_high_ones_tell_the_top() -> None:
    desk = Desk()
    desk.hears(approval(ApprovalRequested, 1, "customer_service", roles=ROLES, payload='{"months":6}'))
    desk.hears(approval(ApprovalGranted, 1, "customer_service", final=False))
    assert desk.told() == [
        ("opened", ("role:customer_service",)),
        ("resolved", ("told",)),
        ("opened", ("role:deputy_general_manager",)),
        ("opened", ("role:deputy_general_manager", "role:general_manager")),
    ]
    desk.hears(approval(ApprovalGranted, 2, "deputy_general_manager", final=True))
    assert [one.kind for one in desk.case.standing()] == ["approval_ended"]
    assert desk.told()[-1] == ("opened", ("person:wang",))


def test_a_customer_with_an_advance_whose_credit_changes_is_critical_while_the_advance_runs() -> None:
    desk = Desk()
    desk.hears(approval(ApprovalRequested, 1, "customer_service", roles=ROLES[:1], payload='{"months":6}'))
    desk.hears(approval(ApprovalGranted, 1, "customer_service", final=True))
    desk.hears(grade("A", "B", -1))
    kinds = {one.kind: one.severity for one in desk.case.standing()}
    assert kinds["advance_credit_change"] == "critical"
    quiet = [quiet for notice, quiet in desk.notices.values() if notice.kind == "grade_worse"]
    assert quiet in ([""], ["inhibited:advance:C-1.4"])
    plain = Desk()
    plain.hears(SupplySuspended(**TOLD, reason="late"))  # type: ignore[arg-type]
    assert [one.kind for one in plain.case.standing()] == ["supply_suspended"]


def test_an_advance_beyond_its_bounds_goes_to_legal_finance_and_the_top() -> None:
    desk = Desk()
    desk.hears(LimitBreached(**TOLD, limit_id="L", kind="advance", from_=None, to=None, currency="CNY"))  # type: ignore[arg-type]
    assert desk.told() == [
        ("opened", ("owner", "role:legal", "role:finance", "role:deputy_general_manager", "role:general_manager"))
    ]
    held = {"order_id": "SO-1", "amount": Decimal("5.00"), "currency": "CNY", "document_kind": "advance_funding"}
    desk.hears(OrderHeld(**TOLD, **held))  # type: ignore[arg-type]
    assert {one.kind for one in desk.case.standing()} == {"advance_beyond"}


def test_a_request_that_nobody_answered_tells_who_asked() -> None:
    desk = Desk()
    desk.hears(approval(ApprovalRequested, 1, "legal", roles=("legal",)))
    desk.hears(approval(ApprovalExpired, 1, "legal"))
    assert desk.told()[-1] == ("opened", ("person:wang",))
