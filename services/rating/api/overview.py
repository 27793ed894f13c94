"""Lists that are about no single customer: policies, standing warnings, dead letters."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Security

from services.rating.api import answers
from services.rating.api.asking import Reader, Wired
from shared.edge.http import paging
from shared.edge.http.auth import Principal, principal
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place

router = APIRouter(prefix="/v1", tags=["overview"])


@router.get("/policies", summary="The rating methods")
async def policies(who: Reader, wired: Wired) -> answers.Policies:
    """Return every version of every method that is loaded."""
    return answers.Policies.model_validate({"policies": wired.policies})


@router.get("/warnings", summary="Warnings that stand")
async def warnings(
    who: Reader,
    wired: Wired,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    severity: Annotated[Literal["info", "warning", "critical"] | None, Query()] = None,
) -> answers.Warnings:
    """Return the early warnings that stand now, by customer."""
    start = place(after, tuple[paging.Text, paging.Text]) if after else ("", "")
    rows = await wired.lists.warnings(wired.database(), after=start, limit=limit + 1, severity=severity)
    shown = rows[:limit]
    following = cursor(shown[-1].customer_id, shown[-1].warning_id) if len(rows) > limit else None
    return answers.Warnings.model_validate({"warnings": shown, "next": following})


@router.get("/dead-letters", summary="Records that could not be events")
async def dead_letters(
    who: Annotated[Principal, Security(principal, scopes=["dlq:replay"])],
    wired: Wired,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    state: Literal["open", "redriven", "discarded"] = "open",
) -> answers.DeadLetters:
    """Return dead letters, newest first, with reason and position, without their bytes."""
    start = place(after, tuple[paging.Instant, paging.Text, paging.Int, paging.Text, paging.BigInt]) if after else None
    rows = await wired.lists.dead_letters(wired.database(), after=start, limit=limit + 1, state=state)
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    names = ("recorded_at", "topic", "partition", "generation", "position")
    following = cursor(*(last[name] for name in names)) if last else None
    return answers.DeadLetters.model_validate({"dead_letters": shown, "next": following})
