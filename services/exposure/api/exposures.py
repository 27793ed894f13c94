"""Reads of exposure, credit checks, held orders."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from services.exposure.api import answers, grouped, hold_sheet, telling
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
from services.exposure.api.hold_sheet import MOST
from services.exposure.core.listing import HoldRow, WantedHolds
from services.exposure.handlers import checking, grouping
from services.exposure.handlers.ports import Ports
from shared.core.errors import Malformed, NotFound
from shared.core.ledger.documents import units
from shared.edge import clock
from shared.edge.http import paging, problem, query
from shared.edge.http.approving import actor
from shared.edge.http.auth import Seen
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place
from shared.edge.http.quick import QuickRoute
from shared.edge.rights import Rows
from shared.edge.sheets import MEDIA_TYPE, workbook

_DECLINED = problem.KINDS["declined"]
_SHAPE: dict[str, Any] = {
    "prefix": "/v1",
    "tags": ["exposure"],
    "responses": {_DECLINED.status: {"description": _DECLINED.title, "content": problem.CONTENT}},
}
router = APIRouter(**_SHAPE)
checks = APIRouter(**_SHAPE, route_class=QuickRoute)
Filter = query.Text | None
HoldId = Annotated[str, Path(min_length=1, max_length=512)]
AS_WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}
FIRST = (date.min, "", "")
NO_HOLD = "no such order is held"


@checks.post("/credit-checks", summary="Check an order, and keep headroom for it", response_model=answers.Check)
async def check(who: Checker, seen: Seen, wired: Wired, body: CheckAsked) -> Response:
    """Answer approved, held or refused, with every step. The same question again is the same act; a query writes nothing."""
    customer = await named(wired, body.customer_id, seen, pointer="/customer_id")
    amount = units(money(body.amount, body.currency))
    answer = await checking.check(wired, customer, body.asked(amount, who.person or who.subject))
    # the answer model would only cost time on the busiest route: a test holds the two together
    told = telling.checked(answer, whole=who.may("exposures:read"))
    return Response(msgspec.json.encode(told), media_type="application/json")


@router.get("/exposures/{customer_id}", summary="Where a customer stands")
async def exposure(customer_id: CustomerId, found: Viewed, asked: AskedWhen, wired: Wired) -> answers.Exposure:
    """Return exposure by category, the effective limit and how it is put together, reservations, holds, and every document.

    Of the groups to which the customer belongs, their sums.
    """
    groups = await grouping.of_member(wired, found, *asked)
    told = telling.exposure(customer_id, found, asked.known_at or clock.now())
    return answers.Exposure.model_validate({**told, "groups": [grouped.stand(one) for one in groups]})


@router.get("/holds", summary="Orders that wait", response_model=answers.Holds, responses=AS_WORKBOOK)
async def holds(
    *,
    request: Request,
    who: Reader,
    seen: Seen,
    wired: Wired,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    reason: Filter = None,
    customer: Filter = None,
    company: Filter = None,
    format: Annotated[
        Literal["json", "xlsx"] | None,
        Query(description="xlsx: all that wait, as a workbook; default: what Accept prefers"),
    ] = None,
) -> answers.Holds | Response:
    """Return held orders with all their reasons, the longest held first; or all of them as a workbook."""
    wanted = WantedHolds(reason, customer, company)
    if format == "xlsx" or (format is None and MEDIA_TYPE in request.headers.get("accept", "")):
        every = await wired.lists.holds(wired.database(), after=FIRST, limit=MOST + 1, wanted=wanted, rows=seen)
        return await asyncio.to_thread(_workbook, every, chinese=problem.wants_chinese(request.scope))
    start = place(after, tuple[date, paging.Text, paging.Text]) if after else FIRST
    rows = await wired.lists.holds(wired.database(), after=start, limit=limit + 1, wanted=wanted, rows=seen)
    page = rows[:limit]
    following = cursor(page[-1].held_on, page[-1].customer_id, page[-1].order_id) if len(rows) > limit else None
    return answers.Holds.model_validate({"holds": [hold_sheet.shown(row) for row in page], "next": following})


def _workbook(rows: Sequence[HoldRow], *, chinese: bool) -> Response:
    body = workbook(hold_sheet.sheet(rows, chinese=chinese))
    named = {"Content-Disposition": 'attachment; filename="holds.xlsx"', "Vary": "Accept, Accept-Language"}
    return Response(body, media_type=MEDIA_TYPE, headers=named)


@router.get("/holds/{hold_id}/form", summary="The form on which a held order is let go", response_class=HTMLResponse)
async def form(*, request: Request, who: Reader, seen: Seen, wired: Wired, hold_id: HoldId) -> HTMLResponse:
    """Return a page of A4: the order as it is judged at this moment, what speaks against it, who may let it go."""
    customer, order_id = await _held(wired, hold_id, seen)
    chinese = problem.wants_chinese(request.scope)
    page = await checking.form(
        wired, customer, order_id, lambda found: hold_sheet.form(found, customer, chinese=chinese)
    )
    return HTMLResponse(page, headers={"Content-Language": "zh" if chinese else "en", "Vary": "Accept-Language"})


@router.post("/holds/{hold_id}/release", summary="Let a held order go")
async def release(who: Releaser, seen: Seen, wired: Wired, hold_id: HoldId, body: HoldReleased) -> answers.LetGo:
    """Let one order go, once, as far as the authority of one's role reaches beyond the limit. It changes nothing else."""
    customer, order_id = await _held(wired, hold_id, seen)
    let_go = await checking.release(wired, customer, order_id, actor(who, body, None), body.note)
    return answers.LetGo.model_validate(telling.let_go(let_go))


async def _held(wired: Ports, hold_id: str, seen: Rows) -> tuple[str, str]:
    """(customer, order) that *hold_id* names. Raises NotFound."""
    try:
        customer_id, order_id = place(hold_id, tuple[paging.Text, paging.Text])
    except Malformed:
        raise NotFound(NO_HOLD) from None
    return await named(wired, customer_id, seen, pointer="{hold_id}"), order_id


@router.post("/exposures/{customer_id}/suspend", summary="Stop supply", status_code=204)
async def suspend(who: Approver, customer_id: CustomerId, wired: Wired, body: SupplyAsked) -> None:
    """Stop supply to the customer: its orders are held until people let it go on. Saying it twice is one act."""
    await checking.suspend(wired, customer_id, actor(who, body, None), body.reason)


@router.post("/exposures/{customer_id}/resume", summary="Let supply go on", status_code=204)
async def resume(who: Approver, customer_id: CustomerId, wired: Wired, body: SupplyAsked) -> None:
    """Let supply go on, whoever stopped it; not while an item is so late that the rules would stop it again."""
    await checking.resume(wired, customer_id, actor(who, body, None), body.reason)
