"""The demonstration tells its story once: what was posted is remembered, what follows goes on from it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from gradeline.demo import feed as feeding
from gradeline.demo.decisions import decoded
from gradeline.demo.feed import Ending, Feed
from gradeline.demo.scenes import EVERY_S, LONGEST_S, Scenes
from gradeline.demo.showing import Showing
from gradeline.demo.story import BATCH, FILE, Story, batches, load
from gradeline.post import Poster
from gradeline.simulator.portfolio import origin_of
from shared.edge import codec
from shared.edge.kafka.record import Record
from tests.support.posted_to import Answer, Events, Listener, accepted, listening

TODAY = date(2026, 6, 15)
YESTERDAY = TODAY - timedelta(days=1)
PATIENCE_S = 30.0


def small() -> Story:
    """Six customers and two months: a second is enough to tell it many times."""
    return Story(origin=origin_of(YESTERDAY, 2), telling=YESTERDAY, zone="Asia/Shanghai", customers=6, months=2, seed=5)


@dataclass
class Told:
    """A feed and what hears it."""

    feed: Feed
    story: Story
    showing: Showing
    stopping: threading.Event
    heard: Listener


@contextmanager
def telling(
    story: Story, data: Path, answer: Callable[[Events], Answer] = accepted, *, today: date = TODAY
) -> Iterator[Told]:
    showing, stopping = Showing(rating="", kafka="", data=""), threading.Event()
    with listening(answer) as heard, Poster(heard.url, attempts=1) as poster:
        feed = Feed(story, poster, showing, data=data, stopping=stopping, today=lambda: today)
        yield Told(feed, story, showing, stopping, heard)


def told_by(run: Callable[[], None], told: Told, *, until: Callable[[], bool]) -> None:
    """Call *run* on a thread until *until* holds, then stop it."""
    thread = threading.Thread(target=run)
    thread.start()
    ticks = int(PATIENCE_S / 0.02)
    assert any(until() or told.stopping.wait(0.02) for _ in range(ticks)), "it never came that far"
    told.stopping.set()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody applies what is posted here, so there is nothing to wait for; pauses are short."""
    for name, seconds in {"SETTLED_S": 0.0, "FIRST_S": 0.0, "PAUSE_S": 0.01, "SAVE_S": 0.1}.items():
        monkeypatch.setattr(feeding, name, seconds)


def stored(data: Path) -> Story:
    return load(data, yesterday=YESTERDAY, zone="UTC")


def test_a_new_instance_gets_a_year_that_ends_yesterday(tmp_path: Path) -> None:
    story = stored(tmp_path)
    assert (story.telling, story.told, story.customers, story.months) == (YESTERDAY, None, 200, 12)
    assert story.origin == origin_of(YESTERDAY, 12)
    assert len(story.names) == 200


def test_the_history_is_posted_whole_and_once_with_the_facts_of_a_customer_together(tmp_path: Path) -> None:
    with telling(small(), tmp_path) as told:
        told.feed.catch_up()
        events = told.heard.events
        told.feed.catch_up()
        assert told.heard.events == events, "there was nothing more to tell"
    assert len({(event["subject"], event["id"]) for event in events}) == len(events) > 100
    subjects = [event["subject"] for event in events]
    assert subjects == sorted(subjects)
    assert all(event["time"][:10] <= YESTERDAY.isoformat() for event in events)
    story = stored(tmp_path)
    assert (story.told, story.telling, story.posted) == (YESTERDAY, None, 0)


def test_an_interrupted_history_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradeline.demo.story.BATCH", 20)
    with telling(small(), tmp_path) as whole:
        whole.feed.catch_up()
    batches_heard: list[Events] = []

    def stop_at_third(events: Events) -> Answer:
        batches_heard.append(events)
        if len(batches_heard) == 3:
            first.stopping.set()
        return accepted(events)

    with telling(small(), tmp_path, stop_at_third) as first, pytest.raises(Ending):
        first.feed.catch_up()
    assert 0 < stored(tmp_path).posted == len(first.heard.events) < len(whole.heard.events)
    with telling(stored(tmp_path), tmp_path) as second:
        second.feed.catch_up()
    assert first.heard.events + second.heard.events == whole.heard.events


def test_days_that_passed_since_the_last_start_are_told_by_the_same_stories(tmp_path: Path) -> None:
    later = TODAY + timedelta(days=20)
    with telling(small(), tmp_path) as first:
        first.feed.catch_up()
    with telling(stored(tmp_path), tmp_path, today=later) as second:
        second.feed.catch_up()
    days = {event["time"][:10] for event in second.heard.events}
    assert min(days) >= TODAY.isoformat()
    assert max(days) < later.isoformat()
    long = small()
    long.telling = later - timedelta(days=1)
    assert sorted(map(str, first.heard.events + second.heard.events)) == sorted(map(str, long.history()))


def test_live_facts_happen_today_under_a_tag_of_their_own_at_each_start(tmp_path: Path) -> None:
    seen: list[Events] = []
    for _ in range(2):
        story = stored(tmp_path) if (tmp_path / FILE).exists() else small()
        with telling(story, tmp_path) as told:
            told_by(
                told.feed.run,
                told,
                until=lambda told=told: any("/today/" in e["source"] for e in told.heard.events),  # type: ignore[misc]
            )
            seen.append([event for event in told.heard.events if "/today/" in event["source"]])
    assert all(
        event["source"].startswith(("/simulator/5/today/", "/simulator/5/scenes/")) for event in told.heard.events
    )
    assert all(event["source"] == f"/simulator/5/today/{TODAY}" for run in seen for event in run)
    assert not {event["id"] for event in seen[0]} & {event["id"] for event in seen[1]}
    runs = stored(tmp_path).runs
    assert [run.tag for run in runs] == [run[0]["id"].split(":")[0] for run in seen]
    assert all(run.facts >= len(posted) for run, posted in zip(runs, seen, strict=True))


