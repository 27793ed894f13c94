"""The alerts worker: decisions in, alerts and notices out. What it is made of is said here; the machine is shared."""

from __future__ import annotations

from services.alerts.adapters import wiring
from services.alerts.adapters.bounds import BOUNDS, SCHEMA, TOPICS
from services.alerts.adapters.projecting import AlertProjector
from shared.edge import logs, metrics_port
from shared.edge.settings import Settings
from shared.edge.worker import assembly


def run(settings: Settings) -> int:
    """Work until SIGTERM; returns the exit status. Raises Misconfigured."""
    logs.configure(level=settings.log_level, service="alerts-worker")
    metrics_port.serve(settings)
    return assembly.run(
        settings,
        service=SCHEMA,
        brain=wiring.brain(settings),
        projector=AlertProjector(),
        topics=TOPICS,
        **BOUNDS,
    )
