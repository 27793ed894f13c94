"""A small HTTP server on loopback that takes posted batches and answers as a test says. It ends with its context."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import MappingProxyType
from typing import Any, NamedTuple

Events = list[dict[str, Any]]


class Answer(NamedTuple):
    """What the server says."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str] = MappingProxyType({})


def accepted(events: Events) -> Answer:
    """202 for all of it."""
    return Answer(202, {"accepted": len(events), "duplicates": 0})


class Listener:
    """What was posted, in order, and where to post."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.batches: list[Events] = []
        self.tokens: list[str | None] = []
        self.connections: set[tuple[str, int]] = set()

    @property
    def events(self) -> Events:
        """Every event of every batch."""
        return [event for batch in self.batches for event in batch]


@contextmanager
def listening(answer: Callable[[Events], Answer] = accepted) -> Iterator[Listener]:
    """A server on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/v1/events"
            assert self.headers["Content-Type"] == "application/cloudevents-batch+json"
            heard.batches.append(events)
            heard.tokens.append(self.headers["Authorization"])
            heard.connections.add(self.client_address)
            said = answer(events)
            body = json.dumps(said.body).encode()
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard = Listener(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
