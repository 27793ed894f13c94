"""Reads of alerts, and what people do with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query

from services.alerts.api import answers
from services.alerts.api.asking import Actor, Found, Reached, Reader, Wired, person
from services.alerts.api.forms import Assigned, Commented, Noted, Reasoned, Snoozed
from services.alerts.core import acting
from services.alerts.core.listing import AlertListed, Reach, Wanted
from services.alerts.core.saying import Saying
from services.alerts.handlers.ports import Ports
from shared.core.errors import Malformed, NotFound
from shared.core.events.alert import AlertDecision
from shared.edge.http import paging, problem, query
from shared.edge.http.approving import Key
from shared.edge.http.auth import Seen
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place

_DECLINED = problem.KINDS["declined"]
router = APIRouter(
    prefix="/v1",
    tags=["alerts"],
    responses={_DECLINED.status: {"description": _DECLINED.title, "content": problem.CONTENT}},
)
Filter = query.Text | None
State = Literal["open", "acknowledged", "snoozed", "resolved", "withdrawn"]
Severity = Literal["info", "warning", "critical"]
Flag = Literal["true", "false"]
LAST = datetime(9000, 1, 1, tzinfo=UTC)
MORE = ("owner", "until", "step", "to", "times", "reference", "resolves_on", "reason", "caused_by", "person")


@router.get("/alerts", summary="Alerts")
async def alerts(
    *,
    who: Reader,
    reached: Reached,
    wired: Wired,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    state: State | None = None,
    severity: Severity | None = None,
    kind: Filter = None,
    label: Annotated[Filter, Query(description="name:text, e.g. region:east")] = None,
    subject: Filter = None,
    owner: Filter = None,
    mine: Annotated[Flag, Query(description="owned by you, or about a customer whom you manage")] = "false",
    recorded: Annotated[Flag, Query(description="also what was recorded only, and told to nobody")] = "false",
) -> answers.Alerts:
    """Return alerts, the newest first."""
    before = place(after, tuple[paging.Instant, paging.Text]) if after else (LAST, "")
    wanted = Wanted(
        state=state,
        severity=severity,
        kind=kind,
        subject=subject,
        owner=owner,
        mine=mine == "true" and bool(person(who)),
        label=_label(label),
        recorded=recorded == "true",
    )
    rows = await wired.lists.alerts(wired.database(), before=before, limit=limit + 1, wanted=wanted, reach=reached)
    page = rows[:limit]
    following = cursor(page[-1].opened_at, page[-1].alert_id) if len(rows) > limit else None
    return answers.Alerts.model_validate({"alerts": [msgspec.structs.asdict(one) for one in page], "next": following})


def _label(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    name, colon, value = text.partition(":")
    if not (name and colon):
        raise Malformed("label: write name:text, for example region:east", pointer="?label", rule="pattern")
    return name, value


@router.get("/alerts/{alert_id}", summary="One alert with its life")
async def alert(who: Reader, wired: Wired, found: Found, reached: Reached) -> answers.Life:
    """Return one alert, everything that happened to it and why, and who was to be told of it."""
    life = await wired.lists.life(wired.database(), found.alert_id)
    notices = await wired.lists.notices(wired.database(), found.alert_id)
    told = msgspec.structs.asdict(found) | {
        "plan": await wired.lists.plan(wired.database(), found.alert_id),
        "history": [_happened(data, at) for data, at in life],
        "notices": notices,
    }
    return answers.Life.model_validate(told)


def _happened(data: AlertDecision, written: datetime) -> dict[str, Any]:
    what = data.TYPE.removeprefix("credit.alert.").removesuffix(".v1")
    more = {name: text for name in MORE if (text := _text(getattr(data, name, None)))}
    return {
        "what": what,
        "at": data.at or written,
        "written_at": written,
        "by": data.by,
        "why": data.why,
        "severity": data.severity,
        "more": more,
    }


def _text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value) if value else ""


async def _done(wired: Ports, alert_id: str, reached: Reach, act: Callable[[Saying, datetime], None]) -> answers.Alert:
    await wired.command(wired.database(), alert_id, act)
    found: AlertListed | None = await wired.lists.alert(wired.database(), alert_id, reached)
    if found is None:
        raise NotFound(acting.UNKNOWN)
    return answers.Alert.model_validate(msgspec.structs.asdict(found))


@router.post("/alerts/{alert_id}/acknowledge", summary="Take an alert on")
async def acknowledge(
    who: Actor, seen: Seen, wired: Wired, reached: Reached, found: Found, body: Noted
) -> answers.Alert:
    """Take it on: you are its owner, and nobody else is called up."""
    by, name = person(who), found.alert_id
    return await _done(wired, name, reached, lambda s, at: acting.acknowledge(s, at, name, by, body.note))


@router.post("/alerts/{alert_id}/assign", summary="Give an alert to somebody")
async def assign(who: Actor, seen: Seen, wired: Wired, reached: Reached, found: Found, body: Assigned) -> answers.Alert:
    """Say who is to deal with it; that person is told."""
    by, name = person(who), found.alert_id
    return await _done(wired, name, reached, lambda s, at: acting.assign(s, at, name, by, body.owner, body.note))


@router.post("/alerts/{alert_id}/snooze", summary="Silence an alert for a while")
async def snooze(who: Actor, seen: Seen, wired: Wired, reached: Reached, found: Found, body: Snoozed) -> answers.Alert:
    """Let it be silent until an instant, 30 days away at most; then it is open again."""
    by, name = person(who), found.alert_id
    return await _done(wired, name, reached, lambda s, at: acting.snooze(s, at, name, by, body.until, body.reason))


@router.post("/alerts/{alert_id}/resolve", summary="Say that an alert is dealt with")
async def resolve(
    who: Actor, seen: Seen, wired: Wired, reached: Reached, found: Found, body: Reasoned
) -> answers.Alert:
    """Say how it was dealt with. Its cause coming back soon opens it again."""
    by, name = person(who), found.alert_id
    return await _done(wired, name, reached, lambda s, at: acting.resolve(s, at, name, by, body.reason))


@router.post("/alerts/{alert_id}/reopen", summary="Open an alert again")
async def reopen(who: Actor, seen: Seen, wired: Wired, reached: Reached, found: Found, body: Reasoned) -> answers.Alert:
    """Say why it is not dealt with after all. Its clocks begin again."""
    by, name = person(who), found.alert_id
    return await _done(wired, name, reached, lambda s, at: acting.reopen(s, at, name, by, body.reason))


@router.post("/alerts/{alert_id}/comment", summary="Write to an alert")
async def comment(
    who: Actor, seen: Seen, wired: Wired, reached: Reached, found: Found, body: Commented, key: Key
) -> answers.Alert:
    """Write something down for whoever deals with it, with a reference."""
    by, name = person(who), found.alert_id
    return await _done(
        wired, name, reached, lambda s, at: acting.comment(s, at, name, by, body.text, body.reference, key)
    )
