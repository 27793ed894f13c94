"""Who waits goes together: while some transactions of commands are under way, others gather, and are one transaction then.

As a database makes one write of commits that wait for the disk. With nobody else there nobody waits, and the more there are,
the less each costs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.edge.commanding.command import Asked

AT_ONCE = 2
"""Transactions under way: more of them would each carry less."""
MOST = 32
"""Commands of one transaction: the others have a second one to go by meanwhile."""


@dataclass(slots=True, eq=False)
class Ticket:
    """A command that waits, and what came of it."""

    asked: Asked
    done: asyncio.Future[None]

    def end(self, error: BaseException | None = None) -> None:
        """Say that it is committed, or why it is not. Who asked may have gone away."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


@dataclass(slots=True)
class Together:
    """Carries commands about different customers out, several in one transaction."""

    carry: Callable[[Any, Sequence[Ticket]], Awaitable[None]]
    """Carries some of them out on a pool, and ends their tickets; what it raises is what came of all that it left."""
    _waiting: deque[Ticket] = field(default_factory=deque)
    _going: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    """The loop itself holds tasks weakly."""

    async def __call__(self, pool: Any, asked: Asked) -> None:
        """Carry *asked* out. It is carried out even where who asked goes away. Raises what it raises."""
        ticket = Ticket(asked, asyncio.get_running_loop().create_future())
        self._waiting.append(ticket)
        if self._going < AT_ONCE:
            self._going += 1
            task = asyncio.create_task(self._go(pool))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await ticket.done

    async def _go(self, pool: Any) -> None:
        try:
            while self._waiting:
                await self._some(pool, [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))])
        finally:
            self._going -= 1

    async def _some(self, pool: Any, tickets: Sequence[Ticket]) -> None:
        try:
            await self.carry(pool, tickets)
        except Exception as error:  # whatever it is, somebody waits for it
            for one in tickets:
                one.end(error)
        except BaseException:  # the process ends
            for one in tickets:
                one.done.cancel()
            raise
