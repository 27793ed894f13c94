"""Reads of exposure, credit checks, held orders."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path

from services.exposure.api import answers, grouped, telling
from services.exposure.api.asking import (
    Approver,
    AskedWhen,
    Checker,
    CustomerId,
    Reader,
    Releaser,
    Viewed,
    Wired,
    money,
    named,
)
from services.exposure.api.forms import CheckAsked, HoldReleased, SupplyAsked
from services.exposure.core.listing import WantedHolds
from services.exposure.handlers import checking, grouping
from shared.core.errors import Malformed, NotFound
from shared.core.ledger.documents import units
from shared.edge import clock
from shared.edge.http import paging, problem, query
from shared.edge.http.approving import actor
from shared.edge.http.auth import Seen
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place

_DECLINED = problem.KINDS["declined"]
router = APIRouter(
    prefix="/v1",
    tags=["exposure"],
    responses={_DECLINED.status: {"description": _DECLINED.title, "content": problem.CONTENT}},
)
Filter = query.Text | None


@router.post("/credit-checks", summary="Check an order, and keep headroom for it")
async def check(who: Checker, seen: Seen, wired: Wired, body: CheckAsked) -> answers.Check:
    """Answer approved, held or refused, with every step. The same question again is the same act; a query writes nothing."""
    customer = await named(wired, body.customer_id, seen, pointer="/customer_id")
    amount = units(money(body.amount, body.currency))
    answer = await checking.check(wired, customer, body.asked(amount, who.person or who.subject))
    return answers.Check.model_validate(telling.checked(answer, whole=who.may("exposures:read")))


@router.get("/exposures/{customer_id}", summary="Where a customer stands")
async def exposure(customer_id: CustomerId, found: Viewed, asked: AskedWhen, wired: Wired) -> answers.Exposure:
    """Return exposure by category, the effective limit and how it is put together, reservations, holds, and every document.

    Of the groups to which the customer belongs, their sums.
    """
    groups = await grouping.of_member(wired, found, *asked)
    told = telling.exposure(customer_id, found, asked.known_at or clock.now())
    return answers.Exposure.model_validate({**told, "groups": [grouped.stand(one) for one in groups]})


@router.get("/holds", summary="Orders that wait")
async def holds(
    *,
    who: Reader,
    seen: Seen,
    wired: Wired,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    reason: Filter = None,
    customer: Filter = None,
    company: Filter = None,
) -> answers.Holds:
    """Return held orders with all their reasons, the longest held first."""
    start = place(after, tuple[date, paging.Text, paging.Text]) if after else (date.min, "", "")
    wanted = WantedHolds(reason, customer, company)
    rows = await wired.lists.holds(wired.database(), after=start, limit=limit + 1, wanted=wanted, rows=seen)
    page = rows[:limit]
    following = cursor(page[-1].held_on, page[-1].customer_id, page[-1].order_id) if len(rows) > limit else None
    shown = [
        {
            **{name: getattr(row, name) for name in row.__struct_fields__},
            "hold_id": telling.hold_id(row.customer_id, row.order_id),
            "reasons": [telling.words(code) for code in row.reasons],
            "amount": telling.written(row.amount, row.currency),
            "excess": telling.written(row.excess, row.currency),
        }
        for row in page
    ]
    return answers.Holds.model_validate({"holds": shown, "next": following})


@router.post("/holds/{hold_id}/release", summary="Let a held order go")
async def release(
    who: Releaser,
    seen: Seen,
    wired: Wired,
    hold_id: Annotated[str, Path(min_length=1, max_length=512)],
    body: HoldReleased,
) -> answers.LetGo:
    """Let one order go, once, as far as the authority of one's role reaches beyond the limit. It changes nothing else."""
    try:
        customer_id, order_id = place(hold_id, tuple[paging.Text, paging.Text])
    except Malformed:
        raise NotFound("no such order is held") from None
    customer = await named(wired, customer_id, seen, pointer="{hold_id}")
    let_go = await checking.release(wired, customer, order_id, actor(who, body, None), body.note)
    return answers.LetGo.model_validate(telling.let_go(let_go))


@router.post("/exposures/{customer_id}/suspend", summary="Stop supply", status_code=204)
async def suspend(who: Approver, customer_id: CustomerId, wired: Wired, body: SupplyAsked) -> None:
    """Stop supply to the customer: its orders are held until people let it go on. Saying it twice is one act."""
    await checking.suspend(wired, customer_id, actor(who, body, None), body.reason)


@router.post("/exposures/{customer_id}/resume", summary="Let supply go on", status_code=204)
async def resume(who: Approver, customer_id: CustomerId, wired: Wired, body: SupplyAsked) -> None:
    """Let supply go on, whoever stopped it; not while an item is so late that the rules would stop it again."""
    await checking.resume(wired, customer_id, actor(who, body, None), body.reason)
