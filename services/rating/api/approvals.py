"""Requests that others approve: overrides, their end, erasures, versions of methods; and the staff register."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Security

from services.rating.api.approval_forms import (
    ActivationAsked,
    ErasureAsked,
    ExceptionAsked,
    OverrideAsked,
    Staff,
    StaffSaid,
)
from services.rating.api.asking import CustomerId, Wired
from services.rating.handlers import answering, approving
from services.rating.handlers.approving import Asked
from shared.edge.http import paging
from shared.edge.http.approval_routes import DECLINED, answers
from shared.edge.http.approving import Approval, Id, Key, Reasoned, actor, shown
from shared.edge.http.auth import Principal, principal
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place

router = APIRouter(prefix="/v1", tags=["approvals"], responses=DECLINED)

Requester = Annotated[Principal, Security(principal, scopes=["approvals:request"])]
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


router.include_router(answers(read="ratings:read", answer=answering.answer))


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
