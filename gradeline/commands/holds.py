"""`gradeline holds`: orders that wait, as a table or a workbook, and the form on which one is let go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gradeline.language import language, say


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(no_args_is_help=True)
    group.callback(help="Orders that wait: see them, and print the form on which one is let go.")(lambda: None)
    group.command("list")(list_holds)
    group.command()(form)
    app.add_typer(group, name="holds")


def list_holds(
    *,
    customer: Annotated[str | None, typer.Option(help="Of this customer alone.")] = None,
    reason: Annotated[str | None, typer.Option(help="For this reason alone, e.g. LIMIT_EXCEEDED.")] = None,
    company: Annotated[str | None, typer.Option(help="Of this company of ours alone.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write the table to this .xlsx as well.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """List the orders that wait, the longest held first, with all their reasons and how far the limit would be exceeded."""
    from gradeline.database import reached
    from gradeline.tables import put_out
    from services.exposure.api import hold_sheet

    rows = reached(_held(customer, reason, company))
    put_out(hold_sheet.sheet(rows, chinese=language() == "zh"), xlsx=xlsx, as_json=as_json)


def form(
    customer: Annotated[str, typer.Argument(help="A customer's id.")],
    order: Annotated[str, typer.Argument(help="The order that waits.")],
    file: Annotated[Path, typer.Argument(help="The page to write, .html; it prints on one sheet of A4.")],
) -> None:
    """Write the form on which a held order is let go: the order as it is judged now, what speaks against it, who may sign.

    Exit status: 0 written, 2 no such order is held, 4 the database does not answer.
    """
    from gradeline.database import reached
    from shared.core.errors import Misconfigured

    page = reached(_form(customer, order))
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as closed:
        raise Misconfigured(f"{file}: the page cannot be written ({closed.strerror})") from closed
    typer.echo(say("written to {file}", file=file))


async def _held(customer: str | None, reason: str | None, company: str | None) -> list[Any]:
    from gradeline.database import pool_of, told
    from services.exposure.adapters.lists import Lists
    from services.exposure.api.exposures import FIRST
    from services.exposure.api.hold_sheet import MOST
    from services.exposure.core.listing import WantedHolds
    from shared.edge.rights import EVERY_ROW

    wanted = WantedHolds(reason, customer, company)
    async with pool_of(told(), schema="exposure") as pool:
        return await Lists().holds(pool, after=FIRST, limit=MOST + 1, wanted=wanted, rows=EVERY_ROW)


async def _form(customer: str, order: str) -> str:
    from gradeline.database import pool_of, told
    from services.exposure.api import hold_sheet
    from services.exposure.handlers import checking
    from services.exposure.main import wired

    known = told()
    async with pool_of(known, schema="exposure") as pool:
        ports = wired(known)
        ports.pool = pool
        chinese = language() == "zh"
        return await checking.form(
            ports, customer, order, lambda found: hold_sheet.form(found, customer, chinese=chinese)
        )
