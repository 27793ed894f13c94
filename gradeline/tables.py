"""A table of staff on the terminal, as JSON, or as a workbook: the same rows each time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

from gradeline.language import say
from shared.core.errors import Misconfigured
from shared.edge.sheets import Sheet, clean, shown

LEFT = {"text", "date"}


def put_out(sheet: Sheet, *, xlsx: Path | None = None, as_json: bool = False) -> None:
    """Write *sheet* to *xlsx* where that is named, and show it. Raises Misconfigured where it cannot be written."""
    if xlsx is not None:
        write(xlsx, sheet)
    if as_json:
        import json

        typer.echo(json.dumps(record(sheet), ensure_ascii=False))
    else:
        show(sheet)
        if xlsx is not None:
            typer.echo(say("written to {file}", file=xlsx))


def write(path: Path, sheet: Sheet) -> None:
    """Write *sheet* to the workbook *path*. Raises Misconfigured."""
    from shared.edge.sheets import workbook

    if path.suffix.lower() != ".xlsx":
        raise Misconfigured(f"{path}: the table is a workbook; name it .xlsx")
    try:
        path.write_bytes(workbook(sheet))
    except OSError as closed:
        raise Misconfigured(f"{path}: the workbook cannot be written ({closed.strerror}); check --xlsx") from closed


def show(sheet: Sheet) -> None:
    """Print *sheet*, what it is about below it."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(title=_safe(sheet.title), title_justify="left", show_footer=bool(sheet.totals))
    for place, column in enumerate(sheet.columns):
        footer = "\n".join(_safe(shown(row[place], column.kind)) for row in sheet.totals)
        side: Any = "left" if column.kind in LEFT else "right"
        table.add_column(_safe(column.title), footer, justify=side, overflow="fold")
    for row in sheet.rows:
        cells = (shown(value, column.kind) for value, column in zip(row, sheet.columns, strict=True))
        table.add_row(*map(_safe, cells))
    console.print(table)
    for label, text in sheet.about:
        console.print(clean(f"{label}: {text}" if label else text), markup=False, highlight=False)


def record(sheet: Sheet) -> dict[str, Any]:
    """*sheet* as JSON: amounts are text, as everywhere."""
    names = [column.name for column in sheet.columns]

    def told(row: Any) -> dict[str, Any]:
        return {name: _plain(value) for name, value in zip(names, row, strict=True)}

    rows, totals = [told(row) for row in sheet.rows], [told(row) for row in sheet.totals]
    return {"title": sheet.title, "rows": rows, "totals": totals, "about": dict(sheet.about)}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def _safe(text: str) -> str:
    """Names come from strangers: no markup and no control characters on the terminal."""
    return clean(text).replace("[", r"\[")
