"""Tables of delimited text (CSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from gradeline.importing.encoding import detected
from gradeline.importing.raw import Raw
from gradeline.importing.shape import Shape
from shared.core.errors import Misconfigured
from shared.edge.codes import Words

LINE_CHARACTERS = 1_000_000
"""A longer line belongs to no table: it is refused before it is read whole."""
CELLS = 16_384
"""No spreadsheet has more columns."""
DELIMITERS = {",": "comma 逗号", ";": "semicolon 分号", "\t": "tab 制表符", "|": "bar 竖线"}
"""What is tried where the mapping names none, in this order."""


class Delimited:
    """Implements `Table` on a text file."""

    pads = False

    def __init__(self, path: Path, shape: Shape, delimiter: str = ",") -> None:
        """Find out the encoding where *shape* names none. Raises Misconfigured, OSError."""
        self.path, self.delimiter = path, delimiter
        self.size = max(1, path.stat().st_size)
        if shape.encoding is not None:
            self._encoding = {"utf-8": "utf-8-sig", "utf8": "utf-8-sig"}.get(shape.encoding.lower(), shape.encoding)
            self._why: tuple[Words, ...] = ()
        else:
            found = detected(path)
            self._encoding, self._why = found.name, (found.why,)

    @property
    def notes(self) -> tuple[Words, ...]:
        """Encoding and delimiter, where they were found out."""
        if self.delimiter == ",":
            return self._why
        name, zh = DELIMITERS.get(self.delimiter, f"{self.delimiter} {self.delimiter}").split(" ")
        return (*self._why, Words(f"columns are parted by {name}", f"列以{zh}分隔"))

    def rows(self) -> Iterator[Raw]:
        """Every row that is not an empty line."""
        with (
            self.path.open("rb") as bytes_,
            io.TextIOWrapper(bytes_, newline="", encoding=self._encoding, errors="surrogateescape") as text,
        ):
            reader = csv.reader(self._lines(text), delimiter=self.delimiter, strict=True)
            number = 0
            while True:
                number, first = number + 1, reader.line_num + 1
                try:
                    line = next(reader, None)
                except csv.Error as wrong:
                    yield Raw(number, (), _unquoted(wrong, first, reader.line_num), bytes_.tell())
                    continue
                if line is None:
                    return
                if len(line) > CELLS:
                    raise Misconfigured(f"{self.path}: row {number} has {len(line):,} cells; no table has so many")
                if line:
                    yield Raw(number, line, None, bytes_.tell(), (first, reader.line_num))

    def _lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        try:
            while line := text.readline(LINE_CHARACTERS):
                if len(line) == LINE_CHARACTERS:
                    raise Misconfigured(
                        f"{self.path}: a line has {LINE_CHARACTERS:,} characters or more; this is no table of records"
                    )
                yield line
        except UnicodeDecodeError as wrong:
            raise Misconfigured(f"{self.path}: the file is not {self._encoding} all through; save it again") from wrong


def _unquoted(wrong: csv.Error, first: int, last: int) -> str:
    if last > first:
        return f"the quoting is broken ({wrong}) and took {several(first, last)}; close the quote in line {first}"
    return f"the quoting is broken ({wrong}); mend the row"


def several(first: int, last: int) -> str:
    """How many lines a row took."""
    return f"{last - first + 1} lines of the file, {first} to {last}"
