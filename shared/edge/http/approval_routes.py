"""What others say to a request, over HTTP: the routes of every service that has approvals.

Annotations are values here (no `from __future__`): the scopes of a route are arguments of the function that makes it.
"""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Security

from shared.core.approval.commands import Approve, Refuse, Withdraw
from shared.core.approval.listed import ApprovalRow, Wanted
from shared.edge.answering import Ports, one
from shared.edge.http import paging, problem, query
from shared.edge.http.approving import Answered, Approval, Approvals, Grant, Id, MaybeKey, actor, shown
from shared.edge.http.auth import Principal, Seen, principal
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place
from shared.edge.rights import Rows

Answer = Callable[[Any, Approve | Refuse | Withdraw, Rows], Awaitable[ApprovalRow]]
"""Decides and appends what is said, by (ports, what, the rows that may be seen). Raises Declined, NotFound, Unavailable."""

DECLINED: dict[int | str, dict[str, Any]] = {
    problem.KINDS["declined"].status: {"description": problem.KINDS["declined"].title, "content": problem.CONTENT}
}
"""How a route that asks or answers says no."""


async def _ports(request: Request) -> Any:
    return request.app.state.ports


def answers(*, read: str, answer: Answer) -> APIRouter:
    """The routes that list requests and answer them; *read* is the scope that sees them, *answer* what carries them out."""
    router = APIRouter()
    Reader = Annotated[Principal, Security(principal, scopes=[read])]  # noqa: N806 - a type
    Decider = Annotated[Principal, Security(principal, scopes=["approvals:decide"])]  # noqa: N806 - a type
    Wired = Annotated[Ports, Depends(_ports)]  # noqa: N806 - a type

    @router.get("/approvals", summary="What was asked for")
    async def approvals(
        *,
        who: Reader,
        seen: Seen,
        wired: Wired,
        limit: Limit = PAGE_USUAL,
        after: After = None,
        state: Annotated[Literal["open", "granted", "refused", "withdrawn", "expired"] | None, Query()] = None,
        kind: query.Text | None = None,
        role: Annotated[query.Text | None, Query(description="whose step waits")] = None,
        customer: query.Text | None = None,
    ) -> Approvals:
        """Return requests, the oldest first."""
        start = place(after, tuple[date, paging.Text]) if after else (date.min, "")
        wanted = Wanted(state, kind, role, customer)
        rows = await wired.lists.approvals(wired.database(), after=start, limit=limit + 1, wanted=wanted, rows=seen)
        page = rows[:limit]
        following = cursor(page[-1].requested_on, page[-1].approval_id) if len(rows) > limit else None
        return Approvals(approvals=[shown(row) for row in page], next=following)

    @router.get("/approvals/{approval_id}", summary="One request")
    async def approval(who: Reader, seen: Seen, wired: Wired, approval_id: Id) -> Approval:
        """Return what is asked for, exactly, and who granted it so far."""
        return shown(await one(wired, approval_id, seen))

    @router.post("/approvals/{approval_id}/approve", summary="Grant the step that waits")
    async def approve(
        who: Decider, seen: Seen, wired: Wired, approval_id: Id, body: Grant, key: MaybeKey = None
    ) -> Approval:
        """Grant the step that waits. The last grant takes effect at once, with exactly the content that was hashed."""
        by = actor(who, body, key)
        said = Approve(approval_id, body.payload_sha256, by, body.reason or "", body.evidence or "")
        return shown(await answer(wired, said, seen))

    @router.post("/approvals/{approval_id}/refuse", summary="Refuse a request")
    async def refuse(
        who: Decider, seen: Seen, wired: Wired, approval_id: Id, body: Answered, key: MaybeKey = None
    ) -> Approval:
        """Refuse the whole request; whoever may grant the step that waits may do so."""
        said = Refuse(approval_id, actor(who, body, key), body.reason, body.evidence or "")
        return shown(await answer(wired, said, seen))

    @router.post("/approvals/{approval_id}/withdraw", summary="Take one's own request back")
    async def withdraw(
        who: Reader, seen: Seen, wired: Wired, approval_id: Id, body: Answered, key: MaybeKey = None
    ) -> Approval:
        """Take back what one has asked for, while it is open."""
        said = Withdraw(approval_id, actor(who, body, key), body.reason, body.evidence or "")
        return shown(await answer(wired, said, seen))

    return router
