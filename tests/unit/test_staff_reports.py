"""What people report: who may end it, what is the same again, the plan by which it is dealt with; and what they wrote is in the log alone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from services.alerts.adapters import rule_files
from services.alerts.core import acting
from services.alerts.core.case import HOUSE, Alert
from services.alerts.core.knowing import Knowledge
from services.alerts.core.listing import Reach
from services.alerts.core.reporting import Report, Step, report
from shared.core.errors import Conflict, Declined, Malformed, Misconfigured, NotFound
from shared.core.events.alert import AlertCommented, AlertOpened
from tests.support.alert_desk import LABELS, MONDAY, Desk, later, types, warning, withdrawn
from tests.support.covers import covers

EVERYBODY = Knowledge(day=MONDAY, knows=True, whose=frozenset(), names=frozenset(), own=frozenset())
REACH = Reach(person="", companies=None, regions=None, managers=None, compliance=False, known=EVERYBODY)
SECRET = "the owner fled abroad"
FINDING = {"topic": "missing-files", "unit": "sh", "source": "audit", "weight": "general"}


def known(stream: str = "C-1") -> Desk:
    """A customer of whom something was decided."""
    desk = Desk(stream)
    desk.hears(warning(severity="info", name="mn-02"))
    return desk


def said(desk: Desk) -> list[tuple[str, tuple[str, ...]]]:
    """What was said of reports to whom, in order."""
    return [(one.what, one.to) for one, _ in desk.notices.values() if one.kind != "early_warning"]


def reports(desk: Desk, kind: str = "investigation_report", reach: Reach = REACH, at: Any = None, **more: Any) -> str:
    told: dict[str, Any] = {"by": "dev", "key": f"k{desk.version}", "text": SECRET} | more
    made, found = Report(kind=kind, **told), desk.brain.rules.kinds.of(kind)
    assert found is not None
    ids: list[str] = []
    desk.does(lambda saying, at: ids.append(report(saying, at, found, made, reach)), at)
    return ids[-1]


def alert(desk: Desk, alert_id: str) -> Alert:
    return desk.case.alerts[alert_id]


def refused(desk: Desk, command: Any) -> str:
    with pytest.raises(Declined) as found:
        desk.does(command)
    return found.value.code


@covers("AL-01", "RO-03")
def test_a_finished_investigation_goes_to_who_leads_its_author_and_a_copy_to_finance() -> None:
    desk = known()
    name = reports(desk, reference="DMS-17")
    made = alert(desk, name)
    assert (made.kind, made.severity, made.figures["by"], made.labels) == (
        "investigation_report",
        "warning",
        "dev",
        LABELS,
    )
    assert said(desk) == [("opened", ("line:dev", "role:finance"))]
    assert made.acknowledge_by == later(days=1)
    opened, text = desk.log[-2].data, desk.log[-1].data
    assert isinstance(opened, AlertOpened)
    assert isinstance(text, AlertCommented)
    assert (opened.by, text.by, text.why, text.reference) == ("dev", "dev", SECRET, "DMS-17")


@covers("AL-01", "AL-14")
def test_what_people_write_is_in_the_log_and_in_no_published_event_and_no_notice() -> None:
    desk = known()
    reports(desk, "asset_at_risk", plan=(Step(what=SECRET, owner="wang", due_on=MONDAY),))
    published = [msgspec.json.encode(one.data) for one in desk.decided if one.publish]
    assert len(published) == 3
    assert not any(
        SECRET.encode() in raw for raw in (*published, *(msgspec.json.encode(n) for n, _ in desk.notices.values()))
    )
    rows = [msgspec.json.encode(one.alert) for row in desk.rows for one in row.alerts]
    assert not any(SECRET.encode() in raw for raw in rows)


@covers("AL-01", "RO-03")
def test_the_author_neither_reviews_nor_silences_nor_ends_a_report_and_somebody_else_does() -> None:
    desk = known()
    name = reports(desk)
    for act in (
        lambda s, at: acting.acknowledge(s, at, name, "dev"),
        lambda s, at: acting.snooze(s, at, name, "dev", at + timedelta(days=1), "x"),
        lambda s, at: acting.resolve(s, at, name, "dev", "fine"),
    ):
        assert refused(desk, act) == "OWN_REPORT"
    desk.does(lambda s, at: acting.acknowledge(s, at, name, "head"))
    desk.does(lambda s, at: acting.resolve(s, at, name, "head", "reviewed"))
    assert alert(desk, name).state == "resolved"


@covers("RO-03")
def test_a_report_is_amended_by_another_of_its_author_and_by_nobody_else() -> None:
    desk = known()
    first = reports(desk)
    before = desk.log[:]
    with pytest.raises(Declined) as refusal:
        reports(desk, by="other", of=first)
    assert refusal.value.code == "REPORT_OF_ANOTHER"
    second = reports(desk, of=first)
    assert second != first
    assert alert(desk, second).figures["of"] == first
    assert alert(desk, second).caused_by == first
    assert (alert(desk, first).state, alert(desk, first).figures["by"]) == ("resolved", "dev")
    assert desk.log[: len(before)] == before, "what was written stands"
    assert [one.data.why for one in desk.decided if types([one]) == ["alert.resolved"]] == ["amended"]  # type: ignore[attr-defined]


def test_the_same_report_again_is_one_and_another_under_its_key_is_refused() -> None:
    desk = known()
    name = reports(desk, key="k")
    count = len(desk.log)
    assert reports(desk, key="k") == name
    assert len(desk.log) == count
    with pytest.raises(Conflict):
        reports(desk, key="k", text="something else")
    assert reports(desk, key="k", by="other") != name, "keys are each person's own"


@covers("AL-02")
def test_a_daily_report_goes_with_the_morning_and_an_urgent_one_at_once_until_somebody_else_takes_it_on() -> None:
    desk = known()
    reports(desk, "daily_report", figures={"manner": "spoken"})
    daily = next(one for one, _ in desk.notices.values() if one.kind == "daily_report")
    assert (daily.to, daily.digest, daily.severity) == (("line:dev",), True, "info")
    assert alert(desk, daily.alert_id).acknowledge_by is None
    name = reports(desk, "urgent_report", figures={"manner": "spoken"})
    urgent = next(one for one, _ in desk.notices.values() if one.alert_id == name)
    assert (urgent.to, urgent.digest, urgent.urgent, urgent.severity) == (("line:dev",), False, True, "critical")
    desk.waits(later(hours=2))
    assert ("escalated", ("line",)) in said(desk)
    assert refused(desk, lambda s, at: acting.acknowledge(s, at, name, "dev")) == "OWN_REPORT"


@covers("AL-09")
def test_an_asset_at_risk_is_told_to_the_units_and_has_a_plan_whose_steps_have_who_and_by_when() -> None:
    desk = known()
    steps = (
        Step(what="call the guarantor", owner="wang", due_on=date(2026, 3, 4)),
        Step(what="collect ahead of time", owner="qian", due_on=date(2026, 3, 9)),
    )
    name = reports(desk, "asset_at_risk", plan=steps)
    told = said(desk)
    assert told[0] == ("opened", ("owner", "line", "role:risk_manager", "role:auditor", "role:asset_preservation"))
    assert told[1:] == [("opened", ("person:wang",)), ("opened", ("person:qian",))]
    whole, first, second = desk.case.alerts[name], *list(desk.case.alerts.values())[-2:]
    assert (first.owner, first.due_on, first.figures["of"]) == ("wang", date(2026, 3, 4), name)
    assert (whole.acknowledge_by, whole.resolve_by) == (later(hours=2), None), "it is late by its steps"
    assert refused(desk, lambda s, at: acting.resolve(s, at, name, "li", "safe")) == "PLAN_STANDS"
    desk.opens(date(2026, 3, 4))
    desk.opens(date(2026, 3, 5))
    assert ("reminded", ("person:wang",)) in said(desk)
    assert ("escalated", ("line:wang",)) in said(desk), "who leads whose step is late"
    for step in (first, second):
        desk.does(lambda s, at, step=step: acting.resolve(s, at, step.alert_id, step.owner, "done"))
    desk.does(lambda s, at: acting.resolve(s, at, name, "li", "safe"))
    assert alert(desk, name).state == "resolved"


@covers("AL-09")
def test_a_plan_is_owed_within_a_working_day_and_may_be_added_to_what_the_rules_opened() -> None:
    desk = Desk()
    desk.hears(warning(name="MN-05", severity="warning"))
    assert [one.kind for one in desk.case.alerts.values()] == ["early_warning"]
    desk.hears(warning(name="MN-05", severity="critical"))
    (risk,) = (one for one in desk.case.alerts.values() if one.kind == "asset_at_risk")
    assert (risk.figures["rule"], risk.resolve_by) == ("MN-05", later(days=1))
    told = reports(desk, "asset_at_risk")
    assert told != risk.alert_id, "what people see stands whatever becomes of the warning"
    assert reports(desk, "asset_at_risk", by="other") == told
    due = date(2026, 3, 5)
    step = reports(desk, "plan_step", of=risk.alert_id, owner="wang", due_on=due, figures={})
    assert (alert(desk, step).owner, alert(desk, risk.alert_id).resolve_by) == ("wang", None)
    with pytest.raises(Declined) as found:
        reports(desk, "plan_step", of=step, owner="wang", due_on=due)
    assert found.value.code == "NOT_PART_OF_IT"
    desk.hears(withdrawn("MN-05"))
    states = [alert(desk, name).state for name in (risk.alert_id, step, told)]
    assert states == ["withdrawn", "withdrawn", "open"], "with its steps; what people see stands"


def test_a_day_that_is_over_is_refused() -> None:
    with pytest.raises(Declined) as found:
        reports(known(), "plan_step", owner="wang", due_on=MONDAY - timedelta(days=1))
    assert found.value.code == "DUE_IN_THE_PAST"


@covers("AL-13", "RO-09")
def test_findings_of_one_topic_are_one_matter_told_to_each_unit_and_followed_until_fixed_by_another() -> None:
    desk = Desk(HOUSE)
    first = reports(desk, "finding", by="auditor", figures=FINDING)
    assert first == "~house.0.1"
    assert said(desk) == [("opened", ("unit:sh", "role:committee_secretary"))]
    assert reports(desk, "finding", by="risk", figures=FINDING | {"source": "inspection"}) == first
    assert len(said(desk)) == 1, "the same unit once more is counted"
    assert reports(desk, "finding", by="auditor", figures=FINDING | {"unit": "east", "weight": "material"}) == first
    assert said(desk)[-1] == ("repeated", ("unit:east", "role:committee_secretary"))
    assert (alert(desk, first).times, alert(desk, first).severity) == (3, "critical")
    assert reports(desk, "finding", by="auditor", figures=FINDING | {"topic": "late-visits"}) != first
    desk.does(lambda s, at: acting.acknowledge(s, at, first, "east.head"))
    assert refused(desk, lambda s, at: acting.resolve(s, at, first, "east.head", "fixed")) == "OWN_WORK"
    desk.does(lambda s, at: acting.resolve(s, at, first, "risk", "checked: fixed everywhere"))
    assert said(desk)[-1] == ("resolved", ("told",))
    assert reports(desk, "finding", by="auditor", figures=FINDING) == first, "not fixed after all"
    assert (alert(desk, first).state, said(desk)[-1][0]) == ("open", "reopened")


def test_a_finding_that_nobody_fixes_goes_up_and_a_day_of_its_own_is_kept() -> None:
    desk = Desk(HOUSE)
    name = reports(desk, "finding", by="auditor", figures=FINDING, due_on=date(2026, 3, 4))
    assert alert(desk, name).due_on == date(2026, 3, 4)
    assert alert(desk, name).resolve_by is None
    desk.waits(later(days=1))
    assert ("escalated", ("role:risk_manager",)) in said(desk)
    desk.does(lambda s, at: acting.acknowledge(s, at, name, "sh.lead"))
    desk.opens(date(2026, 3, 5))
    assert ("escalated", ("line:sh.lead",)) in said(desk)


def test_of_whom_nothing_is_known_the_labels_are_asked_for_and_of_others_they_stand() -> None:
    desk = Desk("NEW-1")
    with pytest.raises(NotFound, match="say its labels"):
        reports(desk)
    assert desk.log == []
    name = reports(desk, labels={"region": "west"})
    assert alert(desk, name).labels == {"region": "west"}
    again = reports(desk)
    assert alert(desk, again).labels == {"region": "west"}
    with pytest.raises(Malformed) as found:
        reports(desk, labels={"region": "east"})
    assert found.value.pointer == "/labels"


def test_who_may_not_see_a_customer_reports_nothing_of_it() -> None:
    west = msgspec.structs.replace(REACH, regions=("west",))
    with pytest.raises(NotFound):
        reports(known(), reach=west)
    assert reports(known(), reach=msgspec.structs.replace(REACH, regions=("east",)))


def test_what_was_reported_folds_again_to_the_same() -> None:
    desk = known()
    name = reports(desk, "asset_at_risk", plan=(Step(what="x", owner="wang", due_on=MONDAY),))
    again = desk.brain.initial("C-1")
    for event in desk.log:
        desk.brain.evolve(again, event)
    assert again.alerts == desk.case.alerts
    raw = desk.brain.dump(desk.case)
    assert desk.brain.load(raw).alerts[name] == alert(desk, name)
    assert desk.brain.load(raw).known.labels == LABELS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("by: [business_developer, customer_service, sales]}]", "by: [king]}]"), "'king' is no role"),
        (("figures: [by, of]", "figures: [of]"), "add `by` to its figures"),
        (("      - {is: warning}\n    same: [topic]", "    same: [topic]"), "end with one that has no `when`"),
        (("plan: plan_step", "plan: steps"), "'steps' is no kind that people report"),
        (("plan: plan_step", "plan: finding"), "each step has who, by when, and of what"),
        (("four_eyes: author", "four_eyes: two"), "write one of author, owner"),
        (("    lapse_days: 7\n", "    lapse_days: 7\n    house: yes\n"), "nobody reports it"),
    ],
)
def test_kinds_of_reports_that_are_wrong_are_refused_with_the_remedy(change: tuple[str, str], words: str) -> None:
    text = (rule_files.FOLDER / rule_files.ALERTS).read_text("utf-8")
    assert change[0] in text
    with pytest.raises(Misconfigured) as found:
        rule_files.read_kinds(text.replace(*change, 1), "alerts.yaml")
    assert words in found.value.message
