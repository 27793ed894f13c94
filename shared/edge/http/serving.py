"""Runs an application with uvicorn: uvloop, no access log of its own, open requests finish after SIGTERM."""

from __future__ import annotations

import signal

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


def run(served: uvicorn.Server) -> None:
    """Serve until SIGTERM or SIGINT and return, so that the process ends with status 0, as workers and relays do.

    uvicorn, once it has drained, sends itself the signal again; that shall end nothing any more.
    """

    def end(*_: object) -> None:
        served.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    served.run()
