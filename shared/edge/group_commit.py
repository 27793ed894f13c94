"""Who waits goes together (group commit): while a transaction is under way others gather, and are the next one.

As a database makes one write of commits that wait for the disk. With nobody else there nobody waits, and the more there are,
the less each costs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.core.errors import Unavailable
from shared.edge import clock

T = TypeVar("T")
R = TypeVar("R")


class Ticket(Generic[T, R]):
    """What somebody asks for, and what came of it."""

    __slots__ = ("asked", "done")

    def __init__(self, asked: T) -> None:
        """Nothing came of it yet."""
        self.asked = asked
        self.done: asyncio.Future[R] = asyncio.get_running_loop().create_future()

    def end(self, outcome: R | Exception) -> None:
        """Say what came of it. The first word counts; and who asked may have gone away."""
        if self.done.done():
            return
        if isinstance(outcome, Exception):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome)


class GroupCommit(Generic[T, R]):
    """Carries out what is asked, several at once."""

    def __init__(
        self,
        carry: Callable[[Sequence[Ticket[T, R]]], Awaitable[None]],
        *,
        most: int,
        at_once: int = 1,
        several: int = 1,
        pace_seconds: float = 0.0,
    ) -> None:
        """*carry* carries *most* of them out at most and ends their tickets; what it raises ends those that it left.

        *at_once*: how many groups may be under way, each but the first begun for so many as *several*. *pace_seconds*: at
        least so long from one group of several to the next.
        """
        self._carry, self._most, self._pace_seconds = carry, most, pace_seconds
        self._at_once, self._several = at_once, several
        self._waiting: deque[Ticket[T, R]] = deque()
        self._going = 0
        self._tasks: set[asyncio.Task[None]] = set()
        """The loop itself holds tasks weakly."""

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def __call__(self, asked: T) -> R:
        """What came of *asked*, which is carried out even where who asked goes away. Raises what *carry* says."""
        ticket: Ticket[T, R] = Ticket(asked)
        self._waiting.append(ticket)
        if not self._going or (self._going < self._at_once and len(self._waiting) >= self._several):
            self._going += 1
            task = asyncio.create_task(self._go(), name="group commit")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await ticket.done

    async def _go(self) -> None:
        """Group after group until nobody waits. It is a task of its own: who leaves stops nobody."""
        try:
            while self._waiting:
                tickets = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                begun = clock.monotonic()
                await self._group(tickets)
                if len(tickets) > 1 and self._pace_seconds:  # who asks one after the other waits for nobody
                    await asyncio.sleep(max(0.0, begun + self._pace_seconds - clock.monotonic()))
        finally:
            self._going -= 1

    async def _group(self, tickets: Sequence[Ticket[T, R]]) -> None:
        try:
            await self._carry(tickets)
        except BaseException as error:
            for one in tickets:
                one.end(error if isinstance(error, Exception) else Unavailable("the service is stopping"))
            if not isinstance(error, Exception):
                raise
