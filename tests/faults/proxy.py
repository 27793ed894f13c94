"""A way to the database or the broker that a row makes slow, narrow or dead, or tears; on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from shared.edge import clock

READ_BYTES = 1 << 16
WAITING_READS = 64
"""So much may be on the way before the sender has to wait, as in the buffers of a real path."""
START_SECONDS = 10.0
RESET = struct.pack("ii", 1, 0)
"""Lingering for no time: closing answers with RST."""

T = TypeVar("T")


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with the way, in both directions."""

    latency_seconds: float = 0.0
    bytes_per_second: float = 0.0
    """Of each direction of each connection; 0: as many as there are."""
    slice_bytes: int = READ_BYTES
    """Largest piece that is handed on at once."""
    blackhole: bool = False
    """Nothing arrives and nobody is told; what was sent meanwhile arrives afterwards, as TCP sends it again."""


class Proxy:
    """Listens on a port of 127.0.0.1 and carries bytes to the port that *target* names when a connection comes."""

    def __init__(self, target: Callable[[], int]) -> None:
        """Start at once; *target* is asked for each connection."""
        self._target = target
        self._trouble = Trouble()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._flows.set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self.port = self._do(self._listen())

    @property
    def address(self) -> str:
        """`127.0.0.1:port`."""
        return f"127.0.0.1:{self.port}"

    def suffer(self, **trouble: Any) -> None:
        """From now on, also on connections that are open: the fields of Trouble; nothing heals the way."""
        self._do(self._set(Trouble(**trouble)))

    def reset(self) -> int:
        """Tear every open connection, with RST to both ends. Returns how many ends that were."""
        return self._do(self._reset())

    def close(self) -> None:
        """Tear everything and end the thread."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_SECONDS)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)

    # on the thread

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _set(self, trouble: Trouble) -> None:
        self._trouble = trouble
        if trouble.blackhole:
            self._flows.clear()
        else:
            self._flows.set()

    async def _reset(self) -> int:
        torn = list(self._writers)
        for writer in torn:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        return len(torn)

    async def _end(self) -> None:
        self._server.close()
        await self._reset()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self._target())
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, onward}
        self._writers |= ends
        try:
            await asyncio.gather(self._carry(reader, onward), self._carry(there, writer))
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction: a piece is handed on when it is due and the way is free."""
        way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WAITING_READS)
        reading = asyncio.create_task(self._read(reader, way))
        try:
            with contextlib.suppress(OSError):
                while True:
                    due, piece = await way.get()
                    await asyncio.sleep(max(0.0, due - clock.monotonic()))
                    await self._flows.wait()
                    if not piece:
                        break
                    if self._trouble.bytes_per_second:
                        await asyncio.sleep(len(piece) / self._trouble.bytes_per_second)
                    writer.write(piece)
                    await writer.drain()
                writer.write_eof()
        finally:
            reading.cancel()

    async def _read(self, reader: asyncio.StreamReader, way: asyncio.Queue[tuple[float, bytes]]) -> None:
        piece = b"more"
        while piece:
            try:
                piece = await reader.read(self._trouble.slice_bytes)
            except OSError:
                piece = b""
            await way.put((clock.monotonic() + self._trouble.latency_seconds, piece))
