"""Text with the cells of columns in it."""

from __future__ import annotations

import re
from typing import Any

from gradeline.importing import cells
from gradeline.importing.cells import Cells
from gradeline.importing.layout import Field, Layout, columns_of
from gradeline.importing.located import Located

_BRACES = re.compile(r"\{([^{}]*)\}")


def template(at: Located, layout: Layout) -> Field:
    """Text with `{Column}` in it; every named cell must be filled."""
    text = at.text()
    names = _BRACES.findall(text)
    if "{" in _BRACES.sub("", text) or "}" in _BRACES.sub("", text):
        raise at.wrong("a brace without its partner; write {Column}")
    if not names:
        return Field(lambda row: text, ())
    known = layout.columns or frozenset()
    pieces = [_piece(at, name, known, layout) for name in names]
    parts = _BRACES.split(text)

    def build(row: Cells) -> str:
        return "".join(pieces[place // 2].build(row) if place % 2 else part for place, part in enumerate(parts))

    return Field(build, columns_of(pieces), may_be_empty=frozenset().union(*(piece.may_be_empty for piece in pieces)))


def _piece(at: Located, name: str, known: frozenset[str], layout: Layout) -> Field:
    """What stands between one pair of braces."""
    if name not in known and name.endswith("?"):
        column = layout.column(Located(_scalar(at, name[:-1]), at.file))
        return Field(lambda row: cells.cell(row, column), (column,), may_be_empty=frozenset({column}))
    if name not in known and name.endswith(":year"):
        column = layout.column(Located(_scalar(at, name.removesuffix(":year")), at.file))
        return Field(lambda row: f"{cells.day(row, column, layout.form).year}", (column,))
    column = layout.column(Located(_scalar(at, name), at.file))
    return Field(lambda row: cells.filled(row, column), (column,))


def _scalar(at: Located, value: str) -> Any:
    return type(at.node)(at.node.tag, value, at.node.start_mark, at.node.end_mark)
