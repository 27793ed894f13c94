"""`gradeline dead-letters`: records that were no events, and customers set aside: see them, mend them, try them again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from shared.edge.store.dead import Letter, Redriven

Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(no_args_is_help=True)
    group.callback(help="Records that were no events: see them, mend them, post them again.")(lambda: None)
    group.command("list")(list_letters)
    group.command()(show)
    group.command()(redrive)
    app.add_typer(group, name="dead-letters")


def list_letters(
    *,
    state: Annotated[Literal["open", "redriven", "discarded", "all"], typer.Option(help="Which of them.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    as_json: Json = False,
) -> None:
    """The newest dead letters, each with where it was read, the rule it broke and the place in the event."""
    from gradeline.database import reached

    found = reached(_letters(None if state == "all" else state, limit))
    if as_json:
        typer.echo(json.dumps([_as_json(letter) for letter in found], ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("place", "rule", "pointer", "key", "recorded", "state", "reason")
    for letter in found:
        at = letter.recorded_at.isoformat(timespec="seconds")
        table.add_row(str(letter.place), letter.rule, letter.pointer, letter.key or "", at, letter.state, letter.reason)
    Console().print(table)


def show(place: Annotated[str, typer.Argument(help="As `list` writes it.")]) -> None:
    """The bytes of one dead letter, as they came."""
    import sys

    from gradeline.database import reached

    sys.stdout.buffer.write(reached(_raw(place)) + b"\n")


def redrive(
    places: Annotated[list[str] | None, typer.Argument(help="As `list` writes them; none: every open one.")] = None,
    *,
    mended: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Post this file instead of the bytes of one PLACE.")
    ] = None,
    parked: Annotated[bool, typer.Option(help="Also try every parked customer again.")] = False,
    as_json: Json = False,
) -> None:
    """Post dead letters again through the intake, so that every service gets them.

    Exit status: 0 all are posted, 3 some are still no events and stay open.
    """
    from gradeline.database import reached

    done, customers = reached(_redriven(places or [], mended.read_bytes() if mended is not None else None, parked))
    if as_json:
        told = [{"place": str(one.place), "state": one.state, "reason": one.reason} for one in done]
        typer.echo(json.dumps({"letters": told, "customers": customers}, ensure_ascii=False))
    else:
        for one in done:
            typer.echo(f"{one.place}  {one.state}  {one.reason}".rstrip())
        typer.echo(f"{sum(one.state == 'redriven' for one in done)} of {len(done)} posted again")
    if any(one.state == "open" for one in done):
        raise typer.Exit(3)


def _as_json(letter: Letter) -> dict[str, object]:
    return {
        "place": str(letter.place),
        "reason": letter.reason,
        "rule": letter.rule,
        "pointer": letter.pointer,
        "key": letter.key,
        "recorded_at": letter.recorded_at.isoformat(),
        "state": letter.state,
    }


async def _letters(state: str | None, limit: int) -> list[Letter]:
    from gradeline.database import pool_of, told
    from shared.edge.store import dead

    async with pool_of(told()) as pool, pool.acquire() as connection:
        return await dead.letters(connection, state=state, limit=limit)


async def _raw(place: str) -> bytes:
    from gradeline.database import pool_of, told
    from shared.edge.store import dead, secret
    from shared.edge.store.sealing import Box

    known = told()
    keys = secret.read(secrets_folder=known.secrets, data=known.data, embedded=known.embedded)
    async with pool_of(known) as pool, pool.acquire() as connection:
        return (await dead.raw_bytes(connection, dead.Place.parse(place), box=Box(keys.box))).value


async def _redriven(places: list[str], mended: bytes | None, parked: bool) -> tuple[list[Redriven], int]:
    from gradeline.database import pool_of, told
    from shared.core.errors import Misconfigured
    from shared.edge import clock
    from shared.edge.store import dead, secret
    from shared.edge.store.keys import SubjectKeys
    from shared.edge.store.sealing import Box

    if mended is not None and len(places) != 1:
        raise Misconfigured("--mended replaces the bytes of exactly one PLACE; name it")
    known = told()
    keys = secret.read(secrets_folder=known.secrets, data=known.data, embedded=known.embedded)
    async with pool_of(known) as pool:
        async with pool.acquire() as connection:
            wanted = [dead.Place.parse(place) for place in places]
            if not places and not parked:
                wanted = [letter.place for letter in await dead.letters(connection, limit=10_000)]
            customers = await dead.retry_parked(connection) if parked else 0
        done = await dead.redrive(
            pool,
            wanted,
            box=Box(keys.box),
            now=clock.now(),
            partitions=known.partitions,
            sealer=SubjectKeys(pool, keys.wrapping),
            mended=mended,
        )
    return done, customers
