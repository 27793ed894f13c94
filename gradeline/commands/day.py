"""`gradeline open-day`: open the business day, and every day that was missed before it."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("open-day")(open_day)


def open_day(
    *,
    upto: Annotated[
        datetime | None,
        typer.Option(
            "--date",
            formats=["%Y-%m-%d"],
            help="The day to open; today in GRADELINE_ZONE at the latest, which is the default.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a sentence.")] = False,
) -> None:
    """Open the day in every partition. Missed days are opened before it, in order; days never go back, and none is
    opened before it begins.

    Exit status: 0 done (also where nothing was to be opened), 2 the date is before the last day opened or after today.
    """
    from gradeline.database import reached, told
    from shared.core.errors import Misconfigured
    from shared.edge import clock

    known = told()
    today = clock.today(known.zone)
    day = upto.date() if upto is not None else today
    if day > today:
        raise Misconfigured(
            f"--date: {day} has not begun in {known.zone}, where it is {today}; a day never closes again"
        )
    opened = reached(_open(known, day))
    if as_json:
        typer.echo(json.dumps({"opened": [day.isoformat() for day in opened]}))
    elif opened:
        typer.echo(f"opened {opened[0]}" + (f" to {opened[-1]}, {len(opened)} days" if len(opened) > 1 else ""))
    else:
        typer.echo("nothing to open")


async def _open(told: object, upto: date) -> list[date]:
    from gradeline.database import pool_of
    from shared.edge import clock
    from shared.edge.settings import Settings
    from shared.edge.store.days import open_days

    assert isinstance(told, Settings)
    opened: list[date] = []
    async with pool_of(told) as pool:
        while more := await open_days(pool, upto, now=clock.now(), partitions=told.partitions, instance=told.instance):
            opened += more
    return opened
