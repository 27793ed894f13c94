"""A drop folder: when a file is whole, in which order files are taken, and what is remembered of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gradeline.importing.folder import LOCK, Folder
from gradeline.importing.journal import DONE, FAILED, Entry, Journal, sha256_of
from shared.core.errors import Misconfigured

AT = datetime(2026, 1, 5, 2, 30, tzinfo=UTC)


def names(found: list[Path]) -> list[str]:
    return [path.name for path in found]


def put(folder: Path, name: str, text: str = "x", *, age: int = 0) -> Path:
    path = folder / name
    path.write_text(text)
    os.utime(path, (1_000_000_000 - age, 1_000_000_000 - age))
    return path


def test_a_file_is_whole_when_it_has_stood_still(tmp_path: Path) -> None:
    folder = Folder(tmp_path, settle_s=5, marker=None)
    put(tmp_path, "a.csv")
    assert folder.whole(0) == []
    assert folder.whole(4.9) == []
    assert names(folder.whole(5)) == ["a.csv"]
    put(tmp_path, "a.csv", "xy")
    assert folder.whole(6) == [], "it grew"
    put(tmp_path, "a.csv", "xz", age=1)
    assert folder.whole(12) == [], "it was written again"
    assert names(folder.whole(17)) == ["a.csv"]


def test_a_file_that_came_with_an_old_date_is_still_looked_at_twice(tmp_path: Path) -> None:
    folder = Folder(tmp_path, settle_s=5, marker=None)
    put(tmp_path, "a.csv", age=10_000)
    assert folder.whole(100) == []


def test_files_are_taken_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    folder = Folder(tmp_path, settle_s=0, marker=None)
    for name, age in (("b.csv", 1), ("a.csv", 3), ("c.XLSX", 2)):
        put(tmp_path, name, age=age)
    assert names(folder.whole(0)) == ["a.csv", "c.XLSX", "b.csv"]


def test_what_is_being_written_or_is_no_table_is_passed_over(tmp_path: Path) -> None:
    for name in (".a.csv", "~$a.xlsx", "a.csv.part", "a.tmp", "readme.md", "a.done"):
        put(tmp_path, name)
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to(put(tmp_path, "elsewhere.md"))
    folder = Folder(tmp_path, settle_s=0, marker=None)
    assert folder.whole(0) == []
    assert folder.unsettled == []


@pytest.mark.parametrize("beside", ["a.csv.done", "a.done"])
def test_with_a_marker_a_file_is_whole_when_its_sender_says_so(tmp_path: Path, beside: str) -> None:
    folder = Folder(tmp_path, settle_s=0, marker=".done")
    put(tmp_path, "a.csv")
    assert folder.whole(100) == []
    assert folder.unsettled == ["a.csv"]
    put(tmp_path, beside)
    (found,) = folder.whole(101)
    with folder.held():
        moved = folder.move(found, to=DONE, at=AT)
    assert moved == tmp_path / "done" / "20260105T023000Z-a.csv"
    assert not (tmp_path / beside).exists(), "the marker goes with its file"


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    folder = Folder(tmp_path, settle_s=0, marker=None)
    with folder.held():
        for text in "123":
            folder.move(put(tmp_path, "a.csv", text), to=FAILED, at=AT)
    assert sorted(path.read_text() for path in (tmp_path / "failed").iterdir()) == ["1", "2", "3"]


def test_one_process_watches_a_folder(tmp_path: Path) -> None:
    with (
        Folder(tmp_path, settle_s=0, marker=None).held(),
        pytest.raises(Misconfigured, match="another process watches"),
        Folder(tmp_path, settle_s=0, marker=None).held(),
    ):
        pass
    with Folder(tmp_path, settle_s=0, marker=None).held():
        assert (tmp_path / LOCK).exists()
    with pytest.raises(Misconfigured, match="cannot be used"), Folder(tmp_path / "no", settle_s=0, marker=None).held():
        pass


def entry(sha256: str, outcome: str = DONE) -> Entry:
    return Entry(sha256=sha256, name="a.csv", outcome=outcome, mapping="plain", at=AT, rows=3)


def test_the_journal_knows_after_a_restart_what_was_imported_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.add(entry("aa"))
    journal.add(entry("bb", FAILED))
    again = Journal(tmp_path / "j.jsonl")
    assert again.done("aa") == entry("aa")
    assert again.done("bb") is None, "what was refused may be tried again"


def test_a_line_that_a_crash_cut_off_was_not_written(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    Journal(path).add(entry("aa"))
    path.write_bytes(path.read_bytes() + b'{"sha256":"bb","na')
    again = Journal(path)
    assert again.done("aa") is not None
    again.add(entry("cc"))
    assert Journal(path).done("cc") is not None


def test_the_content_is_what_counts(tmp_path: Path) -> None:
    heard: list[int] = []
    one = sha256_of(put(tmp_path, "a.csv", "same"), going_on=heard.append)
    assert one == sha256_of(put(tmp_path, "b.csv", "same", age=9), going_on=heard.append)
    assert one != sha256_of(put(tmp_path, "c.csv", "other"), going_on=heard.append)
    assert heard == [4, 4, 5]
