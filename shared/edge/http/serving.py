"""Runs an application with uvicorn: uvloop, no access log of its own, open requests finish after SIGTERM."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

from shared.edge.settings import Settings


def server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """Return the server of *app*; `run()` blocks until SIGTERM or SIGINT."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=settings.drain_seconds,
            backlog=2048,
        )
    )
