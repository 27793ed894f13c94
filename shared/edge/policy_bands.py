"""Bands of a file: half-open, rising, the first one open."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from shared.core.policy.card import Band
from shared.edge.policy_yaml import Section, read_number, read_text

Gives = Callable[[Section], dict[str, Any]]


def read_bands(section: Section, gives: Gives) -> tuple[Band, ...]:
    """Return the list under `bands`; *gives* reads what each of them gives. Raises Misconfigured."""
    bands: list[Band] = []
    for item in section.sections("bands"):
        excluded = "above" in item
        text = item.take("above" if excluded else "from", read_text)
        start = None if text == "-inf" and not excluded else _start(item, text)
        if (start is None) != (not bands):
            item.wrong("the first band, and no other, must be open: from: -inf")
        if len(bands) > 1 and start is not None and not _rises(bands[-1], start, excluded):
            item.wrong(f"bands must rise: {start} does not come after {bands[-1].start}")
        bands.append(Band(start, excluded, reason=item.maybe("reason", read_text), **gives(item)))
        item.close()
    if len(bands) < 2:
        section.wrong("a table needs at least two bands")
    return tuple(bands)


def _start(item: Section, text: str) -> Decimal:
    try:
        return read_number(text)
    except ValueError as error:
        item.wrong(f"{text!r}: {error}")


def _rises(before: Band, start: Decimal, excluded: bool) -> bool:
    assert before.start is not None
    return (before.start, before.start_excluded) < (start, excluded)
