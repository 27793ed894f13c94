"""What an import says: the report file with a line for every refusal, and the summary on the screen."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

import msgspec
from rich.console import Console
from rich.table import Table

from gradeline.importing.facts import Event, Refusal
from gradeline.importing.words import in_chinese
from shared.core.errors import Misconfigured
from shared.edge.codes import Words

SHOWN = 10
"""So many refusals are shown on the screen; the report file has all."""


class Summary(msgspec.Struct, kw_only=True):
    """The outcome of an import; what `--json` prints."""

    file: str
    mapping: str
    dry_run: bool
    known_as_occurred: bool = False
    rows: int = 0
    rows_refused: int = 0
    skipped: dict[str, int] = msgspec.field(default_factory=dict)
    """Rows that gave nothing, by why: the name of a total, `(blank)`, `(header)`, `(no fact)`: no rule holds."""
    customers: int = 0
    facts: dict[str, int] = msgspec.field(default_factory=dict)
    """Facts by type: posted, or in a dry run those that would be."""
    repeated: int = 0
    """Facts that an earlier row of the file told already, with the same content; they are posted once."""
    duplicates: int = 0
    """How many of them were there already, from an earlier run."""
    rules: dict[str, int] = msgspec.field(default_factory=dict)
    """Refusals by rule."""
    seconds: float = 0.0
    report: str | None = None
    notes: tuple[Words, ...] = ()
    """What was found out about the file."""


class Report(AbstractContextManager["Report"]):
    """Collects refusals: all of them into the file, where one is named, and the first few for the screen."""

    def __init__(self, path: Path | None, *, keep: int = 0) -> None:
        """*path* is overwritten; so many refusals are kept besides. Raises Misconfigured when it cannot be written."""
        self.rows: set[int] = set()
        self.rules: Counter[str] = Counter()
        self.first: list[Refusal] = []
        self.kept: list[Refusal] = []
        self._keep = keep
        self._file: IO[str] | None = None
        if path is not None:
            try:
                self._file = path.open("w", newline="", encoding="utf-8-sig")  # else a spreadsheet guesses
            except OSError as closed:
                raise Misconfigured(
                    f"{path}: the report cannot be written ({closed.strerror}); check --report"
                ) from closed
            csv.writer(self._file).writerow((*Refusal._fields, "message_zh"))

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def add(self, refusals: Iterable[Refusal]) -> None:
        """Take note of *refusals*."""
        for refusal in refusals:
            self.rows.add(refusal.row)
            self.rules[refusal.rule] += 1
            if len(self.first) < SHOWN:
                self.first.append(refusal)
            if len(self.kept) < self._keep:
                self.kept.append(refusal)
            if self._file:
                row, column, rule, message = refusal
                csv.writer(self._file).writerow((row, unformula(column), rule, message, in_chinese(rule)))


def unformula(text: str) -> str:
    """*text* as no spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and text else text


def show(console: Console, summary: Summary, report: Report) -> None:
    """Print the summary, and the first refusals where there are any."""
    table = Table(title="Would be posted" if summary.dry_run else "Posted", title_justify="left")
    table.add_column("fact")
    table.add_column("count", justify="right")
    for kind, count in summary.facts.items():
        table.add_row(kind, f"{count:,}")
    console.print(table)
    console.print(
        f"{summary.rows:,} rows, {summary.customers:,} customers, "
        f"{summary.rows_refused:,} rows refused, {summary.duplicates:,} facts were there already, "
        f"{summary.seconds:.1f} s"
    )
    if summary.repeated:
        console.print(f"told again by later rows, and posted once 后续行重复，只上报一次: {summary.repeated:,}")
    if summary.skipped:
        passed = ", ".join(f"{_clean(name)} {count:,}" for name, count in summary.skipped.items())
        console.print(f"passed over 已跳过: {passed}")
    if report.first:
        console.print(_refusals(report, summary))


def _refusals(report: Report, summary: Summary) -> Table:
    total = sum(report.rules.values())
    more = f"; all of them in {summary.report}" if summary.report else "; --report FILE keeps all"
    table = Table(title=f"Refused: the first {len(report.first)} of {total:,}{more}", title_justify="left")
    for name in Refusal._fields:
        table.add_column(name, justify="right" if name == "row" else "left")
    for refusal in report.first:
        told = f"{_clean(refusal.message)}\n[bright_black]{in_chinese(refusal.rule)}[/]"
        table.add_row(str(refusal.row), _clean(refusal.column), _clean(refusal.rule), told)
    return table


def _clean(text: object) -> str:
    """Cells come from strangers: no markup and no control characters on the terminal."""
    return "".join(sign if sign.isprintable() else "�" for sign in str(text)).replace("[", r"\[")


def show_samples(console: Console, samples: Iterable[Event]) -> None:
    """Print one fact of each type as it would be posted."""
    for event in samples:
        text = msgspec.json.format(msgspec.json.encode(event), indent=2).decode()
        console.print(text, markup=False, highlight=False, soft_wrap=True)
