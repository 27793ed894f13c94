"""The history of another service over HTTP: pages as they are, and a sentence for every other answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from shared.core.errors import Forbidden, GradelineError, Malformed, Misconfigured, Unauthenticated, Unavailable
from shared.edge.cursors import cursor
from shared.edge.exports import HttpExports

PAGE = msgspec.json.encode({"events": [{"id": "1"}, {"id": "2"}], "next": cursor(7), "more": True})


@contextmanager
def answering(status: int, body: bytes) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A server that gives every question the same answer; what it was asked, with which token."""
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_page_is_asked_after_a_position_with_the_token_of_the_moment() -> None:
    tokens = iter(["one", "two"])
    with answering(200, PAGE) as (url, asked):
        exports = HttpExports(f"{url}/rating/", lambda: next(tokens))
        first = await exports.page(3, 0)
        await exports.page(3, first.reached)
    assert ([msgspec.json.decode(one) for one in first.events], first.reached, first.more) == (
        [{"id": "1"}, {"id": "2"}], 7, True,
    )  # fmt: skip
    assert [token for _, token in asked] == ["Bearer one", "Bearer two"]
    assert [urlsplit(path).path for path, _ in asked] == ["/rating/v1/events/export"] * 2
    assert [parse_qs(urlsplit(path).query) for path, _ in asked] == [
        {"partition": ["3"]},
        {"partition": ["3"], "after": [cursor(7)]},
    ]


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (401, b"", Unauthenticated, "GRADELINE_HISTORY_TOKEN"),
        (403, b"", Forbidden, "audit:read"),
        (503, b"", Unavailable, "answers 503"),
        (200, b"<html>", Malformed, "a page of the log"),
        (200, msgspec.json.encode({"events": [], "next": "%%", "more": False}), Malformed, "take the `next`"),
    ],
)
async def test_any_other_answer_is_said_in_a_sentence(
    status: int, body: bytes, kind: type[GradelineError], says: str
) -> None:
    with answering(status, body) as (url, _), pytest.raises(kind, match=says):
        await HttpExports(url, lambda: "t").page(0, 0)


async def test_nobody_there_and_an_address_that_is_none() -> None:
    with answering(200, PAGE) as (url, _):
        pass
    with pytest.raises(Unavailable, match="does not answer"):
        await HttpExports(url, lambda: "t").page(0, 0)
    with pytest.raises(Misconfigured, match="GRADELINE_HISTORY_URL"):
        HttpExports("rating:8001", lambda: "t")
