"""What messages are sent to in tests: an HTTP receiver that answers as it is told, and rows of the queue."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any, NamedTuple

import asyncpg
import msgspec

from services.alerts.adapters import wording
from services.alerts.adapters.channels.sending import Telling
from services.alerts.adapters.endpoints import Endpoints, Key
from services.alerts.adapters.outbound import Outbound
from services.alerts.core.message import Message
from services.alerts.core.notice import Notice
from shared.edge.store.sealing import Box

LOOPBACK = (ip_network("127.0.0.0/8"),)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONSOLE = "https://credit.example"
BOX = Box(b"k" * 32, about="an endpoint")
KNOWN = Endpoints(BOX)
TELLING = Telling(wording.words(), CONSOLE)
OK = (200, {}, b'{"errcode":0,"errmsg":"ok"}')


class Asked(NamedTuple):
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Receiver:
    """An HTTP server on a free port. `reply` says what is answered; `hold` keeps every answer back until it is set."""

    reply: Callable[[Asked], Reply] = lambda _: OK
    hold: asyncio.Event | None = None
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    tls: bool = False
    came: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as anything was asked."""

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            asked = Asked(head[0].split(" ")[1], headers, body)
            self.asked.append(asked)
            self.came.set()
            if self.hold is not None:
                await self.hold.wait()
            status, more, said = self.reply(asked)
            lines = [f"HTTP/1.1 {status} X", f"content-length: {len(said)}", *(f"{k}: {v}" for k, v in more.items())]
            writer.write("\r\n".join([*lines, "", ""]).encode() + said)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiver(trust: ssl.SSLContext | None = None, **told: Any) -> AsyncIterator[Receiver]:
    """A receiver that runs."""
    one = Receiver(tls=trust is not None, **told)
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0, ssl=trust)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        if one.hold is not None:
            one.hold.set()
        server.close()


def outbound(*receivers: Receiver, **more: Any) -> Outbound:
    """A client that may reach *receivers*."""
    return Outbound(allowed=LOOPBACK, ports=[one.port for one in receivers], **more)


class Hands:
    """A clock that a test moves."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def on(self, **more: float) -> None:
        self.at += timedelta(**more)


def notice(number: int, **changes: Any) -> Notice:
    """A warning about one customer."""
    told: dict[str, Any] = {
        "notice_id": f"A-{number}/1",
        "alert_id": f"A-{number}",
        "subject": f"C-{number}",
        "what": "opened",
        "kind": "limit_breached",
        "severity": "warning",
        "to": ("owner",),
        "route": "usual",
        "at": START + timedelta(milliseconds=number),
        "group": f"C-{number}",
        "figures": {"amount": "1200.50", "currency": "CNY"},
    }
    return Notice(**{**told, **changes})


def message(number: int, channel: str = "webhook", address: str = "hook", **changes: Any) -> Message:
    """One message with one notice."""
    notices = changes.pop("notices", None) or (notice(number, severity=changes.get("severity", "warning")),)
    told: dict[str, Any] = {
        "message_id": f"M-{number}",
        "person": "li.na",
        "channel": channel,
        "address": address,
        "form": "alert",
        "severity": "warning",
        "notices": notices,
        "created_at": START,
    }
    return Message(**{**told, **changes})


async def put(pool: asyncpg.Pool, *messages: Message) -> None:
    """What the dispatcher does: the messages wait."""
    await pool.executemany(
        "insert into messages (message_id, person, channel, address, severity, form, message, created_at, next_at) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        [
            (m.message_id, m.person, m.channel, m.address, m.severity, m.form, msgspec.json.encode(m), m.created_at)
            for m in messages
        ],
    )


async def endpoint(pool: asyncpg.Pool, name: str, channel: str, url: str, *secrets: str) -> None:
    """An endpoint as an administrator makes it."""
    keys = [Key(one) for one in secrets]
    await KNOWN.put(pool, name=name, channel=channel, target=url, keys=keys, now=START, by="test")


async def states(pool: asyncpg.Pool, table: str = "messages") -> dict[str, int]:
    """How many messages are in each state."""
    rows = await pool.fetch(f"select state, count(*) as n from {table} group by state")
    return {row["state"]: row["n"] for row in rows}
