"""What was set aside, for those who mend it: dead letters, parked customers, facts whose identity was used before."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Security
from msgspec import Meta
from pydantic import Field

from services.rating.api.answers import Answer, Next
from services.rating.api.asking import Wired
from shared.edge.codes import meaning
from shared.edge.http import paging
from shared.edge.http.auth import Principal, Seen, principal, whole
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place

Operator = Annotated[Principal, Security(principal, scopes=["dlq:replay"])]
Hex = Annotated[str, Meta(pattern="^([0-9a-f]{2})*$")]

router = APIRouter(prefix="/v1", tags=["set aside"])


class DeadLetter(Answer):
    """A record that could not be an event; its bytes are not shown here."""

    topic: str
    partition: int
    generation: str
    position: int
    reason: str
    rule: str
    pointer: str
    recorded_at: datetime
    state: str
    about: str = Field(description="what the rule means")
    about_zh: str


class DeadLetters(Answer):
    """A page of dead letters, newest first."""

    dead_letters: list[DeadLetter]
    next: Next


class ParkedCustomer(Answer):
    """A customer whose facts are kept and of whom nothing is decided, because something failed."""

    customer_id: str
    version: int
    reason: str
    since: datetime
    retry: bool = Field(description="whether it is about to be tried again")
    about: str
    about_zh: str


class Parked(Answer):
    """A page of parked customers, the longest parked first."""

    parked: list[ParkedCustomer]
    next: Next


class QuarantinedFact(Answer):
    """A fact whose identity was used before."""

    customer_id: str
    source: str
    id: str
    type: str
    reason: str
    other: str | None = Field(description="the other customer who has a fact with this identity")
    recorded_at: datetime
    data: dict[str, Any] | None = Field(description="what was set aside, without personal fields")
    about: str
    about_zh: str


class Quarantined(Answer):
    """A page of facts whose identity was used before, newest first."""

    quarantined: list[QuarantinedFact]
    next: Next


@router.get("/dead-letters", dependencies=[Depends(whole)], summary="Records that could not be events")
async def dead_letters(
    who: Operator,
    wired: Wired,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    state: Literal["open", "redriven", "discarded"] = "open",
) -> DeadLetters:
    """Return dead letters, newest first, with reason and position, without their bytes."""
    start = place(after, tuple[paging.Instant, paging.Text, paging.Int, paging.Text, paging.BigInt]) if after else None
    rows = await wired.lists.dead_letters(wired.database(), after=start, limit=limit + 1, state=state)
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    names = ("recorded_at", "topic", "partition", "generation", "position")
    following = cursor(*(last[name] for name in names)) if last else None
    told = [{**letter, **_about(letter["rule"])} for letter in shown]
    return DeadLetters.model_validate({"dead_letters": told, "next": following})


@router.get("/parked", summary="Customers of whom nothing is decided")
async def parked(who: Operator, seen: Seen, wired: Wired, limit: Limit = PAGE_USUAL, after: After = None) -> Parked:
    """Return parked customers, the longest parked first: their facts are kept, and staff must look."""
    start = place(after, tuple[paging.Instant, paging.Text]) if after else None
    rows = await wired.lists.parked(wired.database(), after=start, limit=limit + 1, rows=seen)
    shown = [{**one, **_about("RETRY" if one["retry"] else "PARKED")} for one in rows[:limit]]
    following = cursor(shown[-1]["since"], shown[-1]["customer_id"]) if len(rows) > limit else None
    return Parked.model_validate({"parked": shown, "next": following})


@router.get("/quarantine", summary="Facts whose identity was used before")
async def quarantine(
    who: Operator, seen: Seen, wired: Wired, limit: Limit = PAGE_USUAL, after: After = None
) -> Quarantined:
    """Return facts that came again with other content, and those that two customers have, newest first."""
    start = place(after, tuple[paging.Instant, paging.Text, Hex, Hex]) if after else None
    rows = await wired.lists.quarantined(wired.database(), after=start, limit=limit + 1, rows=seen)
    shown = [{**one, **_about(one["reason"])} for one in rows[:limit]]
    last = shown[-1] if len(rows) > limit else None
    following = cursor(last["recorded_at"], last["customer_id"], *last["place"]) if last else None
    return Quarantined.model_validate({"quarantined": shown, "next": following})


def _about(code: str) -> dict[str, str]:
    words = meaning(code)
    return {"about": words.en, "about_zh": words.zh}
