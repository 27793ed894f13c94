"""The exposure service's own names and bounds: everything else is in `shared.edge.settings`."""

from __future__ import annotations

from typing import Any

from shared.core.events import EVENTS
from shared.core.events.approval import ExceptionGranted
from shared.core.events.base import Decision
from shared.core.events.calendar import BusinessDayOpened, BusinessDayRated
from shared.core.events.rating import DecisionCorrected, GradeChanged

SCHEMA = "exposure"
TOPICS = ("credit.events", "credit.ratings")
BATCH = 100
"""A credit check must not wait for a batch (architecture, fact 7), nor move a stream of one that is being made."""
HEARD = frozenset({BusinessDayRated.TYPE, GradeChanged.TYPE, DecisionCorrected.TYPE, ExceptionGranted.TYPE})
"""Of what others decided: grades, exceptions, and that a day is rated, which is the day here."""
UNHEARD = frozenset(cls.TYPE for cls in EVENTS if issubclass(cls, Decision)) - HEARD | {BusinessDayOpened.TYPE}

BOUNDS: dict[str, Any] = {
    "intake": False,
    "day_topic": "credit.ratings",
    "unheard": UNHEARD,
    "batch_records": BATCH,
    "sweep_streams": BATCH,
    "is_shared": True,
    "nice": 10,
}
"""How this service's worker differs from the usual one."""
