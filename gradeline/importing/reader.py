"""Rows of a delimited file, one at a time, numbered as a spreadsheet numbers them: the header is row 1."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from gradeline.importing.cells import Cells
from gradeline.importing.mapping import Mapping
from shared.core.errors import Misconfigured


class Row(NamedTuple):
    """One row of the file."""

    number: int
    cells: Cells
    broken: str | None
    """Why the row cannot be read at all, or None."""
    position: int
    """Bytes of the file read so far, for a progress bar."""


class _Counted:
    """Lines of a text file that count the bytes they came from (`tell` is not to be had while iterating)."""

    def __init__(self, file: IO[str], encoding: str) -> None:
        self._file, self._encoding = file, encoding
        self.bytes = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self.bytes += len(line.encode(self._encoding, "surrogateescape"))
            yield line


def rows(path: Path, mapping: Mapping) -> Iterator[Row]:
    """Every data row of *path*. Raises Misconfigured when the file cannot be opened or lacks a column of *mapping*."""
    try:
        file = path.open(newline="", encoding=mapping.encoding, errors="surrogateescape")
    except OSError as gone:
        raise Misconfigured(f"{path}: the file cannot be read ({gone.strerror}); check the path") from gone
    with file:
        counted = _Counted(file, "utf-8" if mapping.encoding.startswith("utf-8") else mapping.encoding)
        reader = csv.reader(counted, delimiter=mapping.delimiter, strict=True)
        header = _header(next(reader, None), path, mapping)
        number = 1
        while True:
            number, before = number + 1, reader.line_num
            try:
                line = next(reader, None)
            except csv.Error as wrong:
                yield Row(number, {}, _unquoted(wrong, before + 1, reader.line_num), counted.bytes)
                continue
            if line is None:
                return
            if not line:
                continue
            broken = _miscounted(header, line, before + 1, reader.line_num)
            yield Row(number, dict(zip(header, line, strict=False)), broken, counted.bytes)


def _header(line: list[str] | None, path: Path, mapping: Mapping) -> list[str]:
    header = [name.strip() for name in line or []]
    missing = [name for name in mapping.columns if name not in header]
    if missing:
        raise Misconfigured(
            f"{path}: the header lacks {', '.join(missing)}; use another mapping, or correct 'columns:' in it"
        )
    twice = sorted({name for name in mapping.columns if header.count(name) > 1})
    if twice:
        raise Misconfigured(f"{path}: the header names {', '.join(twice)} twice; rename one of them")
    return header


def _miscounted(header: list[str], line: list[str], first: int, last: int) -> str | None:
    if len(line) == len(header):
        return None
    cells = f"has {len(line)} cells where the header has {len(header)}"
    if last > first:
        return f"{cells}, and took {_lines(first, last)}; close the quote that was opened there"
    return f"{cells}; mend the row (a delimiter inside a cell needs quotes)"


def _unquoted(wrong: csv.Error, first: int, last: int) -> str:
    if last > first:
        return f"the quoting is broken ({wrong}) and took {_lines(first, last)}; close the quote in line {first}"
    return f"the quoting is broken ({wrong}); mend the row"


def _lines(first: int, last: int) -> str:
    return f"{last - first + 1} lines of the file, {first} to {last}"
