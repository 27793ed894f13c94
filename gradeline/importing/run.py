"""An import from file to facts: the whole file is checked first, then posted. Restarting it is harmless: the same file
gives the same facts with the same ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from gradeline.importing.agreeing import Agreed
from gradeline.importing.facts import Event, Mark, Refusal, RowFacts, Shared, read_facts
from gradeline.importing.mapping import Mapping
from gradeline.importing.posting import Parcel, Posts, post_all
from gradeline.importing.reader import Opened, opened
from gradeline.importing.report import Report

NO_FACT = "(no fact)"
"""Under this name data rows are counted for which no rule of the mapping holds."""


class Shows(Protocol):
    """Shows how far a pass is."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """*done* of *total* units of *what*."""


@dataclass
class Survey:
    """What the first pass found."""

    rows: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    """Rows that gave nothing, by why: names of totals, blank rows, repetitions of the header, no rule that holds."""
    facts: Counter[str] = field(default_factory=Counter)
    shared: dict[tuple[int, str], Shared] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)
    samples: dict[str, Event] = field(default_factory=dict)
    """The first fact of each type."""
    agreed: Agreed = field(default_factory=Agreed)
    known: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    """Identity of a fact → its content, and the row that gave it first: about 250 bytes a fact."""
    refused: set[int] = field(default_factory=set)
    """Rows that contradict an earlier row of the file."""

    def add(self, found: RowFacts) -> list[Refusal]:
        """Take note of one row. Returns why it is refused: an earlier row says something else of its facts."""
        if found.skipped:
            self.skipped[found.skipped] += 1
            return []
        self.rows += 1
        if not (found.events or found.shared or found.refusals):
            self.skipped[NO_FACT] += 1
        agreeing = [shared for shared in found.shared if shared.mark.rule.agree]
        told = [*zip(found.events, found.marks, strict=True), *((shared.event, shared.mark) for shared in agreeing)]
        refusals = [no for shared in agreeing if (no := self.agreed.differing(shared))]
        refusals = refusals or [no for event, mark in told if (no := self._contradiction(found.row, event, mark))]
        if refusals:
            self.refused.add(found.row)
            return refusals
        for _, mark in told:
            self.known.setdefault(mark.identity, (mark.content, found.row))
        for event in found.events:
            self._count(event)
        for shared in found.shared:
            if shared.mark.rule.agree:
                if self.agreed.note(shared):
                    self._count(shared.event)
                continue
            known = self.shared.get(shared.key)
            if known is None:
                self._count(shared.event)
            if known is None or (shared.at, shared.row) < (known.at, known.row):
                self.shared[shared.key] = shared
        return []

    def _contradiction(self, at: int, event: Event, mark: Mark) -> Refusal | None:
        content, row = self.known.get(mark.identity, (mark.content, 0))
        if content == mark.content:
            return None
        message = (
            f"{event['type']} {event['id']}: row {row} has it with other content, and stands; remove one of the rows"
        )
        return Refusal(at, ", ".join(mark.rule.id.columns), "identity", message)

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
        return opened(self.path, self.mapping)

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
            yield Parcel(shared.row, [shared.event], [shared.mark.rule])
        for found in self._rows():
            if found.row not in survey.refused:
                agreed = [one for one in found.shared if one.mark.rule.agree and survey.agreed.is_first(one)]
                rules = [one.mark.rule for one in agreed] + [mark.rule for mark in found.marks]
                yield Parcel(found.row, [one.event for one in agreed] + found.events, rules)

    def _rows(self) -> Iterator[RowFacts]:
        return read_facts(self.file, self.mapping, known_as_occurred=self.known_as_occurred)
