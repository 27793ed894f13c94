"""Where the table begins: the row that has the columns of the mapping, below titles, blank rows and merged headings."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from gradeline.importing.raw import Raw
from gradeline.importing.shape import Shape

SEARCHED = 100
"""The header is looked for in so many rows."""


class Header(NamedTuple):
    """The row of the column names."""

    row: int
    values: tuple[str, ...]
    at: dict[str, int]
    """Column of the mapping → its place."""
    twice: tuple[str, ...]
    """Columns that are there more than once."""
    own: int
    """How many columns stand there under their own name, not under another."""


class Missing(NamedTuple):
    """There is none; *row* has most of the columns."""

    row: int
    lacks: tuple[str, ...]


@lru_cache(maxsize=4096)
def squashed(name: str) -> str:
    """*name* as it is compared: without blanks and line breaks, in one width and case."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def find(rows: Iterable[Raw], shape: Shape) -> Header | Missing:
    """The first row that has every column of *shape*, by one of its names.

    A name may stand in two rows: `本期应收/原币` is the column 原币 below the merged heading 本期应收.
    """
    best = Missing(1, shape.columns)
    above: Sequence[str] = ()
    found: Header | None = None
    for row in islice(rows, SEARCHED):
        header = _of(row, above, shape)
        lacks = tuple(name for name in shape.columns if name not in header.at)
        if found is not None:  # the merged heading alone may have been enough
            return header if not lacks and header.own > found.own else found
        if not lacks:
            found = header
        elif len(lacks) < len(best.lacks):
            best = Missing(row.number, lacks)
        above = row.values
    return found or best


def _of(row: Raw, above: Sequence[str], shape: Shape) -> Header:
    places: dict[str, list[int]] = {}
    heading = ""
    for place, value in enumerate(row.values):
        over = above[place].strip() if place < len(above) else ""
        heading = over or heading
        name = value.strip() or over
        for key in dict.fromkeys((squashed(name), squashed(f"{heading}/{value}"))):
            places.setdefault(key, []).append(place)
    at: dict[str, int] = {}
    twice: list[str] = []
    own = 0
    for column in shape.names:
        for name in (column, *shape.others.get(column, ())):
            if found := places.get(squashed(name)):
                at[column] = found[0]
                twice += [column] if len(found) > 1 else []
                own += name == column
                break
    return Header(row.number, tuple(row.values), at, tuple(twice), own)
