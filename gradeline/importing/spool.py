"""Sheets of a workbook, unfolded once by a process of its own (`workbook`) and then read row by row, as often as needed."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from gradeline.importing import workbook
from gradeline.importing.raw import Raw
from gradeline.importing.written import Flawed, Moment, Number
from shared.core.errors import Misconfigured
from shared.edge.codes import Words

SECONDS = 900.0
"""A million rows take half a minute."""
BUFFER_BYTES = 1 << 20
OLD = b"\xd0\xcf\x11\xe0"
FLAWS = {
    workbook.LONG: (
        "digits",
        "{text} has more than 15 digits, which no spreadsheet keeps; write it as text, or round it in the sheet",
    ),
    workbook.EMPTY_FORMULA: (
        "formula",
        "holds a formula whose result is not in the file; open and save it, or paste values",
    ),
    workbook.ERROR: ("error-value", "holds an error such as #N/A instead of a value; correct it"),
}


def sheets(path: Path, *, named: str | None, rounds: bool) -> list[Sheet]:
    """The visible sheets of the workbook at *path*, or the one that is *named*. Raises Misconfigured, OSError."""
    spool = _Spool()
    words = [sys.executable, "-m", workbook.__name__, str(path), *([named] if named is not None else [])]
    try:
        done = subprocess.run(words, stdout=spool.fd, stderr=subprocess.PIPE, timeout=SECONDS, check=False)  # noqa: S603 - our own program
    except subprocess.TimeoutExpired as late:
        raise Misconfigured(f"{path}: the workbook took more than {SECONDS:g} s; export it as CSV") from late
    if done.returncode == 2 and done.stderr:
        raise Misconfigured(done.stderr.decode(errors="replace"))
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise Misconfigured(
            f"{path}: the workbook cannot be read within {workbook.MEMORY_BYTES >> 30} GB of memory, or is damaged "
            f"({said or f'status {done.returncode}'}); export it as CSV"
        )
    with path.open("rb") as file:
        old = file.read(4) == OLD
    return [Sheet(spool, name, width, *span, old=old, rounds=rounds) for name, width, *span in spool.index()]


class Sheet:
    """Implements `Table` on one sheet."""

    pads = True

    def __init__(self, spool: _Spool, name: str, width: int, start: int, end: int, *, old: bool, rounds: bool) -> None:
        """The rows of sheet *name* are the lines of *spool* from *start* to *end*; *old*: it was an .xls."""
        self._spool, self._start, self._end, self._width, self._rounds = spool, start, end, width, rounds
        self.name, self.size, self._old = name, max(1, end - start), old

    @property
    def notes(self) -> tuple[Words, ...]:
        """The sheet, and what cannot be seen in it."""
        notes = [Words(f"sheet '{self.name}'", f"工作表「{self.name}」")]
        if self._old:
            notes.append(
                Words(
                    ".xls does not tell an error, or a formula without a result, from an empty cell; .xlsx does",
                    ".xls 无法区分错误值、无结果的公式与空单元格；.xlsx 可以",
                )
            )
        if self._rounds:
            notes.append(
                Words(
                    "numbers of more than 15 digits are taken as a spreadsheet shows them, with 15",
                    "超过 15 位有效数字的数值按电子表格显示的 15 位取值",
                )
            )
        return tuple(notes)

    def rows(self) -> Iterator[Raw]:
        """Every row from the top, empty ones too."""
        read, blank = self._start, [""] * self._width
        for number, line in enumerate(self._spool.lines(self._start, self._end), start=1):
            read += len(line)
            values = [one if isinstance(one, str) else self._cell(*one) for one in _decode(line)]
            values += blank[len(values) :]
            yield Raw(number, values, None, read - self._start)

    def _cell(self, kind: str, text: str) -> str:
        if kind == workbook.NUMBER:
            return Number(text)
        if kind == workbook.MOMENT:
            return Moment(text)
        if kind == workbook.LONG and self._rounds and abs(value := Decimal(text)) < 10**workbook.DIGITS:
            return Number(format(Decimal(format(value, f".{workbook.DIGITS}g")).normalize(), "f"))
        rule, message = FLAWS[kind]
        return Flawed(text, rule, message.format(text=text))


_decode = msgspec.json.Decoder(list[Any]).decode


class _Spool:
    """A file without a name: it is gone with the process, whatever ends that."""

    def __init__(self) -> None:
        self.fd, path = tempfile.mkstemp(prefix="gradeline-sheet-")
        Path(path).unlink()

    def __del__(self) -> None:
        os.close(self.fd)

    def index(self) -> list[tuple[str, int, int, int]]:
        """(name, width, first byte, byte behind the last) of each sheet."""
        found: list[tuple[str, int, int, int]] = []
        at = 0
        for line in self.lines(0, os.fstat(self.fd).st_size):
            at += len(line)
            if line.startswith(b"{"):
                head = msgspec.json.decode(line)
                found.append((head["sheet"], head["width"], at, at))
            else:
                found[-1] = (*found[-1][:3], at)
        return found

    def lines(self, start: int, end: int) -> Iterator[bytes]:
        """The lines between two bytes. Several may read at once."""
        return iter(io.BufferedReader(_Part(self, start, end), BUFFER_BYTES))


class _Part(io.RawIOBase):
    def __init__(self, spool: _Spool, start: int, end: int) -> None:
        self._spool, self._at, self._end = spool, start, end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._end - self._at)
        data = os.pread(self._spool.fd, wanted, self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
