"""The rating worker: facts in, grades and warnings out. What it is made of is said here; the machine is shared."""

from __future__ import annotations

from pathlib import Path

from services.rating.adapters import catalogue
from services.rating.adapters.context import Activations
from services.rating.adapters.projecting import CustomerProjector
from services.rating.core.brain import RatingBrain
from shared.core.customer.state import Setting
from shared.edge import logs, metrics_port
from shared.edge.settings import Settings
from shared.edge.workdays import china
from shared.edge.worker import assembly

TOPICS = ("credit.events",)


def brain(currency: str, policies: Path | None = None) -> RatingBrain:
    """The brain of this release: the rules of *policies* or the shipped ones, China's work calendar. Raises Misconfigured."""
    return RatingBrain(catalogue.in_use(policies), Setting(calendar=china(), currency=currency), catalogue.chains())


def run(settings: Settings) -> int:
    """Work until SIGTERM; returns the exit status. Raises Misconfigured."""
    logs.configure(level=settings.log_level, service="rating-worker")
    metrics_port.serve(settings)
    return assembly.run(
        settings,
        service="rating",
        brain=brain(settings.currency, settings.policies),
        projector=CustomerProjector(),
        topics=TOPICS,
        changes=Activations(),
    )
