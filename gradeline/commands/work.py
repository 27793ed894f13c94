"""`gradeline work SERVICE`: the worker of one service, until SIGTERM."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(work)


def work(
    service: Annotated[Literal["rating"], typer.Argument(help="Which service.")],
) -> None:
    """Consume facts, decide, and publish, until SIGTERM. Everything is said by GRADELINE_… variables.

    Exit status: 0 stopped by a signal, 1 too much went wrong at once and a human is needed, 2 a setting is wrong.
    """
    from services.rating.worker import run
    from shared.edge import settings

    assert service == "rating", service
    raise typer.Exit(run(settings.load()))
