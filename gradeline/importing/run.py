"""An import from file to facts: the whole file is checked first, then posted. Restarting it is harmless: the same file
gives the same facts with the same ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from gradeline.importing.facts import Event, Mark, Refusal, RowFacts, Shared, read_facts
from gradeline.importing.mapping import Mapping
from gradeline.importing.posting import Parcel, Posts, post_all
from gradeline.importing.reader import Opened, opened
from gradeline.importing.report import Report

NO_FACT = "(no fact)"
"""Under this name data rows are counted for which no rule of the mapping holds."""


ROW_BITS = 32
ROW_MASK = (1 << ROW_BITS) - 1


class Shows(Protocol):
    """Shows how far a pass is."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """*done* of *total* units of *what*."""


def _short(digest: bytes) -> int:
    """64 bits of a digest: of a million facts two have the same by chance in one of 37 million files."""
    return int.from_bytes(digest[:8], "big")


@dataclass
class Survey:
    """What the first pass found."""

    rows: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    """Rows that gave nothing, by why: names of totals, blank rows, repetitions of the header, no rule that holds."""
    facts: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    """Facts that an earlier row told already, with the same content."""
    shared: dict[tuple[int, str], Shared] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)
    samples: dict[str, Event] = field(default_factory=dict)
    """The first fact of each type."""
    known: dict[int, int] = field(default_factory=dict)
    """Identity of a fact → its content, and the row that gave it first: about 150 bytes a fact."""
    refused: set[int] = field(default_factory=set)
    """Rows that contradict an earlier row of the file."""

    def add(self, found: RowFacts) -> list[Refusal]:
        """Take note of one row. Returns why it is refused: its facts were in an earlier row, with other content."""
        if found.skipped:
            self.skipped[found.skipped] += 1
            return []
        self.rows += 1
        if not (found.events or found.shared or found.refusals):
            self.skipped[NO_FACT] += 1
        refusals = [refusal for at in range(len(found.marks)) if (refusal := self._contradiction(found, at))]
        if refusals:
            self.refused.add(found.row)
            return refusals
        for mark in found.marks:
            self.known.setdefault(_short(mark.identity), _short(mark.content) << ROW_BITS | found.row)
        for event, mark in zip(found.events, found.marks, strict=True):
            if self.is_first(found, mark):
                self._count(event)
            else:
                self.repeated += 1
        for shared in found.shared:
            known = self.shared.get(shared.key)
            if known is None:
                self._count(shared.event)
            if known is None or (shared.at, shared.row) < (known.at, known.row):
                self.shared[shared.key] = shared
        return []

    def is_first(self, found: RowFacts, mark: Mark) -> bool:
        """Whether no row before that of *found* gives the fact of *mark*: the first row posts it."""
        return self.known.get(_short(mark.identity), 0) & ROW_MASK == found.row

    def _contradiction(self, found: RowFacts, at: int) -> Refusal | None:
        event, mark = found.events[at], found.marks[at]
        known = self.known.get(_short(mark.identity))
        if known is None or known >> ROW_BITS == _short(mark.content):
            return None
        message = (
            f"{event['type']} {event['id']}: row {known & ROW_MASK} has it with other content, and stands; "
            "remove one of the rows"
        )
        return Refusal(found.row, ", ".join(mark.rule.id.columns), "identity", message)

    def _count(self, event: Event) -> None:
        self.facts[event["type"]] += 1
        self.subjects.add(event["subject"])
        self.samples.setdefault(event["type"], event)


@dataclass(frozen=True)
class Import:
    """One file with its mapping."""

    path: Path
    mapping: Mapping
    known_as_occurred: bool
    show: Shows

    @cached_property
    def file(self) -> Opened:
        """The file, with its table found. Raises Misconfigured."""
        self.show(0, 1, "opened")
        found = opened(self.path, self.mapping)
        self.show(1, 1, "opened")
        return found

    def survey(self, report: Report) -> Survey:
        """Check every row; refusals go to *report*. Raises Misconfigured when the file does not fit the mapping."""
        found, size = Survey(), self.file.table.size
        for seen, row in enumerate(self._rows()):
            report.add(row.refusals + found.add(row))
            if seen % 256 == 0:
                self.show(min(row.position, size), size, "checked")
        self.show(size, size, "checked")
        return found

    def post(self, survey: Survey, poster: Posts, report: Report, *, batch: int) -> tuple[Counter[str], int]:
        """Post what *survey* found good; answers what was taken by type, and how much of it was there before."""
        taken: Counter[str] = Counter()
        duplicates = 0
        refused, total = len(report.rows), survey.facts.total()
        done = 0
        for posted in post_all(self._parcels(survey), poster, batch=batch):
            taken.update(event["type"] for event in posted.events)
            duplicates += posted.duplicates
            report.add(posted.refusals)
            done = taken.total() + len(report.rows) - refused
            self.show(min(done, total), total, "posted")
        self.show(total, total, "posted")
        return taken, duplicates

    def _parcels(self, survey: Survey) -> Iterator[Parcel]:
        """First the facts that rows share (customers), then row by row."""
        for shared in survey.shared.values():
            yield Parcel(shared.row, [shared.event], [shared.rule])
        for found in self._rows():
            if found.row not in survey.refused:
                first = [at for at, mark in enumerate(found.marks) if survey.is_first(found, mark)]
                yield Parcel(found.row, [found.events[at] for at in first], [found.marks[at].rule for at in first])

    def _rows(self) -> Iterator[RowFacts]:
        return read_facts(self.file, self.mapping, known_as_occurred=self.known_as_occurred)
