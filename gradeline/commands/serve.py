"""`gradeline serve SERVICE`: the HTTP API of one service, until SIGTERM."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

PORTS = {"rating": 8001, "exposure": 8002, "alerts": 8003}


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(serve)


def serve(
    service: Annotated[Literal["rating", "exposure", "alerts"], typer.Argument(help="Which service.")],
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; else GRADELINE_HOST, else 127.0.0.1.")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port; else GRADELINE_PORT, else 8001 (rating), 8002 (exposure), 8003."),
    ] = None,
) -> None:
    """Serve the HTTP API of SERVICE. Everything else is said by GRADELINE_… variables.

    Exit status: 0 stopped by a signal, 2 a setting is wrong.
    """
    import os
    from importlib import import_module

    from shared.edge import settings

    if port is None and not os.environ.get("GRADELINE_PORT"):
        port = PORTS[service]
    import_module(f"services.{service}.main").run(settings.load(host=host, port=port))
