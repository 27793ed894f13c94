"""Whatever is killed while facts come in: every accepted fact counts once, and what is published is what is computed."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from gradeline.simulator.portfolio import simulate
from shared.edge.embedded.process import wait_until
from tests.support.downstream import Subscriber, subscribed
from tests.support.instance import RunningInstance

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(900)]

CUSTOMERS, MONTHS, SEED = 12, 5, 11
BATCH = 7
KILLS = ("rating-worker", "rating-relay", "rating-worker", "rating-api", "broker", "rating-worker")
BACK_SECONDS, CAUGHT_UP_SECONDS = 120.0, 240.0
GRADE = "credit.grade.changed.v1"

Fact = dict[str, Any]


class Upstream:
    """Posts facts one small batch after another, as fast as it is let: `ahead` says how many batches it may post."""

    def __init__(self, instance: RunningInstance, facts: Sequence[Fact]) -> None:
        self._instance, self._facts = instance, facts
        self._let = threading.Semaphore(0)
        self._posted, self._stop = 0, threading.Event()
        self._thread = threading.Thread(target=self._post, name="upstream")
        self.error: BaseException | None = None

    def ahead(self, batches: int) -> None:
        """Let it post so many batches more; it does so meanwhile."""
        self._let.release(batches)

    @property
    def posted(self) -> int:
        """How many batches were accepted."""
        return self._posted

    @contextmanager
    def posting(self) -> Iterator[None]:
        """While the context lasts."""
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._let.release()
            self._thread.join(60)

    def _post(self) -> None:
        try:
            for start in range(0, len(self._facts), BATCH):
                self._let.acquire()
                if self._stop.is_set():
                    return
                self._instance.post(self._facts[start : start + BATCH])
                self._posted += 1
        except BaseException as error:
            self.error = error
            raise


def kill(instance: RunningInstance, part: str) -> None:
    """kill -9, and wait until the part is there again under another process id."""
    before = instance.pid(part)
    assert before is not None, f"{part} is not there"
    os.kill(before, signal.SIGKILL)
    back = wait_until(lambda: instance.pid(part) not in (None, before), BACK_SECONDS, pause=0.1)
    assert back, f"{part} did not come back\n{instance.logs()}"


def test_whatever_is_killed_every_accepted_fact_is_applied_once_and_published_grades_are_computed_ones(
    own_instance: RunningInstance,
) -> None:
    instance = own_instance
    facts = list(simulate(CUSTOMERS, MONTHS, SEED, instance.day()))
    batches = -(-len(facts) // BATCH)
    upstream = Upstream(instance, facts)
    before_the_broker_died: list[Fact] = []
    with upstream.posting():
        for at, part in enumerate(KILLS):
            upstream.ahead(batches // len(KILLS))
            assert wait_until(lambda at=at: upstream.posted >= at * (batches // len(KILLS)) + 2, 60.0)  # type: ignore[misc]
            if part == "broker":
                with subscribed(instance.kafka) as subscriber:
                    assert subscriber.until(lambda: bool(subscriber.heard)), (
                        "nothing was published before the broker died"
                    )
                    subscriber.listen(2)
                    before_the_broker_died = subscriber.heard
            kill(instance, part)
        upstream.ahead(batches)
        assert wait_until(lambda: upstream.posted == batches or upstream.error is not None, 180.0), instance.logs()
    assert upstream.error is None
    instance.until_applied(dict(Counter(fact["subject"] for fact in facts)), seconds=CAUGHT_UP_SECONDS)
    assert_log_is_whole(instance, facts)
    with subscribed(instance.kafka) as subscriber:
        assert_published(instance, subscriber, sorted({fact["subject"] for fact in facts}))
        first_told = {event["id"]: event for event in before_the_broker_died}
        again = [event for event in subscriber.heard if event["id"] in first_told]
        assert before_the_broker_died
        assert [event for event in again if event != first_told[event["id"]]] == [], "an id never means something else"
    assert wait_until(lambda: bool(instance.status()["healthy"]), BACK_SECONDS)


def assert_log_is_whole(instance: RunningInstance, facts: Sequence[Fact]) -> None:
    """What was accepted is what is kept, each once; versions have no gaps; nothing waits, is parked or was put aside."""
    kept = instance.rows("select stream, source, id from events where kind = 0 and stream not like '~%'")
    assert Counter((row["stream"], row["source"], row["id"]) for row in kept) == Counter(
        (fact["subject"], fact["source"], fact["id"]) for fact in facts
    )
    gaps = """
        select e.stream from events e join streams s using (stream)
        group by e.stream, s.version having count(*) <> max(e.version) or max(e.version) <> s.version
    """
    assert instance.rows(gaps) == []
    assert wait_until(lambda: instance.rows("select 1 from intake limit 1") == [], 60.0), "kept, but still in intake"
    for table in ("dead_letters", "quarantine", "parked"):
        assert instance.rows(f"select * from {table}") == []


def assert_published(instance: RunningInstance, subscriber: Subscriber, customers: Sequence[str]) -> None:
    """What subscribers hold to be true of each customer is what the API computes; each change was decided once."""
    computed = {one: instance.customer(one)["grade"] for one in customers}
    assert len(set(computed.values()) - {None}) >= 2, f"a portfolio has good and bad customers: {computed}"

    def published() -> dict[str, Any]:
        said = {one: subscriber.about(one, GRADE) for one in customers}
        return {one: changes[-1]["data"]["to"] if changes else None for one, changes in said.items()}

    assert subscriber.until(lambda: published() == computed), (published(), computed)
    for one in customers:
        sequence = [event["sequence"] for event in subscriber.about(one)]
        assert sequence == sorted(sequence), "told in the order in which it was decided"
        changes = [event["data"] for event in subscriber.about(one, GRADE)]
        assert [two["from"] for two in changes[1:]] == [one["to"] for one in changes[:-1]]
    twice = "select event_id from outbox where topic = 'credit.ratings' group by event_id having count(*) > 1"
    assert instance.rows(twice) == []
