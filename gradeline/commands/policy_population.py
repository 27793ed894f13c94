"""A population of given measures, read from a file a line at a time: JSON Lines or CSV."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from gradeline.language import say, sentence_of
from shared.core import limits
from shared.core.errors import Malformed, Misconfigured
from shared.core.policy.policy import Policy
from shared.edge.policy_values import parsed, read_given

if TYPE_CHECKING:
    from services.rating.core.comparing import Member

CUSTOMER = "customer_id"
FORM = '{"customer_id": "C-1", "measures": {…}}'


def members(name: str, before: Policy, after: Policy) -> Iterator[Member]:
    """The customers of the file *name*; `-` is standard input. Memory does not grow with the file.

    A line is `{"customer_id": "C-1", "measures": {…}}`; in a CSV the column `customer_id` stands beside one for each
    measure, and an empty cell is not known. Raises Misconfigured with file, line and remedy.
    """
    from services.rating.core.comparing import Member

    seen: set[str] = set()
    with _opened(name) as stream:
        for line, customer, measures in _csv(stream, name) if name.endswith(".csv") else _lines(stream, name):
            if customer in seen:
                raise _wrong(name, line, say("{customer} stands twice; keep one line", customer=customer))
            seen.add(customer)
            try:
                yield Member(customer, *read_given(measures, (before, after)))
            except Malformed as error:
                raise _wrong(name, line, f"{customer}: {sentence_of(error)}") from None


def _lines(stream: Iterable[str], name: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for line, text in enumerate(stream, 1):
        if not text.strip():
            continue
        try:
            given = parsed(text)
        except Malformed as error:
            raise _wrong(name, line, sentence_of(error)) from None
        customer, measures = given.get(CUSTOMER), given.get("measures")
        if set(given) != {CUSTOMER, "measures"} or not isinstance(customer, str) or not isinstance(measures, dict):
            raise _wrong(name, line, say("write {form} and nothing else", form=FORM))
        yield line, _customer(customer, name, line), measures


def _csv(stream: Iterable[str], name: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    rows = csv.reader(stream)
    head = [cell.strip() for cell in next(rows, [])]
    if head.count(CUSTOMER) != 1 or len(set(head)) != len(head):
        raise _wrong(name, 1, say("name one column customer_id, and every measure once"))
    for row in rows:
        line = rows.line_num
        if not row:
            continue
        if len(row) != len(head):
            about = {"cells": len(row), "columns": len(head)}
            raise _wrong(
                name, line, say("{cells} cells stand under {columns} columns; quote what holds a comma", **about)
            )
        cells = {column: cell.strip() or None for column, cell in zip(head, row, strict=True)}
        customer = cells.pop(CUSTOMER)
        yield line, _customer(customer or "", name, line), cells


def _customer(text: str, name: str, line: int) -> str:
    if not text or len(text) > limits.SUBJECT_CHARACTERS:
        most = limits.SUBJECT_CHARACTERS
        raise _wrong(name, line, say("write a customer_id of 1 to {most} characters", most=most))
    return text


def _wrong(name: str, line: int, sentence: str) -> Misconfigured:
    return Misconfigured(say("{file}, line {line}: ", file=name, line=line) + sentence)


@contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    """The file, or standard input. Raises Misconfigured where it cannot be read."""
    if name == "-":
        yield sys.stdin
        return
    try:
        with Path(name).open(encoding="utf-8-sig", newline="") as stream:
            yield stream
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        kind = type(error).__name__
        raise Misconfigured(
            say("{file}: the file cannot be read ({kind}); save it as UTF-8", file=name, kind=kind)
        ) from None
