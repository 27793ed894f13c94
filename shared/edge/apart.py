"""Work that would hold up an event loop is done apart: child processes that answer one question at a time.

Measured on two cores beside work that holds the interpreter for seconds: with a thread, four hops of the loop take 21 ms
at the 99th percentile, or 4 ms where the interpreter changes threads ten times as often; with a process 0.3 ms, as
without any work. And a process that takes too long can be ended.

Questions and answers are bytes, each after its length in four bytes. The first question introduces the caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from typing import BinaryIO

import structlog

from shared.core.errors import TookTooLong, Unavailable
from shared.edge.embedded.process import wrapped

WAITING_MAX = 200
"""Questions that may wait for a free process; more are sent away at once."""
START_SECONDS = 60.0
AGAIN_SECONDS = 1.0
_LENGTH = struct.Struct(">I")

log = structlog.get_logger(__name__)


class Apart:
    """At most *size* processes, started with the context and ended with it; one that ends is started again."""

    def __init__(self, module: str, *, hello: bytes, size: int, seconds: float) -> None:
        """Each process runs `python -m module`, is told *hello*, and may take *seconds* for one answer."""
        self._words = wrapped([sys.executable, "-m", module], die_with=signal.SIGKILL, account=None)
        self._hello = hello
        self._size = size
        self._seconds = seconds
        self._idle: asyncio.Queue[Process] = asyncio.Queue()
        self._running: set[Process] = set()
        self._waiting = 0
        self._keepers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Apart:
        """Begin to start the processes; whoever asks before they are there waits."""
        self._keepers = [asyncio.create_task(self._keep(), name="apart") for _ in range(self._size)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the processes, with whatever they are at."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    async def ready(self) -> str:
        """How many processes are there. Raises Unavailable where none is."""
        if not self._running:
            raise Unavailable("no process is there to answer")
        return f"{len(self._running)} of {self._size}"

    async def ask(self, question: bytes) -> bytes:
        """The answer to *question*. Raises TookTooLong, and Unavailable where no process is free or it ended."""
        process = await self._free()
        try:
            async with asyncio.timeout(self._seconds):
                answer = await _ask(process, question)
        except TimeoutError:
            _end(process)
            raise TookTooLong(f"it took more than {self._seconds:g} s") from None
        except (asyncio.IncompleteReadError, OSError) as error:
            _end(process)
            raise Unavailable("the process that was to answer ended; try again") from error
        except BaseException:
            _end(process)  # its answer would be taken for that to the next question
            raise
        self._idle.put_nowait(process)
        return answer

    async def _free(self) -> Process:
        if self._waiting >= WAITING_MAX:
            raise Unavailable("too many questions wait; try again later")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    process = await self._idle.get()
                    if process.returncode is None:
                        return process
        except TimeoutError:
            raise Unavailable("nobody was free to answer; try again later") from None
        finally:
            self._waiting -= 1

    async def _keep(self) -> None:
        """Keep one process running."""
        while True:
            process = await asyncio.create_subprocess_exec(
                *self._words, stdin=PIPE, stdout=PIPE, start_new_session=True
            )
            try:
                async with asyncio.timeout(START_SECONDS):
                    await _ask(process, self._hello)
                self._running.add(process)
                self._idle.put_nowait(process)
                await process.wait()
            except (TimeoutError, asyncio.IncompleteReadError, OSError) as error:
                log.error("a process that answers apart did not start", error=repr(error))
            finally:
                self._running.discard(process)
                _end(process)
                await process.wait()
            log.warning("a process that answers apart ended; another one is started", status=process.returncode)
            await asyncio.sleep(AGAIN_SECONDS)


async def _ask(process: Process, question: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(_LENGTH.pack(len(question)) + question)
    await process.stdin.drain()
    (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
    return await process.stdout.readexactly(length)


def _end(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def answer_all(introduced: Callable[[bytes], Callable[[bytes], bytes]]) -> None:
    """Answer questions until the caller has gone: the body of such a process.

    *introduced* makes, of what the caller is introduced by, what answers it. What is printed goes to standard error.
    """
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    hello = _read(questions)
    if hello is None:
        return
    answer = introduced(hello)
    _write(answers, b"")
    while (question := _read(questions)) is not None:
        _write(answers, answer(question))


def _read(stream: BinaryIO) -> bytes | None:
    head = stream.read(_LENGTH.size)
    return stream.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else None


def _write(stream: BinaryIO, body: bytes) -> None:
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()
