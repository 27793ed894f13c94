"""Requests that others approve: overrides, their end, erasures, versions of methods; and the staff register."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Security

from services.rating.api.approval_forms import ActivationAsked, ErasureAsked, ExceptionAsked, OverrideAsked
from services.rating.api.asking import CustomerId, Wired
from services.rating.handlers import answering, approving
from services.rating.handlers.approving import Asked
from shared.edge.http import staff_routes
from shared.edge.http.approval_routes import DECLINED, answers
from shared.edge.http.approving import Approval, Id, Key, Reasoned, actor, shown
from shared.edge.http.auth import Principal, principal

router = APIRouter(prefix="/v1", tags=["approvals"], responses=DECLINED)

Requester = Annotated[Principal, Security(principal, scopes=["approvals:request"])]
Proposer = Annotated[Principal, Security(principal, scopes=["rules:propose"])]
Eraser = Annotated[Principal, Security(principal, scopes=["pii:erase"])]


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
    size = Decimal(body.size) if body.size is not None else None
    row = await approving.exception(
        wired,
        customer_id,
        asked,
        excepts=body.excepts,
        terms=body.terms,
        size=size,
        until=body.expires_on,
        method=body.method,
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
router.include_router(staff_routes.router)
