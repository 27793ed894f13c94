"""The examples of docs/subscribe.md run as they stand: consumers in Python and Java, a receiver of webhooks, curl."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree

import httpx2
import msgspec
import pytest
import uvicorn
from kafka import KafkaProducer

from services.alerts.adapters.channels.sending import Parcel
from services.alerts.adapters.channels.webhook import Webhook
from services.alerts.adapters.endpoints import Endpoint, Key
from services.alerts.adapters.outbound import Outbound
from services.alerts.main import application, wired
from shared.edge import clock, codec
from shared.edge.embedded.process import free_port, spawn, wait_until
from shared.edge.http import trust
from shared.edge.kafka.profile import EMBEDDED
from shared.edge.kafka.topics import apply, load
from tests.support import kafka_jars
from tests.support.alert_desk import grade as graded
from tests.support.alert_house import house
from tests.support.decided import grade
from tests.support.parts import Broker
from tests.support.rating_api import bearer, settings
from tests.support.receivers import LOOPBACK, SECRET

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "subscribe.md").read_text("utf-8")
JAVA = ROOT / "docs" / "examples" / "java"


def fence(language: str, holding: str) -> str:
    """The example of the page in *language* that holds *holding*."""
    found = [one for one in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if holding in one]
    assert len(found) == 1
    return str(found[0])


def produce(broker: Broker, topic: str) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.address)
    for number in (1, 2, 2):
        producer.send(topic, codec.encode(grade(number, "C-1")), key=b"C-1").get(30)
    producer.close()


def test_the_consumer_in_python_takes_each_decision_once(broker: Broker, topic_prefix: str, tmp_path: Path) -> None:
    topic = f"{topic_prefix}credit.ratings"
    made(broker, topic)
    produce(broker, topic)
    script = tmp_path / "decisions.py"
    script.write_text(fence("python", "KafkaConsumer"))
    child = spawn(
        [sys.executable, "-W", "ignore", str(script), broker.address, f"g{topic_prefix}", topic],
        log=tmp_path / "log",
        die_with=signal.SIGKILL,
    )
    try:
        assert wait_until(lambda: not child.alive or child.output().count("credit.grade.changed.v1 C-1") >= 2, 60.0), (
            child.output()
        )
    finally:
        child.stop((signal.SIGTERM, 10.0))
    assert child.output().count("credit.grade.changed.v1 C-1") == 2


def test_the_consumer_in_java_compiles_and_takes_each_decision(
    broker: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    try:
        jars = kafka_jars.jars()
    except kafka_jars.KafkaMissingError as reason:
        pytest.skip(str(reason))
    if shutil.which("javac") is None:
        pytest.skip("javac is not installed")
    topic = f"{topic_prefix}credit.ratings"
    made(broker, topic)
    produce(broker, topic)
    sources = [str(path) for path in JAVA.rglob("*.java")]
    subprocess.run(
        ["javac", "--release", "17", "-cp", f"{jars}/*", "-d", str(tmp_path / "classes"), *sources],
        check=True,
        timeout=120,
    )
    words = [
        str(shutil.which("java")),
        "-Xmx256m",
        "-cp",
        f"{tmp_path / 'classes'}:{jars}/*",
        "example.Decisions",
        broker.address,
        f"g{topic_prefix}",
        topic,
    ]
    child = spawn(words, log=tmp_path / "log", die_with=signal.SIGKILL)
    try:
        assert wait_until(
            lambda: not child.alive or child.output().count("credit.grade.changed.v1 C-1 C-1/") >= 3, 90.0
        ), child.output()[-2000:]
    finally:
        child.stop((signal.SIGTERM, 10.0))


def test_the_java_project_names_the_same_kafka_as_ours() -> None:
    found = ElementTree.parse(JAVA / "pom.xml").findtext(".//{*}properties/{*}kafka.version")
    assert found == kafka_jars.version()


async def test_the_receiver_takes_what_is_signed_once_and_nothing_else(tmp_path: Path) -> None:
    script, port = tmp_path / "receiver.py", free_port()
    script.write_text(fence("python", "HTTPServer"))
    child = spawn([sys.executable, str(script), SECRET, str(port)], log=tmp_path / "log", die_with=signal.SIGKILL)
    try:
        posting = Webhook(Outbound(allowed=LOOPBACK, ports=[port]), console="")
        body = b'{"type":"credit.grade.changed.v1","data":{"subject":"C-1"}}'
        outcomes = []
        for message_id, secret in (("msg_1", SECRET), ("msg_1", SECRET), ("msg_2", "whsec_" + "A" * 32)):
            to = Endpoint(
                name="n",
                channel="webhook",
                target=f"http://127.0.0.1:{port}/",
                keys=(Key(secret),),
                state="active",
                why="",
            )
            for _ in range(200):
                try:
                    parcel = Parcel(message_id, "n", body, (), 1)
                    outcomes.append((await posting.send(parcel, to, now=clock.now(), seconds=10)).status)
                    break
                except OSError:  # it does not listen yet
                    await asyncio.sleep(0.05)
        assert outcomes == ["204", "204", "401"]
        assert child.output().count("credit.grade.changed.v1 C-1") == 1
    finally:
        child.stop((signal.SIGTERM, 10.0))


@asynccontextmanager
async def served(database: str, data: Path) -> AsyncIterator[tuple[str, object]]:
    """The address of the alerts API, and its house."""
    async with house(database) as one:
        told = settings(database, data)
        app = application(told, verifier=trust.verifier(told), ports=wired(told))
        app.state.ports.delivery.following._every = 0.05
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server.serve())
        async with asyncio.timeout(30):
            while not server.started:  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", one
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, 30)


async def test_curl_subscribes_and_follows(database: str, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    async with served(database, tmp_path) as (address, one):
        token, reader = (
            bearer(tmp_path, role, who="wang")["authorization"].removeprefix("Bearer ")
            for role in ("operator", "credit_manager")
        )
        environment = {**os.environ, "ALERTS": address, "TOKEN": token, "READER": reader, "SECONDS_OPEN": "4"}
        asked = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            fence("sh", "/v1/subscriptions"),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(asked.communicate(), 30)
        assert asked.returncode == 0, said
        assert json.loads(said)["secret"].startswith("whsec_")
        following = await asyncio.create_subprocess_exec(
            "bash", "-c", fence("sh", "/v1/stream"), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert following.stdout is not None
        assert b"event: position" in await asyncio.wait_for(following.stdout.readline(), 20)
        await one.hears(graded("A", "C", -2))  # type: ignore[attr-defined] # a house
        rest, _ = await asyncio.wait_for(following.communicate(), 30)
        assert b"event: alert" in rest
        async with httpx2.AsyncClient() as client:
            listed = await client.get(f"{address}/v1/alerts", headers={"authorization": f"Bearer {reader}"})
        assert len(listed.json()["alerts"]) == 1


def made(broker: Broker, topic: str) -> None:
    """Make *topic*."""
    (ours,) = (one for one in load(partitions=3) if one.name == "credit.ratings")
    apply(broker.address, EMBEDDED, [msgspec.structs.replace(ours, name=topic)])
