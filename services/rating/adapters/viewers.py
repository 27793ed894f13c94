"""Views of customers, and trials of methods, computed apart: in a process of its own, beside posts and lists.

Run as `python -m services.rating.adapters.viewers` it is such a process: it reads, folds and shows one customer at a time,
on a database session of its own, with the same `Viewer`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any, TypeVar

import asyncpg
import msgspec
import structlog

from services.rating.adapters import catalogue
from services.rating.adapters.comparing import Comparisons
from services.rating.adapters.trials import Trials
from services.rating.adapters.viewing import Viewer, customer_view
from services.rating.core.comparing import Compared, Comparison
from services.rating.core.trying import Outcome, Trial
from services.rating.core.view import View
from shared.core.errors import GradelineError, Malformed, Unavailable
from shared.edge import logs, settings, waiting
from shared.edge.apart import Apart, answer_all
from shared.edge.settings import Settings

MODULE = "services.rating.adapters.viewers"
SCHEMA = "rating"
ATTEMPTS = 2
"""A session that the server ended while nobody asked is seen only when it is used."""
PASSING: tuple[type[BaseException], ...] = (GradelineError, *waiting.PASSING)

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Question(msgspec.Struct, array_like=True, tag="view"):
    """Who is asked about, true when and known when."""

    customer_id: str
    as_of: date | None
    known_at: datetime | None


class Answer(msgspec.Struct):
    """The view, trial or comparison, or None where nothing is known; or why there is none: `refused`, `away` or `failed`."""

    view: View | None = None
    trial: Outcome | None = None
    compared: Compared | None = None
    why: str = ""
    message: str = ""
    pointer: str = ""
    rule: str = ""


_encode = msgspec.msgpack.Encoder().encode
_question = msgspec.msgpack.Decoder(Question | Trial | Comparison).decode
_answer = msgspec.msgpack.Decoder(Answer).decode


class Viewers:
    """Implements `services.rating.handlers.ports.CustomerView`; its processes live as long as the context."""

    def __init__(self, told: Settings) -> None:
        """*told* says how many processes there are and how long one answer may take."""
        hello = told.model_dump_json().encode()
        self._apart = Apart(MODULE, hello=hello, size=told.readers, seconds=told.read_seconds)
        self.ready = self._apart.ready

    async def __aenter__(self) -> Viewers:
        """Start the processes."""
        await self._apart.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End them."""
        await self._apart.__aexit__()

    async def __call__(self, pool: Any, customer_id: str, as_of: date | None, known_at: datetime | None) -> View | None:
        """The view of *customer_id*; *pool* is not needed. Raises Malformed, TookTooLong, Unavailable."""
        return (await self._ask(Question(customer_id, as_of, known_at))).view

    async def trial(self, asked: Trial) -> Outcome | None:
        """What comes of *asked*. Raises Malformed, TookTooLong, Unavailable."""
        return (await self._ask(asked)).trial

    async def compare(self, asked: Comparison) -> Compared | None:
        """Who moves by *asked*. Raises Malformed, TookTooLong, Unavailable."""
        return (await self._ask(asked)).compared

    async def _ask(self, question: Question | Trial | Comparison) -> Answer:
        answer = _answer(await self._apart.ask(_encode(question)))
        match answer.why:
            case "":
                return answer
            case "refused":
                raise Malformed(answer.message, pointer=answer.pointer, rule=answer.rule)
            case "away":
                raise Unavailable(answer.message)
            case _:
                raise RuntimeError(f"a view could not be computed: {answer.message}")


class Answering:
    """The process itself: one session, one question at a time."""

    def __init__(self, told: Settings) -> None:
        """Raises Misconfigured for rules that cannot be used."""
        self._told = told
        rules = catalogue.in_use(told.policies)
        self._viewer: Viewer = customer_view(told, rules)
        self._comparisons = Comparisons(told, rules)
        self._trials = Trials(told, rules, catalogue.shared_tables(told.policies), self._viewer)
        self._runner = asyncio.Runner()
        self._pool: asyncpg.Pool | None = None

    def __call__(self, question: bytes) -> bytes:
        """Answer *question*; whatever goes wrong is an answer too."""
        return _encode(self._runner.run(self._answered(_question(question))))

    async def _answered(self, asked: Question | Trial | Comparison) -> Answer:
        try:
            if isinstance(asked, Comparison):
                return Answer(compared=await self._again(lambda: self._comparisons(self._database, asked)))
            if isinstance(asked, Trial):
                return Answer(trial=await self._again(lambda: self._trials(self._database, asked)))
            return Answer(await self._again(lambda: self._view(asked)))
        except Malformed as refused:
            return Answer(why="refused", message=refused.message, pointer=refused.pointer, rule=refused.rule)
        except PASSING as away:
            log.warning("a view could not be read", error=repr(away))
            return Answer(why="away", message="the database does not answer; try again later")
        except Exception as error:
            log.exception("a view could not be computed")
            return Answer(why="failed", message=repr(error))

    async def _view(self, asked: Question) -> View | None:
        return await self._viewer(await self._database(), asked.customer_id, asked.as_of, asked.known_at)

    async def _again(self, answer: Callable[[], Awaitable[T]]) -> T:
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(*waiting.AWAY):
                return await answer()
        return await answer()

    async def _database(self) -> asyncpg.Pool:
        if self._pool is None:
            self._pool = await waiting.pool_of(self._told, schema=SCHEMA, size=1)
        if self._pool is None:
            raise Unavailable("the database does not answer")
        return self._pool


def introduced(hello: bytes) -> Callable[[bytes], bytes]:
    """What answers, told the settings of the API."""
    told = settings.load(**msgspec.json.decode(hello))
    logs.configure(level=told.log_level, service="rating-reads")
    return Answering(told)


if __name__ == "__main__":
    answer_all(introduced)
