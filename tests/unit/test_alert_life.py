"""The life of an alert: opened once, counted, escalated, resolved, withdrawn; what flaps stays quiet."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from shared.core.events.alert import AlertOpened, AlertWithdrawn
from shared.core.events.rating import WarningCleared
from tests.support.alert_desk import LABELS, MONDAY, NINE, Desk, corrected, grade, later, types, warning, withdrawn
from tests.support.covers import covers

covers("AL-05", "AL-06", "AL-07", "AL-14", "AL-15", "AL-16")


def test_a_grade_that_falls_by_one_warns_and_by_two_or_to_the_worst_is_critical() -> None:
    desk = Desk()
    (opened,) = desk.hears(grade("A", "B", -1))
    assert isinstance(opened.data, AlertOpened)
    assert (opened.data.severity, opened.data.kind, opened.publish) == ("warning", "grade_worse", True)
    assert opened.data.alert_id == "C-1.1"
    assert opened.data.labels == LABELS | {"purpose": "credit"}
    assert desk.told() == [("opened", ("owner", "role:credit_supervisor"))]
    assert Desk().hears(grade("A", "C", -2))[0].data.severity == "critical"  # type: ignore[attr-defined]
    assert Desk().hears(grade("C", "D", -1, is_worst=True))[0].data.severity == "critical"  # type: ignore[attr-defined]
    (better,) = Desk().hears(grade("C", "A", 2))
    assert (better.data.severity, better.data.kind) == ("info", "grade_better")  # type: ignore[attr-defined]


def test_a_fall_whose_steps_nobody_counted_warns() -> None:
    assert Desk().hears(grade("A", "B", None))[0].data.severity == "warning"  # type: ignore[attr-defined]


def test_what_comes_again_is_counted_and_told_again_only_where_it_is_graver() -> None:
    desk = Desk()
    desk.hears(warning())
    assert types(desk.hears(warning())) == ["alert.recurred"]
    assert (desk.only().times, len(desk.told())) == (2, 1)
    assert not desk.decided[-1].publish
    desk.hears(warning(severity="critical"))
    assert (desk.only().times, desk.only().severity) == (3, "critical")
    assert [what for what, _ in desk.told()] == ["opened", "repeated"]


def test_each_step_of_what_is_overdue_is_told_and_its_end_with_the_payment() -> None:
    desk = Desk()
    for severity, days in (("info", 1), ("info", 2), ("warning", 5), ("critical", 10)):
        figures = {"overdue_days": str(days), "overdue_amount": "9000.00"}
        desk.hears(warning(name="AL-07", severity=severity, figures=figures))
    alert = desk.only()
    assert (alert.kind, alert.severity, alert.times, alert.figures["overdue_days"]) == ("overdue", "critical", 4, "10")
    told = ("owner", "role:credit_supervisor", "role:collector")
    assert desk.told() == [("opened", told), ("repeated", told), ("repeated", told)], "the second day was only counted"
    desk.hears(warning(WarningCleared, name="AL-07", severity="critical"))
    assert (desk.only().state, desk.told()[-1]) == ("resolved", ("resolved", ("told",)))


def test_steps_of_a_rule_with_a_kind_of_its_own_are_each_told() -> None:
    desk, rule = Desk(), "AL-06"
    for severity, grave in (("info", "info"), ("warning", "warning"), ("critical", "warning")):
        desk.hears(warning(name=rule, severity=severity))
        assert (desk.only().kind, desk.only().severity) == ("contract_ends", grave)
    assert [what for what, _ in desk.told()] == ["opened", "repeated", "repeated"]
    desk.hears(warning(WarningCleared, name=rule))
    assert desk.only().state == "resolved"


def test_what_is_overdue_is_said_anew_to_nobody_and_the_alert_has_the_figures_of_that_day() -> None:
    desk = Desk()
    for later_, amount in ((0, "900.00"), (3, "400.00")):
        figures = {"overdue_days": "12", "overdue_amount": amount, "currency": "CNY", "severity": "critical"}
        desk.opens(MONDAY + timedelta(days=later_))
        desk.hears(warning(name="AL-07", severity="critical", figures=figures, as_of=desk.day))
    alert = desk.only()
    assert (alert.figures["overdue_amount"], date.fromordinal(alert.figures_on)) == (
        "400.00",
        MONDAY + timedelta(days=3),
    )
    assert [what for what, _ in desk.told()] == ["opened"]


def test_each_complaint_is_told_while_others_are_open_and_one_that_is_settled_is_not() -> None:
    desk = Desk()
    for count, open_now, severity in ((1, 1, "info"), (4, 4, "critical"), (5, 5, "critical"), (5, 2, "warning")):
        figures = {"complaints": str(count), "open_complaints": str(open_now)}
        desk.hears(warning(name="AL-15", severity=severity, figures=figures))
    assert (desk.only().kind, desk.only().severity, desk.only().figures["open_complaints"]) == (
        "complaint",
        "warning",
        "2",
    )
    assert [what for what, _ in desk.told()] == ["opened", "repeated", "repeated"]


def test_a_flapping_cause_gives_two_messages_however_often_it_flaps() -> None:
    desk = Desk()
    for number in range(40):
        day = MONDAY + timedelta(days=number // 2)
        desk.opens(day)
        desk.hears(warning() if number % 2 == 0 else warning(WarningCleared), at=NINE + timedelta(days=number // 2))
    assert [what for what, _ in desk.told()] == ["opened"]
    assert (len(desk.case.alerts), desk.only().times) == (1, 20)
    assert desk.wakes_on == day + timedelta(days=2)
    desk.opens(day + timedelta(days=1))
    assert desk.only().state == "open"
    desk.opens(day + timedelta(days=2))
    assert (desk.only().state, [what for what, _ in desk.told()]) == ("resolved", ["opened", "resolved"])
    assert [one.data.TYPE for one in desk.decided if one.publish] == [
        "credit.alert.opened.v1", "credit.alert.resolved.v1",
    ]  # fmt: skip


def test_what_comes_back_soon_opens_the_same_alert_again_and_later_another() -> None:
    desk = Desk()
    desk.hears(warning(), warning(WarningCleared))
    desk.opens(MONDAY + timedelta(days=2))
    assert desk.only().state == "resolved"
    desk.opens(MONDAY + timedelta(days=10))
    (again,) = desk.hears(warning(as_of=MONDAY + timedelta(days=10)), at=later(days=10))
    assert isinstance(again.data, AlertOpened)
    assert (again.data.alert_id, again.data.times, again.publish) == ("C-1.1", 2, True)
    assert [what for what, _ in desk.told()] == ["opened", "resolved", "reopened"]
    desk.hears(warning(WarningCleared), at=later(days=10))
    desk.opens(MONDAY + timedelta(days=12))
    desk.opens(MONDAY + timedelta(days=60))
    desk.hears(warning(as_of=MONDAY + timedelta(days=60)), at=later(days=60))
    assert list(desk.case.alerts) == ["C-1.1", "C-1.2"]


def test_a_correction_withdraws_the_alert_and_tells_whoever_was_told() -> None:
    desk = Desk()
    desk.hears(grade("A", "C", -2))
    cause = desk.log[0].id
    said = desk.hears(corrected(cause, "A"), grade("C", "A", 2, cause="correction"))
    assert types(said) == ["alert.withdrawn", "alert.opened"]
    withdrawal = said[0].data
    assert isinstance(withdrawal, AlertWithdrawn)
    assert (withdrawal.alert_id, withdrawal.why, said[0].publish) == ("C-1.1", "corrected", True)
    assert desk.case.alerts["C-1.1"].state == "withdrawn"
    assert desk.told()[1] == ("withdrawn", ("told",))
    assert types(desk.hears(corrected(cause, "A"))) == [], "once"


def test_a_correction_that_changes_nothing_of_what_was_told_withdraws_nothing() -> None:
    desk = Desk()
    desk.hears(grade("A", "C", -2))
    assert desk.hears(corrected(desk.log[0].id, "C", "B")) == []
    assert desk.hears(corrected("C-1/99", "A")) == []


def test_a_warning_whose_cause_never_was_is_withdrawn() -> None:
    desk = Desk()
    desk.hears(warning())
    assert types(desk.hears(withdrawn())) == ["alert.withdrawn"]


def test_history_is_recorded_and_told_to_nobody() -> None:
    desk = Desk(go_live=date(2026, 3, 3))
    (old,) = desk.hears(grade("A", "B", -1))
    assert isinstance(old.data, AlertOpened)
    assert (old.data.recorded_only, old.publish, old.data.acknowledge_by) == (True, False, None)
    assert desk.told() == []
    assert [quiet for _, quiet in desk.notices.values()] == ["recorded"]
    desk.opens(date(2026, 3, 3))
    (new,) = desk.hears(grade("B", "C", -1, as_of=date(2026, 3, 3)))
    assert isinstance(new.data, AlertOpened)
    assert (new.data.alert_id, new.publish) == ("C-1.2", True), "what is told is not what was only recorded"


def test_a_decision_long_before_the_day_is_history() -> None:
    desk = Desk()
    desk.opens(MONDAY + timedelta(days=4))
    (old,) = desk.hears(grade("A", "B", -1))
    assert not old.publish


def test_compliance_goes_to_its_post_alone_and_by_the_restricted_topic() -> None:
    desk = Desk()
    (opened,) = desk.hears(grade("low", "high", -2, purpose="compliance", is_worst=True))
    assert opened.data.topic == "credit.restricted"
    assert desk.told() == [("opened", ("role:compliance_officer",))]
    assert desk.only().acknowledge_by == later(minutes=30)


def test_the_case_is_the_same_from_its_log_and_from_a_snapshot_at_any_place() -> None:
    desk = Desk()
    desk.hears(grade("A", "C", -2), warning())
    desk.hears(warning(WarningCleared))
    desk.waits(later(hours=30))
    desk.hears(corrected(desk.log[0].id, "A"))
    brain = desk.brain
    for cut in range(len(desk.log) + 1):
        case = brain.initial("C-1")
        for event in desk.log[:cut]:
            brain.evolve(case, event)
        case = brain.load(brain.dump(case))
        for event in desk.log[cut:]:
            brain.evolve(case, event)
        case.pending.clear()
        desk.case.pending.clear()
        assert brain.dump(case) == brain.dump(desk.case), cut


def test_what_was_heard_and_led_to_nothing_leads_to_nothing_when_it_is_folded_again() -> None:
    desk = Desk()
    desk.hears(grade("A", "B", -1))
    desk.hears(warning(WarningCleared), corrected("C-1/99", "A"))
    case = desk.brain.initial("C-1")
    for event in desk.log:
        desk.brain.evolve(case, event)
    assert len(case.pending) == 2
    assert desk.brain.decide(case, desk.day, None, cause="day").decisions == []


@pytest.mark.parametrize("kind", ["first", "again"])
def test_every_notice_has_an_id_that_never_changes(kind: str) -> None:
    desk = Desk()
    desk.hears(warning())
    desk.waits(later(days=10))
    ids = list(desk.notices)
    assert len(ids) > 2
    assert ids == [f"C-1.1/{number}" for number in range(1, len(ids) + 1)], kind
    assert msgspec.json.decode(msgspec.json.encode(desk.notices[ids[0]][0]))["notice_id"] == "C-1.1/1"
