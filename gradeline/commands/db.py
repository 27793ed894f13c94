"""`gradeline db upgrade`: bring the tables of a service to this release."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

SERVICES = ("rating", "exposure", "alerts")


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    group = typer.Typer(no_args_is_help=True, help="The tables of the database.")
    group.callback()(_group)
    group.command()(upgrade)
    app.add_typer(group, name="db")


def _group() -> None:
    """The tables of the database."""


def upgrade(
    service: Annotated[
        Literal["rating", "exposure", "alerts"] | None, typer.Argument(help="Whose schema; else each.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a schema instead of a sentence.")] = False,
) -> None:
    """Make the schema of SERVICE, or of each, or upgrade it, in the database that GRADELINE_POSTGRES names; else in that of the
    instance that runs from GRADELINE_DATA. Safe to repeat.

    Exit status: 0 done, 2 no database is named or its schema is newer than this release, 4 it does not answer.
    """
    from gradeline.database import reached, told
    from shared.edge import waiting
    from shared.edge.store.migrate import upgraded

    dsn = waiting.named(told())
    for one in (service,) if service else SERVICES:
        revision = reached(upgraded(dsn, one))
        typer.echo(json.dumps({"service": one, "revision": revision}) if as_json else f"{one} is at {revision}")
