"""What every process of the service is made of: the brain, and what carries commands out with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.exposure.adapters.bounds import BOUNDS, SCHEMA
from services.exposure.core.folding import FoldingBrain
from shared.core.brain import Decided
from shared.core.customer.state import Setting
from shared.edge.commanding import Commands, Found
from shared.edge.settings import Settings
from shared.edge.workdays import china
from shared.edge.worker.assembly import told_by

PROJECTOR = None


def brain(settings: Settings) -> FoldingBrain:
    """The brain of this release. Raises Misconfigured."""
    return FoldingBrain(Setting(calendar=china(), currency=settings.currency))


def commands(settings: Settings) -> Commands[Any, Any]:
    """What decides commands as the worker would. Raises Misconfigured."""
    return Commands(brain(settings), PROJECTOR, told_by(settings, service=SCHEMA, **BOUNDS), strangers=True)


def over(found: Found[Any, Any]) -> Sequence[Decided]:
    """The reservations of a customer that are over by the instant of the command."""
    return ()
