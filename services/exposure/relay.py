"""The exposure relay: carries decisions from the database to Kafka, ends the reservations whose instant has passed, and attends
to groups and to all customers together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from services.exposure.adapters import wiring
from services.exposure.adapters.attending import Attending, keep_attending
from services.exposure.adapters.bounds import SCHEMA
from services.exposure.adapters.expiring import keep_expiring
from services.exposure.adapters.portfolio import Totals
from shared.edge import relaying
from shared.edge.settings import Settings


def run(settings: Settings) -> int:
    """Relay until SIGTERM; returns the exit status. Raises Misconfigured."""

    def beside(pool: Any, stop: asyncio.Event) -> Iterator[Any]:
        deciding = wiring.deciding(settings)
        yield keep_expiring(pool, stop, commands=deciding.commands, over=wiring.over)
        yield keep_attending(pool, stop, Attending(deciding, Totals(deciding.brain)))

    return relaying.run(settings, service=SCHEMA, leader=False, beside=beside)
