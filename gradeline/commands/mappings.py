"""`gradeline mappings`: the mappings that ship, to be used by name or copied and changed."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="mappings")(mappings)


def mappings(name: Annotated[str | None, typer.Argument(help="Print this one.")] = None) -> None:
    """List the mappings that ship, or print one: `gradeline mappings sap-fbl5n > ours.yaml` begins your own."""
    from gradeline.importing import mapping

    if name is not None:
        typer.echo(mapping.shipped(name), nl=False)
        return
    for one in mapping.names():
        title = next(line for line in mapping.shipped(one).splitlines() if line.startswith("title: "))
        typer.echo(f"{one:<22} {title.removeprefix('title: ')}")
