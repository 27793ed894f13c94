"""A mapping file: which columns make which facts. Checked whole; every mistake names file, line and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from gradeline.importing import cells
from gradeline.importing.cells import Cells
from gradeline.importing.conditions import Condition, compile_conditions
from gradeline.importing.fields import compile_field, form_of, object_field
from gradeline.importing.layout import Field, Layout
from gradeline.importing.located import Located, parse
from gradeline.importing.shape import KEYS, Shape, compile_shape
from gradeline.importing.templates import template
from gradeline.importing.trial_balance import Lines, compile_lines
from shared.core import limits
from shared.core.envelope import is_ours
from shared.core.errors import Misconfigured, Undecodable
from shared.core.events import BY_TYPE, FACTS
from shared.core.events.base import Fact
from shared.edge.cloudevents import check_source

NOON = time(12)


@dataclass(frozen=True)
class FactRule:
    """How one row gives one fact."""

    type: str
    id: Field
    subject: Field
    at: Field
    """Answers the date of the fact in ISO form, or a local date and time."""
    data: Field
    when: tuple[Condition, ...]
    once: Field | None
    """Where set, rows that agree in it give one fact together: the one of the row with the earliest `at`."""


@dataclass(frozen=True)
class Mapping:
    """A whole mapping file."""

    name: str
    title: str
    source: str
    zone: ZoneInfo
    shape: Shape
    layout: Layout
    assumptions: tuple[str, ...]
    facts: tuple[FactRule, ...]
    trial_balance: Lines | None

    @property
    def identities(self) -> list[tuple[str, ...]]:
        """For each kind of document, the columns that say which document of which customer a row is about."""
        rules = [rule for rule in self.facts if rule.once is None] or list(self.facts)
        found = [tuple(dict.fromkeys((*rule.subject.needed, *rule.id.needed))) for rule in rules]
        if not found and self.trial_balance is not None:
            return [self.trial_balance.customer.needed]
        return [one for one in found if len(one) > 1] or found

    def instant(self, at: str) -> str:
        """RFC 3339 of *at*: a bare date is meant as noon in the zone of the mapping."""
        if len(at) == 10:
            return _rfc3339(datetime.combine(date.fromisoformat(at), NOON, tzinfo=self.zone))
        return _rfc3339(datetime.fromisoformat(at).replace(tzinfo=self.zone))

    def end_of(self, day: date) -> str:
        """RFC 3339 of the last second of *day* in the zone of the mapping."""
        midnight = datetime.combine(day + timedelta(days=1), time(0), tzinfo=self.zone)
        return _rfc3339(midnight - timedelta(seconds=1))


def _rfc3339(at: datetime) -> str:
    """*at* with its offset in whole minutes: a century ago clocks went by the sun, to the second."""
    offset = at.utcoffset()
    assert offset is not None
    return at.replace(tzinfo=timezone(timedelta(minutes=round(offset.total_seconds() / 60)))).isoformat()


def load(name_or_path: str, *, cut_over: date | None = None) -> Mapping:
    """The shipped mapping of that name, or the one in that file, with opening balances as of *cut_over*.

    Raises Misconfigured.
    """
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        try:
            return read(path.read_text(encoding="utf-8"), str(path), cut_over=cut_over)
        except OSError as gone:
            raise Misconfigured(f"{path}: the mapping cannot be read ({gone.strerror}); check the path") from gone
        except UnicodeDecodeError as other:
            raise Misconfigured(f"{path}: the mapping is not UTF-8; save it as UTF-8") from other
    return read(shipped(name_or_path), f"{name_or_path}.yaml", cut_over=cut_over)


def shipped(name: str) -> str:
    """The text of the mapping *name* that ships with the product. Raises Misconfigured."""
    if name not in names():
        raise Misconfigured(f"there is no mapping '{name}'; use a path to a .yaml file or one of: {', '.join(names())}")
    return (files("gradeline") / "mappings" / f"{name}.yaml").read_text(encoding="utf-8")


def names() -> list[str]:
    """The mappings that ship with the product."""
    folder = files("gradeline") / "mappings"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def read(text: str, file: str, *, cut_over: date | None = None) -> Mapping:
    """Compile the mapping in *text*. Raises Misconfigured naming *file*, line and remedy."""
    top = parse(text, file).fields(
        required=["mapping", "source", "zone", "columns"],
        optional=["facts", "trial_balance", "title", "dates", "cut_over", "decimal_mark", "thousands_mark",
                  "assumptions", *KEYS],
    )  # fmt: skip
    said = {name: value.text() for name, value in top.items() if value.is_text()}
    shape = compile_shape(top)
    layout = Layout(
        columns=frozenset(shape.names),
        form=form_of(top["dates"]) if "dates" in top else "ymd",
        decimal=said.get("decimal_mark", "."),
        thousands=said.get("thousands_mark", ""),
        cut_over=cut_over or (_date(top["cut_over"]) if "cut_over" in top else None),
    )
    if layout.decimal == layout.thousands or len(layout.decimal) != 1 or len(layout.thousands) > 1:
        raise top["columns"].wrong("decimal_mark and thousands_mark must be two different single signs")
    if not {"facts", "trial_balance"} & top.keys():
        raise top["mapping"].wrong("say facts: to import rows, or trial_balance: to reconcile with them")
    return Mapping(
        name=top["mapping"].text(),
        title=said.get("title", ""),
        source=_source(top["source"]),
        zone=_zone(top["zone"]),
        shape=shape,
        layout=layout,
        assumptions=tuple(item.text() for item in top["assumptions"].items()) if "assumptions" in top else (),
        facts=tuple(_fact(item, layout) for item in top["facts"].items()) if "facts" in top else (),
        trial_balance=compile_lines(top["trial_balance"], layout) if "trial_balance" in top else None,
    )


def _source(at: Located) -> str:
    source = at.text()
    try:
        check_source(source)
    except Undecodable as wrong:
        raise at.wrong(f"'{source}' {wrong.message.removeprefix('/source: ')}; write e.g. /files/ledger") from wrong
    if not 0 < len(source) <= limits.SOURCE_CHARACTERS:
        raise at.wrong(f"a source has 1 to {limits.SOURCE_CHARACTERS} characters; write e.g. /files/ledger")
    if is_ours(source):
        raise at.wrong(f"'{source}' is one of Gradeline's own sources; name your system, e.g. /files/ledger")
    return source


def _date(at: Located) -> date:
    try:
        return date.fromisoformat(at.text())
    except ValueError as wrong:
        raise at.wrong(f"'{at.text()}' is no date; write YYYY-MM-DD") from wrong


def _zone(at: Located) -> ZoneInfo:
    try:
        return ZoneInfo(at.text())
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise at.wrong(f"'{at.text()}' is no time zone; write an IANA name, e.g. Asia/Shanghai") from unknown


def _fact(at: Located, layout: Layout) -> FactRule:
    keys = at.fields(required=["type", "id", "subject", "at", "data"], optional=["when", "once"])
    data = _data(keys["type"], keys["data"])
    return FactRule(
        type=keys["type"].text(),
        id=template(keys["id"], layout),
        subject=template(keys["subject"], layout),
        at=_at(keys["at"], layout),
        data=object_field({name: compile_field(part, layout) for name, part in data.items()}),
        when=compile_conditions(keys["when"], layout) if "when" in keys else (),
        once=template(keys["once"], layout) if "once" in keys else None,
    )


def _data(kind: Located, at: Located) -> dict[str, Located]:
    """The fields of `data`, all known to the type and none that it needs left out."""
    cls = BY_TYPE.get(kind.text())
    if cls is None or not issubclass(cls, Fact):
        raise kind.wrong(f"'{kind.text()}' is no fact; the facts are: {', '.join(fact.TYPE for fact in FACTS)}")
    fields = {field.encode_name: field.required for field in msgspec.structs.fields(cls)}
    return at.fields(
        required=[name for name, needed in fields.items() if needed],
        optional=[name for name, needed in fields.items() if not needed],
    )


def _at(at: Located, layout: Layout) -> Field:
    keys: dict[str, Any] = {} if at.is_text() else at.table()
    if "instant" in keys:
        keys = at.fields(required=["instant", "form"])
        column, form = layout.column(keys["instant"]), form_of(keys["form"])
        return Field(lambda row: _wall_clock(row, column, form), (column,))
    if not {"date", "min_date", "max_date", "on"} & keys.keys():
        raise at.wrong("say when it happened: {date: Column}, {min_date: [A, B]} or {instant: Column, form: ...}")
    return compile_field(at, layout)


def _wall_clock(row: Cells, column: str, form: str) -> str:
    return cells.moment(row, column, form).replace(tzinfo=None).isoformat(timespec="seconds")
