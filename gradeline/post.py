"""Post to our services: one kept-alive connection, bounded waits, bounded retries. Facts have identities, so posting a
batch again does no harm."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from shared.core.errors import Forbidden, Misconfigured, Unauthenticated, Unavailable

BATCH = 1000
"""The most facts that the API takes at once."""
TIMEOUT_S = 30.0
LONGEST_WAIT_S = 60.0


def _say(details: RetryDetails) -> None:
    """Say on standard error that a batch is sent again: standard output may be read by a program."""
    why = details.caused_by.message if isinstance(details.caused_by, Unavailable) else repr(details.caused_by)
    sys.stderr.write(f"{why}; trying again in {details.wait_for:.1f} s\n")


set_on_retry_hooks([_say])


class Taken(msgspec.Struct, frozen=True):
    """The API's answer to a batch it took."""

    accepted: int = 0
    duplicates: int = 0
    """Facts that were there already, with the same content."""


@dataclass(frozen=True)
class RefusedFact:
    """The API's answer to a batch it did not take."""

    index: int | None
    """The position of the fact at fault, where the answer names one."""
    status: int
    rule: str
    message: str
    pointer: str = ""
    """JSON pointer into that fact, where the answer names a field of it."""


class Busy(Unavailable):
    """The service asks to try again later."""

    def __init__(self, message: str, *, wait_s: float | None) -> None:
        """*wait_s* is the Retry-After of the answer, in seconds."""
        super().__init__(message)
        self.wait_s = wait_s


class Failed(Unavailable):
    """The service has a fault of its own; asking again would only repeat it."""


class Api(AbstractContextManager["Api"]):
    """Posts to one of our services. Close it, or use it as a context manager."""

    def __init__(self, url: str, *, token: str | None = None, attempts: int = 6, timeout_s: float = TIMEOUT_S) -> None:
        """*url* is that of the service, e.g. http://127.0.0.1:8001. Raises Misconfigured for anything but http(s)."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Misconfigured(f"'{url}' is no address of the API; write e.g. http://127.0.0.1:8001")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=timeout_s)
        self._under = parts.path.rstrip("/")
        self._url, self._attempts = url, attempts
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._connection.close()

    def send(self, path: str, body: Any, *, media: str = "application/json") -> tuple[int, bytes]:
        """Post *body* as JSON. Answers the status and what was said; what is sent must do no harm when it comes twice.

        Raises Unavailable when the service stays away after all attempts.
        """
        encoded = msgspec.json.encode(body)
        for attempt in stamina.retry_context(on=_wait, attempts=self._attempts, timeout=None, wait_max=10.0):
            with attempt:
                return self._send(path, encoded, media)
        raise AssertionError("unreachable: the last attempt raises")

    def _send(self, path: str, body: bytes, media: str) -> tuple[int, bytes]:
        try:
            self._connection.request("POST", self._under + path, body, {**self._headers, "Content-Type": media})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as gone:
            self._connection.close()
            raise Unavailable(
                f"{self._url} does not answer ({gone or type(gone).__name__}); is the instance up?"
            ) from gone
        if answer.status == 500:
            self._connection.close()  # the server has closed it, whatever it said
            raise Failed(f"{self._url} failed at its own fault (500); look at its log")
        if answer.status in (429, 502, 503, 504):
            raise Busy(f"{self._url} answers {answer.status}", wait_s=_seconds(answer.getheader("Retry-After")))
        return answer.status, text


class Poster(Api):
    """Posts facts to `{url}/v1/events` of the rating API."""

    def __enter__(self) -> Poster:
        """Itself."""
        return self

    def post(self, events: Sequence[dict[str, Any]]) -> Taken | RefusedFact:
        """Post a batch, all or nothing. Answers what became of it.

        Raises Unauthenticated or Forbidden for the token, Unavailable when the service stays away after all attempts.
        """
        status, text = self.send("/v1/events", events, media="application/cloudevents-batch+json")
        return msgspec.json.decode(text, type=Taken) if status in (200, 202) else _refused(status, text)


def _wait(error: Exception) -> bool | float:
    """Whether to try again: after what the service asked for, or with growing pauses."""
    if isinstance(error, Busy) and error.wait_s is not None:
        return min(error.wait_s, LONGEST_WAIT_S)
    return isinstance(error, Unavailable) and not isinstance(error, Failed)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.strip().isdecimal() else None


def _refused(status: int, text: bytes) -> RefusedFact:
    try:
        problem = msgspec.json.decode(text)
    except msgspec.DecodeError:
        problem = {}
    problem = problem if isinstance(problem, dict) else {}
    message = str(problem.get("detail") or problem.get("title") or f"answered {status}")
    if status == 401:
        raise Unauthenticated(f"the token was not taken: {message}; get one with `gradeline token --role integrator`")
    if status == 403:
        raise Forbidden(f"the token may not post these facts: {message}")
    if status in (404, 405):
        raise Misconfigured(f"there is no rating API at this address (it answers {status}); check --url")
    first = next((error for error in problem.get("errors") or [] if isinstance(error, dict)), {})
    index = problem.get("index", first.get("index"))
    pointer = str(first.get("pointer", problem.get("pointer", ""))).removeprefix("#")
    if not isinstance(index, int):
        index = _leading_index(pointer)
    message = str(first.get("detail") or first.get("message") or message)
    return RefusedFact(index, status, str(first.get("rule") or problem.get("rule") or status), message, _below(pointer))


def _leading_index(pointer: str) -> int | None:
    """The 3 of `/3/data/amount`."""
    head = pointer.removeprefix("/").split("/")[0]
    return int(head) if head.isdecimal() else None


def _below(pointer: str) -> str:
    """The `/data/amount` of `/3/data/amount`."""
    _, _, rest = pointer.removeprefix("/").partition("/")
    return f"/{rest}" if rest and _leading_index(pointer) is not None else ""
