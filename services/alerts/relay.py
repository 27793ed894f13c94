"""The alerts relay: carries what was decided about alerts to Kafka; beside it runs what moves with the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from services.alerts.adapters import delivery_wiring, wiring
from services.alerts.adapters.bounds import SCHEMA
from services.alerts.adapters.counting import keep_counting
from services.alerts.adapters.deciding import Deciding
from services.alerts.adapters.dispatching import keep_dispatching
from services.alerts.adapters.publishing import keep_publishing
from services.alerts.adapters.reporting import reporting
from services.alerts.adapters.waking import keep_waking
from services.alerts.adapters.watching import keep_watching
from shared.edge import relaying
from shared.edge.settings import Settings
from shared.edge.store.bell import Bell

Loop = Callable[[Settings, Any, asyncio.Event, Bell], Coroutine[Any, Any, None]]
"""What runs until the event is set, over the pool of the process, and may be woken; it outlives every outage itself."""
POOL = 6
"""Connections: every channel delivers beside the others."""


def waking(settings: Settings, pool: Any, stop: asyncio.Event, _: Bell) -> Coroutine[Any, Any, None]:
    """Escalations, repeats, ends of snoozes."""
    made = wiring.brain(settings)
    return keep_waking(pool, stop, brain=made, commands=wiring.commands(settings, made))


def watching(settings: Settings, pool: Any, stop: asyncio.Event, _: Bell) -> Coroutine[Any, Any, None]:
    """The figures of /metrics."""
    return keep_watching(pool, stop)


def dispatching(settings: Settings, pool: Any, stop: asyncio.Event, bell: Bell) -> Coroutine[Any, Any, None]:
    """Messages to people, of the notices that wait."""
    made = wiring.brain(settings)
    report = reporting(Deciding(made, wiring.commands(settings, made)), pool)
    return keep_dispatching(
        pool,
        stop,
        zone=settings.zone,
        report=report,
        woken=bell.hears("notices"),
        lacking=delivery_wiring.lacking(settings),
    )


def publishing(settings: Settings, pool: Any, stop: asyncio.Event, _: Bell) -> Coroutine[Any, Any, None]:
    """Lists to people, at the runs of their periods."""
    return keep_publishing(pool, stop, wiring.publisher(settings))


def counting(settings: Settings, pool: Any, stop: asyncio.Event, _: Bell) -> Coroutine[Any, Any, None]:
    """The figures of the dispatcher."""
    return keep_counting(pool, stop)


LOOPS: tuple[Loop, ...] = (
    waking,
    watching,
    dispatching,
    publishing,
    counting,
    delivery_wiring.delivering,
    delivery_wiring.feeding,
    delivery_wiring.measuring,
)
"""One more loop is one more entry."""


def run(settings: Settings) -> int:
    """Relay until SIGTERM; returns the exit status. Raises Misconfigured."""

    def beside(pool: Any, stop: asyncio.Event) -> Iterator[Any]:
        bell = Bell(settings.postgres, schema=SCHEMA)
        yield from (loop(settings, pool, stop, bell) for loop in LOOPS)
        yield bell.run(stop)

    return relaying.run(settings, service=SCHEMA, leader=False, beside=beside, pool_size=POOL)
