"""From columns to one field of a fact: a closed set of transforms, compiled once from the mapping. No expressions.

    "P-{invoiceNumber}"                      text with the cells of columns in it; without braces a constant
    {text: Column}                           the cell
    {date: Column, form: "%m/%d/%Y"}         a date; `form` where it differs from the mapping's
    {money: Column, sign: reversed}          an amount; sign: as_is (default), reversed, absolute
    {number: Column, as: decimal}            a whole number (default) or a decimal string
    {lookup: Column, table: {...}, otherwise: X}
    {min_date: [A, B]}   {max_date: [A, B]}  the earlier, the later of two dates
    {object: {field: ...}}   {list: [...]}   nesting
Each but text may say `optional: yes`: an empty cell then leaves the field out instead of refusing the row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gradeline.importing import cells
from gradeline.importing.cells import Cells
from gradeline.importing.located import Located

Build = Callable[[Cells], Any]
_BRACES = re.compile(r"\{([^{}]*)\}")
TRANSFORMS = ("text", "date", "money", "number", "lookup", "min_date", "max_date", "object", "list")


@dataclass(frozen=True)
class Field:
    """How one field is built from a row. A build that answers None leaves the field out."""

    build: Build
    columns: tuple[str, ...]
    nested: Mapping[str, Field] | None = None
    """The parts of an object (by name) or a list (by position), for tracing a JSON pointer to its columns."""

    def columns_at(self, path: list[str]) -> tuple[str, ...]:
        """The columns that gave what stands at *path* below this field."""
        if path and self.nested and path[0] in self.nested:
            return self.nested[path[0]].columns_at(path[1:])
        return self.columns


@dataclass(frozen=True)
class Layout:
    """What holds for the whole file."""

    columns: frozenset[str] | None
    """The columns the file is said to have; None: not said."""
    form: str
    decimal: str
    thousands: str

    def column(self, at: Located) -> str:
        """The column named at *at*. Raises Misconfigured for one that the file is not said to have."""
        name = at.text()
        if self.columns is not None and name not in self.columns:
            raise at.wrong(f"there is no column '{name}'; the columns are: {', '.join(sorted(self.columns))}")
        return name


def compile_field(at: Located, layout: Layout) -> Field:
    """The field that *at* describes. Raises Misconfigured naming the line."""
    if at.is_text():
        return template(at, layout)
    keys = at.table()
    kinds = [name for name in TRANSFORMS if name in keys]
    if len(kinds) != 1:
        raise at.wrong(f"say exactly one of: {', '.join(TRANSFORMS)}; an inner table is written object: {{...}}")
    field = _COMPILERS[kinds[0]](at, layout)
    if keys.get("optional") is None:
        return field
    if keys["optional"].text() not in ("yes", "no"):
        raise keys["optional"].wrong("write optional: yes, or leave it out")
    return _optional(field) if keys["optional"].text() == "yes" else field


def template(at: Located, layout: Layout) -> Field:
    """Text with `{Column}` in it; every named cell must be filled."""
    text = at.text()
    names = tuple(_BRACES.findall(text))
    if "{" in _BRACES.sub("", text) or "}" in _BRACES.sub("", text):
        raise at.wrong("a brace without its partner; write {Column}")
    for name in names:
        layout.column(Located(_scalar(at, name), at.file))
    if not names:
        return Field(lambda row: text, ())
    parts = _BRACES.split(text)

    def build(row: Cells) -> str:
        return "".join(cells.filled(row, part) if at % 2 else part for at, part in enumerate(parts))

    return Field(build, names)


def _scalar(at: Located, value: str) -> Any:
    return type(at.node)(at.node.tag, value, at.node.start_mark, at.node.end_mark)


def _optional(field: Field) -> Field:
    def build(row: Cells) -> Any:
        if any(not cells.cell(row, column) for column in field.columns):
            return None
        return field.build(row)

    return Field(build, field.columns, field.nested)


def _text(at: Located, layout: Layout) -> Field:
    column = layout.column(at.fields(required=["text"], optional=["optional"])["text"])
    return Field(lambda row: cells.filled(row, column), (column,))


def _date(at: Located, layout: Layout) -> Field:
    keys = at.fields(required=["date"], optional=["form", "optional"])
    column, form = layout.column(keys["date"]), form_of(keys["form"]) if "form" in keys else layout.form
    return Field(lambda row: cells.day(row, column, form).isoformat(), (column,))


def _two_dates(which: str) -> Callable[[Located, Layout], Field]:
    choose: Callable[[date, date], date] = min if which == "min_date" else max

    def compiled(at: Located, layout: Layout) -> Field:
        keys = at.fields(required=[which], optional=["form", "optional"])
        names = [layout.column(item) for item in keys[which].items()]
        if len(names) != 2:
            raise keys[which].wrong("name two columns, e.g. [DueDate, SettledDate]")
        form = form_of(keys["form"]) if "form" in keys else layout.form
        one, two = names
        return Field(
            lambda row: choose(cells.day(row, one, form), cells.day(row, two, form)).isoformat(),
            (one, two),
        )

    return compiled


def form_of(at: Located) -> str:
    """A date form that says year, month and day. Raises Misconfigured otherwise."""
    form, sample = at.text(), date(2013, 12, 31)
    if (
        cells.wall_clock(sample.strftime(form), form) is None
        or cells.day({"": sample.strftime(form)}, "", form) != sample
    ):
        raise at.wrong(f"'{form}' does not say year, month and day; write e.g. %Y-%m-%d, %d.%m.%Y or %m/%d/%Y")
    return form


def _money(at: Located, layout: Layout) -> Field:
    keys = at.fields(required=["money"], optional=["sign", "optional"])
    column, sign = layout.column(keys["money"]), keys["sign"].text() if "sign" in keys else "as_is"
    if sign not in ("as_is", "reversed", "absolute"):
        raise keys["sign"].wrong(f"'{sign}' is no sign rule; use as_is, reversed or absolute")
    decimal, thousands = layout.decimal, layout.thousands
    return Field(lambda row: cells.amount(row, column, decimal=decimal, thousands=thousands, sign=sign), (column,))


def _number(at: Located, layout: Layout) -> Field:
    keys = at.fields(required=["number"], optional=["as", "optional"])
    column, kind = layout.column(keys["number"]), keys["as"].text() if "as" in keys else "integer"
    if kind == "integer":
        return Field(lambda row: cells.whole(row, column), (column,))
    if kind == "decimal":
        return Field(lambda row: cells.ratio(row, column, decimal=layout.decimal), (column,))
    raise keys["as"].wrong(f"'{kind}' is no kind of number; use integer or decimal")


def _lookup(at: Located, layout: Layout) -> Field:
    keys = at.fields(required=["lookup", "table"], optional=["otherwise", "optional"])
    column = layout.column(keys["lookup"])
    table = {name: value.text() for name, value in keys["table"].table().items()}
    otherwise = keys["otherwise"].text() if "otherwise" in keys else None
    return Field(lambda row: cells.choice(row, column, table, otherwise), (column,))


def _object(at: Located, layout: Layout) -> Field:
    keys = at.fields(required=["object"], optional=["optional"])
    return object_field({name: compile_field(part, layout) for name, part in keys["object"].table().items()})


def object_field(parts: Mapping[str, Field]) -> Field:
    """A JSON object of *parts*; parts that answer None are left out."""
    pairs = tuple(parts.items())

    def build(row: Cells) -> dict[str, Any]:
        return {name: value for name, part in pairs if (value := part.build(row)) is not None}

    return Field(build, _columns(parts.values()), dict(parts))


def _list(at: Located, layout: Layout) -> Field:
    keys = at.fields(required=["list"], optional=["optional"])
    parts = [compile_field(item, layout) for item in keys["list"].items()]

    def build(row: Cells) -> list[Any]:
        return [value for part in parts if (value := part.build(row)) is not None]

    return Field(build, _columns(parts), {str(at): part for at, part in enumerate(parts)})


def _columns(parts: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column for part in parts for column in part.columns))


_COMPILERS: dict[str, Callable[[Located, Layout], Field]] = {
    "text": _text,
    "date": _date,
    "money": _money,
    "number": _number,
    "lookup": _lookup,
    "min_date": _two_dates("min_date"),
    "max_date": _two_dates("max_date"),
    "object": _object,
    "list": _list,
}
