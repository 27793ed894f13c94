"""Alerts as they change, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.alerts.api import answers
from services.alerts.api.asking import Reached, Reader, Wired
from shared.core.errors import Malformed, Unavailable
from shared.edge.cursors import BigInt, Int, cursor, place
from shared.edge.http.auth import Seen

router = APIRouter(prefix="/v1", tags=["alerts"])
RETRY_MILLISECONDS = 3_000
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=8192, description="the id of the last event that was read")
]


async def room(who: Reader, wired: Wired) -> None:
    """Raises Unavailable where as many pages are open as may be, and where the database is away: to who may ask at all."""
    wired.database()
    if wired.delivery.following.full():
        raise Unavailable("too many pages are open on this process; try again later")


async def since(last_event_id: LastEventId = None) -> dict[int, int] | None:
    """Where the reader stands. Raises Malformed."""
    if not last_event_id:
        return None
    try:
        return dict(place(last_event_id, tuple[tuple[Int, BigInt], ...]))
    except Malformed as error:
        raise Malformed(
            "Last-Event-ID: send the id of the last event as it is", pointer="Last-Event-ID:", rule="cursor"
        ) from error


@router.get(
    "/stream",
    summary="Alerts as they change",
    response_class=EventSourceResponse,
    dependencies=[Depends(room)],
)
async def stream(
    who: Reader, seen: Seen, reached: Reached, wired: Wired, stands: Annotated[dict[int, int] | None, Depends(since)]
) -> AsyncIterator[ServerSentEvent]:
    """Tell of every alert that changes and that the caller may see. A comment every 15 seconds keeps the way open.

    `event: alert` has the alert as it stands now, as `GET /v1/alerts` shows it; `event: position` has nothing but an id. Who
    comes back with `Last-Event-ID` misses nothing; who was away for more than 10,000 commits reads the list anew.
    """
    changes = wired.delivery.following.changes(wired.database, wired.lists, reached, stands)
    async for positions, alert in changes:
        place_ = cursor(*sorted(positions.items()))
        if alert is None:
            yield ServerSentEvent(event="position", id=place_, retry=RETRY_MILLISECONDS, raw_data="{}")
        else:
            yield ServerSentEvent(
                event="alert", id=place_, data=answers.Alert.model_validate(alert, from_attributes=True)
            )
