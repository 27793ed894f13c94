"""`gradeline relay SERVICE`: what carries a service's accepted facts and decisions to Kafka, until SIGTERM."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from gradeline.commands.work import METRICS_PORT


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(relay)


def relay(
    service: Annotated[Literal["rating"], typer.Argument(help="Which service.")],
    *,
    metrics_port: Annotated[int | None, METRICS_PORT] = None,
) -> None:
    """Publish what the database says is to be published, in order, and open each day as it begins, until SIGTERM.

    A second instance waits until the first is gone. Everything else is said by GRADELINE_… variables.
    Exit status: 0 stopped by a signal, 2 a setting is wrong.
    """
    from services.rating import relay as rating
    from shared.edge import settings

    assert service == "rating", service
    raise typer.Exit(rating.run(settings.load(metrics_port=metrics_port)))
