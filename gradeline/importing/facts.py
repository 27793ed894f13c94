"""From one row to its facts, or to the reasons why the row is refused. A row is kept or refused whole."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gradeline.importing.cells import Cells
from gradeline.importing.mapping import FactRule, Mapping
from gradeline.importing.reader import Opened, Row, rows
from shared.core.errors import Malformed, Undecodable
from shared.edge import codec

Event = dict[str, Any]
"""A CloudEvents JSON object, structured mode."""


class Mark(NamedTuple):
    """What tells a fact from others, and whether it is the same: its identity within the customer, and its content."""

    rule: FactRule
    identity: bytes
    content: bytes


class Refusal(NamedTuple):
    """Why a row was not taken."""

    row: int
    column: str
    """The column or columns at fault; empty where the whole row is."""
    rule: str
    message: str


class Shared(NamedTuple):
    """A fact that several rows give together; the one with the least (at, row) stands."""

    key: tuple[int, str]
    at: str
    row: int
    event: Event
    rule: FactRule


class RowFacts(NamedTuple):
    """What one row gave: facts, or refusals."""

    row: int
    position: int
    events: list[Event]
    marks: list[Mark]
    """Of each event, in the same order."""
    shared: list[Shared]
    refusals: list[Refusal]
    skipped: str = ""
    """Why the row is no data; empty: it is."""


def read_facts(file: Path | Opened, mapping: Mapping, *, known_as_occurred: bool = False) -> Iterator[RowFacts]:
    """Every row of *file* as facts. Raises Misconfigured when the file does not fit the mapping."""
    for row in rows(file, mapping):
        yield facts_of(row, mapping, known_as_occurred=known_as_occurred)


def facts_of(row: Row, mapping: Mapping, *, known_as_occurred: bool = False) -> RowFacts:
    """The facts of one row. With *known_as_occurred* each says `recordedtime` = the end of its business date."""
    found = RowFacts(row.number, row.position, [], [], [], [], row.skipped)
    if row.skipped:
        return found
    if row.broken:
        found.refusals.append(Refusal(row.number, "", "row", row.broken))
        return found
    for index, rule in enumerate(mapping.facts):
        try:
            if not all(holds(row.cells) for holds in rule.when):
                continue
            event, mark = event_of(rule, row.cells, mapping, known_as_occurred=known_as_occurred)
            if rule.once is None:
                found.events.append(event)
                found.marks.append(mark)
            else:
                key = (index, rule.once.build(row.cells))
                found.shared.append(Shared(key, event["time"], row.number, event, rule))
        except Malformed as wrong:
            found.refusals.extend(_of_cells(rule, row) or [_refusal(row, wrong)])
        except Undecodable as wrong:
            columns = columns_of(rule, wrong.pointer)
            said = "".join(f"; {column} is '{row.cells[column]}'" for column in columns)
            found.refusals.append(
                Refusal(row.number, ", ".join(columns), wrong.rule, f"{rule.type}: {wrong.message}{said}")
            )
    if found.refusals:
        return found._replace(events=[], marks=[], shared=[], refusals=list(dict.fromkeys(found.refusals)))
    return found


def _of_cells(rule: FactRule, row: Row) -> list[Refusal]:
    """Every cell that *rule* cannot read: who mends the first should not meet the second at the next try."""
    found: list[Refusal] = []
    for part in (rule.id, rule.subject, rule.at, *(rule.data.nested or {}).values()):
        try:
            part.build(row.cells)
        except Malformed as wrong:
            found.append(_refusal(row, wrong))
    return found


def _refusal(row: Row, wrong: Malformed) -> Refusal:
    return Refusal(row.number, wrong.pointer.removeprefix("/"), wrong.rule, wrong.message)


def event_of(rule: FactRule, cells: Cells, mapping: Mapping, *, known_as_occurred: bool) -> tuple[Event, Mark]:
    """The fact that *rule* makes of one row. Raises Malformed for a cell, Undecodable for the fact as a whole."""
    event: Event = {
        "specversion": "1.0",
        "id": rule.id.build(cells),
        "source": mapping.source,
        "type": rule.type,
        "subject": rule.subject.build(cells),
        "time": mapping.instant(rule.at.build(cells)),
        "datacontenttype": "application/json",
        "data": rule.data.build(cells),
    }
    decoded = codec.decode(msgspec.json.encode(event))
    if known_as_occurred:
        event["recordedtime"] = mapping.end_of(decoded.business_date)
    identity = blake2b(f"{decoded.subject}\0".encode() + decoded.identity, digest_size=16).digest()
    return event, Mark(rule, identity, decoded.content)


def columns_of(rule: FactRule, pointer: str) -> tuple[str, ...]:
    """The columns that gave what *pointer* names in the event of *rule*."""
    match pointer.split("/")[1:]:
        case ["data", *path]:
            return rule.data.columns_at(path)
        case ["id", *_]:
            return rule.id.columns
        case ["subject", *_]:
            return rule.subject.columns
        case ["time", *_]:
            return rule.at.columns
        case _:
            return ()
