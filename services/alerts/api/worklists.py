"""Lists that people got over HTTP, as JSON or as a workbook, and a run out of turn."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from services.alerts.api import list_sheet
from services.alerts.api.asking import Admin, Reader, Wired, person
from services.alerts.api.forms import Posted
from services.alerts.api.notices import Sentence
from services.alerts.core.lists import ListMade
from services.alerts.core.worklist import Row
from shared.core import limits
from shared.core.errors import Forbidden
from shared.edge.http import paging, problem, query
from shared.edge.http.approving import Answer, Code, Next
from shared.edge.http.auth import Principal, Seen, whole
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place
from shared.edge.rights import Rows
from shared.edge.sheets import MEDIA_TYPE, Sheet, workbook

LAST = datetime(9000, 1, 1, tzinfo=UTC)
router = APIRouter(prefix="/v1", tags=["worklists"])
Id = Annotated[str, Path(min_length=1, max_length=limits.ID_CHARACTERS)]


class WorklistTold(Answer):
    """A list that one person got."""

    worklist_id: str
    list: str
    of: str = Field(description="alerts: of customers; approvals: of requests")
    title: Sentence
    person: str
    first: date = Field(description="the days that it covers")
    last: date
    made_at: datetime
    count: int
    state: str = Field(
        description="of its notice: waiting, planned, told, quiet or undelivered; see /v1/deliveries?alert="
    )


class RowTold(Answer):
    """One line."""

    subject: str
    figures: dict[str, str]


class WorklistShown(WorklistTold):
    """One list with its lines, the largest loss first; requests by when they were asked for."""

    rows: list[RowTold]


class WorklistsTold(Answer):
    """A page of lists, the newest first."""

    worklists: list[WorklistTold]
    next: Next


class Run(Posted):
    """Which list is to be made."""

    list: Code


class Made(Answer):
    """What people got."""

    worklists: list[str]


@router.get("/worklists", summary="Lists that you got")
async def worklists(
    *,
    who: Reader,
    seen: Seen,
    wired: Wired,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    list: Annotated[query.Text | None, Query(description="collection, inspection, approvals-day …")] = None,
    person: Annotated[query.Text | None, Query(description="with alerts:admin: of this person alone")] = None,
) -> WorklistsTold:
    """Return the lists of the caller, the newest first; with alerts:admin those of *person*, else everybody's."""
    before = place(after, tuple[paging.Instant, paging.Text]) if after else (LAST, "")
    whose = person if _may_see_all(who, seen) else _own(who, person)
    rows = await wired.worklists.page(wired.database(), before=before, limit=limit + 1, person=whose, name=list)
    page = rows[:limit]
    following = cursor(page[-1].made_at, page[-1].worklist_id) if len(rows) > limit else None
    return WorklistsTold.model_validate({"worklists": [_told(one) for one in page], "next": following})


@router.get(
    "/worklists/{worklist_id}", summary="One list with its lines, or as a workbook", response_model=WorklistShown
)
async def worklist(
    *,
    request: Request,
    who: Reader,
    seen: Seen,
    wired: Wired,
    worklist_id: Id,
    format: Annotated[Literal["json", "xlsx"] | None, Query(description="default: what Accept prefers")] = None,
) -> WorklistShown | Response:
    """Return a list of the caller; any list where the caller holds alerts:admin."""
    whose = None if _may_see_all(who, seen) else _own(who, None)
    made, rows = await wired.worklists.one(wired.database(), worklist_id, whose, seen)
    if format == "xlsx" or (format is None and MEDIA_TYPE in request.headers.get("accept", "")):
        table = sheet_of(made, rows, chinese=problem.wants_chinese(request.scope))
        body = await asyncio.to_thread(workbook, table)
        named = {"Content-Disposition": 'attachment; filename="worklist.xlsx"', "Vary": "Accept, Accept-Language"}
        return Response(body, media_type=MEDIA_TYPE, headers=named)
    lines = [{"subject": one.subject, "figures": one.figures} for one in rows]
    return WorklistShown.model_validate({**_told(made), "rows": lines})


@router.post("/worklists/runs", status_code=201, summary="Make a list now", dependencies=[Depends(whole)])
async def run(who: Admin, wired: Wired, body: Run) -> Made:
    """Make a list out of turn: everybody whom it concerns gets it again, as it stands now."""
    person(who)
    return Made(worklists=await wired.worklists.make(wired.database(), body.list))


def sheet_of(made: ListMade, rows: list[Row], *, chinese: bool) -> Sheet:
    """The list as a table."""
    about = list_sheet.about(made.person, made.first, made.last, chinese=chinese)
    title = made.zh if chinese else made.en
    return list_sheet.sheet(title, made.of, [one.figures for one in rows], about, chinese=chinese)


def _told(made: ListMade) -> dict[str, object]:
    names = ("worklist_id", "list", "of", "person", "first", "last", "made_at", "count", "state")
    return {name: getattr(made, name) for name in names} | {"title": {"en": made.en, "zh": made.zh}}


def _may_see_all(who: Principal, seen: Rows) -> bool:
    return seen.all and who.may("alerts:admin")


def _own(who: Principal, asked: str | None) -> str:
    """The caller. Raises Forbidden where somebody else's lists are asked for."""
    own = person(who)
    if asked is not None and asked != own:
        raise Forbidden("lists of other people are for who may run alerts (alerts:admin) and see every customer")
    return own
