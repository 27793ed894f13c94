"""Runs an application with uvicorn: uvloop, no access log of its own, open requests finish after SIGTERM."""

from __future__ import annotations

import signal
import socket

import uvicorn
from fastapi import FastAPI

from shared.edge.settings import Settings


class Server(uvicorn.Server):
    """Ends answers that go on for ever before it waits for those that do not: `app.state.endless` are called."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, and let those that are open finish."""
        app = self.config.app
        for end in app.state.endless if isinstance(app, FastAPI) and hasattr(app.state, "endless") else ():
            end()
        await super().shutdown(sockets)


def server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """Return the server of *app*; `run()` blocks until SIGTERM or SIGINT."""
    return Server(
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
