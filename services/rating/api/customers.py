"""Reads of customers: everything as of a date and as known at an instant."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from services.rating.api import answers, listed
from services.rating.api.asking import RESTRICTED, UNKNOWN, Asked, CustomerId, Reader, Viewed, Wired
from services.rating.api.telling import because, told
from services.rating.core.trying import Trial
from services.rating.core.view import PolicyId, View
from services.rating.handlers.ports import Ports
from shared.core.errors import NotFound
from shared.edge import clock
from shared.edge.http import paging, problem, query
from shared.edge.http.auth import Seen
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place
from shared.edge.http.problem import Invalid
from shared.edge.http.wording import refusal

_TOO_LONG = problem.KINDS["took-too-long"]
router = APIRouter(
    prefix="/v1/customers",
    tags=["customers"],
    responses={_TOO_LONG.status: {"description": _TOO_LONG.title, "content": problem.CONTENT}},
)

Filter = query.Text | None
Reach = Annotated[query.Text | None, Query(description="a grade: search what would give it")]
Method = Annotated[query.Text | None, Query(description="a method's id; default: the one of purpose `credit`")]


@router.get("", summary="List customers")
async def customers(
    *,
    who: Reader,
    seen: Seen,
    wired: Wired,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    grade: Filter = None,
    region: Filter = None,
) -> listed.Customers:
    """Return the customers with their current grade, by id."""
    start = place(after, tuple[paging.Text])[0] if after else ""
    rows = await wired.lists.customers(
        wired.database(), after=start, limit=limit + 1, grade=grade, region=region, rows=seen
    )
    shown = rows[:limit]
    following = cursor(shown[-1].customer_id) if len(rows) > limit else None
    return listed.Customers.model_validate({"customers": shown, "next": following})


@router.get("/{customer_id}", summary="Where a customer stands")
async def customer(found: Viewed, asked: Asked) -> answers.Customer:
    """Return grade, ratings, measures and warnings."""
    credit = found.credit
    return answers.Customer.model_validate(
        {
            **_moment(found, asked.known_at),
            "currency": found.currency,
            "grade": credit.grade if credit else None,
            "refusal": credit.refusal if credit else None,
            "score": credit.score if credit else None,
            "method": credit.method if credit else None,
            "since": credit.since if credit else None,
            "ratings": found.ratings,
            "measures": found.measures,
            "warnings": found.warnings,
            "exceptions": found.exceptions,
        }
    )


@router.get("/{customer_id}/ratings", summary="The grade path")
async def ratings(found: Viewed, asked: Asked, method: Method = None) -> answers.History:
    """Return every run of days with one grade, oldest first, up to `as_of`."""
    steps = [step for step in found.history if method in (None, step.method)]
    return answers.History.model_validate({**_moment(found, asked.known_at), "ratings": steps})


@router.get("/{customer_id}/explanation", summary="Why this grade")
async def explanation(
    *,
    found: Viewed,
    asked: Asked,
    wired: Wired,
    method: Method = None,
    reach: Reach = None,
    request: Request,
    response: Response,
) -> answers.Explanation:
    """Return the lines, vetoes, caps and movement rules of one method with the measures it looked at, in words; what would
    help most; and with `reach` what would give that grade."""
    wanted = method or (found.credit.method if found.credit else None)
    chosen = next((one for one in found.explanations if one.method == wanted), None)
    if chosen is None:
        raise NotFound("no such method rates this customer on that date")
    policy = chosen.policy
    _check_grade(wired, policy, reach)
    again = Trial(
        method=policy.id, version=policy.version, measures=chosen.measures, as_of=found.as_of, reach=reach, is_fact=True
    )
    outcome = await wired.attempt(again)
    assert outcome is not None
    assert outcome.tried is not None
    words = told(outcome.tried, request, response)
    words["because"] += because(chosen.movement, request)
    return answers.Explanation.model_validate(
        {**msgspec.structs.asdict(chosen), **words, **_moment(found, asked.known_at)}
    )


@router.get("/{customer_id}/ledger", summary="Open items")
async def ledger(found: Viewed, asked: Asked) -> answers.Ledger:
    """Return the documents that are open, by due date."""
    held = {"currency": found.currency, "unallocated_cash": found.unallocated_cash, "items": found.items}
    return answers.Ledger.model_validate({**_moment(found, asked.known_at), **held})


@router.get("/{customer_id}/events", summary="Everything that is known of a customer")
async def events(
    *,
    who: Reader,
    customer_id: CustomerId,
    wired: Wired,
    asked: Asked,
    limit: Limit = PAGE_USUAL,
    after: After = None,
) -> listed.Events:
    """Return facts and decisions in the order in which they were appended."""
    start = place(after, tuple[paging.Int])[0] if after else 0
    found = await wired.log.stream(
        wired.database(),
        customer_id,
        after=start,
        as_of=asked.as_of,
        known_at=asked.known_at,
        limit=limit + 1,
        clear=who.may("pii:read"),
        restricted=who.may(RESTRICTED),
    )
    if not found and not after:
        raise NotFound(UNKNOWN)
    shown = found[:limit]
    following = cursor(shown[-1]["version"]) if len(found) > limit else None
    return listed.Events.model_validate({"customer_id": customer_id, "events": shown, "next": following})


def _check_grade(wired: Ports, policy: PolicyId, reach: str | None) -> None:
    """Raise Invalid where *reach* is no grade of *policy*."""
    grades = next(one.grades for one in wired.policies if (one.id, one.version) == (policy.id, policy.version))
    if reach is not None and reach not in grades:
        raise Invalid([refusal("?reach", "reach", "grade", choices=", ".join(grades))])


def _moment(found: View, known_at: datetime | None) -> dict[str, Any]:
    return {
        "customer_id": found.customer_id,
        "as_of": found.as_of,
        "known_at": known_at or clock.now(),
        "version": found.version,
    }
