"""Whatever comes in whatever order: every notice ends in exactly the right messages, or in a stated reason."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.alerts.core.hours import next_open
from services.alerts.core.notice import Notice
from services.alerts.core.people import Contact
from services.alerts.core.resolving import resolve
from tests.support.dispatch_model import Model
from tests.support.staffed import HOUSE, NOON, away, changed, notice, setting

PEOPLE = ("gm", "east.head", "sh.lead", "li.na", "wang.wei", "zhao.min", "sun.li", "qian")
RECEIVERS = ("owner", "line", "role:credit_manager", "role:collector", "role:inspector", "person:gm", "told")
LATER = ("reminded", "repeated", "escalated", "acknowledged", "resolved", "withdrawn")
STAGES = (
    setting(),
    setting(away("li.na", "2026-03-01", "2026-03-31", "wang.wei"), away("sh.lead", "2026-03-01", "2026-03-31")),
    setting(house=[one for one in HOUSE if not (isinstance(one, Contact) and one.person in ("li.na", "sun.li"))]),
    setting(house=changed(changed(HOUSE, "sun.li", gone=True), "li.na", mutes=("grade_fell",), zone="Europe/Berlin")),
)


@st.composite
def told(draw: st.DrawFn) -> list[Notice]:
    """Notices of a few alerts, as they arise within a day and a half; what happens to an alert follows its beginning."""
    found: list[Notice] = []
    counts: Counter[str] = Counter()
    for second in sorted(draw(st.lists(st.integers(0, 130_000), min_size=1, max_size=60))):
        alert = f"A-{draw(st.integers(0, 25))}"
        counts[alert] += 1
        what = draw(st.sampled_from(LATER)) if counts[alert] > 1 else "opened"
        severity = draw(st.sampled_from(("info", "warning", "critical")))
        more: dict[str, Any] = {
            "what": what, "severity": severity, "digest": severity == "info" and draw(st.booleans()),
            "to": tuple(draw(st.lists(st.sampled_from(RECEIVERS), min_size=1, max_size=3, unique=True))),
            "group": draw(st.sampled_from((alert, "g1", "g2"))), "wait_seconds": draw(st.sampled_from((0, 30))),
            "interval_seconds": draw(st.sampled_from((0, 300))), "urgent": draw(st.booleans()) and severity != "info",
            "channels": draw(st.sampled_from(((), ("dingtalk",)))),
            "labels": {"region": draw(st.sampled_from(("CN-SH", "CN-GD"))), "manager": draw(st.sampled_from(("m01", "m02", "m9")))},
        }  # fmt: skip
        found.append(notice(counts[alert], alert=alert, at=NOON + timedelta(seconds=second), **more))
    return found


def played(stage: Any, notices: list[Notice], gaps: list[int], broken: set[tuple[str, str]]) -> Model:
    """Arrive, plan and deliver at the instants that *gaps* make, then until nothing waits any more."""
    model = Model(stage)
    queued, now, steps = list(notices), NOON, iter(gaps)
    while queued or model.arriving or model.in_flight or model.next_due() is not None:
        gap = next(steps, None)
        due = min([one.at for one in queued[:1]] + [at for at in (model.next_due(),) if at is not None], default=now)
        now = max(now + timedelta(seconds=gap), now) if gap is not None else max(now + timedelta(seconds=1), due)
        while queued and queued[0].at <= now:
            model.arise(queued.pop(0))
        model.plan(now)
        if gap is None or gap % 2:
            model.settle(lambda person, channel: (person, channel) not in broken, now)
    return model


@given(
    stage=st.sampled_from(STAGES),
    notices=told(),
    gaps=st.lists(st.integers(0, 4000), max_size=40),
    broken=st.sets(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(("email", "dingtalk"))), max_size=16),
)
def test_every_notice_ends_in_the_right_messages_or_in_a_reason(
    stage: Any, notices: list[Notice], gaps: list[int], broken: set[tuple[str, str]]
) -> None:
    model = played(stage, notices, gaps, broken)
    delivered = Counter(
        (hearing.notice_id, one.person) for one in model.sent if (one.person, one.channel) not in broken for hearing in one.hearings
    )  # fmt: skip
    assert set(delivered.values()) <= {1}, "nobody is told the same twice"
    for one in notices:
        states = {person: state for (key, person), (state, _) in model.hearings.items() if key == one.notice_id}
        state = model.state(one.notice_id)
        assert state in ("told", "quiet", "undelivered")
        assert (state == "told") == any((one.notice_id, person) in delivered for person in PEOPLE)
        assert {person for person, found in states.items() if found == "told"} == {
            person for person in PEOPLE if (one.notice_id, person) in delivered
        }
        if "told" not in one.to:  # who had been told depends on when the queue was looked at
            meant = {hearer.person for hearer in resolve(one, stage, now=one.at, told={})}
            assert meant <= states.keys(), "everybody who is meant hears, or a reason says why not"
            assert states.keys() - meant == set() or "passed" in states.values()
        if state == "undelivered" and states:
            reached = {person for person in PEOPLE if any(c.channel for c in stage.organisation.ways(person))}
            tried = {person for person, found in states.items() if found in ("passed", "undelivered")}
            for person in tried & reached:
                ways = {(way.person, way.channel) for way in stage.organisation.ways(person)}
                assert ways <= broken, "every way was tried"


@given(stage=st.sampled_from(STAGES), notices=told(), gaps=st.lists(st.integers(0, 4000), max_size=40))
def test_quiet_hours_hold_and_nobody_gets_more_than_they_can_read(
    stage: Any, notices: list[Notice], gaps: list[int]
) -> None:
    model = played(stage, notices, gaps, set())
    for one in model.sent:
        if not any(hearing.urgent for hearing in one.hearings):
            assert next_open(one.at, one.person, stage) == (one.at, "")
        assert [h.severity for h in one.hearings] == sorted((h.severity for h in one.hearings), key=_grave)
        assert len({h.sees_grades for h in one.hearings}) == 1
    for person in PEOPLE:
        singles = [one.at for one in model.sent if one.person == person and one.form != "storm"]
        assert all(sum(at - timedelta(minutes=10) < other <= at for other in singles) <= 20 for at in singles)


@given(
    severities=st.lists(st.sampled_from(("warning", "warning", "warning", "critical")), min_size=21, max_size=200),
    every=st.integers(1, 20),
)
def test_a_storm_loses_nothing_and_what_is_critical_is_there_within_a_minute(severities: list[str], every: int) -> None:
    model, stage = Model(setting()), setting()
    start: datetime = NOON
    for at in range(0, 1400, every):
        now = start + timedelta(seconds=at)
        per = max(1, len(severities) * every // 60)
        for number in range(at // every * per, min(len(severities), (at // every + 1) * per)):
            model.arise(notice(1, at=now, alert=f"S-{number}", severity=severities[number], wait_seconds=10))
        model.plan(now)
        model.settle(lambda *_: True, now)
    carried = Counter(hearing.notice_id for one in model.sent for hearing in one.hearings)
    assert len(carried) == len(severities)
    assert set(carried.values()) == {1}
    assert len(model.sent) <= 20 + 3 * (1400 // 20 + 2)
    late = [
        h
        for one in model.sent
        for h in one.hearings
        if h.severity == "critical" and one.at - h.at > timedelta(seconds=20 + 10 + every)
    ]
    assert late == []
    assert stage.policy.storm.messages == 20


def _grave(severity: str) -> int:
    return ("critical", "warning", "info").index(severity)
