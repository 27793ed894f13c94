"""Lists that are about no single customer: policies and standing warnings."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query

from services.rating.api import listed
from services.rating.api.asking import Reader, Wired
from shared.core.policy.versions import stand
from shared.edge.http import paging
from shared.edge.http.auth import Seen
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place

router = APIRouter(prefix="/v1", tags=["overview"])


@router.get("/policies", summary="The rating methods")
async def policies(who: Reader, wired: Wired) -> listed.Policies:
    """Return every version of every method that is loaded, and how it stands."""
    known = await wired.lists.versions(wired.database())
    stands = {
        (one.policy.method, one.policy.version): {
            "state": one.state,
            "since": one.since,
            "approval_id": one.approval_id,
        }
        for one in stand(wired.rules, known.activations, known.waiting, known.day)
    }
    rows = [{**msgspec.structs.asdict(one), **stands[one.id, one.version]} for one in wired.policies]
    return listed.Policies.model_validate({"policies": rows})


@router.get("/warnings", summary="Warnings that stand")
async def warnings(
    who: Reader,
    seen: Seen,
    wired: Wired,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    severity: Annotated[Literal["info", "warning", "critical"] | None, Query()] = None,
) -> listed.Warnings:
    """Return the early warnings that stand now, by customer."""
    start = place(after, tuple[paging.Text, paging.Text]) if after else ("", "")
    rows = await wired.lists.warnings(wired.database(), after=start, limit=limit + 1, severity=severity, rows=seen)
    shown = rows[:limit]
    following = cursor(shown[-1].customer_id, shown[-1].warning_id) if len(rows) > limit else None
    return listed.Warnings.model_validate({"warnings": shown, "next": following})
