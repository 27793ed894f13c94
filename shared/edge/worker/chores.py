"""What a worker does besides facts, one piece at a time: load history, sweep a day, catch up on what was put off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.edge import clock
from shared.edge.worker.doubles import Doubles
from shared.edge.worker.loading import Loader
from shared.edge.worker.settings import WorkerSettings
from shared.edge.worker.sweep import Sweeper


@dataclass(slots=True)
class Chores:
    """Each piece is bounded, so facts never wait long for one."""

    settings: WorkerSettings
    sweeper: Sweeper
    doubles: Doubles
    loader: Loader | None
    settle: Callable[[], Awaitable[object]]
    """Waits for the write under way."""
    follow: Callable[[int], Awaitable[None]]
    """Lets the topics of a partition flow."""
    caught_up: float = 0.0

    @property
    def due(self) -> bool:
        """Whether there is something to do now."""
        loading = self.loader is not None and self.loader.waiting() is not None
        return loading or bool(self.sweeper.waiting() or self.sweeper.behind() or self.doubles.due)

    async def one(self, *, idle: bool) -> None:
        """Do a piece of what cannot wait; of what can wait where the worker is *idle*, or has not been for long."""
        if self.loader is not None and (part := self.loader.waiting()) is not None:
            await self.settle()
            if await self.loader.piece(part):
                await self.follow(part.number)
        if (part := self.sweeper.waiting()) is not None:
            await self.settle()
            await self.sweeper.piece(part)
        elif idle or clock.monotonic() - self.caught_up > self.settings.behind_seconds:
            await self._catch_up()

    async def _catch_up(self) -> None:
        """Do some of what can wait: decisions that reach far back, then the check of identities across customers."""
        self.caught_up = clock.monotonic()
        part = self.sweeper.behind()
        if part is not None:
            await self.settle()
            await self.sweeper.catch_up(part)
        elif self.doubles.due and self.sweeper.preparer.memory.parts:
            await self.settle()
            await self.doubles.look()
