"""The exposure worker: facts and grades in, limits and holds out. What it is made of is said here; the machine is shared."""

from __future__ import annotations

from datetime import timedelta

import structlog

from services.exposure.adapters import wiring
from services.exposure.adapters.bounds import BOUNDS, SCHEMA, TOPICS
from services.exposure.adapters.projecting import AccountProjector
from shared.edge import logs, metrics_port
from shared.edge.exports import HttpExports
from shared.edge.settings import Settings
from shared.edge.worker import assembly

log = structlog.get_logger(__name__)


def run(settings: Settings) -> int:
    """Work until SIGTERM; returns the exit status. Raises Misconfigured."""
    logs.configure(level=settings.log_level, service="exposure-worker")
    metrics_port.serve(settings)
    return assembly.run(
        settings,
        service=SCHEMA,
        brain=wiring.brain(settings.currency),
        projector=AccountProjector(),
        topics=TOPICS,
        exports=exports(settings),
        **BOUNDS,
    )


def exports(settings: Settings) -> HttpExports | None:
    """Where history comes from that the topics do not hold any more; None where nobody says."""
    if settings.history_url and settings.embedded:
        from shared.edge.http import tokens  # what signs tokens is not loaded where none is signed

        life = timedelta(minutes=10)
        return HttpExports(
            settings.history_url,
            lambda: tokens.issue(data=settings.data, role="auditor", subject="exposure-worker", ttl=life),
        )
    if settings.history_url and settings.history_token:
        return HttpExports(settings.history_url, lambda: settings.history_token)
    log.warning("GRADELINE_HISTORY_URL or GRADELINE_HISTORY_TOKEN is not set: what the topics forgot is not loaded")
    return None
