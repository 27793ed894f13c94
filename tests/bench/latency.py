"""A fact posted over HTTP to its grade change on Kafka: the whole instance, as `gradeline up` starts it.

Every customer is prepared with a past that gives a grade. Then each gets one fact that ends it at once: the public list
of dishonest debtors names it. Clocks are the same, for everything runs on this machine.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition

from gradeline.instance import running
from shared.edge import clock
from shared.edge.embedded.process import wait_until
from shared.edge.kafka.client import connect
from shared.edge.kafka.profile import EMBEDDED
from tests.bench import traffic
from tests.bench.openloop import Load, Posted
from tests.bench.parts import PARTITIONS, cpu_seconds
from tests.bench.report import Report
from tests.bench.scale import Scale
from tests.support.instance import RunningInstance, up

TOPIC = "credit.ratings"
CHANGED = "credit.grade.changed.v1"
PATIENCE_SECONDS = 180.0
WARM_SECONDS = 2.0
"""Posted at the same rate before what is counted."""
QUIET_SECONDS = 20.0
CHUNK = 1_000


class Change(msgspec.Struct):
    """What the listener reads of a grade change."""

    to: str | None = None


class Heard(msgspec.Struct):
    """What the listener reads of a decision."""

    type: str
    subject: str
    data: msgspec.Raw


def latency(scale: Scale, folder: Path, report: Report) -> None:
    """Prepare, post, listen, and tell the quantiles."""
    warm = int(WARM_SECONDS * scale.rate)
    customers = warm + int(scale.seconds * scale.rate)
    with up(folder) as instance:
        day = instance.day()
        grade = prepare(instance, customers, day)
        before = _used(instance)
        posted, heard = _posted(instance, scale, customers, day, worst_after=grade)
        used = {part: seconds - before[part] for part, seconds in _used(instance).items()}
    refused = [one.status for one in posted if one.status != 202]
    if refused:
        raise RuntimeError(f"{len(refused)} of {len(posted)} posts were refused, the first with {refused[0]}")
    counted = range(warm, customers)
    missing = [number for number in counted if traffic.subject_of(number) not in heard]
    if missing:
        raise RuntimeError(f"{len(missing)} of {len(counted)} grade changes were never heard")
    waits = sorted(1000 * (heard[traffic.subject_of(number)] - posted[number].due) for number in counted)
    answers = sorted(1000 * (posted[number].answered - posted[number].due) for number in counted)
    span = max(posted[number].answered for number in counted) - posted[warm].due
    note = f"{scale.rate} facts/s offered, {len(counted) / span:.0f} taken"
    for share, name in ((50, "p50"), (99, "p99")):
        report.figure(f"latency_{name}", f"posted fact to its grade change on Kafka, {name}", _quantile(waits, share),
                      "ms", note)  # fmt: skip
    report.figure("latency_max", "the same, slowest", waits[-1], "ms", f"{len(waits):,} changes")
    for share, name in ((50, "p50"), (99, "p99")):
        report.figure(f"post_{name}", f"posted fact to its answer 202, {name}", _quantile(answers, share), "ms")
    for part, seconds in used.items():
        report.figure(f"latency_cpu_{part}", f"CPU of {part} for a fact", 1000 * seconds / customers, "ms")
    cores = sum(used.values()) / customers * scale.rate
    report.figure("latency_cores", "cores that all parts took together", cores, "cores", f"of {os.cpu_count()}")
    report.figure("latency_rate", "facts a second that were taken", len(counted) / span, "facts/s")


def _used(instance: RunningInstance) -> dict[str, float]:
    """CPU seconds of every part so far."""
    state = running(instance.data)
    assert state is not None, "the instance has ended"
    return {part: cpu_seconds(pid) for part, pid in state.processes.items()}


def prepare(instance: RunningInstance, customers: int, day: date) -> str:
    """Tell the past of every customer, and wait for their grades. Returns the worst grade among them."""
    facts = traffic.quarter(customers, day)
    while some := [value for _, value in islice(facts, CHUNK)]:
        instance.post([msgspec.json.decode(value) for value in some], batch=CHUNK)
    graded = "select count(*) from customers where grade is not null"
    if not wait_until(lambda: instance.rows(graded)[0]["count"] == customers, PATIENCE_SECONDS, pause=0.5):
        found = instance.rows("select grade, refusal, count(*) from customers group by 1, 2")
        raise RuntimeError(f"not every customer has a grade after {PATIENCE_SECONDS:.0f} s: {found}")
    return str(instance.rows("select max(grade) as worst from customers")[0]["worst"])


def _posted(
    instance: RunningInstance, scale: Scale, customers: int, day: date, *, worst_after: str
) -> tuple[list[Posted], dict[str, float]]:
    """Post the facts while another process listens. Returns what was posted, and when each change was heard."""
    context = multiprocessing.get_context("spawn")
    ready, answers = context.Event(), context.Queue()
    arguments = (instance.kafka, customers, worst_after, ready, answers)
    listener = context.Process(target=listen, args=arguments, daemon=True)
    listener.start()
    try:
        if not ready.wait(60):
            raise RuntimeError("the listener did not start")
        load = Load(instance.url, path="/v1/events", token=instance.token("integrator"),
                    content_type="application/cloudevents+json")  # fmt: skip
        posted = asyncio.run(load.post([traffic.signal(number, day)[1] for number in range(customers)], scale.rate))
        return posted, answers.get(timeout=QUIET_SECONDS * 3)
    finally:
        listener.join(5.0)
        listener.kill()


def listen(address: str, count: int, worst: str, ready: Any, answers: Any) -> None:
    """Hear the topic from its beginning; note when each customer falls below *worst*, until *count* have or all is quiet."""
    consumer = connect(KafkaConsumer, EMBEDDED.consumer(address))
    places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
    consumer.assign(places)
    for place in places:
        consumer.seek(place, 0)
    heard: dict[str, float] = {}
    quiet = clock.monotonic() + QUIET_SECONDS
    empty = 0
    while len(heard) < count and clock.monotonic() < quiet:
        found = consumer.poll(200)
        now = clock.monotonic()
        empty = 0 if found else empty + 1
        if empty == 5:
            ready.set()  # the past has been heard
        for records in found.values():
            quiet = now + QUIET_SECONDS
            for record in records:
                _note(record.value, worst, heard, now)
    answers.put(heard)
    consumer.close(autocommit=False, timeout_ms=2_000)


def _note(value: bytes, worst: str, heard: dict[str, float], now: float) -> None:
    said = msgspec.json.decode(value, type=Heard)
    if said.type == CHANGED:
        to = msgspec.json.decode(said.data, type=Change).to
        if to is not None and to > worst:
            heard.setdefault(said.subject, now)


def _quantile(ordered: Sequence[float], percent: int) -> float:
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]
