"""`gradeline up` brings its parts up in order, restarts what dies, and leaves nothing running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from gradeline.commands.status import looping
from gradeline.instance import Instance, exclusive, running
from gradeline.main import app
from gradeline.supervisor import STEADY_SECONDS, Part, Supervisor
from shared.core.errors import Misconfigured, Unavailable
from shared.edge import clock
from shared.edge.embedded.broker import EmbeddedBroker
from shared.edge.embedded.process import wait_until
from tests.support.covers import covers

covers("DP-15", "DP-29")

PATIENCE = 60.0
PYTHON = sys.executable

RUN_AND_TELL = """
import os, signal, sys, time
def end(*_):
    with open(sys.argv[1], 'a') as out: print(sys.argv[2], 'ended', file=out)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
with open(sys.argv[1], 'a') as out: print(sys.argv[2], 'began', file=out)
time.sleep(300)
"""
TELL = "import sys; print(sys.argv[2], file=open(sys.argv[1], 'a'))"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(300)"


def service(name: str, diary: Path) -> Part:
    return Part(
        name=name,
        command=(PYTHON, "-c", RUN_AND_TELL, str(diary), name),
        ready=lambda: f"{name} began" in lines(diary),
    )


def step(name: str, diary: Path, *, again_after: tuple[str, ...] = ()) -> Part:
    return Part(name=name, command=(PYTHON, "-c", TELL, str(diary), name), once=True, again_after=again_after)


def lines(diary: Path) -> list[str]:
    return diary.read_text().splitlines() if diary.exists() else []


@contextmanager
def supervised(parts: list[Part], folder: Path) -> Iterator[Supervisor]:
    """A started supervisor that watches on a thread; everything is stopped at the end."""
    said: list[str] = []
    supervisor = Supervisor(parts, logs=folder / "logs", environment=lambda: {"DIARY": "1"}, say=said.append)
    watching = threading.Thread(target=supervisor.watch)
    try:
        supervisor.start()
        watching.start()
        yield supervisor
    finally:
        supervisor.stopping.set()
        if watching.ident is not None:
            watching.join(PATIENCE)
        supervisor.stop()


def test_parts_start_in_order_and_are_asked_to_stop_together(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    with supervised([service("one", diary), step("between", diary), service("two", diary)], tmp_path) as supervisor:
        processes = [psutil.Process(pid) for pid in supervisor.pids.values()]
        assert list(supervisor.pids) == ["one", "two"]
    assert lines(diary)[:3] == ["one began", "between", "two began"]
    assert sorted(lines(diary)[3:]) == ["one ended", "two ended"]
    assert not any(process.is_running() for process in processes)


def test_parts_that_start_beside_each_other_are_all_waited_for_before_the_next(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    flags = {name: tmp_path / name for name in ("slow", "quick")}
    slow, quick = (
        Part(
            name=name,
            command=service(name, diary).command,
            ready=lambda name=name: flags[name].exists(),  # type: ignore[misc]
            beside=name == "quick",
        )
        for name in flags
    )

    def become_ready() -> None:
        assert wait_until(lambda: {"slow began", "quick began"} <= set(lines(diary)), PATIENCE), "they start together"
        flags["quick"].touch()
        assert "after" not in lines(diary)
        flags["slow"].touch()

    helping = threading.Thread(target=become_ready)
    helping.start()
    with supervised([slow, quick, step("after", diary)], tmp_path) as supervisor:
        assert list(supervisor.pids) == ["slow", "quick"]
    helping.join(PATIENCE)
    assert lines(diary)[2] == "after"


def test_a_killed_service_is_started_again_and_the_others_are_left_alone(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    with supervised([service("one", diary), service("two", diary)], tmp_path) as supervisor:
        before = supervisor.pids
        for turn in (2, 3):
            os.kill(supervisor.pids["two"], signal.SIGKILL)
            assert wait_until(lambda turn=turn: lines(diary).count("two began") == turn, PATIENCE)  # type: ignore[misc]
            assert wait_until(lambda: "two" in supervisor.pids, PATIENCE)
        assert supervisor.pids["two"] != before["two"]
        assert supervisor.pids["one"] == before["one"]


def test_a_part_that_ends_again_and_again_is_said_to_do_so(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    weak = Part(name="weak", command=(PYTHON, "-c", TELL, str(diary), "weak"))
    with supervised([service("one", diary), weak], tmp_path) as supervisor:
        assert wait_until(lambda: bool(supervisor.looping), PATIENCE)
        assert list(supervisor.looping) == ["weak"]
        mine = Instance(data=tmp_path, rating="", kafka="", postgres="", looping=supervisor.looping)
        assert looping(mine) == ["weak"]
        long_ago = {"weak": clock.now().timestamp() - STEADY_SECONDS}
        assert looping(Instance(data=tmp_path, rating="", kafka="", postgres="", looping=long_ago)) == []


@pytest.mark.parts
def test_a_killed_broker_is_started_again_at_its_address_and_its_topics_are_applied_again(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    broker = EmbeddedBroker(tmp_path / "broker")
    parts = [
        Part(name="broker", server=broker),
        step("upgrade", diary),
        step("topics", diary, again_after=("broker",)),
        service("api", diary),
    ]
    with supervised(parts, tmp_path) as supervisor:
        before, address = supervisor.pids["broker"], broker.address
        os.kill(before, signal.SIGKILL)
        assert wait_until(lambda: lines(diary).count("topics") == 2, PATIENCE)
        assert supervisor.pids["broker"] != before
        assert broker.address == address
        assert lines(diary).count("upgrade") == 1
    assert not broker.alive


def test_a_wrong_setting_ends_the_start_at_once_with_the_sentence_of_the_command(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    wrong = Part(name="wrong", command=(PYTHON, "-c", "import sys; print('X is wrong'); sys.exit(2)"), once=True)
    supervisor = Supervisor([service("one", diary), wrong], logs=tmp_path, environment=dict, say=print)
    try:
        with pytest.raises(Misconfigured, match="wrong ended with status 2: X is wrong"):
            supervisor.start()
    finally:
        supervisor.stop()
    assert lines(diary) == ["one began", "one ended"]


def test_a_part_that_never_comes_up_is_tried_a_few_times_and_then_refused(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    failing = f"print('try', file=open({str(diary)!r}, 'a')); raise SystemExit(1)"
    supervisor = Supervisor(
        [Part(name="weak", command=(PYTHON, "-c", failing), ready=lambda: False)],
        logs=tmp_path,
        environment=dict,
        say=print,
    )
    with pytest.raises(Unavailable, match="weak ended with status 1"):
        supervisor.start()
    supervisor.stop()
    assert 2 <= len(lines(diary)) <= 10


def test_a_service_that_does_not_obey_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "deaf.log"
    deaf = Part(
        name="deaf",
        command=(PYTHON, "-c", DEAF),
        ready=lambda: log.exists() and b"deaf" in log.read_bytes(),
        stop_seconds=0.5,
    )
    with supervised([deaf], tmp_path) as supervisor:
        process = psutil.Process(supervisor.pids["deaf"])
    assert not process.is_running()


OWNER = """
import sys, time
from pathlib import Path
from gradeline.supervisor import Part, Supervisor
log = Path(sys.argv[1]) / "child.log"
part = Part(
    name="child",
    command=(sys.executable, "-c", "import time; print('here', flush=True); time.sleep(300)"),
    ready=lambda: log.exists() and "here" in log.read_text(),
)
supervisor = Supervisor([part], logs=Path(sys.argv[1]), environment=dict, say=print)
supervisor.start()
print(supervisor.pids["child"], flush=True)
time.sleep(300)
"""


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([PYTHON, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        child = psutil.Process(int(owner.stdout.readline()))
        os.kill(owner.pid, signal.SIGKILL)
    try:
        assert wait_until(lambda: not child.is_running(), PATIENCE)
    finally:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def test_a_second_instance_on_the_same_folder_is_refused_and_the_first_can_be_found(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        mine = Instance(data=tmp_path, rating="http://127.0.0.1:1", kafka="127.0.0.1:2", postgres="postgresql://x")
        mine.save()
        with pytest.raises(Misconfigured, match=f"process {os.getpid()}"), exclusive(tmp_path):
            pass
        assert running(tmp_path) == mine
        assert (tmp_path / "instance.json").stat().st_mode & 0o777 == 0o600, "it holds a password"
    assert running(tmp_path) is None, "a state file that was left behind is no instance"
    with exclusive(tmp_path):
        pass


def test_status_says_that_nothing_runs(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["status", "--json", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["healthy"] is False
    assert json.loads(result.stdout)["rating"] is None


def test_a_refused_command_ends_with_one_sentence_and_status_2(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        result = CliRunner().invoke(app, ["up", "--data", str(tmp_path), "--port", "0"])
    assert result.exit_code == 2
    assert result.stderr.startswith("gradeline: an instance already runs on")
    assert len(result.stderr.splitlines()) == 1


def status_of(data: Path) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [PYTHON, "-m", "gradeline", "status", "--json", "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def assert_figures_are_read_and_missed(found: dict[str, Any], data: Path) -> None:
    """Each service shows its own figures; one that hangs is not well, though its process is there."""
    parts = {f"{service}-{part}" for service in ("rating", "exposure", "alerts") for part in ("api", "relay", "worker")}
    assert set(found["metrics"]) == parts
    assert found["answers"] == {"rating": True, "exposure": True, "alerts": True, "kafka": True, "postgres": True}
    for url in found["metrics"].values():
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert b"gradeline_build_info" in answer.read()
    worker = found["processes"]["rating-worker"]["pid"]
    os.kill(worker, signal.SIGSTOP)
    try:
        code, hung = status_of(data)
    finally:
        os.kill(worker, signal.SIGCONT)
    assert (code, hung["healthy"], hung["processes"]["rating-worker"]["alive"]) == (1, False, True)
    assert [trouble for trouble in hung["troubles"] if trouble.startswith("rating-worker does not answer")]


@pytest.mark.parts
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_up_comes_up_healthy_twice_on_the_same_folder_and_leaves_nothing_running(tmp_path: Path) -> None:
    words = [PYTHON, "-m", "gradeline", "up", "--data", str(tmp_path), "--port", "0", "--kafka-port", "0"]
    words += ["--exposure-port", "0", "--alerts-port", "0"]
    for _ in range(2):
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as up:
            try:
                came = wait_until(lambda up=up: up.poll() is not None or running(tmp_path) is not None, 240.0)  # type: ignore[misc]
                assert came
                assert up.poll() is None, up.stderr.read() if up.stderr else ""
                assert wait_until(lambda: status_of(tmp_path)[0] == 0, PATIENCE), status_of(tmp_path)
                found = status_of(tmp_path)[1]
                assert (found["healthy"], found["troubles"]) == (True, [])
                assert_figures_are_read_and_missed(found, tmp_path)
                children = psutil.Process(up.pid).children(recursive=True)
                assert len(children) >= 4
            finally:
                up.send_signal(signal.SIGINT)
                up.communicate(timeout=90)
        assert up.returncode == 0
        assert wait_until(lambda children=children: not any(c.is_running() for c in children), PATIENCE)  # type: ignore[misc]
    assert status_of(tmp_path)[0] == 1
