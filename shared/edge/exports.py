"""The history of a partition from the API of the service that has it: `GET /v1/events/export`, page by page."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

import msgspec

from shared.core.errors import Forbidden, Malformed, Misconfigured, Unauthenticated, Unavailable
from shared.edge.cursors import BigInt, cursor, place
from shared.edge.worker.ports import Exported

TIMEOUT_S = 30.0
PATH = "/v1/events/export"


class _Page(msgspec.Struct):
    events: list[msgspec.Raw]
    next: str
    more: bool


class HttpExports:
    """Implements `shared.edge.worker.ports.Exports`."""

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        """*token* is asked for each page: tokens of an embedded instance are made as they are needed.

        Raises Misconfigured for anything but an http(s) address.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Misconfigured(
                f"GRADELINE_HISTORY_URL: {url!r} is no address; write for example http://127.0.0.1:8001"
            )
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._path, self._url, self._token = parts.path.rstrip("/") + PATH, url, token

    async def page(self, partition: int, after: int, /) -> Exported:
        """The page after position *after*. Raises Unavailable, Unauthenticated, Forbidden, Malformed."""
        return await asyncio.to_thread(self._page, partition, after)

    def _page(self, partition: int, after: int) -> Exported:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=TIMEOUT_S)
        asked = {"partition": partition} | ({"after": cursor(after)} if after else {})
        try:
            connection.request(
                "GET", f"{self._path}?{urlencode(asked)}", headers={"Authorization": f"Bearer {self._token()}"}
            )
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{self._url} does not answer: {error!r}") from error
        finally:
            connection.close()
        if answer.status == 401:
            raise Unauthenticated(f"{self._url} does not take the token of GRADELINE_HISTORY_TOKEN")
        if answer.status == 403:
            raise Forbidden(f"the token for {self._url} lacks the scope audit:read, or does not let see every customer")
        if answer.status != 200:
            raise Unavailable(f"{self._url} answers {answer.status}")
        try:
            page = msgspec.json.decode(body, type=_Page)
        except msgspec.MsgspecError as error:
            raise Malformed(f"{self._url} does not answer with a page of the log: {error}") from error
        return Exported([bytes(one) for one in page.events], place(page.next, tuple[BigInt])[0], page.more)
