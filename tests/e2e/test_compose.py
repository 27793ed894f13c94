"""What docker-compose.yml starts, started without containers: the same scripts, commands and settings, on a PostgreSQL
server that its script prepares, Apache Kafka, and an issuer of tokens. From a posted fact to a published grade.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from gradeline.metrics_page import declared
from shared.edge import clock
from shared.edge.embedded.cluster import binaries
from shared.edge.embedded.postgres import EmbeddedPostgres
from shared.edge.embedded.process import Child, free_port, spawn, wait_until
from tests.architecture.tree import ROOT
from tests.support import compose, told
from tests.support.downstream import subscribed
from tests.support.kafka_jars import ApacheKafka
from tests.support.parts import run_apart, why_no_kafka

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(300)]
KEY = OKPKey.generate_key("Ed25519", {"kid": "one"})
SECONDS = 90.0


class Keys(BaseHTTPRequestHandler):
    """The public keys of the issuer."""

    def do_GET(self) -> None:
        body = json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def issuer() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Keys)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5.0)
        server.server_close()


def token(url: str) -> str:
    now = int(clock.now().timestamp())
    claims = {"iss": url, "aud": "gradeline", "sub": "erp", "exp": now + 600, "iat": now, "nbf": now,
              "scope": "events:write ratings:read"}  # fmt: skip
    registry = JWSRegistry(strict_check_header=False, algorithms=["Ed25519"])
    return jwt.encode({"alg": "Ed25519", "typ": "at+jwt", "kid": "one"}, claims, KEY, registry=registry)


async def emptied(postgres: EmbeddedPostgres) -> None:
    """As the server of the image is at first: our role and database are not there."""
    session = await asyncpg.connect(postgres.superuser_dsn, timeout=20)
    try:
        await session.execute("drop database gradeline")
        await session.execute("drop role gradeline_rt")
    finally:
        await session.close()


def prepared(postgres: EmbeddedPostgres, secrets: Path) -> None:
    """Run the script that the image of PostgreSQL runs on an empty volume."""
    dsn = postgres.superuser_dsn
    password = dsn.partition("//")[2].partition("@")[0].partition(":")[2]
    user = dsn.partition("//")[2].partition(":")[0]
    environment = os.environ | {
        "PATH": f"{binaries()}:{os.environ['PATH']}", "POSTGRES_USER": user, "PGPASSWORD": password,
        "PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "PGDATABASE": "postgres", "SECRETS": str(secrets),
    }  # fmt: skip
    script = ROOT / "deploy" / "postgres" / "10-gradeline.sh"
    subprocess.run([script], env=environment, check=True, timeout=60, capture_output=True)


def environment_of(service: dict[str, Any], secrets: Path, kafka: str, **ports: int) -> dict[str, str]:
    """What compose tells *service*, its addresses in the network of compose replaced by ours."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GRADELINE_")}
    said = {name: str(value) for name, value in service["environment"].items()}
    assert said["GRADELINE_SECRETS"] == "/run/secrets"
    assert said["GRADELINE_KAFKA"] == "kafka:9092"
    here = {"GRADELINE_SECRETS": str(secrets), "GRADELINE_KAFKA": kafka, "GRADELINE_HOST": "127.0.0.1"}
    return ours | said | here | {name: str(port) for name, port in ports.items() if name in said}


def test_what_compose_starts_takes_a_fact_and_publishes_a_grade(tmp_path: Path) -> None:
    if reason := why_no_kafka():
        pytest.skip(reason)
    secrets = compose.secrets_made(tmp_path)
    before = {file.name: file.read_text() for file in secrets.iterdir()}
    assert compose.secrets_made(tmp_path) == secrets
    assert {file.name: file.read_text() for file in secrets.iterdir()} == before, "it made secrets anew"
    with ExitStack() as stack:
        url = stack.enter_context(issuer())
        postgres = stack.enter_context(EmbeddedPostgres(tmp_path / "postgres"))
        kafka = ApacheKafka(tmp_path / "kafka").start()
        stack.callback(kafka.stop)
        run_apart(emptied(postgres))
        prepared(postgres, secrets)
        dsn = secrets / "gradeline_postgres"
        dsn.chmod(0o600)
        dsn.write_text(dsn.read_text().replace("postgres:5432", f"127.0.0.1:{postgres.port}"))
        services = compose.services({"GRADELINE_OIDC_ISSUER": url, "GRADELINE_OIDC_JWKS": f"{url}/keys"})
        for name in ("schema", "topics"):
            once = started(
                services[name], tmp_path / f"{name}.log", environment_of(services[name], secrets, kafka.address)
            )
            assert once.wait(60.0)
            assert once.exit_status == 0, once.output()
        ports: dict[str, int] = {}
        for name in ("rating-api", "rating-relay", "rating-worker"):
            ports[name] = free_port()
            told_ = environment_of(services[name], secrets, kafka.address,
                                   GRADELINE_PORT=ports[name], GRADELINE_METRICS_PORT=ports[name])  # fmt: skip
            child = started(services[name], tmp_path / f"{name}.log", told_)
            stack.callback(partial(child.stop, (signal.SIGTERM, 10.0)))
        with subscribed(kafka.address) as subscriber:
            assert wait_until(lambda: ready(ports["rating-api"]), SECONDS, pause=0.2)
            post(ports["rating-api"], token(url), told.good_history("C-1", clock.today("Asia/Shanghai")))
            assert subscriber.until(lambda: bool(subscriber.about("C-1", "credit.grade.changed.v1")))
        assert {one.name for one in declared()} <= {name for port in ports.values() for name in named(figures(port))}
        relay, worker = ports["rating-relay"], ports["rating-worker"]
        assert wait_until(
            lambda: 'gradeline_events_pending{service="rating"} 0.0' in figures(relay), SECONDS, pause=0.5
        )
        took = re.search(r'gradeline_event_end_to_end_seconds_count{service="rating"} (\S+)', figures(worker))
        assert took is not None
        assert float(took[1]) > 0
        lag = re.findall(r"gradeline_consumer_lag_records{(.*)} (\S+)", figures(worker))
        assert len(lag) == told.PARTITIONS
        assert {records for _, records in lag} == {"0.0"}


def started(service: dict[str, Any], log: Path, environment: dict[str, str]) -> Child:
    words = [sys.executable, "-W", "ignore", "-m", "gradeline", *service["command"]]
    return spawn(words, log=log, environment=environment, die_with=signal.SIGKILL)


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=3) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def post(port: int, bearer: str, facts: list[dict[str, Any]]) -> None:
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/events",
        data=json.dumps(facts).encode(),
        headers={"Authorization": f"Bearer {bearer}", "Content-Type": "application/cloudevents-batch+json"},
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert answer.status == 202


def figures(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        return str(answer.read().decode())


def named(text: str) -> set[str]:
    return set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
