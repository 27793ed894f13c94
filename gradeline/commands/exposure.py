"""`gradeline exposure show`: where a customer stands and of what that consists; or who stands highest."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gradeline.language import say

if TYPE_CHECKING:
    from shared.edge.sheets import Sheet

TOP = "top"


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(no_args_is_help=True)
    group.callback(help="What customers owe and may come to owe, against their limits.")(lambda: None)
    group.command()(show)
    app.add_typer(group, name="exposure")


def show(
    customer: Annotated[str, typer.Argument(help="A customer's id; `top`: those who stand highest.")],
    *,
    category: Annotated[
        str | None,
        typer.Option(help="Of a customer: the documents of this category, e.g. overdue; `all`: every document."),
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Of a customer: at the end of that day; else now.")
    ] = None,
    by: Annotated[Literal["utilisation", "exposure", "overdue"], typer.Option(help="Of `top`: what is compared.")] = (
        "utilisation"
    ),
    currency: Annotated[str | None, typer.Option(help="Of `top`: accounts in this currency alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Of `top`: how many.")] = 20,
    xlsx: Annotated[Path | None, typer.Option(help="Write the table to this .xlsx as well.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Show the exposure of CUSTOMER by category, the limit and how it is put together; with --category the documents.

    --json of a customer is what `GET /v1/exposures/CUSTOMER` answers. Exit status: 0 done, 2 there is no such customer,
    4 the database does not answer.
    """
    import json

    from gradeline.database import reached
    from gradeline.tables import put_out

    if customer == TOP:
        put_out(_top(reached(_highest(by, limit, currency))), xlsx=xlsx, as_json=as_json)
        return
    found = _customer(customer, as_of)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    if category is not None:
        put_out(_documents(found, category), xlsx=xlsx)
        return
    put_out(_categories(found), xlsx=xlsx)


async def _highest(by: Any, limit: int, currency: str | None) -> list[dict[str, Any]]:
    from gradeline.database import pool_of, told
    from services.exposure.adapters.highest import highest

    async with pool_of(told(), schema="exposure") as pool:
        return await highest(pool, by, limit, currency)


def _customer(customer: str, as_of: datetime | None) -> dict[str, Any]:
    from gradeline.database import reached, told
    from gradeline.reporting.read import viewed
    from services.exposure.api import telling
    from shared.core.errors import NotFound
    from shared.edge import clock

    found = reached(viewed(told(), customer, as_of.date() if as_of else None))
    if found is None:
        raise NotFound(f"there is no customer {customer!r}, or nothing was known of it by then")
    return telling.exposure(customer, found, clock.now())


def _top(rows: list[dict[str, Any]]) -> Sheet:
    from shared.edge.sheets import Column, Sheet

    columns = [
        Column("customer_id", say("customer")),
        Column("currency", say("currency")),
        Column("grade", say("grade")),
        Column("exposure", say("exposure"), "money"),
        Column("reserved", say("reserved"), "money"),
        Column("credit_limit", say("limit"), "money"),
        Column("headroom", say("headroom"), "money"),
        Column("utilisation", say("utilisation"), "share"),
        Column("overdue", say("overdue"), "money"),
        Column("days_past_due", say("days past due"), "count"),
        Column("held", say("held orders"), "count"),
        Column("suspended_on", say("supply stopped on"), "date"),
    ]
    return Sheet(say("who stands highest"), columns, [[row[column.name] for column in columns] for row in rows])


def _categories(found: dict[str, Any]) -> Sheet:
    """By category, then what the limit is made of."""
    from decimal import Decimal

    from gradeline.reporting.sheets import category
    from shared.edge.sheets import Column, Sheet

    counts = {
        name: sum(one["category"] == name for one in found["lines"])
        for name in {**found["by_category"], **found["apart"]}
    }
    columns = [
        Column("category", say("category")),
        Column("amount", say("exposure"), "money"),
        Column("apart", say("stands apart"), "money"),
        Column("documents", say("documents"), "count"),
    ]
    rows = [
        [category(name), Decimal(amount), None, counts[name]]
        for name, amount in found["by_category"].items()
        if counts[name]
    ]
    rows += [
        [category(name), None, Decimal(amount), counts[name]] for name, amount in found["apart"].items() if counts[name]
    ]
    about = [(say("limit"), found["limit"])]
    about += [(f"  {one['what']}", one["amount"]) for one in found["formula"][:-1]]
    about += [
        (say("reserved"), found["reserved"]),
        (say("headroom"), found["headroom"]),
        (say("utilisation"), "–" if found["utilisation"] is None else f"{Decimal(found['utilisation']) * 100:,.1f} %"),
        (say("grade"), found["grade"] or "–"),
        (say("days past due"), f"{found['days_past_due']:,}"),
        (say("held orders"), f"{len(found['holds']):,}"),
    ]
    about += [(say("supply stopped on"), f"{found['suspended_on']}")] if found["suspended_on"] else []
    about += [(say("exchange rate missing"), ", ".join(found["missing"]))] if found["missing"] else []
    title = say(
        "{customer} at the end of {day}, in {currency}",
        customer=found["customer_id"],
        day=found["as_of"],
        currency=found["currency"],
    )
    total = [[say("total"), Decimal(found["exposure"]), None, sum(counts.values())]]
    return Sheet(title, columns, rows, total, about)


def _documents(found: dict[str, Any], wanted: str) -> Sheet:
    """The documents of one category, or all."""
    from decimal import Decimal

    from gradeline.reporting.sheets import category
    from shared.core.errors import Misconfigured
    from shared.edge.sheets import Column, Sheet

    there = {**found["by_category"], **found["apart"]}
    if wanted != "all" and wanted not in there:
        raise Misconfigured(f"--category {wanted}: there is no such category; choose all or one of {', '.join(there)}")
    lines = [one for one in found["lines"] if wanted in {"all", one["category"]}]
    columns = [
        Column("document", say("document")),
        Column("kind", say("kind")),
        Column("category", say("category")),
        Column("amount", say("amount"), "money"),
        Column("currency", say("currency")),
        Column("weight", say("counts (%)"), "count"),
        Column("booked_on", say("booked on"), "date"),
        Column("due_on", say("due on"), "date"),
    ]
    shown = [{**one, "category": category(one["category"]), "amount": Decimal(one["amount"])} for one in lines]
    title = say("documents of {customer} at the end of {day}", customer=found["customer_id"], day=found["as_of"])
    return Sheet(title, columns, [[one[column.name] for column in columns] for one in shown])
