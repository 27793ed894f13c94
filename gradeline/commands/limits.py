"""`gradeline limits`: what was granted; taken over from a file of another system; written to one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradeline.language import language, say

if TYPE_CHECKING:
    from gradeline.limit_files import Outcome

REFUSED = 3
SHOWN = 50
Customer = Annotated[str | None, typer.Option(help="Of this customer alone.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(no_args_is_help=True)
    group.callback(help="Limits that were granted: see them, take them over from a file, write them to one.")(
        lambda: None
    )
    group.command("list")(list_limits)
    group.command("import")(import_limits)
    group.command("export")(export_limits)
    group.command("policies")(credit_policies)
    app.add_typer(group, name="limits")


def list_limits(
    *,
    customer: Customer = None,
    kind: Annotated[str | None, typer.Option(help="Of this kind alone: policy, management, temporary …")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write the table to this .xlsx as well.")] = None,
    as_json: Json = False,
) -> None:
    """List the limits that were granted and not ended, by customer."""
    from decimal import Decimal

    from gradeline.database import reached
    from gradeline.tables import put_out
    from shared.edge.sheets import Column, Sheet

    columns = [
        Column("customer_id", say("customer")),
        Column("limit_id", say("limit")),
        Column("kind", say("kind")),
        Column("amount", say("amount"), "money"),
        Column("currency", say("currency")),
        Column("valid_from", say("valid from"), "date"),
        Column("valid_to", say("valid to"), "date"),
        Column("share", say("share"), "share"),
        Column("place", say("for")),
        Column("review_on", say("review on"), "date"),
        Column("grade", say("grade")),
        Column("granted_by", say("granted by")),
    ]
    rows = [{**one, "share": Decimal(one["share"]), "place": _place(one)} for one in reached(_limits(customer, kind))]
    put_out(
        Sheet(say("limits"), columns, [[one[column.name] for column in columns] for one in rows]),
        xlsx=xlsx,
        as_json=as_json,
    )


def import_limits(
    file: Annotated[
        Path, typer.Argument(help="A CSV: customer_id, kind, amount, currency, valid_from, and valid_to or none.")
    ],
    *,
    evidence: Annotated[str, typer.Option(help="Where the limits were approved, e.g. minutes; it is kept with each.")],
    url: Annotated[str | None, typer.Option(help="The exposure API; else the instance that runs from --data.")] = None,
    data: Annotated[Path, typer.Option(envvar="GRADELINE_DATA", help="Folder of the running instance.")] = Path(
        ".gradeline"
    ),
    token: Annotated[
        str | None, typer.Option(help="Bearer token of a risk manager; else GRADELINE_TOKEN, else the instance's own.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of each row, and change nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take over the limits of FILE: they hold at once, and each says who took it over and on what evidence.

    First every row is checked; where one is refused, all refusals are listed by row and column and nothing is taken over.
    Interrupted, run it again: what was taken over is left alone. Columns may also be share, company, segment, product_group,
    salesperson, region. Exit status: 0 done, 3 rows are refused, 2 wrong file or use, 4 the service stayed away.
    """
    import msgspec

    from gradeline import limit_files
    from gradeline.importing.progress import bars
    from gradeline.post import Api
    from gradeline.target import target

    lines = limit_files.read(file)
    to = target(url=url, token=token, data=data, subject="risk_manager", role="risk_manager", service="exposure")
    with Api(to.url, token=to.token) as api, bars() as show:
        found = limit_files.take_over(api, lines, evidence, dry_run=True, show=show)
        if not (dry_run or found.refused):
            found = limit_files.take_over(api, lines, evidence, dry_run=False, show=show)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        _said(found)
    raise typer.Exit(REFUSED if found.refused else 0)


def export_limits(
    file: Annotated[Path, typer.Argument(help="The CSV to write.")],
    *,
    customer: Customer = None,
) -> None:
    """Write the limits that hold or will hold to FILE, as `gradeline limits import` takes them back."""
    from gradeline import limit_files
    from gradeline.database import reached

    written, left_out = limit_files.write(file, reached(_limits(customer, None)))
    typer.echo(say("{count:,} limits written to {file}", count=written, file=file))
    if left_out:
        typer.echo(say("{count:,} grants of advance funding left out: they need their papers", count=left_out))


def credit_policies(
    *,
    segment: Annotated[str | None, typer.Option(help="Of this segment alone.")] = None,
    as_of: Annotated[str | None, typer.Option(help="In force on this day, YYYY-MM-DD; default: today.")] = None,
    zone: Annotated[str, typer.Option(envvar="GRADELINE_ZONE", hidden=True)] = "Asia/Shanghai",
    as_json: Json = False,
) -> None:
    """List the credit policies of the segments, every version with its hash.

    Cash discount: share, within days. Collection: days before (reminder) and after the due date (letters, handing over).
    """
    from gradeline.commands.policy_asked import day_of
    from gradeline.tables import put_out
    from services.exposure.adapters.rule_files import load
    from shared.edge.sheets import Column, Sheet

    rules, day = load().granting, day_of(as_of, zone)
    columns = [
        Column("segment", say("segment")),
        Column("version", say("version")),
        Column("effective", say("effective"), "date"),
        Column("in_force", say("in force")),
        Column("standards", say("standards")),
        Column("period", say("period")),
        Column("cash_discount", say("cash discount")),
        Column("collection", say("collection")),
        Column("sha256", "sha256"),
    ]
    rows = []
    for one in (one for one in rules.policies if segment in (None, one.segment)):
        offered, calls = one.cash_discount, one.collection
        rows.append([
            one.segment, one.version, one.effective, rules.policy(one.segment, day.toordinal()) is one,
            f"{one.stance}: {' '.join(one.grades)}", f"{one.period_days} {one.pays_on}", f"{offered.share} ≤ {offered.days}",
            " ".join(map(str, (-calls.remind_before, *calls.letters, calls.hand_over))), one.sha256,
        ])  # fmt: skip
    put_out(Sheet(say("credit policies"), columns, rows), xlsx=None, as_json=as_json)


async def _limits(customer: str | None, kind: str | None) -> list[dict[str, Any]]:
    from gradeline.database import pool_of, told
    from services.exposure.adapters.limit_list import limits

    async with pool_of(told(), schema="exposure") as pool:
        return await limits(pool, customer, kind)


def _place(one: dict[str, Any]) -> str:
    names = ("company", "segment", "product_group", "salesperson", "region")
    return ", ".join(f"{name}={one[name]}" for name in names if one[name])


def _said(found: Outcome) -> None:
    from gradeline.tables import show
    from shared.edge.sheets import Column, Sheet

    if found.refused:
        columns = [
            Column("row", say("row"), "count"),
            Column("column", say("column")),
            Column("rule", say("rule")),
            Column("why", say("reason")),
        ]
        rows = [
            [one.row, one.column, one.rule, one.zh if language() == "zh" else one.en] for one in found.refused[:SHOWN]
        ]
        title = say("refused: {count:,}; nothing was taken over", count=len(found.refused))
        more = [("", say("--json has all"))] if len(found.refused) > SHOWN else []
        show(Sheet(title, columns, rows, about=more))
        return
    told = {name: found.states.get(name, 0) for name in ("granted", "unchanged", "ended")}
    sentence = say(
        "{rows:,} rows: {granted:,} taken over, {unchanged:,} there already, {ended:,} ended since and left so",
        rows=found.rows,
        **told,
    )
    typer.echo(f"{say('dry run')}: {sentence}" if found.dry_run else sentence)
