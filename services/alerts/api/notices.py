"""What became of each notice over HTTP: who hears, why they, when, by which messages; and why nobody does."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from services.alerts.adapters import noticed
from services.alerts.adapters.noticed import HearingRow, NoticeRow
from services.alerts.adapters.staff_words import person_named, waits, worded
from services.alerts.api.asking import Reached, Reader, Wired
from services.alerts.core.organisation import Organisation
from services.alerts.core.resolving import Reason
from shared.edge import clock
from shared.edge.codes import Words
from shared.edge.http import paging, query
from shared.edge.http.approving import Answer, Next
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place

router = APIRouter(prefix="/v1", tags=["alerts"])


class Sentence(Answer):
    """The same in two languages."""

    en: str
    zh: str


class SentTold(Answer):
    """A message that carries the notice to the person."""

    message_id: str
    channel: str
    state: str = Field(description="waiting, delivered, unconfirmed or undelivered")
    created_at: datetime


class HearingTold(Answer):
    """One person who is to hear."""

    person: str
    name: Sentence
    state: str = Field(description="pending, planned, told, quiet, passed (to another) or undelivered")
    because: list[Sentence] = Field(description="why this person")
    due_at: datetime
    waits: Sentence | None = Field(description="why not at once")
    why: list[Sentence] = Field(description="why they do not hear, where they do not")
    sees_grades: bool
    messages: list[SentTold]


class NoticeTold(Answer):
    """One notice, and what became of it."""

    notice_id: str
    alert_id: str
    subject: str
    what: str
    to: list[str] = Field(description="the receivers, as the route says")
    route: str
    at: datetime
    state: str = Field(description="waiting, planned, told, quiet or undelivered")
    why: list[Sentence]
    hearings: list[HearingTold]


class Notices(Answer):
    """A page of notices, the oldest first."""

    notices: list[NoticeTold]
    next: Next


@router.get("/notices", summary="What became of each notice, and why")
async def notices(
    *,
    who: Reader,
    wired: Wired,
    reached: Reached,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    alert: Annotated[query.Text | None, Query(description="only of this alert")] = None,
    state: Annotated[query.Text | None, Query(description="only in this state")] = None,
) -> Notices:
    """Return notices of alerts that the caller may see, with who hears of each, for what reason, and by which messages."""
    start = place(after, tuple[paging.Instant, paging.Text]) if after else noticed.BEGINNING
    async with wired.database().acquire() as connection:
        rows = await noticed.listed(connection, after=start, limit=limit + 1, alert=alert, state=state, reach=reached)
        page = rows[:limit]
        organisation = await noticed.names(connection, now=clock.now())
    following = cursor(page[-1].at, page[-1].notice_id) if len(rows) > limit else None
    return Notices(notices=[_told(one, organisation) for one in page], next=following)


def _told(one: NoticeRow, organisation: Organisation) -> NoticeTold:
    return NoticeTold(
        notice_id=one.notice_id,
        alert_id=one.notice.alert_id,
        subject=one.notice.subject,
        what=one.notice.what,
        to=list(one.notice.to),
        route=one.notice.route,
        at=one.at,
        state=one.state,
        why=_sentences(one.why, organisation),
        hearings=[_heard(hearing, organisation) for hearing in one.hearings],
    )


def _heard(one: HearingRow, organisation: Organisation) -> HearingTold:
    why = waits(one.waits) if one.state == "pending" else None
    return HearingTold(
        person=one.person,
        name=_both(person_named(one.person, organisation)),
        state=one.state,
        because=_sentences(one.hearing.reasons, organisation),
        due_at=one.due_at,
        waits=None if why is None else _both(why),
        why=_sentences(one.why, organisation),
        sees_grades=one.hearing.sees_grades,
        messages=[SentTold.model_validate(message) for message in one.messages],
    )


def _sentences(reasons: tuple[Reason, ...], organisation: Organisation) -> list[Sentence]:
    return [_both(worded(reason, organisation)) for reason in reasons]


def _both(words: Words) -> Sentence:
    return Sentence(en=words.en, zh=words.zh)
