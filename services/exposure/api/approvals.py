"""Requests for limits and advance funding, and what others say to them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from services.exposure.api.asking import CustomerId, Decider, Proposer, Reader, Wired, money
from services.exposure.api.forms import AdvanceAsked, LimitAsked, LimitEndAsked
from services.exposure.core.advances import AdvanceWanted
from services.exposure.core.records import told
from services.exposure.core.requesting import LimitEndWanted, LimitWanted
from services.exposure.handlers import approving
from shared.core.approval.listed import Wanted
from shared.core.money import plain
from shared.edge.http import paging, problem, query
from shared.edge.http.approving import Answered, Approval, Approvals, Grant, Id, Key, MaybeKey, actor, shown
from shared.edge.http.auth import Seen
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place

_DECLINED: dict[int | str, dict[str, Any]] = {
    problem.KINDS["declined"].status: {"description": problem.KINDS["declined"].title, "content": problem.CONTENT}
}
router = APIRouter(prefix="/v1", tags=["approvals"], responses=_DECLINED)


def _text(amount: Decimal) -> str:
    return format(plain(amount), "f")


@router.post("/limits/{customer_id}/requests", status_code=202, summary="Ask for a limit")
async def ask(who: Proposer, customer_id: CustomerId, wired: Wired, body: LimitAsked, key: Key) -> Approval:
    """Ask for a limit. It holds once everybody of its chain has granted it; the amount and the grade say who that is."""
    by = actor(who, body, key)
    wanted = LimitWanted(
        customer_id=customer_id,
        kind=body.kind,
        amount=_text(money(body.amount, body.currency)),
        currency=body.currency,
        reason=body.reason,
        evidence=body.evidence,
        by=by.person,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        share=body.share,
        place=told(body.place.place()) if body.place is not None else {},
        review_on=body.review_on,
        stop_on=body.stop_on,
        conditions=tuple(body.conditions),
    )
    return shown(await approving.ask(wired, customer_id, wanted, by))


@router.post("/limits/{customer_id}/limits/{limit_id}/end", status_code=202, summary="Ask for the end of a limit")
async def ask_end(
    who: Proposer, customer_id: CustomerId, limit_id: Id, wired: Wired, body: LimitEndAsked, key: Key
) -> Approval:
    """Ask that a limit hold no more."""
    by = actor(who, body, key)
    wanted = LimitEndWanted(
        customer_id=customer_id, limit_id=limit_id, reason=body.reason, evidence=body.evidence, by=by.person
    )
    return shown(await approving.ask(wired, customer_id, wanted, by))


@router.post("/limits/{customer_id}/advances", status_code=202, summary="Ask for advance funding")
async def ask_advance(who: Proposer, customer_id: CustomerId, wired: Wired, body: AdvanceAsked, key: Key) -> Approval:
    """Ask for advance funding (垫资). In principle there is none; the papers that it needs are named here."""
    by = actor(who, body, key)
    wanted = AdvanceWanted(
        customer_id=customer_id,
        amount=_text(money(body.amount, body.currency)),
        currency=body.currency,
        months=body.months,
        reason=body.reason,
        evidence=body.evidence,
        by=by.person,
        letter=body.letter or "",
        contract=body.contract or "",
        statement=body.statement or "",
        exception=body.exception or "",
    )
    return shown(await approving.ask(wired, customer_id, wanted, by))


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
    return shown(await approving.one(wired, approval_id, seen))


@router.post("/approvals/{approval_id}/approve", summary="Grant the step that waits")
async def approve(
    who: Decider, seen: Seen, wired: Wired, approval_id: Id, body: Grant, key: MaybeKey = None
) -> Approval:
    """Grant the step that waits. The last grant takes effect at once, with exactly the content that was hashed."""
    row = await approving.approve(
        wired,
        approval_id,
        actor(who, body, key),
        seen,
        sha256=body.payload_sha256,
        reason=body.reason or "",
        evidence=body.evidence or "",
    )
    return shown(row)


@router.post("/approvals/{approval_id}/refuse", summary="Refuse a request")
async def refuse(
    who: Decider, seen: Seen, wired: Wired, approval_id: Id, body: Answered, key: MaybeKey = None
) -> Approval:
    """Refuse the whole request; whoever may grant the step that waits may do so."""
    by = actor(who, body, key)
    row = await approving.refuse(wired, approval_id, by, seen, reason=body.reason, evidence=body.evidence or "")
    return shown(row)


@router.post("/approvals/{approval_id}/withdraw", summary="Take one's own request back")
async def withdraw(
    who: Reader, seen: Seen, wired: Wired, approval_id: Id, body: Answered, key: MaybeKey = None
) -> Approval:
    """Take back what one has asked for, while it is open."""
    by = actor(who, body, key)
    row = await approving.withdraw(wired, approval_id, by, seen, reason=body.reason, evidence=body.evidence or "")
    return shown(row)
