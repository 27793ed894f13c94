"""`gradeline rebuild`: build the lists again from the log beside the live ones, compare, switch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from gradeline.importing.run import Shows
    from services.rating.adapters.rebuilding import Compared, Place
    from shared.edge.settings import Settings

PROCESSES = 2
SHOWN = 20
DIFFERENT = 1


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="rebuild")(rebuild)


def rebuild(
    *,
    back: Annotated[bool, typer.Option("--return", help="Bring back what was live before the last switch.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept-differences", help="Switch although the built rows differ from the live ones.")
    ] = False,
    processes: Annotated[int, typer.Option(min=1, help="How many compute at once.")] = PROCESSES,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of sentences.")] = False,
) -> None:
    """Build the lists of customers, warnings and aliases from the facts, while facts and reads go on.

    They are compared with the live ones and take their place; what was live is kept for --return. Where rows differ,
    nothing is switched unless told. Exit status: 0 switched, 1 they differ, 4 the database does not answer.
    """
    import msgspec

    from gradeline.database import reached, told
    from gradeline.importing.progress import bars
    from services.rating.adapters import rebuilding
    from shared.edge.waiting import named

    known = told()
    named(known)
    with bars() as show:
        if back:
            place = reached(rebuilding.resumed(known.postgres))
        else:
            place = reached(rebuilding.begin(known.postgres))
            everyone(known, place, processes, show)
        place = caught_up(known, place, processes, show)
        compared = reached(rebuilding.compare(known.postgres, place))
        same = all(not one.different for one in compared)
        if same or accept:
            switched(known, place, processes, show)
    if as_json:
        typer.echo(msgspec.json.encode({"switched": same or accept, "tables": compared}))
    else:
        for line in told_of(compared, switched=same or accept):
            typer.echo(line)
    raise typer.Exit(0 if same or accept else DIFFERENT)


def everyone(known: Settings, place: Place, processes: int, show: Shows) -> None:
    """Build every customer."""
    from gradeline.database import pool_of, reached
    from shared.edge.proof import customers

    async def chosen() -> list[str]:
        async with pool_of(known) as pool, pool.acquire() as connection:
            return await customers(connection, None, "")

    _built(known, place, reached(chosen()), processes, show)


def caught_up(known: Settings, place: Place, processes: int, show: Shows) -> Place:
    """Build again what facts changed meanwhile, until little is left."""
    from gradeline.database import reached
    from services.rating.adapters import rebuilding

    for _ in range(rebuilding.ROUNDS):
        streams, after = reached(rebuilding.changed(known.postgres, place))
        _built(known, place, streams, processes, show)
        place = after
        if len(streams) <= rebuilding.FEW:
            break
    return place


def switched(known: Settings, place: Place, processes: int, show: Shows) -> None:
    """Switch; catch up once more as often as too much changed meanwhile. Raises Unavailable where it never settles."""
    from gradeline.commands.verify import brain_of
    from gradeline.database import reached
    from services.rating.adapters import rebuilding
    from shared.core.errors import Unavailable

    for _ in range(rebuilding.ROUNDS):
        if reached(rebuilding.switch(known.postgres, brain_of(known.currency, known.policies), place)):
            return
        place = caught_up(known, place, processes, show)
    raise Unavailable("facts come in faster than customers are built; try again when less is going on")


def _built(known: Settings, place: Place, streams: Sequence[str], processes: int, show: Shows) -> None:
    from gradeline.spread import spread

    work = partial(built, known.postgres, known.currency, known.policies, place.schema)
    for _ in spread(work, streams, processes=processes, show=show, what="rebuild"):
        pass


def built(dsn: str, currency: str, policies: Path | None, schema: str, streams: Sequence[str]) -> int:
    """Build some customers, in this process."""
    from gradeline.commands.verify import brain_of
    from services.rating.adapters import rebuilding

    return asyncio.run(rebuilding.build(dsn, brain_of(currency, policies), schema, streams))


def told_of(compared: Sequence[Compared], *, switched: bool) -> list[str]:
    """What was built, what differs, and what became of it."""
    lines = [
        f"{one.table:<10} {one.rows:>9,} rows  {_hash(one.hash)}   live {one.live_rows:>9,} rows  {_hash(one.live_hash)}"
        for one in compared
    ]
    different = sorted({customer for one in compared for customer in one.different})
    if different:
        more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
        lines.append(f"different: {', '.join(different[:SHOWN])}{more}")
    if switched:
        return [*lines, "the built rows are live; `gradeline rebuild --return` brings back what was"]
    return [*lines, "nothing was switched; `gradeline verify` says what differs, --accept-differences switches anyway"]


def _hash(sum_: str) -> str:
    return f"{int(sum_) % 16**12:012x}"
