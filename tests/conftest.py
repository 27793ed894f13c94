"""Fixtures for tests on real parts. Servers live for a session (one set per xdist worker), databases for a test."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from shared.edge.embedded.broker import EmbeddedBroker
from shared.edge.embedded.postgres import EmbeddedPostgres
from shared.edge.embedded.postgres_settings import PostgresSettings
from tests.support.instance import RunningInstance, up
from tests.support.kafka_jars import ApacheKafka
from tests.support.parts import (
    GIVEN_KAFKA,
    GIVEN_POSTGRES,
    Broker,
    DatabaseServer,
    GivenKafka,
    GivenPostgres,
    Used,
    run_apart,
    why_no_kafka,
)

pytest.register_assert_rewrite("tests.model.checks", "tests.faults.invariants")  # they say what differs

os.environ.setdefault("GRADELINE_LANGUAGE", "en")  # whatever the terminal speaks

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # the machine is slow, not the strategy
)
settings.register_profile("thorough", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("GRADELINE_HYPOTHESIS", "ci"))

EMBEDDED, GIVEN = "embedded", "given"
used = Used()
REAL_PARTS = {
    "postgres_server",
    "database",
    "broker",
    "private_broker",
    "embedded_broker",
    "apache_kafka",
    "instance",
    "own_instance",
}


def pytest_configure(config: pytest.Config) -> None:
    """Forgive kafka-python how it reads its own schemas on Python 3.11 and 3.12."""
    line = r"ignore:\w+ is deprecated. Use files\(\) instead:DeprecationWarning"
    config.addinivalue_line("filterwarnings", line)


@pytest.fixture(scope="session")
def parts_folder() -> Iterator[Path]:
    """Where this session's servers keep their files; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="gradeline-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest, parts_folder: Path) -> Iterator[DatabaseServer]:
    """The session's PostgreSQL. A test that asks for it runs on the embedded one and on the one that is given."""
    if getattr(request, "param", EMBEDDED) == GIVEN:
        server = GivenPostgres(os.environ[GIVEN_POSTGRES])
        run_apart(server.start())
        used.databases.add(f"{run_apart(server.version())} (given)")
        yield server
        run_apart(server.stop())
        return
    with EmbeddedPostgres(parts_folder / "postgres", settings=PostgresSettings.small()) as embedded:
        used.databases.add(f"{run_apart(embedded.version())} (embedded)")
        yield embedded


@pytest.fixture
def database(postgres_server: DatabaseServer) -> Iterator[str]:
    """The dsn of a fresh, empty database whose owner is an ordinary role; dropped afterwards."""
    name = f"t_{secrets.token_hex(6)}"
    yield run_apart(postgres_server.create_database(name))
    run_apart(postgres_server.drop_database(name))


@pytest.fixture(scope="session")
def embedded_broker(parts_folder: Path) -> Iterator[Broker]:
    """The session's embedded broker."""
    with EmbeddedBroker(parts_folder / "broker") as broker:
        used.brokers.add(broker.describe())
        yield broker


@pytest.fixture(scope="session")
def apache_kafka(parts_folder: Path) -> Iterator[Broker]:
    """The session's Apache Kafka: the one that GRADELINE_TEST_KAFKA names, else one from jars; skips without."""
    given = os.environ.get(GIVEN_KAFKA)
    reason = why_no_kafka()
    if reason:
        pytest.skip(reason)
    broker = GivenKafka(given) if given else ApacheKafka(parts_folder / "kafka").start()
    used.brokers.add(broker.describe())
    yield broker
    if isinstance(broker, ApacheKafka):
        broker.stop()


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Broker:
    """A broker; a test that asks for it runs once on each kind there is. Use `topic_prefix` in every topic's name."""
    found: Broker = request.getfixturevalue("apache_kafka" if request.param == "kafka" else "embedded_broker")
    return found


@pytest.fixture
def private_broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """An embedded broker of this test alone, which it may kill and restart."""
    with EmbeddedBroker(tmp_path / "broker") as broker:
        used.brokers.add(broker.describe())
        yield broker


@pytest.fixture(scope="session")
def instance(parts_folder: Path) -> Iterator[RunningInstance]:
    """The session's whole instance, as `gradeline up` starts it, with two workers that share the partitions.

    Customers are of one test alone; days only go forward.
    """
    with up(parts_folder / "instance", workers=2) as running:
        _note(running)
        yield running


@pytest.fixture
def own_instance(tmp_path: Path) -> Iterator[RunningInstance]:
    """A whole instance of this test alone, whose parts it may kill."""
    with up(tmp_path / "instance") as running:
        _note(running)
        yield running


def _note(running: RunningInstance) -> None:
    version = running.rows("select current_setting('server_version') as version")[0]["version"]
    used.databases.add(f"{version} (gradeline up)")
    used.brokers.add("the broker of gradeline up")


@pytest.fixture
def topic_prefix() -> str:
    """Unique to this test, so that tests can share a broker: `f"{topic_prefix}credit.events"`."""
    return f"t{secrets.token_hex(4)}."


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for `broker` on each broker that this machine can have, and what asks for a database on each."""
    if "postgres_server" in metafunc.fixturenames and os.environ.get(GIVEN_POSTGRES):
        metafunc.parametrize("postgres_server", [EMBEDDED, GIVEN], indirect=True, scope="session")
    if "broker" not in metafunc.fixturenames:
        return
    reason = why_no_kafka()
    if reason:
        used.missing.add(reason)
    metafunc.parametrize("broker", ["embedded"] if reason else ["embedded", "kafka"], indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses a real part carries the marker `parts`, before -m selects."""
    for item in items:
        if REAL_PARTS & set(getattr(item, "fixturenames", ())):
            item.add_marker("parts")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """All tests that use the instance run in one process, so that there is one."""
    from tests.support.sharing import scheduler  # xdist is there only where it runs

    return scheduler(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of xdist tells the main process what it ran on."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["parts_used"] = used.report()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect what a worker ran on."""
    used.add((getattr(node, "workeroutput", None) or {}).get("parts_used", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which database and which broker the run used, before the summary line, which stays the last."""
    lines = used.lines()
    if lines:
        terminalreporter.section("parts used")
        for line in lines:
            terminalreporter.write_line(line)