def test_a_later_start_knows_what_earlier_runs_left_open(tmp_path: Path) -> None:
    with telling(small(), tmp_path) as told:
        told_by(told.feed.run, told, until=lambda: bool(told.story.runs) and told.story.runs[-1].facts > 20)
    again = stored(tmp_path)
    book = again.book()
    invoices = {
        event["data"]["transaction_id"]
        for event in told.heard.events
        if event["type"] == "credit.transaction.recorded.v1" and event["data"]["kind"] == "invoice"
    }
    opened = {book.oldest_open(subject) for subject in book.subjects} - {None}
    assert opened
    assert {one.document for one in opened if one} <= invoices | {"OPEN-1"}
    assert again.runs[0].facts == told.story.runs[0].facts


def test_a_fact_that_is_refused_is_left_out_and_said(tmp_path: Path) -> None:
    def no_third(events: Events) -> Answer:
        if len(events) > 3 and events[3]["subject"].endswith("1"):
            return Answer(409, {"detail": "used with other content", "index": 3})
        return accepted(events)

    refused: list[Any] = []
    with telling(small(), tmp_path, lambda events: _once(events, no_third, refused)) as told:
        told.feed.catch_up()
    assert told.feed.refused == 1
    assert told.story.told == YESTERDAY


def _once(events: Events, answer: Callable[[Events], Answer], refused: list[Any]) -> Answer:
    """What *answer* says, but a refusal one time only."""
    said = answer(events)
    if said.status == 409 and refused:
        return accepted(events)
    if said.status == 409:
        refused.append(events)
    return said


def test_a_service_that_is_away_is_waited_for_and_nothing_is_lost(tmp_path: Path) -> None:
    turns = iter([Answer(503, {}, {"Retry-After": "0"}), Answer(500, {}), Answer(503, {})])
    with telling(small(), tmp_path, lambda events: next(turns, None) or accepted(events)) as told:
        told.feed.catch_up()
    taken = [event["id"] for batch in told.heard.batches[3:] for event in batch]
    assert len(taken) == len(small().history())
    assert told.showing.notice == ""


def test_batches_do_not_divide_a_customer_unless_one_alone_is_too_large() -> None:
    facts = [{"subject": "A"}] * 400 + [{"subject": "B"}] * 700 + [{"subject": "C"}] * (BATCH + 50)
    made = list(batches(facts, 0))
    assert [len(batch) for batch in made] == [400, 700, BATCH, 50]
    assert [event for batch in batches(facts, 400) for event in batch] == facts[400:]


def scenes() -> Scenes:
    return Scenes(
        ["A", "B", "C", "D"],
        Random(3),
        day=TODAY,
        tag="t",
        source="/simulator/5/scenes",
        at=lambda second: f"2026-06-15T10:00:{int(second) % 60:02d}+08:00",
    )


def test_every_scene_ends_on_its_day_and_its_facts_are_facts() -> None:
    stage, facts = scenes(), []
    for second in range(300):
        facts += stage.due(float(second), lambda subject: "B")
    facts += stage.endings
    begun = [fact for fact in facts if fact["id"].endswith("-begin")]
    assert len(begun) > 20
    assert {fact["id"].replace("-begin", "-end") for fact in begun} == {
        fact["id"] for fact in facts if fact["id"].endswith("-end")
    }
    for fact in facts:
        event = codec.decode_strict(msgspec.json.encode(fact))
        assert event.business_date == TODAY


def test_a_customer_plays_in_one_scene_at_a_time_and_only_who_can_fall_does() -> None:
    stage = scenes()
    grades: dict[str, str | None] = {"A": "A", "B": "D", "C": None, "D": "C"}
    for second in range(0, 400, 2):
        for fact in stage.due(float(second), grades.get):
            assert fact["subject"] in "AD"
        playing = [scene.subject for scene in stage.open]
        assert len(playing) == len(set(playing)) <= 2
        assert all(scene.ends_at <= second + LONGEST_S for scene in stage.open)


def test_scenes_keep_their_distance() -> None:
    stage = scenes()
    begun = [second for second in range(100) if stage.due(float(second), lambda subject: "A")]
    assert begun[0] == 0
    assert len(begun) <= 2 * 100 / EVERY_S


def test_what_was_going_on_when_the_instance_stopped_is_ended_at_the_stop_or_at_the_next_start(tmp_path: Path) -> None:
    with telling(small(), tmp_path) as told:
        told.showing.graded = {f"C5-{number:05d}": "B" for number in range(1, 7)}
        told_by(
            told.feed.run,
            told,
            until=lambda: any(event["id"].endswith("-begin") for event in told.heard.events),
        )
    ids = [event["id"] for event in told.heard.events]
    assert [one.replace("-begin", "-end") for one in ids if one.endswith("-begin")] == [
        one for one in ids if one.endswith("-end")
    ]
    story = stored(tmp_path)
    assert story.endings == []
    story.endings = [{"id": "left-over", "subject": "C5-00001", "source": "/x"}]
    with telling(story, tmp_path) as again:
        told_by(again.feed.run, again, until=lambda: bool(again.heard.batches))
    assert again.heard.batches[0][0]["id"] == "left-over"


@pytest.mark.parametrize("value", [None, b"", b"\xff\xfe", b"[1]", b'{"data": 1}'])
def test_a_record_that_is_no_event_is_passed_over(value: bytes | None) -> None:
    record = Record("credit.ratings", 0, 0, b"C1", value, (), 0)
    assert decoded(record) is None
