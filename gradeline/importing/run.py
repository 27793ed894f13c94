"""An import from file to facts: the whole file is checked first, then posted. Restarting it is harmless: the same file
gives the same facts with the same ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gradeline.importing.facts import Event, Refusal, RowFacts, Shared, read_facts
from gradeline.importing.mapping import Mapping
from gradeline.importing.posting import Parcel, Posts, post_all
from gradeline.importing.report import Report


class Shows(Protocol):
    """Shows how far a pass is."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """*done* of *total* units of *what*."""


@dataclass
class Survey:
    """What the first pass found."""

    rows: int = 0
    facts: Counter[str] = field(default_factory=Counter)
    shared: dict[tuple[int, str], Shared] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)
    samples: dict[str, Event] = field(default_factory=dict)
    """The first fact of each type."""
    known: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    """Identity of a fact → its content, and the row that gave it first: about 250 bytes a fact."""
    refused: set[int] = field(default_factory=set)
    """Rows that contradict an earlier row of the file."""

    def add(self, found: RowFacts) -> list[Refusal]:
        """Take note of one row. Returns why it is refused: its facts were in an earlier row, with other content."""
        self.rows += 1
        refusals = [refusal for at in range(len(found.marks)) if (refusal := self._contradiction(found, at))]
        if refusals:
            self.refused.add(found.row)
            return refusals
        for mark in found.marks:
            self.known.setdefault(mark.identity, (mark.content, found.row))
        for event in found.events:
            self._count(event)
        for shared in found.shared:
            known = self.shared.get(shared.key)
            if known is None:
                self._count(shared.event)
            if known is None or (shared.at, shared.row) < (known.at, known.row):
                self.shared[shared.key] = shared
        return []

    def _contradiction(self, found: RowFacts, at: int) -> Refusal | None:
        event, mark = found.events[at], found.marks[at]
        content, row = self.known.get(mark.identity, (mark.content, 0))
        if content == mark.content:
            return None
        message = (
            f"{event['type']} {event['id']}: row {row} has it with other content, and stands; remove one of the rows"
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

    def survey(self, report: Report) -> Survey:
        """Check every row; refusals go to *report*. Raises Misconfigured when the file does not fit the mapping."""
        found, size = Survey(), max(1, self.path.stat().st_size if self.path.is_file() else 1)
        for row in self._rows():
            report.add(row.refusals + found.add(row))
            if found.rows % 256 == 0:
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
                yield Parcel(found.row, found.events, [mark.rule for mark in found.marks])

    def _rows(self) -> Iterator[RowFacts]:
        return read_facts(self.path, self.mapping, known_as_occurred=self.known_as_occurred)
