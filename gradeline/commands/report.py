"""`gradeline report`: ageing, what is overdue, grades and exposure of a day, approvals of some days; also as a workbook."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

PROCESSES = 2


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="report")(report)


def report(
    kind: Annotated[
        Literal["ageing", "overdue", "grades", "exposure", "approvals"], typer.Argument(help="Which report.")
    ],
    *,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day at whose end it stands; else the current day."),
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Of approvals: the first day; else that of the month."),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Of approvals: the last day; else today.")
    ] = None,
    by: Annotated[
        Literal["customer", "salesperson", "region", "company"], typer.Option(help="What a row stands for.")
    ] = "customer",
    xlsx: Annotated[Path | None, typer.Option(help="Write it to this .xlsx as well.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="How many compute at once.")] = PROCESSES,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Report what customers owe by days past due, what is overdue, which grades they have, or their exposure and limits; or
    which requests were asked for, granted, refused or left to expire, by whom and in what time.

    Everything is computed from the facts, for any day. Documents say company and salesperson, documents or else customers the
    region; what no fact says stands in a row of its own. Exit status: 0 done, 2 wrong use, 4 the database does not answer.
    """
    from gradeline.database import told
    from gradeline.importing.progress import bars
    from gradeline.reporting import read, sheets
    from gradeline.tables import put_out

    known, day = told(), as_of.date() if as_of else None
    if kind == "approvals":
        from gradeline.reporting import approvals

        sheet = approvals.report(known, first.date() if first else None, last.date() if last else None)
        put_out(sheet, xlsx=xlsx, as_json=as_json)
        return
    with bars() as show:
        found, on = read.accounts(known, day, processes, show)
        graded = read.grades(known, on, processes, show) if kind == "grades" else {}
    if kind == "grades":
        sheet = sheets.grades(found, graded, on, by)
    else:
        tables = {"ageing": sheets.ageing, "overdue": sheets.overdue, "exposure": sheets.exposure}
        sheet = tables[kind](found, on, by)
    put_out(sheet, xlsx=xlsx, as_json=as_json)
