"""A load that does not wait for answers: requests leave when their time has come, over kept-alive connections."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from shared.edge import clock

CONNECTIONS = 32
ANSWER_SECONDS = 30.0


class Posted(NamedTuple):
    """One request: when it was due, when its answer came, and the status."""

    due: float
    answered: float
    status: int


class Load:
    """Posts bodies to one address at a rate."""

    def __init__(self, url: str, *, path: str, token: str, content_type: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: "
        ).encode()
        self._idle: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.LifoQueue()

    async def post(self, bodies: Sequence[bytes], rate: float) -> list[Posted]:
        """Post *bodies*, *rate* a second. One that finds no idle connection waits, which counts as its latency."""
        for _ in range(CONNECTIONS):
            self._idle.put_nowait(await asyncio.open_connection(self._host, self._port))
        try:
            begin, tasks = clock.monotonic() + 0.1, list[asyncio.Task[Posted]]()
            for number, body in enumerate(bodies):
                due = begin + number / rate
                if (early := due - clock.monotonic()) > 0:
                    await asyncio.sleep(early)
                tasks.append(asyncio.create_task(self._one(body, due)))
            return await asyncio.gather(*tasks)
        finally:
            while not self._idle.empty():
                self._idle.get_nowait()[1].close()

    async def _one(self, body: bytes, due: float) -> Posted:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = connection = await self._idle.get()
            writer.write(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").lower().split("\r\n")
            length = next(int(line[15:]) for line in lines if line.startswith("content-length:"))
            await reader.readexactly(length)
        self._idle.put_nowait(connection)
        return Posted(due, clock.monotonic(), int(lines[0].split()[1]))
