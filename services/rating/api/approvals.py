"""Requests that others approve: overrides, their end, erasures, versions of methods; and the staff register."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Security

from services.rating.api.approval_forms import (
    ActivationAsked,
    ErasureAsked,
    ExceptionAsked,
    OverrideAsked,
    Staff,
    StaffSaid,
)
from services.rating.api.asking import CustomerId, Reader, Wired
from services.rating.handlers import answering, approving
from services.rating.handlers.approving import Asked
from shared.core.approval.listed import Wanted
from shared.edge.http import paging, problem, query
from shared.edge.http.approving import Answered, Approval, Approvals, Grant, Id, Key, MaybeKey, Reasoned, actor, shown
from shared.edge.http.auth import Principal, Seen, principal
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place

_DECLINED: dict[int | str, dict[str, Any]] = {
    problem.KINDS["declined"].status: {"description": problem.KINDS["declined"].title, "content": problem.CONTENT}
}
router = APIRouter(prefix="/v1", tags=["approvals"], responses=_DECLINED)

Requester = Annotated[Principal, Security(principal, scopes=["approvals:request"])]
Decider = Annotated[Principal, Security(principal, scopes=["approvals:decide"])]
Proposer = Annotated[Principal, Security(principal, scopes=["rules:propose"])]
Eraser = Annotated[Principal, Security(principal, scopes=["pii:erase"])]
Registrar = Annotated[Principal, Security(principal, scopes=["admin:users"])]


@router.post("/customers/{customer_id}/overrides", status_code=202, summary="Ask for an override")
async def override(who: Requester, customer_id: CustomerId, wired: Wired, body: OverrideAsked, key: Key) -> Approval:
    """Ask that another grade, or a cap, hold until a date. It holds once everybody of its chain has granted it."""
    asked = Asked(actor(who, body, key), body.reason, body.evidence)
    row = await approving.override(
        wired, customer_id, asked, grade=body.grade, cap=body.cap, until=body.expires_on, method=body.method
    )
    return shown(row)


@router.post(
    "/customers/{customer_id}/overrides/{override_id}/end", status_code=202, summary="Ask for the end of an override"
)
async def override_end(
    who: Requester, customer_id: CustomerId, override_id: Id, wired: Wired, body: Reasoned, key: Key
) -> Approval:
    """Ask that an override be taken back before its last day."""
    asked = Asked(actor(who, body, key), body.reason, body.evidence)
    return shown(await approving.override_end(wired, customer_id, asked, override_id))


@router.post("/customers/{customer_id}/exceptions", status_code=202, summary="Ask for an exception")
async def exception(who: Requester, customer_id: CustomerId, wired: Wired, body: ExceptionAsked, key: Key) -> Approval:
    """Ask that a rule not hold for the customer until a date. It ends by itself; no grade changes by it."""
    asked = Asked(actor(who, body, key), body.reason, body.evidence)
    row = await approving.exception(
        wired, customer_id, asked, excepts=body.excepts, terms=body.terms, until=body.expires_on, method=body.method
    )
    return shown(row)


@router.post("/customers/{customer_id}/erasure", status_code=202, summary="Ask for an erasure")
async def erasure(who: Eraser, customer_id: CustomerId, wired: Wired, body: ErasureAsked, key: Key) -> Approval:
    """Ask that the key of the customer's personal fields be destroyed. A second person grants it; it cannot be undone."""
    asked = Asked(actor(who, body, key), body.basis, body.evidence)
    return shown(await approving.erasure(wired, customer_id, asked))


@router.post(
    "/policies/{policy_id}/activations", status_code=202, summary="Ask that a version of a method be activated"
)
async def activation(who: Proposer, policy_id: Id, wired: Wired, body: ActivationAsked, key: Key) -> Approval:
    """Ask that a version bind from the opening of a day. With the last grant it does, if that day was not opened meanwhile."""
    asked = Asked(actor(who, body, key), body.reason, body.evidence or f"sha256 {body.sha256}")
    row = await approving.activation(
        wired, policy_id, asked, version=body.version, sha256=body.sha256, effective=body.effective
    )
    return shown(row)


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
    return shown(await answering.one(wired, approval_id, seen))


@router.post("/approvals/{approval_id}/approve", summary="Grant the step that waits")
async def approve(
    who: Decider, seen: Seen, wired: Wired, approval_id: Id, body: Grant, key: MaybeKey = None
) -> Approval:
    """Grant the step that waits. The last grant takes effect at once, with exactly the content that was hashed."""
    row = await answering.approve(
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
    row = await answering.refuse(wired, approval_id, by, seen, reason=body.reason, evidence=body.evidence or "")
    return shown(row)


@router.post("/approvals/{approval_id}/withdraw", summary="Take one's own request back")
async def withdraw(
    who: Reader, seen: Seen, wired: Wired, approval_id: Id, body: Answered, key: MaybeKey = None
) -> Approval:
    """Take back what one has asked for, while it is open."""
    by = actor(who, body, key)
    row = await answering.withdraw(wired, approval_id, by, seen, reason=body.reason, evidence=body.evidence or "")
    return shown(row)


@router.get("/staff", summary="The staff register")
async def staff(who: Registrar, wired: Wired, limit: Limit = PAGE_USUAL, after: After = None) -> Staff:
    """Return whom the register knows, by person."""
    start = place(after, tuple[paging.Text])[0] if after else ""
    rows = await wired.lists.staff(wired.database(), after=start, limit=limit + 1)
    page = rows[:limit]
    following = cursor(page[-1].person) if len(rows) > limit else None
    return Staff.model_validate({"staff": page, "next": following})


@router.put("/staff/{person}", status_code=204, summary="Say which roles a person holds")
async def put_staff(who: Registrar, wired: Wired, person: Id, body: StaffSaid) -> None:
    """From now on *person* holds these roles for approvals, whatever a token says besides; none: the person has left.

    A grant whose role is lost before the request took effect counts no more: its step waits again.
    """
    by = who.person or who.subject
    await wired.decide.put_staff(wired.database(), person, body.roles, reason=body.reason, by=by)
