"""What surrounds every request: its id, its trace, its measurements, security headers, and a line in the log."""

from __future__ import annotations

import re
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.edge import clock, metrics
from shared.edge.http import problem

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SLOW_SECONDS = 1.0
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)

log = structlog.get_logger(__name__)


class Frame:
    """The outermost layer. A plain ASGI class: it costs a few microseconds a request."""

    def __init__(self, app: ASGIApp) -> None:
        """Surround *app*."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = given if REQUEST_ID.fullmatch(given) else clock.new_id()
        traced = TRACEPARENT.fullmatch(headers.get(b"traceparent", b"").decode("latin-1"))
        trace_id = traced[1] if traced and traced[1].strip("0") else clock.new_id()
        scope.setdefault("state", {}).update(request_id=request_id, trace_id=trace_id)
        answer = _Answer(scope, send, request_id)
        started = clock.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=request_id, trace_id=trace_id):
            try:
                await self._app(scope, receive, answer.send)
            except Exception:
                log.exception("request raised")
                if not answer.started:
                    raise
            finally:
                _measure(scope, answer.status, clock.monotonic() - started)


class _Answer:
    """Passes the answer on with our headers; the one plain text of the framework becomes a problem, too."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self._scope = scope
        self._send = send
        self._request_id = request_id.encode()
        self._replaced = False
        self.started = False
        self.status = 500

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            self._replaced = self.status == 413 and _is_plain(message)
            if self._replaced:
                return
            held = {key for key, _ in message["headers"]}
            own = [header for header in SECURITY_HEADERS if header[0] not in held]
            message["headers"] = [*message["headers"], (b"x-request-id", self._request_id), *own]
        elif self._replaced:
            if not message.get("more_body"):
                self._replaced = False
                await problem.respond(self._scope, "too-large")(self._scope, _nothing, self.send)
            return
        await self._send(message)


def _is_plain(message: Message) -> bool:
    return any(key == b"content-type" and value.startswith(b"text/plain") for key, value in message["headers"])


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _measure(scope: Scope, status: int, seconds: float) -> None:
    route = template(scope)
    metrics.HTTP_SECONDS.labels(method(scope), route, f"{status // 100}xx").observe(seconds)
    if (
        status >= 400 or seconds > SLOW_SECONDS
    ):  # the others are counted; a line for each would cost more than its worth
        took = round(seconds * 1000, 1)
        log.info("request", method=scope["method"], route=route, status=status, milliseconds=took)


def template(scope: Scope) -> str:
    """The route's path as declared, so that no identifier becomes a label; `other` for what has no route."""
    route: Any = scope.get("route")
    return str(getattr(route, "path_format", None) or getattr(route, "path", None) or "other")


def method(scope: Scope) -> str:
    """The method, where it is one of HTTP's; anybody may send any word."""
    return scope["method"] if scope["method"] in METHODS else "OTHER"
