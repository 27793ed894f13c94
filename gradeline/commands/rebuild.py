"""`gradeline rebuild`: build the lists again from the log beside the live ones, compare, switch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from gradeline.importing.run import Shows
    from shared.edge.rebuilding import Compared, Place, Rebuild
    from shared.edge.settings import Settings

Service = Literal["rating", "exposure"]
PROCESSES = 2
SHOWN = 20
DIFFERENT = 1


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="rebuild")(rebuild)


def rebuild(
    service: Annotated[Service, typer.Argument(help="Whose lists.")] = "rating",
    *,
    back: Annotated[bool, typer.Option("--return", help="Bring back what was live before the last switch.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept-differences", help="Switch although the built rows differ from the live ones.")
    ] = False,
    processes: Annotated[int, typer.Option(min=1, help="How many compute at once.")] = PROCESSES,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of sentences.")] = False,
) -> None:
    """Build the lists of a service from its log, while facts and reads go on: customers, warnings and aliases of rating;
    accounts, limits, reservations and held orders of exposure.

    They are compared with the live ones and take their place; what was live is kept for --return. Where rows differ,
    nothing is switched unless told. Exit status: 0 switched, 1 they differ, 4 the database does not answer.
    """
    import msgspec

    from gradeline.database import reached, told
    from gradeline.importing.progress import bars
    from shared.edge.waiting import named

    known, rebuilding = told(), of(service)
    named(known)
    with bars() as show:
        if back:
            place = reached(rebuilding.resumed(known.postgres))
        else:
            place = reached(rebuilding.begin(known.postgres))
            everyone(known, service, place, processes, show)
        place = caught_up(known, service, place, processes, show)
        compared = reached(rebuilding.compare(known.postgres, place))
        same = all(not one.different for one in compared)
        if same or accept:
            switched(known, service, place, processes, show)
    if as_json:
        typer.echo(msgspec.json.encode({"switched": same or accept, "tables": compared}))
    else:
        for line in told_of(compared, switched=same or accept):
            typer.echo(line)
    raise typer.Exit(0 if same or accept else DIFFERENT)


def everyone(known: Settings, service: Service, place: Place, processes: int, show: Shows) -> None:
    """Build every customer."""
    from gradeline.database import pool_of, reached
    from shared.edge.proof import customers

    async def chosen() -> list[str]:
        async with pool_of(known, schema=service) as pool, pool.acquire() as connection:
            return await customers(connection, None, "")

    _built(known, service, place, reached(chosen()), processes, show)


def caught_up(known: Settings, service: Service, place: Place, processes: int, show: Shows) -> Place:
    """Build again what facts changed meanwhile, until little is left."""
    from gradeline.database import reached
    from shared.edge.rebuilding import FEW, ROUNDS

    rebuilding = of(service)
    for _ in range(ROUNDS):
        streams, after = reached(rebuilding.changed(known.postgres, place))
        _built(known, service, place, streams, processes, show)
        place = after
        if len(streams) <= FEW:
            break
    return place


def switched(known: Settings, service: Service, place: Place, processes: int, show: Shows) -> None:
    """Switch; catch up once more as often as too much changed meanwhile. Raises Unavailable where it never settles."""
    from gradeline.database import reached
    from shared.core.errors import Unavailable
    from shared.edge.rebuilding import ROUNDS

    for _ in range(ROUNDS):
        brain = brain_for(service, known.currency, known.policies)
        if reached(of(service).switch(known.postgres, brain, place)):
            return
        place = caught_up(known, service, place, processes, show)
    raise Unavailable("facts come in faster than customers are built; try again when less is going on")


def _built(
    known: Settings, service: Service, place: Place, streams: Sequence[str], processes: int, show: Shows
) -> None:
    from gradeline.spread import spread

    work = partial(built, service, known.postgres, known.currency, known.policies, place.schema)
    for _ in spread(work, streams, processes=processes, show=show, what="rebuild"):
        pass


def built(service: Service, dsn: str, currency: str, policies: Path | None, schema: str, streams: Sequence[str]) -> int:
    """Build some customers, in this process."""
    return asyncio.run(of(service).build(dsn, brain_for(service, currency, policies), schema, streams))


def of(service: Service) -> Rebuild[Any]:
    """How the lists of *service* are built again."""
    if service == "exposure":
        from services.exposure.adapters import rebuilding as accounts

        return accounts.REBUILD
    from services.rating.adapters import rebuilding

    return rebuilding.REBUILD


def brain_for(service: Service, currency: str, policies: Path | None) -> Any:
    """The brain of *service* in this installation."""
    from gradeline.commands.verify import accounts_brain, brain_of

    return accounts_brain(currency) if service == "exposure" else brain_of(currency, policies)


def told_of(compared: Sequence[Compared], *, switched: bool) -> list[str]:
    """What was built, what differs, and what became of it."""
    lines = [
        f"{one.table:<12} {one.rows:>9,} rows  {_hash(one.hash)}   live {one.live_rows:>9,} rows  {_hash(one.live_hash)}"
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
