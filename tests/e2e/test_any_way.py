"""The same history by any way ends in the same place: order, repetition and transport do not count."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from kafka import KafkaProducer

from gradeline.simulator.portfolio import simulate
from shared.edge.kafka.partition import partition_of
from tests.support.downstream import subscribed
from tests.support.instance import PARTITIONS, RunningInstance

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

CUSTOMERS, MONTHS, SEED = 10, 8, 7
QUESTIONS = (("", 0), ("", 60), ("", 130), ("", 190), ("/ratings", 0), ("/explanation", 33), ("/ledger", 80))
"""What is asked about each customer, and as of how many days before the customer's current day."""
TIMES, CHUNK = 3, 60
LIVED = {"customer_id", "known_at", "version", "lived", "warning_id", "request_id", "trace_id", "instance"}
"""What tells how and when we came to know or asked; everything else is about the customer and must not differ."""

Fact = dict[str, Any]


def under(prefix: str, fact: Fact) -> Fact:
    """The same fact about another customer: all sources begin alike, so those that compete keep their order."""
    return fact | {"subject": f"{prefix}-{fact['subject']}", "source": f"/{prefix}{fact['source']}"}


def produce(address: str, facts: Sequence[Fact]) -> None:
    """Send *facts* to the topic itself, every other one in binary mode, and wait until all are there."""
    producer = KafkaProducer(bootstrap_servers=address, acks="all", enable_idempotence=True, compression_type=None)
    try:
        sent = [producer.send("credit.events", **record(fact, binary=bool(at % 2))) for at, fact in enumerate(facts)]
        for one in sent:
            one.get(timeout=60)
    finally:
        producer.close()


def record(fact: Fact, *, binary: bool) -> dict[str, Any]:
    place = {"key": fact["subject"].encode(), "partition": partition_of(fact["subject"], PARTITIONS)}
    if not binary:
        headers = [("content-type", b"application/cloudevents+json; charset=utf-8")]
        return place | {"value": json.dumps(fact).encode(), "headers": headers}
    names = ("specversion", "id", "source", "type", "subject", "time")
    headers = [("content-type", b"application/json"), *((f"ce_{name}", fact[name].encode()) for name in names)]
    return place | {"value": json.dumps(fact["data"]).encode(), "headers": headers}


def told_badly(instance: RunningInstance, facts: Sequence[Fact]) -> Counter[str]:
    """Every fact three times, in an order that nobody chose, half over HTTP and half straight to Kafka."""
    deliveries = list(facts) * TIMES
    Random(SEED).shuffle(deliveries)
    ways: Counter[str] = Counter()
    for start in range(0, len(deliveries), CHUNK):
        chunk = deliveries[start : start + CHUNK]
        if start // CHUNK % 2:
            produce(instance.kafka, chunk)
            ways["kafka"] += len(chunk)
        else:
            instance.post(chunk)
            ways["http"] += len(chunk)
    return ways


def seen(instance: RunningInstance, customer: str, view: str, as_of: date) -> str:
    """What the API answers about *customer*, as bytes would be, without what tells how we came to know."""

    without = LIVED | ({"cause", "score"} if view == "/ratings" else set())  # there they are those of the decision

    def stripped(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: stripped(one) for name, one in value.items() if name not in without}
        return [stripped(one) for one in value] if isinstance(value, list) else value

    return json.dumps(stripped(list(instance.ask(f"/v1/customers/{customer}{view}", as_of=f"{as_of}"))))


def test_the_same_history_by_any_way_ends_in_the_same_measures_path_and_grades(instance: RunningInstance) -> None:
    day = instance.day()
    history = list(simulate(CUSTOMERS, MONTHS, SEED, day))
    names = sorted({fact["subject"] for fact in history})
    orderly = [under("a", fact) for fact in history]
    muddled = [under("b", fact) for fact in history]

    assert instance.post(orderly, batch=100) == len(orderly)
    ways = told_badly(instance, muddled)
    assert abs(ways["http"] - ways["kafka"]) <= CHUNK
    instance.until_applied(dict(Counter(fact["subject"] for fact in orderly + muddled)))

    for name in names:
        for view, ago in QUESTIONS:
            on = day - timedelta(days=ago)
            assert seen(instance, f"a-{name}", view, on) == seen(instance, f"b-{name}", view, on)
    assert_published(instance, [f"{way}-{name}" for name in names for way in "ab"])
    for table in ("dead_letters", "quarantine", "parked"):
        assert instance.rows(f"select * from {table}") == []


def assert_published(instance: RunningInstance, customers: Sequence[str]) -> None:
    """What subscribers hold to be true of each customer is what the API computes."""
    computed = {one: instance.customer(one)["grade"] for one in customers}
    assert len(set(computed.values()) - {None}) >= 2, f"a portfolio has good and bad customers: {computed}"
    with subscribed(instance.kafka) as subscriber:

        def published() -> dict[str, Any]:
            said = {one: subscriber.about(one, "credit.grade.changed.v1") for one in customers}
            return {one: changes[-1]["data"]["to"] if changes else None for one, changes in said.items()}

        assert subscriber.until(lambda: published() == computed), (published(), computed)
