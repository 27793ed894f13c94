"""Silences, and the way that an alert would take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path

from services.alerts.api import answers
from services.alerts.api.asking import Admin, Reader, Wired, person
from services.alerts.api.forms import Routed, Silenced
from services.alerts.core.showing import show
from services.alerts.core.silence import Silence
from shared.core.errors import Declined, NotFound
from shared.edge import clock
from shared.edge.http import paging, problem
from shared.edge.http.approving import Key
from shared.edge.http.auth import whole
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place

_DECLINED = problem.KINDS["declined"]
router = APIRouter(
    prefix="/v1",
    tags=["routing"],
    dependencies=[Depends(whole)],
    responses={_DECLINED.status: {"description": _DECLINED.title, "content": problem.CONTENT}},
)
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
PAST, TOO_LONG = "SILENCE_IN_THE_PAST", "SILENCE_TOO_LONG"


@router.get("/silences", summary="Silences")
async def silences(who: Reader, wired: Wired, limit: Limit = PAGE_USUAL, after: After = None) -> answers.Silences:
    """Return silences, those that are over as well, the oldest first."""
    start = place(after, tuple[paging.Instant, paging.Text]) if after else (FIRST, "")
    rows = await wired.silences.page(wired.database(), after=start, limit=limit + 1)
    page = rows[:limit]
    following = cursor(page[-1].created_at, page[-1].silence_id) if len(rows) > limit else None
    shown = [msgspec.structs.asdict(one) for one in page]
    return answers.Silences.model_validate({"silences": shown, "next": following})


@router.post("/silences", status_code=201, summary="Silence alerts")
async def silence(who: Admin, wired: Wired, body: Silenced, key: Key) -> answers.Silence:
    """Let nobody be told of what matches, 14 days at most. The alerts stand all the same, and say so."""
    now, by = clock.now(), person(who)
    if body.until <= now:
        raise Declined(PAST)
    if body.until > now + timedelta(days=wired.rules.kinds.silence_days):
        raise Declined(TOO_LONG)
    made = Silence(
        silence_id=blake2b(f"{by}\0{key}".encode(), digest_size=8).hexdigest(),
        matchers={name: tuple(texts) for name, texts in body.matchers.items()},
        author=by,
        reason=body.reason,
        created_at=now,
        expires_at=body.until,
    )
    await wired.silences.make(wired.database(), made)
    return answers.Silence.model_validate(msgspec.structs.asdict(made))


@router.post("/silences/{silence_id}/end", status_code=204, summary="End a silence")
async def end(who: Admin, wired: Wired, silence_id: Annotated[str, Path(min_length=1, max_length=64)]) -> None:
    """End a silence before its time."""
    if not await wired.silences.end(wired.database(), silence_id, by=person(who), now=clock.now()):
        raise NotFound("no such silence holds")


@router.post("/routes/test", summary="The way that an alert would take")
async def test(who: Reader, wired: Wired, body: Routed) -> answers.Ways:
    """Return the routes that an alert with these labels takes, who is told, when, and who is when nobody acts. Nothing is sent."""
    labels = dict(body.labels)
    found = show(wired.rules, wired.hours, labels, body.at or clock.now(), labels.get("subject", "?"))
    return answers.Ways.model_validate({"routes": [msgspec.to_builtins(one) for one in found]})
