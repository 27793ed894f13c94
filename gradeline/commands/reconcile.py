"""`gradeline reconcile`: our balances beside another system's trial balance, account by account."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

DIFFERENT, REFUSED = 1, 3
PROCESSES = 2


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="reconcile")(reconcile)


def reconcile(
    file: Annotated[Path, typer.Argument(help="The trial balance, or a list whose rows add up to balances.")],
    *,
    as_of: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day at whose end balances are compared.")],
    mapping: Annotated[str, typer.Option(help="A shipped mapping by name, or the path of a mapping file.")] = (
        "trial-balance"
    ),
    report: Annotated[Path | None, typer.Option(help="Write every account to this .xlsx.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="How many compute at once.")] = PROCESSES,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare what customers owe here with FILE: equal, different, missing here, missing there.

    Accounts are a customer in a currency, for each company where both sides name companies. Exit status: 0 all equal,
    1 something differs, 3 all equal but some rows could not be read, 2 wrong mapping or use, 4 the database is away.
    """
    import msgspec
    from rich.console import Console

    from gradeline.database import told
    from gradeline.importing import sheet_report
    from gradeline.importing.job import not_itself
    from gradeline.importing.progress import bars
    from gradeline.reconciling import report as reports
    from gradeline.reconciling.run import reconciled
    from shared.core.errors import Misconfigured

    if report is not None:
        if report.suffix.lower() != ".xlsx":
            raise Misconfigured(f"{report}: the report is a workbook; name it .xlsx, or use --json")
        not_itself(report, file)
        sheet_report.claim(report)
    with bars() as shows:
        done = reconciled(told(), file, mapping, as_of.date(), processes, shows)
    if report is not None:
        reports.write(report, done)
    if as_json:
        typer.echo(msgspec.json.encode(done).decode())
    else:
        reports.show(Console(), done)
    raise typer.Exit(0 if done.equal else REFUSED if done.results["equal"] == len(done.lines) else DIFFERENT)
