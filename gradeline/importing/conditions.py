"""When a row gives a fact: conditions on cells, all of which must hold.

when:
  - {column: Disputed, equals: ["Yes"]}
  - {column: SettledDate, is: filled}        filled · empty · positive (0 too) · negative · nonzero
  - {column: Status, differs: [draft, void]}
"""

from __future__ import annotations

from collections.abc import Callable

from gradeline.importing import cells
from gradeline.importing.cells import Cells
from gradeline.importing.layout import Layout
from gradeline.importing.located import Located

Condition = Callable[[Cells], bool]


def compile_conditions(at: Located, layout: Layout) -> tuple[Condition, ...]:
    """The conditions listed at *at*. Raises Misconfigured naming the line."""
    return tuple(_condition(item, layout) for item in at.items())


def _condition(at: Located, layout: Layout) -> Condition:
    keys = at.fields(required=["column"], optional=["is", "equals", "differs"])
    column = layout.column(keys["column"])
    if len(keys) != 2:
        raise at.wrong("say exactly one of is:, equals: or differs: beside the column")
    if "is" in keys:
        return _state(keys["is"], column, layout)
    words = frozenset(item.text() for item in keys["equals" if "equals" in keys else "differs"].items())
    if "equals" in keys:
        return lambda row: cells.cell(row, column) in words
    return lambda row: cells.cell(row, column) not in words


def _state(at: Located, column: str, layout: Layout) -> Condition:
    match at.text():
        case "filled":
            return lambda row: bool(cells.cell(row, column))
        case "empty":
            return lambda row: not cells.cell(row, column)
        case "positive":
            return lambda row: not _negative(row, column, layout)
        case "negative":
            return lambda row: _negative(row, column, layout)
        case "nonzero":
            return lambda row: bool(cells.cell(row, column)) and bool(_amount(row, column, layout)[0].strip("0."))
        case other:
            raise at.wrong(f"'{other}' is no condition; use filled, empty, positive, negative or nonzero")


def _negative(row: Cells, column: str, layout: Layout) -> bool:
    return _amount(row, column, layout)[1]


def _amount(row: Cells, column: str, layout: Layout) -> tuple[str, bool]:
    text = cells.filled(row, column)
    digits, negative = cells.plain(text, decimal=layout.decimal, thousands=layout.thousands)
    if digits is None:
        raise cells.not_an_amount(column, text, layout.decimal)
    return digits, negative
