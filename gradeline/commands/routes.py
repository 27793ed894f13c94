"""`gradeline routes`: whether the routes of alerts can be used, and the way that an alert would take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from services.alerts.core.organisation import Organisation
    from services.alerts.core.rules import Rules
    from services.alerts.core.showing import Taken

Folder = Annotated[
    Path | None,
    typer.Option("--rules", envvar="GRADELINE_ALERT_RULES", help="Folder of the rules; else the shipped ones."),
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(no_args_is_help=True, help="Who hears of an alert: the tree of routes.")
    group.callback()(_group)
    group.command()(check)
    group.command("test")(way)
    app.add_typer(group, name="routes")


def _group() -> None:
    """Who hears of an alert: the tree of routes."""


def _rules(folder: Path | None) -> Rules:
    from services.alerts.adapters import rule_files

    return rule_files.load(folder or rule_files.FOLDER)


def check(*, rules: Folder = None, as_json: Json = False) -> None:
    """Read alerts.yaml and routes.yaml as the service would. Status 0: they can be used; 2: file, line and remedy are told."""
    import json

    from gradeline.language import say

    found = _rules(rules)
    told = {
        "kinds": len(found.kinds.kinds),
        "routes": sum(1 for _ in found.routes.root.walk()),
        "escalations": sorted(found.routes.chains),
        "inhibit_rules": len(found.routes.inhibit),
    }
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(say("{kinds} kinds of alerts and {routes} routes can be used", **told))


def way(
    *,
    kind: Annotated[str | None, typer.Option(help="Of the alert, as alerts.yaml names it.")] = None,
    severity: Annotated[
        str | None, typer.Option(help="info, warning or critical; else the gravest of its kind.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="name=text, as often as needed: region=east.")] = None,
    alert: Annotated[str | None, typer.Option(help="A file with an alert as JSON, - for standard input.")] = None,
    at: Annotated[str | None, typer.Option(help="When it would be opened, with offset; else now.")] = None,
    zone: Annotated[str, typer.Option(envvar="GRADELINE_ZONE", hidden=True)] = "Asia/Shanghai",
    rules: Folder = None,
    as_json: Json = False,
) -> None:
    """Show the routes that an alert takes, who is told by which way and when, and who is when nobody acts. Nothing is sent.

    Status 2: the alert or the rules are wrong.
    """
    import json

    import msgspec

    from services.alerts.adapters.wiring import hours
    from services.alerts.core.showing import show

    found = _rules(rules)
    labels = _labels(found, kind, severity, label or [], alert)
    when = _instant(at)
    ways = show(found, hours(found, zone), labels, when, labels.get("subject", "?"))
    people = [_people(one, labels, when, zone) for one in ways]
    if as_json:
        told = [msgspec.to_builtins(one) | {"people": names} for one, names in zip(ways, people, strict=True)]
        typer.echo(json.dumps({"labels": labels, "routes": told}, ensure_ascii=False))
        return
    for one, names in zip(ways, people, strict=True):
        for line in _lines(one, zone, names):
            typer.echo(line)


def _people(one: Taken, labels: dict[str, str], at: datetime, zone: str) -> dict[str, str]:
    """Who it is by name → why, where a database with staff is at hand; else nobody."""
    from gradeline.database import reached, told
    from gradeline.language import both
    from services.alerts.adapters import staff_policy
    from services.alerts.adapters.staff_words import person_named, worded
    from services.alerts.core.resolving import resolve
    from services.alerts.core.showing import notice_of
    from shared.core.errors import Misconfigured, Unavailable

    if not told().postgres:
        return {}
    try:
        organisation = reached(_organisation(labels.get("subject", ""), at))
    except (Misconfigured, Unavailable):  # the way is shown all the same
        return {}
    found = resolve(notice_of(one, labels, at), staff_policy.setting(organisation, zone), now=at, told={})
    named = {hearer: both(person_named(hearer.person, organisation)) for hearer in found}
    return {name: "; ".join(both(worded(why, organisation)) for why in one.reasons) for one, name in named.items()}


async def _organisation(customer: str, at: datetime) -> Organisation:
    from gradeline.database import pool_of, told
    from services.alerts.adapters import staff

    async with pool_of(told(), schema="alerts") as pool, pool.acquire() as connection:
        found = await staff.organisation(connection, now=at)
        return found.with_portfolio(await staff.assigned(connection, [customer]))


def _instant(text: str | None) -> datetime:
    from datetime import datetime

    from shared.core.errors import Misconfigured
    from shared.edge import clock

    if text is None:
        return clock.now()
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise Misconfigured(f"--at {text}: write an instant with offset, e.g. 2026-03-02T17:00+08:00")
    return read


def _labels(
    rules: Rules, kind: str | None, severity: str | None, given: list[str], alert: str | None
) -> dict[str, str]:
    from services.alerts.core.rules import RANK
    from shared.core.errors import Misconfigured

    made = _alert(alert) if alert is not None else {}
    for one in given:
        name, sign, text = one.partition("=")
        if not (name and sign):
            raise Misconfigured(f"--label {one}: write name=text, e.g. region=east")
        made[name] = text
    made |= {name: text for name, text in (("kind", kind), ("severity", severity)) if text is not None}
    known = rules.kinds.of(made.get("kind", ""))
    if known is None:
        names = ", ".join(one.kind for one in rules.kinds.kinds)
        raise Misconfigured(f"{made.get('kind', '')!r} is no kind of alert; say --kind with one of {names}")
    if known.is_task:
        made.setdefault("task", "yes")
    made.setdefault("severity", max((one.severity for one in known.severity), key=RANK.__getitem__))
    if made["severity"] not in RANK:
        raise Misconfigured(f"--severity {made['severity']}: write info, warning or critical")
    return made


def _alert(file: str) -> dict[str, str]:
    """The labels of an alert as JSON: its kind and severity, its labels and its figures."""
    import json
    import sys

    from shared.core.errors import Misconfigured

    try:
        read: Any = json.loads(sys.stdin.read() if file == "-" else Path(file).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"--alert {file}: cannot be read as JSON ({type(error).__name__})") from None
    if not isinstance(read, dict):
        raise Misconfigured(f"--alert {file}: write an object with kind, severity and labels")
    read = read.get("data", read)  # an event that was opened, whole
    made = {**read.get("figures", {}), **read.get("labels", {})}
    made |= {name: read[name] for name in ("kind", "severity", "subject") if name in read}
    return {name: str(text) for name, text in made.items()}


def _lines(one: Taken, zone: str, people: dict[str, str]) -> Iterator[str]:
    from zoneinfo import ZoneInfo

    from gradeline.language import say

    def local(instant: datetime) -> str:
        return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")

    yield f"{' > '.join(one.path)}   (routes.yaml:{one.line})"
    because = ", ".join(one.because)
    yield "  " + (say("because {conditions}", conditions=because) if because else say("because no other route matches"))
    yield "  " + say("told: {receivers}", receivers=", ".join(one.to) or "-")
    for name, why in people.items():
        yield f"    {name}: {why}"
    for name in one.unknown:
        yield "  " + say("nobody is told by {receiver}: no label fills it in", receiver=name)
    if one.digest:
        yield "  " + say("with the morning digest")
    else:
        yield "  " + say(
            "after {wait} s, with what else is of the group {group}; then every {interval} s at most",
            wait=one.wait_seconds, group=one.group, interval=one.interval_seconds,
        )  # fmt: skip
    if one.urgent:
        yield "  " + say("breaks through quiet hours and rest days")
    if one.channels:
        yield "  " + say("by {channels}", channels=", ".join(one.channels))
    if one.acknowledge_by is not None:
        yield "  " + say("acknowledge by {instant}", instant=local(one.acknowledge_by))
    if one.repeat:
        yield "  " + say("said again every {span}, {times} times at most", span=one.repeat, times=one.repeats)
    for step in one.escalation:
        yield "  " + say(
            "{instant}: {receivers}, where nobody took it on for {span}",
            instant=local(step.at), receivers=", ".join(step.to) or "-", span=step.after,
        )  # fmt: skip
    if one.resolve_by is not None:
        yield "  " + say("resolve by {instant}", instant=local(one.resolve_by))
    for rule in one.inhibited_while:
        yield "  " + say("told to nobody while another alert stands: {rule}", rule=rule)
