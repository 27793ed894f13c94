"""Takes what lands in a drop folder: each file once, in the order of arrival, and moves it to `done` or `failed` with its
report. Whatever ends the process, the next one goes on: what was posted is not doubled, what was imported is not repeated.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import structlog

from gradeline.importing import words
from gradeline.importing.facts import Refusal
from gradeline.importing.folder import Folder
from gradeline.importing.job import Done, Job, Unfit
from gradeline.importing.journal import DONE, FAILED, Entry, Journal, sha256_of
from gradeline.importing.report import Report, Summary
from gradeline.importing.run import Shows
from shared.core.errors import GradelineError, Unavailable
from shared.edge import clock
from shared.edge.codes import Words
from shared.edge.embedded.process import wait_until

JOURNAL = "imported.jsonl"
AGAIN = "again"
BUGS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, RuntimeError)

log = structlog.get_logger(__name__)


class Interrupted(GradelineError):
    """A signal asked to stop."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file; what `--json` prints for it."""

    file: str
    outcome: str
    """`done`, `failed`, or `again`: the same content was imported before."""
    moved_to: str
    why: str = ""
    summary: Summary | None = None


@dataclass
class Watch:
    """One drop folder with what imports its files."""

    folder: Folder
    job: Callable[[], Job]
    """Made anew for each file, so that a token does not grow old. Raises Unavailable where nothing says where to post."""
    bars: Callable[[], AbstractContextManager[Shows]]
    say: Callable[[Words], None]
    took: Callable[[Taken], None]
    failed: int = 0
    """Files of which something was refused."""
    _stopping: bool = field(default=False, init=False)
    _may_raise: bool = field(default=False, init=False)

    def run(self, *, every_s: float, once: bool, patience_s: float) -> int:
        """Take files until SIGTERM or SIGINT, or *once* what is there, with *patience_s* for files that still grow.

        Returns how many files were not taken whole. Raises Unavailable where the API stays away and this is the only
        look, Rejected for a token, Misconfigured for what is no file's fault.
        """
        with self._signals(), self.folder.held():
            journal = Journal(self.folder.path / DONE / JOURNAL)
            until = clock.monotonic() + patience_s
            while not self._stopping:
                try:
                    for path in self.folder.whole(clock.monotonic()):
                        self._take(path, journal)
                except Interrupted:
                    break
                except Unavailable as away:
                    if once:
                        raise
                    self.say(Words(f"{away.message}; trying again in {every_s:g} s", f"{every_s:g} 秒后重试"))
                if once and (not self.folder.unsettled or clock.monotonic() >= until):
                    break
                wait_until(lambda: self._stopping, every_s, pause=0.1)
            return self.failed + (self._left_behind() if once and not self._stopping else 0)

    def _left_behind(self) -> int:
        for name in self.folder.unsettled:
            self.say(
                Words(
                    f"{name} is still being written or waits for its marker; left",
                    f"{name} 仍在写入或缺少完成标记，未处理",
                )
            )
        return len(self.folder.unsettled)

    def _take(self, path: Path, journal: Journal) -> None:
        stamp = self.folder.stamp(path)
        if stamp is None or self._stopping:
            return
        with self._interruptible(), self.bars() as shows:
            job = self.job()
            sha256 = sha256_of(path, going_on=lambda read: shows(read, max(stamp.size, 1), "read"))
        known = journal.done(sha256)
        if known is not None:
            moved = self.folder.move(path, to=DONE, at=clock.now())
            why = f"the same content was imported as {known.name} at {known.at.isoformat(timespec='seconds')}"
            self.took(Taken(file=path.name, outcome=AGAIN, moved_to=str(moved), why=why))
            return
        done, why = self._imported(path, job)
        if self.folder.stamp(path) != stamp:
            self.say(
                Words(
                    f"{path.name} changed while it was read; it is read again",
                    f"{path.name} 读取时发生变化，将重新读取",
                )
            )
            return
        whole = done is not None and not done.summary.rows_refused
        self._settle(path, sha256, job, done, why, journal, outcome=DONE if whole else FAILED)

    def _imported(self, path: Path, job: Job) -> tuple[Done | None, str]:
        """What the import of *path* gave; None and why where the file is refused as a whole."""
        with self._interruptible(), self.bars() as shows:
            try:
                return job.carry_out(path, self._reports(path), shows), ""
            except Unfit as unfit:
                return None, unfit.message
            except BUGS as bug:  # one file must not hold up all that come after it
                log.exception("a file could not be imported", file=str(path))
                return None, f"Gradeline failed at its own fault ({bug!r}); keep the file and tell us"

    def _reports(self, path: Path) -> tuple[Path, Path]:
        """The text report and the sheet while they are being made: hidden beside the file, so on the same disk."""
        return self.folder.path / f".{path.name}.report.csv", self.folder.path / f".{path.name}.report.xlsx"

    def _settle(
        self, path: Path, sha256: str, job: Job, done: Done | None, why: str, journal: Journal, *, outcome: str
    ) -> None:
        """Reports first, then the journal, then the move: a crash between any two costs a second look, never a row."""
        at = clock.now()
        target = self.folder.free(path.name, to=outcome, at=at)
        if done is None:
            with Report(self._reports(path)[0]) as report:
                report.add([Refusal(0, "", "file", why)])
        text, sheet = self._reports(path)
        for made, suffix, wanted in ((text, ".csv", outcome == FAILED), (sheet, ".xlsx", outcome == FAILED and done)):
            if wanted:
                made.rename(target.with_name(f"{target.name}.report{suffix}"))
            else:
                made.unlink(missing_ok=True)
        summary = done.summary if done else None
        entry = Entry(
            sha256=sha256,
            name=path.name,
            outcome=outcome,
            mapping=job.mapping.name,
            at=at,
            rows=summary.rows if summary else 0,
            rows_refused=summary.rows_refused if summary else 0,
            moved_to=target.name,
        )
        told: dict[str, Any] = {
            "entry": entry,
            "why": why,
            "why_zh": words.in_chinese("file") if why else "",
            "summary": summary,
        }
        target.with_name(f"{target.name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(told)))
        journal.add(entry)
        moved = self.folder.move(path, to=outcome, at=at)
        self.failed += outcome == FAILED
        self.took(Taken(file=path.name, outcome=outcome, moved_to=str(moved), why=why, summary=summary))

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Work that a signal may end at once: nothing of it has to be finished."""
        self._may_raise = True
        try:
            if self._stopping:
                raise Interrupted
            yield
        finally:
            self._may_raise = False

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(*_: object) -> None:
            self._stopping = True
            if self._may_raise:
                self._may_raise = False
                raise Interrupted

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
