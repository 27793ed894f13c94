"""What is asked of one customer: the port that a service's commands implement, and how it is carried about meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from asyncpg import Record

from shared.core.brain import Decided
from shared.edge.store.pool import Connection

S = TypeVar("S")
C = TypeVar("C")


class Found(NamedTuple, Generic[S, C]):
    """One customer as it stands, brought to its day."""

    state: S
    day: date
    context: C
    """The reference facts of its partition."""
    now: datetime
    version: int
    """Of its stream, with what bringing it to the day has added."""


class Command(Protocol[S, C]):
    """What somebody wants done with one customer. It is asked once an attempt, and keeps its own answer."""

    cause: str
    """Why what follows is decided (`shared.core.brain.Brain.decide`)."""

    async def begin(self, connection: Connection, /) -> None:
        """Take the turns that it needs besides those of its streams, before anything is read."""

    async def read(self, connection: Connection, /) -> None:
        """Read what it needs besides the customer."""

    def decide(self, found: Found[S, C], /) -> Sequence[Decided]:
        """What is to be appended; nothing: then nothing is, not even what the day brought. Raises what refuses it."""

    async def keep(self, connection: Connection, found: Found[S, C], /) -> None:
        """Write what else belongs to it, in the transaction of the append. Raises Moved where what it read has moved."""


class Beside(NamedTuple):
    """The streams that are told what is decided about another, in the same transaction: in C order."""

    streams: tuple[str, ...] = ()
    tells: Callable[[str, Sequence[Decided]], Sequence[Decided]] = lambda stream, decided: ()
    """What is appended to one of them, of what was decided; nothing: it is left alone."""


NOBODY = Beside()


class Look(NamedTuple):
    """What commands need to know besides their customers, read with them."""

    columns: str
    """What SQL selects for the customer, which is `u.stream`, and its partition, `u.partition`."""
    tell: Callable[[Any, Record], bool]
    """Tells a command what was found of it. Returns whether it needs no more than that: neither `begin`, `read` nor `keep`."""


class Asked(NamedTuple):
    """A command, and the streams it is about."""

    command: Command[Any, Any]
    customer_id: str
    beside: Beside = NOBODY

    @property
    def streams(self) -> tuple[str, ...]:
        """Those beside first, the customer last."""
        return (*self.beside.streams, self.customer_id)
