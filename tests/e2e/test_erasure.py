"""Erasing one customer's persons: of forty things that were said of them nothing is found anywhere, and grades stay."""

from __future__ import annotations

import json
import re
from typing import Any

import asyncpg
import httpx2
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from gradeline.simulator.portfolio import simulate
from shared.edge.embedded.process import wait_until
from shared.edge.kafka.partition import partition_of
from tests.support.covers import covers
from tests.support.instance import PARTITIONS, RunningInstance
from tests.support.parts import run_apart

covers("CF-16", "CF-17")

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(300)]

MARKS = [f"mark-{number:02}-of-a-person" for number in range(40)]
TOPICS = ("credit.events", "credit.ratings", "credit.events.dead")


def test_of_an_erased_person_nothing_is_found_anywhere_and_the_grade_stays(own_instance: RunningInstance) -> None:
    instance = own_instance
    facts = list(simulate(3, 5, 23, instance.day()))
    subject = facts[0]["subject"]
    about = [fact for fact in facts if fact["subject"] == subject]
    personal = told_of_persons(subject, about[0])
    instance.post([*about, *personal])
    spoil(instance, subject)
    letters = "select key from dead_letters where key = $1"
    assert wait_until(lambda: bool(instance.rows(letters, subject.encode())), 60.0), (
        "the broken record is a dead letter"
    )
    instance.until_applied({subject: len(about) + len(personal)})
    before = instance.customer(subject)
    assert marks_in(instance, subject) == set(MARKS), "who may see them, sees all"

    done = instance.command("erase", subject, "--request", "E-1", "--basis", "PIPL 47", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert (said["readable"], said["dead_letters"]) == (0, 1)
    assert said["fields"] >= len(personal)

    assert marks_in(instance, subject) == set()
    for place, raw in everything(instance).items():
        assert [mark for mark in MARKS if mark.encode() in raw] == [], place
    instance.until_applied({subject: len(about) + len(personal) + 1})
    after = instance.customer(subject)
    assert {key: after[key] for key in ("grade", "measures", "ratings")} == {
        key: before[key] for key in ("grade", "measures", "ratings")
    }

    again = instance.command("erase", subject, "--request", "E-1", "--basis", "PIPL 47", "--yes", "--json")
    assert (again.returncode, json.loads(again.stdout)["fields"]) == (0, 0)
    assert instance.post([*about, *personal]) == 0, "what was told before is known, also without its key"
    assert instance.command("verify", "--json").returncode == 0
    requests = "select count(*) from events where type = 'credit.erasure.requested.v1'"
    assert wait_until(lambda: instance.rows(requests)[0]["count"] == 1, 30.0)


def told_of_persons(subject: str, like: dict[str, Any]) -> list[dict[str, Any]]:
    """Facts with every mark in a field that can hold personal data."""
    marks = iter(MARKS)
    facts = [
        fact(subject, like, f"person-{number}", "customer.updated", {
            "name": next(marks),
            "legal_representative": next(marks),
            "controller": next(marks),
            "identifiers": {"id_no": next(marks), "duns": "123456789"},
            "contacts": [{"name": next(marks), "phone": next(marks), "email": next(marks)}],
        })
        for number in range(5)
    ]  # fmt: skip
    facts += [
        fact(subject, like, f"comment-{number}", "assessment.recorded", {
            "assessment_id": f"A{number}", "method": "rm-1", "assessor": "m01", "assessed_on": like["time"][:10],
            "scores": {"q1": "5"}, "comment": mark,
        })
        for number, mark in enumerate(marks)
    ]  # fmt: skip
    return facts


def fact(subject: str, like: dict[str, Any], id_: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"specversion": "1.0", "id": id_, "source": like["source"], "type": f"credit.{kind}.v1", "subject": subject,
            "time": like["time"], "data": data}  # fmt: skip


def spoil(instance: RunningInstance, subject: str) -> None:
    """Produce a record about *subject* that is no event and says a mark in clear."""
    producer = KafkaProducer(bootstrap_servers=instance.kafka, acks="all")
    raw = json.dumps({"specversion": "1.0", "said": MARKS[0]}).encode()
    producer.send("credit.events", raw, key=subject.encode(), partition=partition_of(subject, PARTITIONS)).get(10)
    producer.close(timeout=5)


def marks_in(instance: RunningInstance, subject: str) -> set[str]:
    """The marks that the privacy officer is shown."""
    found, after = "", ""
    with httpx2.Client(base_url=instance.url, trust_env=False, timeout=30) as http:
        while True:
            query = {"limit": "200"} | ({"after": after} if after else {})
            headers = {"authorization": f"Bearer {instance.token('privacy_officer')}"}
            page = http.get(f"/v1/customers/{subject}/events", params=query, headers=headers).json()
            found += json.dumps(page)
            after = page["next"]
            if not after:
                return {mark for mark in MARKS if mark in found}


def everything(instance: RunningInstance) -> dict[str, bytes]:
    """Every table as text, every topic but for what was produced in clear, every log, metrics, the export."""
    found = run_apart(_tables(instance.postgres))
    for topic in TOPICS:
        found[topic] = b"\n".join(raw for raw in records(instance.kafka, topic) if b'"said"' not in raw)
    for log in [instance.data / "up.log", *(instance.data / "logs").glob("*.log")]:
        found[log.name] = log.read_bytes()
    with httpx2.Client(base_url=instance.url, trust_env=False, timeout=30) as http:
        found["metrics"] = http.get("/metrics").content
        headers = {"authorization": f"Bearer {instance.token('auditor')}"}
        for partition in range(PARTITIONS):
            answer = http.get("/v1/events/export", params={"partition": str(partition)}, headers=headers)
            found[f"export {partition}"] = answer.content
    return found


async def _tables(dsn: str) -> dict[str, bytes]:
    connection = await asyncpg.connect(dsn, timeout=30, command_timeout=60)
    try:
        tables = "select relname from pg_class where relnamespace = 'rating'::regnamespace and relkind = 'r'"
        found: dict[str, bytes] = {}
        for row in await connection.fetch(tables):
            held = bytearray()

            async def take(chunk: bytes, held: bytearray = held) -> None:
                held.extend(chunk)

            await connection.copy_from_query(f"select t::text from rating.{row['relname']} t", output=take)
            found[row["relname"]] = bytes(held) + bytes_in(bytes(held))
        return found
    finally:
        await connection.close()


def bytes_in(raw: bytes) -> bytes:
    """What the columns of bytes in *raw* hold, which PostgreSQL writes as \\x and digits."""
    return b" ".join(bytes.fromhex(digits.decode()) for digits in re.findall(rb"x((?:[0-9a-f]{2})+)", raw))


def records(address: str, topic: str) -> list[bytes]:
    consumer = KafkaConsumer(bootstrap_servers=address, enable_auto_commit=False, allow_auto_create_topics=False)
    try:
        places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        found: list[bytes] = []
        while taken := consumer.poll(2000):
            found += [record.value for several in taken.values() for record in several]
        return found
    finally:
        consumer.close()
