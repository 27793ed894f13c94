"""`gradeline import --watch` as a process: each file once, to `done` or `failed` with its report, whatever ends it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from shared.edge.embedded.process import free_port, wait_until
from tests.support.plain_mapping import HEADER, PLAIN
from tests.support.posted_to import Answer, Events, Listener, accepted, listening

SECONDS = 60.0
GOOD = ["C1,7,2026-01-05,2026-02-04,12.50,,", "C2,8,2026-01-06,,1,,"]
BAD = "C1,9,2026-01-05,,x,,"


class Drop:
    """A drop folder and the processes that watch it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "drop"
        self.folder.mkdir()
        self.mapping = folder / "plain.yaml"
        self.mapping.write_text(PLAIN)

    def put(self, name: str, lines: list[str]) -> None:
        """Write a file elsewhere and rename it into the folder, as a careful sender does."""
        fresh = self.folder / f".{name}.part"
        fresh.write_text(HEADER + "".join(f"{line}\n" for line in lines))
        fresh.rename(self.folder / name)

    def words(self, url: str, *more: str) -> list[str]:
        return [
            sys.executable, "-m", "gradeline", "import", "--watch", str(self.folder), "--mapping", str(self.mapping),
            "--url", url, "--token", "t", "--settle", "0.1", "--every", "0.1", "--json", *more,
        ]  # fmt: skip

    def once(self, url: str, *more: str) -> tuple[int, list[dict[str, Any]], str]:
        """Take what is there: status, what was said of each file, and what else was said."""
        done = subprocess.run(
            self.words(url, "--once", *more), capture_output=True, text=True, timeout=SECONDS, check=False
        )
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def going_on(self, url: str) -> subprocess.Popen[str]:
        return subprocess.Popen(self.words(url), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def there(self, part: str = ".") -> list[str]:
        """What lies in a part of the folder, without the instants in front."""
        found = [
            path.name for path in (self.folder / part).iterdir() if path.is_file() and not path.name.startswith(".")
        ]
        return sorted(name.partition("Z-")[2] or name for name in found)


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


@pytest.fixture
def heard() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def ids(heard: Listener) -> list[str]:
    return [event["id"] for event in heard.events]


def test_each_file_is_imported_once_by_its_content_and_moved(drop: Drop, heard: Listener) -> None:
    drop.put("a.csv", GOOD)
    status, told, _ = drop.once(heard.url)
    assert (status, [one["outcome"] for one in told], told[0]["summary"]["rows"]) == (0, ["done"], 2)
    assert ids(heard) == ["invoice-7", "invoice-8"]
    assert (drop.there(), drop.there("done")) == ([], ["a.csv", "a.csv.json", "imported.jsonl"])
    drop.put("other name.csv", GOOD)
    status, told, _ = drop.once(heard.url)
    assert (status, [one["outcome"] for one in told]) == (0, ["again"])
    assert len(heard.batches) == 1, "nothing was posted for the same content"
    assert "other name.csv" in drop.there("done")
    assert drop.once(heard.url)[:2] == (0, [])


def test_a_file_with_refused_rows_goes_to_failed_with_its_reports_and_comes_back_corrected(
    drop: Drop, heard: Listener
) -> None:
    drop.put("a.csv", [*GOOD, BAD])
    drop.put("b.csv", ["C3,11,2026-01-05,,3,,"])
    (drop.folder / "c.csv").write_text("nothing,we,know\n")
    status, told, _ = drop.once(heard.url)
    assert status == 3
    assert {one["file"]: one["outcome"] for one in told} == {"a.csv": "failed", "b.csv": "done", "c.csv": "failed"}
    assert sorted(ids(heard)) == ["invoice-11", "invoice-7", "invoice-8"]
    assert drop.there("failed") == [
        "a.csv", "a.csv.json", "a.csv.report.csv", "a.csv.report.xlsx", "c.csv", "c.csv.json", "c.csv.report.csv",
    ]  # fmt: skip
    (report,) = (drop.folder / "failed").glob("*a.csv.report.csv")
    assert "金额不正确" in report.read_text("utf-8-sig")
    (why,) = (drop.folder / "failed").glob("*c.csv.json")
    assert "the header lacks" in json.loads(why.read_text())["why"]
    drop.put("a.csv", [*GOOD, BAD.replace("x", "9")])
    status, told, _ = drop.once(heard.url)
    assert (status, told[0]["outcome"]) == (0, "done")
    drop.put("a.csv", [*GOOD, BAD])
    assert drop.once(heard.url)[0] == 3, "what failed before is tried again, for something else may have been wrong"


def test_a_marker_says_when_a_file_is_whole(drop: Drop, heard: Listener) -> None:
    drop.put("a.csv", GOOD)
    status, told, said = drop.once(heard.url, "--marker", ".done")
    assert (status, told) == (3, [])
    assert "a.csv is still being written or waits for its marker" in said
    (drop.folder / "a.csv.done").touch()
    assert drop.once(heard.url, "--marker", ".done")[0] == 0
    assert drop.there() == []


def stopped(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
    process.send_signal(number)
    said, _ = process.communicate(timeout=SECONDS)
    return process.returncode, said


def test_it_goes_on_until_sigterm_and_ends_clean(drop: Drop, heard: Listener) -> None:
    process = drop.going_on(heard.url)
    try:
        drop.put("a.csv", GOOD)
        assert wait_until(lambda: "a.csv" in drop.there("done") if (drop.folder / "done").exists() else False, SECONDS)
        refused = subprocess.run(
            drop.words(heard.url, "--once"), capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert (refused.returncode, "another process watches this folder" in refused.stderr) == (2, True)
        drop.put("b.csv", ["C3,11,2026-01-05,,3,,"])
        assert wait_until(lambda: "b.csv" in drop.there("done"), SECONDS)
        status, said = stopped(process)
    finally:
        process.kill()
    assert status == 0, said


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_is_ended_in_the_middle_of_a_file_goes_on_with_it(drop: Drop, how: signal.Signals) -> None:
    reached, released = Event(), Event()

    def slow(events: Events) -> Answer:
        if not released.is_set() and any(event["id"] == "invoice-600" for event in events):
            reached.set()
            released.wait(SECONDS)
        return accepted(events)

    drop.put("a.csv", [f"C1,{number},2026-01-05,,1,," for number in range(1, 1201)])
    with listening(slow) as heard:
        process = drop.going_on(heard.url)
        try:
            assert reached.wait(SECONDS)
            status, said = stopped(process, how)
        finally:
            process.kill()
            released.set()
        assert status == (0 if how == signal.SIGTERM else -signal.SIGKILL), said
        assert drop.there() == ["a.csv"]
        status, told, _ = drop.once(heard.url)
        assert (status, told[0]["outcome"], told[0]["summary"]["rows"]) == (0, "done", 1200)
        assert len(set(ids(heard))) == 1200
        assert not list(drop.folder.glob(".*report*"))


def test_a_crash_after_the_journal_and_before_the_move_imports_nothing_again(drop: Drop, heard: Listener) -> None:
    drop.put("a.csv", GOOD)
    drop.once(heard.url)
    (imported,) = (drop.folder / "done").glob("*-a.csv")
    imported.rename(drop.folder / "a.csv")  # as the crash would have left it
    status, told, _ = drop.once(heard.url)
    assert (status, told[0]["outcome"], len(heard.batches)) == (0, "again", 1)


def test_where_the_api_is_away_the_file_waits(drop: Drop) -> None:
    drop.put("a.csv", GOOD)
    status, told, said = drop.once(f"http://127.0.0.1:{free_port()}")
    assert (status, told) == (4, [])
    assert "does not answer" in said
    assert drop.there() == ["a.csv"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda words: [*words, "x.csv"], "name one FILE, or a folder"),
        (lambda words: [*words, "--dry-run"], "go with a FILE"),
        (lambda words: [word.replace("plain.yaml", "none.yaml") for word in words], "cannot be read"),
        (lambda words: [word.replace("/drop", "/none") for word in words], "cannot be used as a drop folder"),
    ],
)
def test_what_is_wrong_from_the_start_ends_with_2(
    drop: Drop, heard: Listener, change: Callable[[list[str]], list[str]], message: str
) -> None:
    done = subprocess.run(
        change(drop.words(heard.url, "--once")), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_a_token_that_is_refused_ends_with_2_and_leaves_the_file(drop: Drop) -> None:
    drop.put("a.csv", GOOD)
    with listening(lambda _: Answer(401, {"detail": "no"})) as heard:
        status, told, _ = drop.once(heard.url)
    assert (status, told, drop.there()) == (2, [], ["a.csv"])
