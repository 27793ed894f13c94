"""Files of limits: read, taken over through the API row by row, written. What was written is taken back without a change."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gradeline.post import Api
from services.exposure.api.migrations import KINDS, PLACES, ROWS
from shared.core.errors import Forbidden, Malformed, Misconfigured, Unauthenticated

NEEDED = ("customer_id", "kind", "amount", "currency", "valid_from")
OPTIONAL = ("valid_to", "share", *PLACES)
HEADER = (*NEEDED, *OPTIONAL)
PATH = "/v1/limits/migrations"
CHARACTERS = 200
"""The API takes no longer cell."""


class Line(NamedTuple):
    """One row of a file; the header is row 1."""

    number: int
    cells: dict[str, str]


class Refused(msgspec.Struct, frozen=True):
    """What is wrong with one cell."""

    row: int
    column: str
    rule: str
    en: str
    zh: str


class Outcome(msgspec.Struct):
    """What became of a file, or would."""

    rows: int
    dry_run: bool
    states: dict[str, int]
    """State → rows: granted, unchanged, ended, refused."""
    refused: list[Refused]


def read(path: Path) -> list[Line]:
    """The rows of *path*. Raises Misconfigured where it cannot be read or its header is another."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.reader(file, strict=True)
            header = [name.strip() for name in next(table, [])]
            if missing := [name for name in NEEDED if name not in header]:
                raise Misconfigured(f"{path}: the header lacks {', '.join(missing)}; it has {', '.join(HEADER)}")
            if strange := [name for name in header if name not in HEADER or header.count(name) > 1]:
                raise Misconfigured(f"{path}: the header has {', '.join(strange)}, which is unknown or twice there")
            return [_line(number, header, row, path) for number, row in enumerate(table, start=2) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as wrong:
        raise Misconfigured(f"{path}: the file cannot be read ({wrong}); it is a CSV in UTF-8") from wrong


def _line(number: int, header: Sequence[str], row: Sequence[str], path: Path) -> Line:
    if len(row) != len(header):
        raise Misconfigured(f"{path}: row {number} has {len(row)} cells where the header has {len(header)}; mend it")
    return Line(number, {name: cell.strip() for name, cell in zip(header, row, strict=True)})


def take_over(
    api: Api, lines: Sequence[Line], evidence: str, *, dry_run: bool, show: Callable[[int, int, str], None]
) -> Outcome:
    """Take *lines* over in batches; a dry run only says what would become of each.

    Raises Unauthenticated, Forbidden, Malformed, Unavailable. What was taken over by then is so, and does no harm again.
    """
    states: Counter[str] = Counter()
    refused: list[Refused] = []
    what, done = "check" if dry_run else "limits", 0
    for batch in _batches(lines):
        for line, answer in zip(batch, _asked(api, batch, evidence, dry_run=dry_run), strict=True):
            states[answer["state"]] += 1
            refused += [Refused(line.number, **error) for error in answer["errors"]]
        done += len(batch)
        show(done, len(lines), what)
    return Outcome(len(lines), dry_run, dict(states), refused)


def _batches(lines: Sequence[Line]) -> Iterator[list[Line]]:
    left = iter(lines)
    while batch := list(islice(left, ROWS)):
        yield batch


def _asked(api: Api, batch: Sequence[Line], evidence: str, *, dry_run: bool) -> list[dict[str, Any]]:
    rows = [{name: cell[:CHARACTERS] for name, cell in line.cells.items()} for line in batch]
    status, text = api.send(PATH, {"rows": rows, "evidence": evidence, "dry_run": dry_run})
    said: Any = msgspec.json.decode(text) if text else {}
    if status == 200:
        results: list[dict[str, Any]] = said["results"]
        return results
    why = said.get("detail") or said.get("title") or f"answered {status}"
    if status == 401:
        raise Unauthenticated(f"the token was not taken: {why}")
    if status == 403:
        raise Forbidden(
            f"the token may not take limits over: {why}; get one with `gradeline token --role risk_manager`"
        )
    errors = "; ".join(str(one.get("message")) for one in said.get("errors", ()))
    raise Malformed(f"{why} {errors}".strip())


def write(path: Path, limits: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """Write *limits* to *path*, as `read` takes them. Returns how many, and how many are of kinds that no file has.

    Raises Misconfigured.
    """
    written = left_out = 0
    try:
        with path.open("w", newline="", encoding="utf-8-sig") as file:  # else a spreadsheet guesses
            table = csv.writer(file)
            table.writerow(HEADER)
            for one in limits:
                if one["kind"] not in KINDS:
                    left_out += 1
                    continue
                table.writerow([_cell(one[name]) for name in HEADER])
                written += 1
    except OSError as closed:
        raise Misconfigured(f"{path}: the file cannot be written ({closed.strerror})") from closed
    return written, left_out


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
