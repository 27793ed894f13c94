"""`gradeline dead-letters`: records that were no events, and customers set aside: see them, mend them, try them again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from shared.edge.store.dead import Redriven

Service = Annotated[Literal["rating", "exposure", "alerts"], typer.Option(help="Whose.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(no_args_is_help=True)
    group.callback(help="What was set aside: see it, mend it, try it again.")(lambda: None)
    group.command("list")(list_letters)
    group.command()(show)
    group.command()(discard)
    group.command()(redrive)
    app.add_typer(group, name="dead-letters")


def list_letters(
    *,
    state: Annotated[Literal["open", "redriven", "discarded", "all"], typer.Option(help="Which of them.")] = "open",
    parked: Annotated[bool, typer.Option("--parked", help="Customers that are parked, instead.")] = False,
    quarantined: Annotated[bool, typer.Option("--quarantined", help="Facts in quarantine, instead.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    service: Service = "rating",
    as_json: Json = False,
) -> None:
    """What was set aside: the newest dead letters, parked customers, or facts whose identity was used before.

    A letter is shown with where it was read, the rule it broke and the place in the event.
    """
    from gradeline.commands import aside_tables as tables
    from gradeline.database import reached
    from shared.core.errors import Misconfigured

    if parked and quarantined:
        raise Misconfigured("--parked and --quarantined are two lists: write one of them")
    if quarantined and service != "rating":
        raise Misconfigured(f"{service} sets no facts aside: rating does, for every service; leave --service out")
    kind = "parked" if parked else "quarantined" if quarantined else "letters"
    found = reached(_listed(service, kind, None if state == "all" else state, limit))
    rows = [tables.ROWS[kind](one) for one in found]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
    else:
        tables.show(kind, rows)


def show(place: Annotated[str, typer.Argument(help="As `list` writes it.")]) -> None:
    """The bytes of one dead letter, as they came."""
    import sys

    from gradeline.database import reached

    sys.stdout.buffer.write(reached(_raw(place)) + b"\n")


def discard(places: Annotated[list[str], typer.Argument(help="As `list` writes them.")]) -> None:
    """Note that nothing will be done about these dead letters: all of them, or none where one is not open."""
    from gradeline.database import reached

    reached(_discarded(places))
    typer.echo(f"{len(places)} discarded")


def redrive(
    places: Annotated[list[str] | None, typer.Argument(help="As `list` writes them; none: every open one.")] = None,
    *,
    mended: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Post this file instead of the bytes of one PLACE.")
    ] = None,
    parked: Annotated[bool, typer.Option(help="Also try every parked customer again.")] = False,
    service: Service = "rating",
    as_json: Json = False,
) -> None:
    """Post dead letters again through the intake, so that every service gets them. Facts are kept by rating alone, so of
    another --service only parked customers are tried again.

    Exit status: 0 all are posted, 3 some are still no events and stay open.
    """
    from gradeline.database import reached
    from shared.core.errors import Misconfigured

    if service == "rating":
        done, customers = reached(_redriven(places or [], mended.read_bytes() if mended is not None else None, parked))
    else:
        if places or mended or not parked:
            raise Misconfigured(f"dead letters of {service} are decisions, which nobody posts; write --parked alone")
        done, customers = [], reached(_retried(service))
    if as_json:
        told = [{"place": str(one.place), "state": one.state, "reason": one.reason} for one in done]
        typer.echo(json.dumps({"letters": told, "customers": customers}, ensure_ascii=False))
    else:
        for one in done:
            typer.echo(f"{one.place}  {one.state}  {one.reason}".rstrip())
        typer.echo(f"{sum(one.state == 'redriven' for one in done)} of {len(done)} posted again")
        if parked:
            typer.echo(f"{customers} parked customer{'' if customers == 1 else 's'} will be tried again")
    if any(one.state == "open" for one in done):
        raise typer.Exit(3)


async def _retried(service: str) -> int:
    from gradeline.database import pool_of, told
    from shared.edge.store import aside

    async with pool_of(told(), schema=service) as pool, pool.acquire() as connection:
        return await aside.retry_parked(connection)


async def _listed(service: str, kind: str, state: str | None, limit: int) -> Sequence[Any]:
    from gradeline.database import pool_of, told
    from shared.edge.store import aside, dead

    async with pool_of(told(), schema=service) as pool, pool.acquire() as connection:
        if kind == "parked":
            return await aside.parked(connection, limit=limit)
        if kind == "quarantined":
            return await aside.quarantined(connection, limit=limit)
        return await dead.letters(connection, state=state, limit=limit)


async def _discarded(places: list[str]) -> None:
    from gradeline.database import pool_of, told
    from shared.edge import clock
    from shared.edge.store import dead

    async with pool_of(told()) as pool, pool.acquire() as connection, connection.transaction():
        for place in places:
            await dead.discard(connection, dead.Place.parse(place), now=clock.now())


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
    from shared.edge.store import aside, dead, secret
    from shared.edge.store.keys import SubjectKeys
    from shared.edge.store.sealing import Box

    if mended is not None and len(places) != 1:
        raise Misconfigured("--mended replaces the bytes of exactly one PLACE; name it")
    known = told()
    keys = secret.read(secrets_folder=known.secrets, data=known.data, embedded=known.embedded)
    async with pool_of(known) as pool:
        async with pool.acquire() as connection:
            wanted = [dead.Place.parse(place) for place in places]
            if not places:
                wanted = [letter.place for letter in await dead.letters(connection, limit=10_000)]
            customers = await aside.retry_parked(connection) if parked else 0
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
