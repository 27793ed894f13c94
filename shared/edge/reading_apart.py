"""Reads of one customer computed apart (`shared.edge.apart`): in processes of the API, each with a session of its own.

What is asked and answered is a service's; how a question comes there, and what becomes of a database that is away, is the same.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Self, TypeVar

import asyncpg
import msgspec
import structlog

from shared.core.errors import GradelineError, Malformed, Unavailable
from shared.edge import waiting
from shared.edge.apart import Apart
from shared.edge.settings import Settings

ATTEMPTS = 2
"""A session that the server ended while nobody asked is seen only when it is used."""
PASSING: tuple[type[BaseException], ...] = (GradelineError, *waiting.PASSING)

T = TypeVar("T")
Database = Callable[[], Awaitable[asyncpg.Pool]]
"""The pool of one session. Raises Unavailable."""
log = structlog.get_logger(__name__)


class _Answer(msgspec.Struct):
    """The service's answer; or why there is none: `refused`, `away` or `failed`."""

    body: bytes = b""
    why: str = ""
    message: str = ""
    pointer: str = ""
    rule: str = ""


_encode = msgspec.msgpack.Encoder().encode
_answer = msgspec.msgpack.Decoder(_Answer).decode


class Asker:
    """Asks the processes that run `python -m module`; they live as long as the context."""

    def __init__(self, module: str, told: Settings) -> None:
        """*told* says how many processes there are and how long one answer may take."""
        hello = told.model_dump_json().encode()
        self._apart = Apart(module, hello=hello, size=told.readers, seconds=told.read_seconds)
        self.ready = self._apart.ready

    async def __aenter__(self) -> Self:
        """Start the processes."""
        await self._apart.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End them."""
        await self._apart.__aexit__()

    async def ask(self, question: bytes) -> bytes:
        """The answer to *question*. Raises Malformed, TookTooLong, Unavailable."""
        answer = _answer(await self._apart.ask(question))
        match answer.why:
            case "":
                return answer.body
            case "refused":
                raise Malformed(answer.message, pointer=answer.pointer, rule=answer.rule)
            case "away":
                raise Unavailable(answer.message)
            case _:
                raise RuntimeError(f"an answer could not be computed: {answer.message}")


class Answering:
    """The process itself: one session, one question at a time."""

    def __init__(self, told: Settings, schema: str, answer: Callable[[Database, bytes], Awaitable[bytes]]) -> None:
        """*answer* is asked again where the session was lost."""
        self._told, self._schema, self._answer = told, schema, answer
        self._runner = asyncio.Runner()
        self._pool: asyncpg.Pool | None = None

    def __call__(self, question: bytes) -> bytes:
        """Answer *question*; whatever goes wrong is an answer too."""
        return _encode(self._runner.run(self._answered(question)))

    async def _answered(self, question: bytes) -> _Answer:
        try:
            for _ in range(ATTEMPTS - 1):
                with contextlib.suppress(*waiting.AWAY):
                    return _Answer(await self._answer(self._database, question))
            return _Answer(await self._answer(self._database, question))
        except Malformed as refused:
            return _Answer(why="refused", message=refused.message, pointer=refused.pointer, rule=refused.rule)
        except PASSING as away:
            log.warning("a customer could not be read", error=repr(away))
            return _Answer(why="away", message="the database does not answer; try again later")
        except Exception as error:
            log.exception("an answer could not be computed")
            return _Answer(why="failed", message=repr(error))

    async def _database(self) -> asyncpg.Pool:
        if self._pool is None:
            self._pool = await waiting.pool_of(self._told, schema=self._schema, size=1)
        if self._pool is None:
            raise Unavailable("the database does not answer")
        return self._pool
