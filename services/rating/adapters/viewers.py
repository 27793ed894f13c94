"""Views of customers, and trials of methods, computed apart: in a process of its own, beside posts and lists.

Run as `python -m services.rating.adapters.viewers` it is such a process: it reads, folds and shows one customer at a time,
on a database session of its own, with the same `Viewer`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec

from services.rating.adapters import catalogue
from services.rating.adapters.comparing import Comparisons
from services.rating.adapters.trials import Trials
from services.rating.adapters.viewing import Viewer, customer_view
from services.rating.core.comparing import Compared, Comparison
from services.rating.core.trying import Outcome, Trial
from services.rating.core.view import View
from shared.edge import logs, settings
from shared.edge.apart import answer_all
from shared.edge.reading_apart import Answering, Asker, Database
from shared.edge.settings import Settings

MODULE = "services.rating.adapters.viewers"
SCHEMA = "rating"


class Question(msgspec.Struct, array_like=True, tag="view"):
    """Who is asked about, true when and known when."""

    customer_id: str
    as_of: date | None
    known_at: datetime | None


_encode = msgspec.msgpack.Encoder().encode
_question = msgspec.msgpack.Decoder(Question | Trial | Comparison).decode
_view = msgspec.msgpack.Decoder(View | None).decode
_outcome = msgspec.msgpack.Decoder(Outcome | None).decode
_compared = msgspec.msgpack.Decoder(Compared | None).decode


class Viewers(Asker):
    """Implements `services.rating.handlers.ports.CustomerView`; its processes live as long as the context."""

    def __init__(self, told: Settings) -> None:
        """*told* says how many processes there are and how long one answer may take."""
        super().__init__(MODULE, told)

    async def __call__(self, pool: Any, customer_id: str, as_of: date | None, known_at: datetime | None) -> View | None:
        """The view of *customer_id*; *pool* is not needed. Raises Malformed, TookTooLong, Unavailable."""
        found: View | None = _view(await self.ask(_encode(Question(customer_id, as_of, known_at))))
        return found

    async def trial(self, asked: Trial) -> Outcome | None:
        """What comes of *asked*. Raises Malformed, TookTooLong, Unavailable."""
        outcome: Outcome | None = _outcome(await self.ask(_encode(asked)))
        return outcome

    async def compare(self, asked: Comparison) -> Compared | None:
        """Who moves by *asked*. Raises Malformed, TookTooLong, Unavailable."""
        compared: Compared | None = _compared(await self.ask(_encode(asked)))
        return compared


class _Computed:
    """Answers one question after the other."""

    def __init__(self, told: Settings) -> None:
        """Raises Misconfigured for rules that cannot be used."""
        rules = catalogue.in_use(told.policies)
        self._viewer: Viewer = customer_view(told, rules)
        self._comparisons = Comparisons(told, rules)
        self._trials = Trials(told, rules, catalogue.shared_tables(told.policies), self._viewer)

    async def __call__(self, database: Database, question: bytes) -> bytes:
        asked = _question(question)
        if isinstance(asked, Comparison):
            return _encode(await self._comparisons(database, asked))
        if isinstance(asked, Trial):
            return _encode(await self._trials(database, asked))
        return _encode(await self._viewer(await database(), asked.customer_id, asked.as_of, asked.known_at))


def introduced(hello: bytes) -> Callable[[bytes], bytes]:
    """What answers, told the settings of the API."""
    told = settings.load(**msgspec.json.decode(hello))
    logs.configure(level=told.log_level, service="rating-reads")
    return Answering(told, SCHEMA, _Computed(told))


if __name__ == "__main__":
    answer_all(introduced)
