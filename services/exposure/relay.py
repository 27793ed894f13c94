"""The exposure relay: carries decisions from the database to Kafka, and ends the reservations whose instant has passed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from services.exposure.adapters import wiring
from services.exposure.adapters.bounds import SCHEMA
from services.exposure.adapters.expiring import keep_expiring
from shared.edge import relaying
from shared.edge.settings import Settings


def run(settings: Settings) -> int:
    """Relay until SIGTERM; returns the exit status. Raises Misconfigured."""

    def beside(pool: Any, stop: asyncio.Event) -> Iterator[Any]:
        yield keep_expiring(pool, stop, commands=wiring.commands(settings), over=wiring.over)

    return relaying.run(settings, service=SCHEMA, leader=False, beside=beside)
