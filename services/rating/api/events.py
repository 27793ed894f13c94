"""POST /v1/events: facts in, durable in PostgreSQL before the answer; and the export a new service starts from."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response, Security

from services.rating.api import answers, listed
from services.rating.api.asking import RESTRICTED, Wired
from services.rating.api.posted import read_posted
from services.rating.handlers.posting import Posting
from shared.edge.http import paging, problem
from shared.edge.http.auth import Principal, principal, whole
from shared.edge.http.paging import After, cursor, place
from shared.edge.http.problem import Invalid
from shared.edge.http.quick import QuickRoute
from shared.edge.http.wording import refusal

EXPORT_MAX = 1_000

router = APIRouter(prefix="/v1/events", tags=["events"])
posts = APIRouter(prefix="/v1/events", tags=["events"], route_class=QuickRoute)

_EVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
    "description": "a structured CloudEvent 1.0; the schema of `data` for each type is in the AsyncAPI document",
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/cloudevents+json": {"schema": _EVENT},
            "application/cloudevents-batch+json": {"schema": {"type": "array", "maxItems": 1000, "items": _EVENT}},
            "application/json": {
                "schema": {"type": "object", "description": "binary mode: the data alone, with ce-* headers"}
            },
        },
    }
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    problem.KINDS[name].status: {"description": problem.KINDS[name].title, "content": problem.CONTENT}
    for name in ("conflict", "too-large", "unsupported-media-type")
}


@posts.post(
    "", status_code=202, response_model=answers.Accepted, responses=_REFUSALS, openapi_extra=_BODY, summary="Post facts"
)
async def post(request: Request, who: Annotated[Principal, Security(principal, scopes=["events:write"])]) -> Response:
    """Keep one fact or a batch of at most 1,000, all or nothing. 202 means that they are durable.

    Posting the same facts again changes nothing, so repeat a request whose answer was lost.
    """
    posting: Posting = request.app.state.posting
    accepted, duplicates = await posting.post(await read_posted(request, who))
    # two integers: an answer model would only cost time on the busiest route
    body = msgspec.json.encode({"accepted": accepted, "duplicates": duplicates})
    return Response(body, status_code=202, media_type="application/json")


@router.get(
    "/export", response_model=listed.Exported, dependencies=[Depends(whole)], summary="The log of one partition"
)
async def export(
    who: Annotated[Principal, Security(principal, scopes=["audit:read"])],
    wired: Wired,
    partition: Annotated[int, Query(ge=0, le=1023)],
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=EXPORT_MAX)] = EXPORT_MAX,
) -> Response:
    """Return facts and decisions in commit order, whole transactions, about *limit* events, as the topics carry them.

    A new service reads pages until `more` is false and then follows the topics. `next` is always a cursor: ask it again
    later for what was committed since. Without the scope compliance:read, decisions of that purpose are left out.
    """
    if partition >= wired.partitions:
        raise Invalid([refusal("?partition", "partition", "at-most", most=wired.partitions - 1)])
    start = place(after, tuple[paging.BigInt])[0] if after else 0
    found, reached, more = await wired.log.partition(
        wired.database(), partition, after=start, limit=limit, restricted=who.may(RESTRICTED)
    )
    body = {"events": [msgspec.Raw(one) for one in found], "next": cursor(reached), "more": more}
    return Response(msgspec.json.encode(body), media_type="application/json")
