"""`gradeline staff`: who works here, what they hold and how they are reached: read from files, shown, written to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gradeline.staffing.carrying import Carried
    from gradeline.staffing.load import Load
    from services.alerts.core.people import Record

Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(no_args_is_help=True)
    group.callback(help="People, posts, units, absences and customers given to people.")(lambda: None)
    group.command("import")(import_files)
    group.command("export")(export)
    group.command("list")(list_people)
    group.command()(show)
    group.command()(load)
    app.add_typer(group, name="staff")


def import_files(
    files: Annotated[
        list[Path] | None,
        typer.Argument(exists=True, dir_okay=False, help="people.csv, units.csv, absences.csv, portfolio.csv."),
    ] = None,
    *,
    reason: Annotated[str, typer.Option(help="Why, for the journal.")] = "",
    by: Annotated[str, typer.Option(help="Who says so, for the journal; else the user of this machine.")] = "",
    first: Annotated[
        bool, typer.Option("--first", help="Only where nobody is known yet: else nothing is done.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: Json = False,
) -> None:
    """Carry FILES into every service, all or nothing: people and posts into alerts, roles into the registers of approvals.

    A table is known by its header, in English or Chinese; FILES are taken together, so they may speak of one another. What
    is not in them stays as it is. Without FILES only the registers of approvals are filled again, after changes over HTTP.
    Exit status: 0 done, 2 something is wrong and nothing was changed, 4 no database answers.
    """
    import getpass

    from gradeline.database import reached
    from gradeline.language import both, say
    from gradeline.staffing import reading
    from gradeline.staffing.showing import kinds

    known = reading.read(files or [])
    names = ", ".join(path.name for path in files or [])
    done = reached(
        _carried(known, by or getpass.getuser(), reason or f"import of {names}".rstrip(), not dry_run, first)
    )
    if as_json:
        typer.echo(json.dumps(_told(done), ensure_ascii=False))
    else:
        for fault in done.faults:
            row = say("row {row}", row=fault.row) if fault.row else say("kept already")
            typer.echo(
                " · ".join(part for part in (fault.file, row, fault.column, both(fault.words)) if part), err=True
            )
        if not done.faults:
            counted, words = _counted(done), kinds()
            for kind in (one for one in words if one in counted):
                typer.echo(f"{words[kind]}: {counted[kind]}")
            typer.echo(say("roles for approvals: {count}", count=len(done.registered)))
            typer.echo(say("nothing was changed: this was a dry run") if dry_run else say("done"))
    if done.faults:
        if not as_json:
            typer.echo(say("nothing was changed: {count} faults", count=len(done.faults)), err=True)
        raise typer.Exit(2)


def export(folder: Annotated[Path, typer.Argument(file_okay=False, help="Where to; it is made.")]) -> None:
    """Write what is known to FOLDER, as the tables that `import` reads."""
    from gradeline.database import reached
    from gradeline.staffing.written import write

    for path in write(folder, reached(_everything())):
        typer.echo(str(path))


def list_people(
    *, role: Annotated[str | None, typer.Option(help="Only who holds this post.")] = None, as_json: Json = False
) -> None:
    """Everybody who works here, with posts and unit; who has left is left out."""
    from gradeline.database import reached
    from gradeline.language import both, say
    from services.alerts.adapters.staff_words import role_named
    from services.alerts.core.people import Person, Post

    records = reached(_everything())
    posts = [one for one in records if isinstance(one, Post)]
    rows = []
    for one in records:
        if isinstance(one, Person) and not one.gone:
            held = [post for post in posts if post.person == one.person]
            if role is None or any(post.role == role for post in held):
                rows.append((one, held))
    if as_json:
        typer.echo(
            json.dumps(
                [_json(one) | {"posts": [_json(post) for post in held]} for one, held in rows], ensure_ascii=False
            )
        )
        return
    for one, held in rows:
        named = ", ".join(both(role_named(post.role)) + (f" ({post.of})" if post.of else "") for post in held)
        typer.echo("  ".join(part for part in (one.person, one.name_zh, one.name_en, one.unit, named) if part))
    typer.echo(say("people: {count}", count=len(rows)))


def show(person: Annotated[str, typer.Argument(help="As the token names them.")], *, as_json: Json = False) -> None:
    """One person: posts, who leads them, who stands in today, contacts, absences, and the last changes."""
    from gradeline.database import reached
    from shared.core.errors import NotFound

    found = reached(_shown(person))
    if found is None:
        raise NotFound(f"there is no person {person}")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    from gradeline.staffing.showing import titles

    for name, title in titles().items():
        for line in found[name] if isinstance(found[name], list) else [found[name]]:
            parts = line.values() if isinstance(line, dict) else [line]
            typer.echo(f"{title}: {'  '.join(str(part) for part in parts if part not in ('', None))}")


def load(*, as_json: Json = False) -> None:
    """How many customers each person has, and who has more than one may have (AP-14): those that owe, those with a large limit."""
    from gradeline.database import reached
    from gradeline.language import say

    rows = reached(_load())
    if as_json:
        typer.echo(json.dumps([one._asdict() | {"over": one.over} for one in rows], ensure_ascii=False))
        return
    for one in rows:
        named = one.person or say("nobody that is known")
        line = say(
            "{named}: {active} that owe, {large} with a large limit", named=named, active=one.active, large=one.large
        )
        typer.echo(line + (f"  {say('too many')}" if one.over else ""))


async def _load() -> list[Load]:
    from gradeline.database import pool_of, told
    from gradeline.staffing.load import loads
    from shared.edge import clock

    known = told()
    async with pool_of(known, schema="alerts") as pool, pool.acquire() as connection:
        return await loads(connection, today=clock.today(known.zone))


def _told(done: Carried) -> dict[str, Any]:
    faults = [
        {"file": one.file, "row": one.row, "column": one.column, "message": one.words.en, "message_zh": one.words.zh}
        for one in done.faults
    ]
    return {"changes": _counted(done), "registered": list(done.registered), "faults": faults}


def _counted(done: Carried) -> dict[str, int]:
    from collections import Counter

    return dict(Counter(one.kind for one in done.changes))


def _json(record: Record) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = msgspec.to_builtins(record)
    return found


async def _carried(known: Any, by: str, reason: str, keep: bool, first: bool) -> Carried:
    from gradeline.database import pool_of, told
    from gradeline.staffing.carrying import Carried, carry
    from services.alerts.adapters import staff
    from shared.edge import clock

    async with pool_of(told(), schema="alerts") as pool, pool.acquire() as connection:
        if first and await staff.stand(connection):
            return Carried((), (), ())
        return await carry(connection, known, by=by, reason=reason, now=clock.now(), keep=keep)


async def _everything() -> list[Record]:
    from gradeline.database import pool_of, told
    from services.alerts.adapters import staff

    async with pool_of(told(), schema="alerts") as pool, pool.acquire() as connection:
        return await staff.everything(connection)


async def _shown(person: str) -> dict[str, Any] | None:
    from gradeline.database import pool_of, told
    from gradeline.staffing.showing import shown

    known = told()
    async with pool_of(known, schema="alerts") as pool, pool.acquire() as connection:
        return await shown(connection, person, zone=known.zone)
