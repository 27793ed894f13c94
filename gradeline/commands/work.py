"""`gradeline work SERVICE`: the worker of one service, until SIGTERM."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

METRICS_PORT = typer.Option(min=0, max=65_535, help="Port of /metrics; else GRADELINE_METRICS_PORT, else a free one.")


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(work)


def work(
    service: Annotated[Literal["rating", "exposure", "alerts"], typer.Argument(help="Which service.")],
    *,
    metrics_port: Annotated[int | None, METRICS_PORT] = None,
) -> None:
    """Consume facts, decide, and publish, until SIGTERM. Everything else is said by GRADELINE_… variables.

    Exit status: 0 stopped by a signal, 1 too much went wrong at once and a human is needed, 2 a setting is wrong.
    """
    from importlib import import_module

    from shared.edge import settings

    run = import_module(f"services.{service}.worker").run
    raise typer.Exit(run(settings.load(metrics_port=metrics_port)))
