"""When who is told what together: group waits, quiet hours, the morning digest, storms, and what is overtaken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec
import pytest

from services.alerts.core.hours import next_open
from services.alerts.core.notice import Notice
from services.alerts.core.people import Absence
from services.alerts.core.planning import Arrived, Before, Departure, Hearing, Known, arrivals, departures, state_of
from services.alerts.core.resolving import Setting, because
from tests.support.covers import covers
from tests.support.staffed import HOUSE, NOON, changed, later, notice, setting

STAGE = setting()
NIGHT = datetime(2026, 3, 4, 13, 0, tzinfo=UTC)
"""21:00 in Shanghai."""
MORNING = datetime(2026, 3, 5, 0, 0, tzinfo=UTC)
"""08:00 there."""


def arrive(*notices: Notice, now: datetime = NOON, stage: Setting = STAGE, **known: Any) -> Arrived:
    return arrivals(notices, stage, Known(**({"told": {}, "waiting": {}, "last": {}} | known)), now=now)


def depart(hearings: Sequence[Hearing], *before: Before, now: datetime = NOON, stage: Setting = STAGE) -> Departure:
    return departures(hearings, before, stage, now=now)


def one_due(one: Notice, **more: Any) -> tuple[datetime, str]:
    (hearing,) = arrive(one, **more).hearings
    return hearing.due_at, hearing.waits


@pytest.mark.parametrize("severity", ["warning", "critical"])
def test_the_first_of_a_group_goes_at_once_and_what_follows_goes_together(severity: str) -> None:
    told: Any = {"severity": severity, "wait_seconds": 30, "interval_seconds": 300, "group": "g"}
    assert one_due(notice(1, **told)) == (NOON, "")
    assert one_due(notice(1, at=NOON - timedelta(minutes=1), **told)) == (NOON, ""), "a late dispatcher loses no time"
    gap = 30 if severity == "critical" else 300
    followers = [notice(n, at=later(seconds=n), **told) for n in (2, 3)]
    found = arrive(*followers, now=later(seconds=3), last={("li.na", "g"): NOON}).hearings
    assert {(one.due_at, one.waits) for one in found} == {(later(seconds=gap), "interval")}
    assert depart(found, now=later(seconds=gap - 1)).bundles == ()
    (message,) = depart(found, now=later(seconds=gap)).bundles
    assert len(message.hearings) == 2
    assert one_due(notice(4, at=later(seconds=gap), **told), now=later(seconds=gap), last={("li.na", "g"): NOON}) == (
        later(seconds=gap), "",
    )  # fmt: skip


def test_information_waits_for_others_and_they_go_together() -> None:
    first = notice(1, wait_seconds=30, group="g", severity="info")
    second = notice(2, at=later(seconds=20), wait_seconds=30, group="g", severity="info")
    found = arrive(first, second).hearings
    assert [(one.due_at, one.waits) for one in found] == [(later(seconds=30), "group"), (later(seconds=50), "group")]
    assert depart(found, now=later(seconds=29)).bundles == ()
    (message,) = depart(found, now=later(seconds=30)).bundles
    assert (message.form, [one.notice_id for one in message.hearings]) == ("group", ["A-1/1", "A-1/2"])


def test_after_a_message_its_group_waits_for_the_interval() -> None:
    last = {("li.na", "g"): NOON}
    asked = notice(at=later(seconds=60), group="g", wait_seconds=30, interval_seconds=300)
    assert one_due(asked, now=later(seconds=61), last=last) == (later(seconds=300), "interval")
    afterwards = notice(at=later(seconds=400), group="g", wait_seconds=30, interval_seconds=300, severity="info")
    assert one_due(afterwards, now=later(seconds=400), last=last) == (later(seconds=430), "group")


def test_what_is_urgent_is_sent_within_a_minute_at_any_hour() -> None:
    asked = notice(at=NIGHT, severity="critical", wait_seconds=30, interval_seconds=300)
    assert one_due(asked, now=NIGHT, last={("li.na", "A-1"): NIGHT - timedelta(seconds=10)}) == (
        NIGHT + timedelta(seconds=20), "interval",
    )  # fmt: skip
    assert one_due(notice(at=NIGHT, urgent=True), now=NIGHT) == (NIGHT, "")


@pytest.mark.parametrize(
    ("local", "until", "why"),
    [
        ("2026-03-04T19:59:59", "", ""),
        ("2026-03-04T20:00:00", "2026-03-05T08:00:00", "quiet_hours"),
        ("2026-03-05T07:59:59", "2026-03-05T08:00:00", "quiet_hours"),
        ("2026-03-05T08:00:00", "", ""),
        ("2026-03-07T12:00:00", "2026-03-09T08:00:00", "rest_day"),  # Saturday
        ("2026-03-06T21:00:00", "2026-03-09T08:00:00", "quiet_hours"),  # Friday night
        ("2026-10-01T09:00:00", "2026-10-08T08:00:00", "rest_day"),  # the National Day holiday
        ("2026-02-28T09:00:00", "", ""),  # a Saturday that is worked for the Spring Festival
    ],
)
def test_quiet_hours_and_rest_days(local: str, until: str, why: str) -> None:
    at = datetime.fromisoformat(f"{local}+08:00")
    opening = datetime.fromisoformat(f"{until}+08:00") if until else at
    assert next_open(at, "li.na", STAGE) == (opening, why)


def test_hours_are_those_of_the_person_and_of_their_zone() -> None:
    berlin = setting(house=changed(HOUSE, "li.na", zone="Europe/Berlin", calendar="weekends"))
    assert next_open(NIGHT, "li.na", berlin) == (NIGHT, ""), "it is 14:00 there"
    assert next_open(datetime(2026, 3, 4, 22, 0, tzinfo=UTC), "li.na", berlin)[0] == datetime(
        2026, 3, 5, 7, 0, tzinfo=UTC
    )
    never = setting(house=changed(HOUSE, "li.na", quiet_from=time(0), quiet_to=time(0), calendar="every_day"))
    assert next_open(NIGHT, "li.na", never) == (NIGHT, "")
    noon = setting(house=changed(HOUSE, "li.na", quiet_from=time(12), quiet_to=time(13)))
    assert next_open(NOON, "li.na", noon) == (later(hours=1), "quiet_hours")
    assert next_open(NIGHT, "li.na", noon) == (NIGHT, "")


def test_the_digest_comes_in_the_morning_of_a_working_day() -> None:
    at = "2026-03-05T08:30+08:00"
    assert one_due(notice(digest=True, severity="info")) == (datetime.fromisoformat(at), "digest")
    early = datetime.fromisoformat("2026-03-05T07:00+08:00")
    assert one_due(notice(at=early, digest=True, severity="info"), now=early) == (datetime.fromisoformat(at), "digest")
    friday = datetime.fromisoformat("2026-03-06T10:00+08:00")
    found = one_due(notice(at=friday, digest=True, severity="info"), now=friday)
    assert found == (datetime.fromisoformat("2026-03-09T08:30+08:00"), "digest")
    sleeper = setting(house=changed(HOUSE, "li.na", quiet_from=time(20), quiet_to=time(10)))
    assert one_due(notice(digest=True), stage=sleeper)[0] == datetime.fromisoformat("2026-03-05T10:00+08:00")
    two = arrive(notice(1, digest=True, group="a"), notice(2, digest=True, group="b", alert="A-2")).hearings
    (message,) = depart(two, now=datetime.fromisoformat(at)).bundles
    assert (message.form, len(message.hearings)) == ("digest", 2)


def test_what_was_due_by_day_and_is_seen_by_night_waits_for_the_morning() -> None:
    found = arrive(notice(1), notice(2, alert="A-2", severity="critical")).hearings
    gone = depart(found, now=NIGHT)
    assert [[one.notice_id for one in message.hearings] for message in gone.bundles] == [["A-2/2"]]
    assert [(one.notice_id, one.due_at, one.waits) for one in gone.moved] == [("A-1/1", MORNING, "quiet_hours")]


def many(count: int, *, severity: str = "warning", start: int = 0) -> tuple[Hearing, ...]:
    return arrive(*(notice(1, alert=f"S-{n}", severity=severity) for n in range(start, start + count))).hearings


@covers("AL-14")
def test_who_may_not_see_grades_gets_a_message_of_their_own_sort() -> None:
    found = arrive(
        notice(1, digest=True), notice(2, alert="A-2", digest=True, labels={"manager": "m02"}, to=("person:li.na",))
    )
    gone = depart(found.hearings, now=datetime.fromisoformat("2026-03-05T08:30+08:00"))
    assert [(one.sees_grades, len(one.hearings)) for one in gone.bundles] == [(True, 1), (False, 1)]


def test_twenty_messages_go_and_one_more_is_a_storm_with_the_worst_first() -> None:
    assert [one.form for one in depart(many(20)).bundles] == ["alert"] * 20
    worst = many(1, severity="critical", start=99)
    (message,) = depart((*many(20), *worst)).bundles
    assert (message.form, len(message.hearings), message.hearings[0].severity) == ("storm", 21, "critical")
    before = [Before(later(minutes=-9), "alert")] * 20
    assert [one.form for one in depart(many(1), *before).bundles] == ["storm"]
    assert [one.form for one in depart(many(1), *before, now=later(minutes=2)).bundles] == ["alert"], (
        "they are long ago"
    )


def test_in_a_storm_the_next_digest_waits_and_what_is_urgent_does_not_wait_long() -> None:
    storm = [Before(NOON, "storm"), *[Before(NOON, "alert")] * 20]
    gone = depart(many(5), *storm, now=later(seconds=40))
    assert gone.bundles == ()
    assert {(one.due_at, one.waits) for one in gone.moved} == {(later(minutes=10), "storm")}
    soon = depart((*many(5), *many(1, severity="critical", start=50)), *storm, now=later(seconds=15))
    assert {(one.severity, one.due_at) for one in soon.moved} == {
        ("warning", later(minutes=10)), ("critical", later(seconds=20)),
    }  # fmt: skip
    urgent = depart((*many(5), *many(1, severity="critical", start=50)), *storm, now=later(seconds=20))
    assert [(one.form, len(one.hearings)) for one in urgent.bundles] == [("storm", 6)]


def test_a_digest_has_parts_of_at_most_a_thousand() -> None:
    gone = depart(many(2500)).bundles
    assert [(one.form, len(one.hearings)) for one in gone] == [("storm", 1000), ("storm", 1000), ("storm", 500)]


def test_what_ended_before_it_was_sent_is_not_sent() -> None:
    found = arrive(notice(1), notice(2, what="withdrawn", to=("told",)))
    assert found.hearings == ()
    assert [(one.hearing.notice_id, one.why) for one in found.quiet] == [
        ("A-1/1", because("overtaken", what="withdrawn"))
    ]
    assert found.nobody == (("A-1/2", "quiet", because("untold")),)
    (kept,) = arrive(notice(1)).hearings
    reminder = msgspec.structs.replace(kept, notice_id="A-1/2", what="reminded")
    later_on = arrive(notice(3, what="acknowledged"), waiting={"A-1": [kept, reminder]})
    assert [one.hearing.notice_id for one in later_on.quiet] == ["A-1/2"], (
        "a reminder of what is acknowledged; not the news"
    )
    told = arrive(notice(2, what="withdrawn", to=("told",)), told={"A-1": {"li.na": True}})
    assert [one.person for one in told.hearings] == ["li.na"]


def test_a_person_may_mute_what_is_only_information() -> None:
    deaf = setting(house=changed(HOUSE, "li.na", mutes=("grade_fell",)))
    assert [one.why for one in arrive(notice(severity="info"), stage=deaf).quiet] == [
        because("muted", kind="grade_fell")
    ]
    assert len(arrive(notice(), stage=deaf).hearings) == 1, "a warning is heard"
    assert len(arrive(notice(severity="info", kind="other"), stage=deaf).hearings) == 1


def test_an_absence_that_begins_overnight_finds_the_deputy() -> None:
    stands = Absence(person="li.na", first=NOON.date(), last=NOON.date(), deputy="qian")
    assert [one.person for one in arrive(notice(), stage=setting(stands)).hearings] == ["qian"]


@pytest.mark.parametrize(
    ("hearings", "state"),
    [
        (["pending", "told"], "waiting"), (["planned", "told"], "planned"), (["told", "undelivered"], "told"),
        (["quiet", "undelivered"], "undelivered"), (["quiet", "quiet"], "quiet"), (["passed", "told"], "told"),
        (["passed", "undelivered"], "undelivered"),
    ],
)  # fmt: skip
def test_the_state_of_a_notice_follows_from_its_hearings(hearings: list[str], state: str) -> None:
    assert state_of(hearings) == state
