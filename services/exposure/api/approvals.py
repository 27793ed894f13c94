"""Requests for limits and advance funding, and what others say to them."""

from __future__ import annotations

from decimal import Decimal

from fastapi import APIRouter

from services.exposure.api.asking import CustomerId, Holder, Proposer, Wired, money
from services.exposure.api.forms import AdvanceAsked, LimitAsked, LimitEndAsked
from services.exposure.core.advances import AdvanceWanted
from services.exposure.core.records import told
from services.exposure.core.requesting import LimitEndWanted, LimitWanted
from services.exposure.handlers import approving
from shared.core.money import plain
from shared.edge.http import staff_routes
from shared.edge.http.approval_routes import DECLINED, answers
from shared.edge.http.approving import Approval, Id, Key, actor, shown

router = APIRouter(prefix="/v1", tags=["approvals"], responses=DECLINED)


def _text(amount: Decimal) -> str:
    return format(plain(amount), "f")


@router.post("/limits/{customer_id}/requests", status_code=202, summary="Ask for a limit")
async def ask(who: Proposer, customer_id: Holder, wired: Wired, body: LimitAsked, key: Key) -> Approval:
    """Ask for a limit of a customer, or of a group (`g:…`).

    It holds once everybody of its chain has granted it; the amount and the grade say who that is.
    """
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
        papers=body.papers,
    )
    return shown(await approving.ask(wired, customer_id, wanted, by))


@router.post("/limits/{customer_id}/limits/{limit_id}/end", status_code=202, summary="Ask for the end of a limit")
async def ask_end(
    who: Proposer, customer_id: Holder, limit_id: Id, wired: Wired, body: LimitEndAsked, key: Key
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


router.include_router(answers(read="exposures:read", answer=approving.answer))
router.include_router(staff_routes.router)
