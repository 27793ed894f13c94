"""`gradeline alerts`: what stands, who takes it on, what comes in, and what people report, by the alerts API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

USUAL = Path(".gradeline")
EVERY_SECONDS = 2.0
ROLE = "credit_manager"
PAGE = 100

Url = Annotated[str | None, typer.Option(help="The alerts API; else the instance that runs from --data.")]
Token = Annotated[str | None, typer.Option(help="Bearer token; else GRADELINE_TOKEN, else the instance's own.")]
Data = Annotated[Path, typer.Option(envvar="GRADELINE_DATA", help="Folder of the running instance.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(no_args_is_help=True, help="Alerts: what stands, who takes it on.")
    group.callback()(_group)
    group.command("list")(list_alerts)
    group.command()(ack)
    group.command()(tail)
    group.command()(report)
    app.add_typer(group, name="alerts")


def _group() -> None:
    """Alerts: what stands, who takes it on."""


def list_alerts(
    *,
    state: Annotated[
        Literal["open", "acknowledged", "snoozed", "resolved", "withdrawn"] | None, typer.Option(help="Else any.")
    ] = None,
    severity: Annotated[Literal["info", "warning", "critical"] | None, typer.Option(help="Else any.")] = None,
    kind: Annotated[str | None, typer.Option(help="Else any.")] = None,
    subject: Annotated[str | None, typer.Option(help="The customer; else any.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 50,
    url: Url = None,
    token: Token = None,
    data: Data = USUAL,
    as_json: Json = False,
) -> None:
    """The newest alerts. Exit status: 0 said, 2 the question or the token is wrong, 4 the API does not answer."""
    wanted = {"state": state, "severity": severity, "kind": kind, "subject": subject, "limit": str(limit)}
    found = api(url, token, data)("GET", "/v1/alerts", {name: text for name, text in wanted.items() if text}, None)
    for one in found["alerts"]:
        _put(one, as_json=as_json)


def ack(
    alert_id: Annotated[str, typer.Argument(help="As `list` writes it.")],
    *,
    note: Annotated[str | None, typer.Option(help="What is to be remembered with it.")] = None,
    url: Url = None,
    token: Token = None,
    data: Data = USUAL,
    as_json: Json = False,
) -> None:
    """Take an alert on: the person of the token is its owner. Exit status as of `list`."""
    from urllib.parse import quote

    path = f"/v1/alerts/{quote(alert_id, safe='')}/acknowledge"
    _put(api(url, token, data)("POST", path, {}, {"note": note}), as_json=as_json)


def tail(
    *,
    once: Annotated[bool, typer.Option("--once", help="What there is now, the oldest first, and no more.")] = False,
    url: Url = None,
    token: Token = None,
    data: Data = USUAL,
    as_json: Json = False,
) -> None:
    """Write alerts as they are opened and change, until Ctrl-C. Exit status as of `list`."""
    import time

    ask, seen = api(url, token, data), dict[str, str]()
    while True:
        page = ask("GET", "/v1/alerts", {"limit": str(PAGE)}, None)["alerts"]
        for one in reversed(page):
            if seen.get(one["alert_id"]) != one["changed_at"]:
                _put(one, as_json=as_json)
        seen |= {one["alert_id"]: one["changed_at"] for one in page}
        if once:
            return
        time.sleep(EVERY_SECONDS)


def report(
    kind: Annotated[
        str, typer.Argument(help="As alerts.yaml names it: investigation_report, urgent_report, finding …")
    ],
    *,
    text: Annotated[str, typer.Option(help="What is reported; on no topic and in no message.")],
    subject: Annotated[str | None, typer.Option(help="The customer, or the group (g:…).")] = None,
    figure: Annotated[list[str] | None, typer.Option(help="name=text, as the kind asks: topic=files.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Of a customer yet unknown, or of the house: region=east.")
    ] = None,
    reference: Annotated[str | None, typer.Option(help="The report itself: a document, a file.")] = None,
    of: Annotated[
        str | None, typer.Option(help="The report that it amends, or the alert that it is a step of.")
    ] = None,
    owner: Annotated[str | None, typer.Option(help="The person who is to deal with it.")] = None,
    due_on: Annotated[str | None, typer.Option(help="The day by which, YYYY-MM-DD.")] = None,
    step: Annotated[
        list[str] | None, typer.Option(help="Of the plan, PERSON:YYYY-MM-DD:WHAT, as often as needed.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The same report again has the same key; else a new one.")] = None,
    role: Annotated[str, typer.Option(help="Of the instance's own token.")] = ROLE,
    url: Url = None,
    token: Token = None,
    data: Data = USUAL,
    as_json: Json = False,
) -> None:
    """Report something: the person of the token answers for it. Exit status as of `list`."""
    from shared.edge.clock import new_id

    said = {
        "kind": kind,
        "text": text,
        "subject": subject,
        "reference": reference,
        "of": of,
        "owner": owner,
        "due_on": due_on,
    }
    body: dict[str, Any] = {name: one for name, one in said.items() if one is not None}
    body["figures"] = _pairs(figure or [], "--figure")
    if label:
        body["labels"] = _pairs(label, "--label")
    if step:
        body["plan"] = [_step(one) for one in step]
    _put(api(url, token, data, role, key or new_id())("POST", "/v1/alerts", {}, body), as_json=as_json)


def _pairs(given: list[str], option: str) -> dict[str, str]:
    from shared.core.errors import Misconfigured

    found = {}
    for one in given:
        name, sign, text = one.partition("=")
        if not (name and sign):
            raise Misconfigured(f"{option} {one}: write name=text, e.g. region=east")
        found[name] = text
    return found


def _step(text: str) -> dict[str, str]:
    from shared.core.errors import Misconfigured

    parts = text.split(":", 2)
    if len(parts) != 3 or not all(parts):
        raise Misconfigured(f"--step {text}: write PERSON:YYYY-MM-DD:WHAT, e.g. li.na:2026-03-06:call the guarantor")
    return dict(zip(("owner", "due_on", "what"), parts, strict=True))


def _put(one: dict[str, Any], *, as_json: bool) -> None:
    import json

    if as_json:
        typer.echo(json.dumps(one, ensure_ascii=False))
        return
    owner = one["owner"] or "-"
    typer.echo(
        f"{one['opened_at'][:19]}  {one['severity']:<8}  {one['state']:<12}  {one['alert_id']:<20}  {owner:<12}  {one['about']}"
    )


def api(url: str | None, token: str | None, data: Path, role: str = ROLE, key: str = "") -> Callable[..., Any]:
    """What asks the API: method, path, query, body → its answer. Raises our own errors."""
    from gradeline.asking import asks
    from gradeline.target import target

    found = target(url=url, token=token, data=data.resolve(), subject="cli", role=role, service="alerts")
    return asks(found, key)
