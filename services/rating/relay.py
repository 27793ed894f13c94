"""The rating relay: carries facts and decisions from the database to Kafka, opens the days, reviews populations."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from services.rating.adapters import catalogue
from services.rating.adapters.policy_deciding import PolicyDeciding
from services.rating.adapters.reviewing import keep_reviewing
from services.rating.adapters.ruling import keep_ruling
from services.rating.core.brain import RatingBrain
from shared.core.customer.state import Setting
from shared.edge import relaying
from shared.edge.settings import Settings
from shared.edge.store.intake import clean
from shared.edge.workdays import china
from shared.edge.worker.calendar import keep_opening
from shared.edge.worker.settings import WorkerSettings

SCHEMA = "rating"


def run(settings: Settings) -> int:
    """Relay until SIGTERM; returns the exit status. Raises Misconfigured."""

    def beside(pool: Any, stop: asyncio.Event) -> Iterator[Any]:
        brain = RatingBrain(catalogue.in_use(settings.policies), Setting(calendar=china(), currency=settings.currency))
        told = WorkerSettings(instance=settings.instance, partitions=settings.partitions, zone=settings.zone)
        ruling = PolicyDeciding(brain.rulebook, told, catalogue.chains(), china().rests)
        yield keep_reviewing(pool, stop, brain=brain, told=settings)
        yield keep_ruling(pool, stop, decide=ruling)
        yield keep_opening(pool, stop, zone=settings.zone, partitions=settings.partitions, instance=settings.instance)

    return relaying.run(settings, service=SCHEMA, leader=True, names=("intake", "outbox"), clean=clean, beside=beside)
