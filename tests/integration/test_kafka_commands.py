"""`gradeline topics apply` and `gradeline events tail`, against a broker."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from gradeline.commands import events, topics
from shared.edge.embedded.broker import EmbeddedBroker
from shared.edge.kafka.producer import Publisher
from shared.edge.kafka.profile import EMBEDDED
from shared.edge.kafka.record import Outgoing

pytestmark = pytest.mark.parts


def run(tmp_path: Path, *words: str) -> Any:
    app = typer.Typer()
    topics.register(app)
    events.register(app)
    return CliRunner().invoke(app, [*words, "--data", str(tmp_path)])


def publish(address: str, records: list[Outgoing]) -> None:
    async def send() -> None:
        publisher = Publisher(address, EMBEDDED)
        await publisher.publish(records)
        await publisher.close()

    asyncio.run(send())


def test_topics_are_made_once(private_broker: EmbeddedBroker, tmp_path: Path) -> None:
    first = run(tmp_path, "topics", "apply", "--json", "--kafka", private_broker.address)
    assert first.exit_code == 0, first.output
    made = {line["name"]: line for line in map(json.loads, first.stdout.splitlines())}
    assert made["credit.events"] == {"name": "credit.events", "partitions": 12, "state": "created"}
    assert made["gradeline.generation"]["partitions"] == 1
    second = run(tmp_path, "topics", "apply", "--kafka", private_broker.address)
    assert second.exit_code == 0, second.output
    assert {line.split()[0] for line in second.stdout.splitlines()} == {"unchanged"}


def test_a_tail_from_the_start_shows_events_and_bytes_that_are_none(
    private_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    run(tmp_path, "topics", "apply", "--kafka", private_broker.address)
    rows = [
        Outgoing("credit.ratings", 4, b"c1", b'{"type":"credit.grade.changed.v1","data":{"to":"B"}}', (("h", b"v"),)),
        Outgoing("credit.ratings", 4, None, b"\xff\x00"),
    ]
    publish(private_broker.address, rows)
    words = ["events", "tail", "--from-start", "--count", "2", "--kafka", private_broker.address]
    told = run(tmp_path, *words, "--json")
    assert told.exit_code == 0, told.output
    one, two = map(json.loads, told.stdout.splitlines())
    assert (one["partition"], one["offset"], one["key"], one["headers"]) == (4, 0, "c1", {"h": "v"})
    assert one["value"]["data"] == {"to": "B"}
    assert two["value"] == {"base64": "/wA="}
    plain = run(tmp_path, *words)
    assert "credit.grade.changed.v1" in plain.stdout
    assert '{"to":"B"}' in plain.stdout


async def test_a_tail_from_now_on_leaves_out_what_was_there(private_broker: EmbeddedBroker, tmp_path: Path) -> None:
    await asyncio.to_thread(run, tmp_path, "topics", "apply", "--kafka", private_broker.address)
    publisher = Publisher(private_broker.address, EMBEDDED)
    await publisher.publish([Outgoing("credit.ratings", p % 12, b"k", b'"old"') for p in range(24)])
    words = ["events", "tail", "--count", "1", "--json", "--kafka", private_broker.address]
    tailing = asyncio.create_task(asyncio.to_thread(run, tmp_path, *words))
    for _ in range(60):
        await publisher.publish([Outgoing("credit.ratings", 3, b"k", b'"new"')])
        if tailing.done():
            break
        await asyncio.sleep(0.5)
    await publisher.close()
    told = await asyncio.wait_for(tailing, 30)
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["value"] == "new"
