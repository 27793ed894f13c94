"""The alerts service's own names and bounds: everything else is in `shared.edge.settings`."""

from __future__ import annotations

from typing import Any

from shared.core.events import EVENTS
from shared.core.events.base import Decision
from shared.core.events.calendar import BusinessDayOpened, BusinessDayRated
from shared.core.events.granting import Logged
from shared.core.events.limit import LimitsDecision, ReservationDecision, ReserveChanged
from shared.core.events.rating import RatingDecision

SCHEMA = "alerts"
TOPICS = ("credit.ratings", "credit.limits", "credit.restricted")
BATCH = 500
"""People wait for a minute, commands for a transaction."""
POLICY, HOUSE = "~policy", "~house"


def _is_heard(cls: type[Any]) -> bool:
    """What rating and exposure decided; not each reservation, of which there is one a sale."""
    if issubclass(cls, ReservationDecision | ReserveChanged | Logged):
        return False
    return issubclass(cls, RatingDecision | LimitsDecision) or cls is BusinessDayRated


UNHEARD = frozenset(cls.TYPE for cls in EVENTS if issubclass(cls, Decision) and not _is_heard(cls)) | {
    BusinessDayOpened.TYPE
}

BOUNDS: dict[str, Any] = {
    "intake": False,
    "day_topic": "credit.ratings",
    "unheard": UNHEARD,
    "batch_records": BATCH,
    "matters": frozenset({POLICY, HOUSE}),
}
"""How this service's worker differs from the usual one."""
