"""From columns to one field of a fact: a closed set of transforms, compiled once from the mapping. No expressions.

    "P-{invoiceNumber}"                      text with the cells of columns in it; without braces a constant.
                                             {Column?} may be empty; {Column:year} is the year of a date
    {text: Column}                           the cell
    {first: [A, B]}                          the first of the cells that is filled
    {date: Column, form: "%m/%d/%Y"}         a date; `form` where it differs from the mapping's.
                                             not_before: cut_over  no earlier than the cut-over date
    {on: cut_over}                           the cut-over date
    {by_cut_over: Column, then: X, otherwise: Y}  X where the date is not after the cut-over date, else Y
    {money: Column, sign: reversed}          an amount; sign: as_is (default), reversed, absolute
    {number: Column, as: decimal}            a whole number (default) or a decimal string
    {lookup: Column, table: {...}, otherwise: X, empty: Y}
    {min_date: [A, B]}   {max_date: [A, B]}  the earlier, the later of two dates
    {object: {field: ...}}   {list: [...]}   nesting
Each but text may say `optional: yes`: an empty cell then leaves the field out instead of refusing the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from gradeline.importing import cells
from gradeline.importing.cells import Cells
from gradeline.importing.dates import ORDERS
from gradeline.importing.layout import Field, Layout, columns_of
from gradeline.importing.located import Located
from gradeline.importing.templates import template
from gradeline.importing.written import Marked

TRANSFORMS = (
    "text", "first", "date", "on", "by_cut_over", "money", "number", "lookup", "min_date", "max_date", "object", "list",
)  # fmt: skip


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
    if keys["optional"].text() == "no":
        return field
    return _optional(field, missing=all if kinds[0] == "first" else any)


def _optional(field: Field, *, missing: Callable[[Iterable[bool]], bool]) -> Field:
    """*field*, left out where *missing* (any or all) of its columns are empty."""

    def build(row: Cells) -> Any:
        if missing(not cells.cell(row, column) for column in field.columns):
            return None
        return field.build(row)

    return Field(build, field.columns, field.nested)


def _text(at: Located, layout: Layout) -> Field:
    column = layout.column(at.fields(required=["text"], optional=["optional"])["text"])
    return Field(lambda row: str(cells.filled(row, column)), (column,))


def _first(at: Located, layout: Layout) -> Field:
    names = [layout.column(item) for item in at.fields(required=["first"], optional=["optional"])["first"].items()]
    if not names:
        raise at.wrong("name at least one column, e.g. [Name, Account]")

    def build(row: Cells) -> str:
        return next((str(text) for name in names if (text := cells.cell(row, name))), "") or cells.filled(row, names[0])

    return Field(build, tuple(names))


def _on(at: Located, layout: Layout) -> Field:
    keys = at.fields(required=["on"])
    if keys["on"].text() != "cut_over":
        raise keys["on"].wrong("write on: cut_over; for the date of a column write date:")
    said = _cut_over(keys["on"], layout).isoformat()
    return Field(lambda row: said, ())


def _cut_over(at: Located, layout: Layout) -> date:
    if layout.cut_over is None:
        raise at.wrong(
            "this mapping needs the day of the opening balances; say --cut-over YYYY-MM-DD, or cut_over: in it"
        )
    return layout.cut_over


def _by_cut_over(at: Located, layout: Layout) -> Field:
    keys = at.fields(required=["by_cut_over", "then", "otherwise"], optional=["form"])
    column, form = layout.column(keys["by_cut_over"]), form_of(keys["form"]) if "form" in keys else layout.form
    then, otherwise, last = keys["then"].text(), keys["otherwise"].text(), layout.cut_over
    if last is None:
        return Field(lambda row: otherwise, (column,))
    return Field(lambda row: then if cells.day(row, column, form) <= last else otherwise, (column,))


def _date(at: Located, layout: Layout) -> Field:
    keys = at.fields(required=["date"], optional=["form", "not_before", "optional"])
    column, form = layout.column(keys["date"]), form_of(keys["form"]) if "form" in keys else layout.form
    if "not_before" in keys and keys["not_before"].text() != "cut_over":
        raise keys["not_before"].wrong("write not_before: cut_over; for the later of two columns write max_date:")
    least = layout.cut_over
    if "not_before" in keys and least is not None:
        return Field(lambda row: max(least, cells.day(row, column, form)).isoformat(), (column,))
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
    """A date form that says year, month and day, or one of the orders. Raises Misconfigured otherwise."""
    form, sample = at.text(), date(2013, 12, 31)
    if form in ORDERS:
        return form
    if (
        cells.wall_clock(sample.strftime(form), form) is None
        or cells.day({"": sample.strftime(form)}, "", form) != sample
    ):
        raise at.wrong(f"'{form}' does not say year, month and day; write ymd, mdy or dmy, or e.g. %d.%m.%Y")
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
    keys = at.fields(required=["lookup", "table"], optional=["otherwise", "empty", "optional"])
    column = layout.column(keys["lookup"])
    table = {name: value.text() for name, value in keys["table"].table().items()}
    otherwise = keys["otherwise"].text() if "otherwise" in keys else None
    if "empty" not in keys:
        return Field(lambda row: cells.choice(row, column, table, otherwise), (column,))
    empty = keys["empty"].text()
    return Field(
        lambda row: cells.choice(row, column, table, otherwise) if cells.cell(row, column) else empty, (column,)
    )


def _object(at: Located, layout: Layout) -> Field:
    keys = at.fields(required=["object"], optional=["optional"])
    return object_field({name: compile_field(part, layout) for name, part in keys["object"].table().items()})


def object_field(parts: Mapping[str, Field]) -> Field:
    """A JSON object of *parts*; parts that answer None are left out."""
    pairs = tuple(parts.items())

    def build(row: Cells) -> dict[str, Any]:
        found = {name: value for name, part in pairs if (value := part.build(row)) is not None}
        for name, part in pairs:
            if isinstance(amount := found.get(name), Marked):
                found[name] = cells.of_currency(row, part.columns[0], amount, found.get("currency"))
        return found

    return Field(build, columns_of(parts.values()), dict(parts))


def _list(at: Located, layout: Layout) -> Field:
    keys = at.fields(required=["list"], optional=["optional"])
    parts = [compile_field(item, layout) for item in keys["list"].items()]

    def build(row: Cells) -> list[Any]:
        found = [value for part in parts if (value := part.build(row)) is not None]
        return [str(value) if type(value) is Marked else value for value in found]

    return Field(build, columns_of(parts), {str(at): part for at, part in enumerate(parts)})


_COMPILERS: dict[str, Callable[[Located, Layout], Field]] = {
    "text": _text,
    "first": _first,
    "date": _date,
    "on": _on,
    "by_cut_over": _by_cut_over,
    "money": _money,
    "number": _number,
    "lookup": _lookup,
    "min_date": _two_dates("min_date"),
    "max_date": _two_dates("max_date"),
    "object": _object,
    "list": _list,
}
