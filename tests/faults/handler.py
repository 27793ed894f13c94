"""A bug in the code that folds, which raises for one customer only (row 50)."""

from __future__ import annotations

from typing import Any

from tests.architecture.tree import ROOT

SITE = ROOT / "tests" / "faults" / "site"
NAME = "the fold raises for "


def raising_for(customer: str) -> dict[str, str]:
    """What a worker is told so that it has the bug for *customer*."""
    return {"GRADELINE_PLANTED": f"{NAME}{customer}", "PYTHONPATH": f"{SITE}:{ROOT}"}


def plant(name: str) -> None:
    """Put the bug *name* into this process."""
    from services.rating.core.brain import RatingBrain

    customer = name.removeprefix(NAME)
    evolve = RatingBrain.evolve

    def broken(self: RatingBrain, state: Any, event: Any) -> None:
        if event.subject == customer:
            raise ZeroDivisionError("a bug that only this customer meets")
        evolve(self, state, event)

    RatingBrain.evolve = broken  # type: ignore[method-assign]
