"""`gradeline worklists`: the lists that runs gave to people, by the alerts API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gradeline.commands.alerts import USUAL, Data, Json, Token, Url, api

Name = Annotated[str | None, typer.Option("--list", help="collection, inspection, approvals-day …; else any.")]


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(no_args_is_help=True, help="Lists that a period's run gives to people.")
    group.callback()(_group)
    group.command("list")(list_worklists)
    group.command()(show)
    group.command()(run)
    app.add_typer(group, name="worklists")


def _group() -> None:
    """Lists that a period's run gives to people."""


def list_worklists(
    *,
    name: Name = None,
    person: Annotated[
        str | None, typer.Option(help="With alerts:admin: of this person alone; else of everybody.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 50,
    url: Url = None,
    token: Token = None,
    data: Data = USUAL,
    as_json: Json = False,
) -> None:
    """The newest lists. Exit status: 0 said, 2 the question or the token is wrong, 4 the API does not answer."""
    import json

    wanted = {"list": name, "person": person, "limit": str(limit)}
    found = api(url, token, data)("GET", "/v1/worklists", {key: text for key, text in wanted.items() if text}, None)
    for one in found["worklists"]:
        line = f"{one['made_at'][:19]}  {one['state']:<12}  {one['count']:>6}  {one['worklist_id']}"
        typer.echo(json.dumps(one, ensure_ascii=False) if as_json else line)


def show(
    worklist_id: Annotated[str, typer.Argument(help="As `list` writes it.")],
    *,
    xlsx: Annotated[Path | None, typer.Option(help="Write it to this .xlsx as well.")] = None,
    url: Url = None,
    token: Token = None,
    data: Data = USUAL,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """One list with its lines, the largest loss first. Exit status as of `list`."""
    from urllib.parse import quote

    from gradeline.language import language
    from gradeline.tables import put_out
    from services.alerts.api import list_sheet

    found: dict[str, Any] = api(url, token, data)("GET", f"/v1/worklists/{quote(worklist_id, safe='')}", {}, None)
    chinese = language() == "zh"
    about = list_sheet.about(found["person"], found["first"], found["last"], chinese=chinese)
    rows = [one["figures"] for one in found["rows"]]
    title = found["title"]["zh" if chinese else "en"]
    put_out(list_sheet.sheet(title, found["of"], rows, about, chinese=chinese), xlsx=xlsx, as_json=as_json)


def run(
    name: Annotated[str, typer.Argument(help="Which list.")],
    *,
    url: Url = None,
    token: Token = None,
    data: Data = USUAL,
) -> None:
    """Make a list now, out of turn: everybody whom it concerns gets it. Exit status as of `list`."""
    for one in api(url, token, data)("POST", "/v1/worklists/runs", {}, {"list": name})["worklists"]:
        typer.echo(one)
