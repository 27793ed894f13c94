"""Asks an API of ours and reads its answer; what it refuses is raised as our own errors say it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from gradeline.target import Target
from shared.core.errors import (
    Forbidden,
    GradelineError,
    Misconfigured,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
)

TIMEOUT_S = 30.0
_RAISED: dict[int, type[GradelineError]] = {401: Unauthenticated, 403: Forbidden, 404: NotFound}

Ask = Callable[[str, str, Mapping[str, str], Mapping[str, Any] | None], Any]
"""method, path, query, body → the answer as JSON."""


def asks(found: Target, key: str = "") -> Ask:
    """What asks the API of *found*, each time under the Idempotency-Key *key*. Raises Misconfigured for anything but http(s)."""
    parts = urlsplit(found.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misconfigured(f"'{found.url}' is no address of an API; write e.g. http://127.0.0.1:8003")
    opener = build_opener(ProxyHandler({}))

    def ask(method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None) -> Any:
        url = f"{found.url.rstrip('/')}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if found.token:
            headers["Authorization"] = f"Bearer {found.token}"
        if key:
            headers["Idempotency-Key"] = key
        raw = None if body is None else json.dumps(body).encode()
        request = Request(url, data=raw, headers=headers, method=method)  # noqa: S310 - http(s) only, checked above
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read() or b"null")
        except HTTPError as refused:
            raise _error(refused.code, refused.read()) from None
        except (URLError, OSError, ValueError) as gone:
            raise Unavailable(f"{found.url} does not answer ({gone}); is the instance up?") from gone

    return ask


def _error(status: int, text: bytes) -> GradelineError:
    try:
        problem = json.loads(text)
    except ValueError:
        problem = {}
    problem = problem if isinstance(problem, dict) else {}
    first = next((one for one in problem.get("errors") or [] if isinstance(one, dict)), {})
    message = str(first.get("message") or problem.get("detail") or problem.get("title") or f"answered {status}")
    if status >= 500 or status == 429:
        return Unavailable(message)
    return _RAISED.get(status, Rejected)(message)
