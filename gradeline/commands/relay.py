"""`gradeline relay SERVICE`: what carries a service's accepted facts and decisions to Kafka, until SIGTERM."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from gradeline.commands.work import METRICS_PORT


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(relay)


def relay(
    service: Annotated[Literal["rating", "exposure", "alerts"], typer.Argument(help="Which service.")],
    *,
    metrics_port: Annotated[int | None, METRICS_PORT] = None,
) -> None:
    """Publish what the database says is to be published, in order, until SIGTERM.

    That of rating opens each day as it begins, that of exposure ends reservations whose time has passed, that of alerts
    escalates what nobody acknowledged in time.

    A second instance waits until the first is gone. Everything else is said by GRADELINE_… variables.
    Exit status: 0 stopped by a signal, 2 a setting is wrong.
    """
    from importlib import import_module

    from shared.edge import settings

    run = import_module(f"services.{service}.relay").run
    raise typer.Exit(run(settings.load(metrics_port=metrics_port)))
