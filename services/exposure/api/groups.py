"""Groups of customers that share a limit: declared, changed, ended and read. Seen by who sees every customer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from services.exposure.api import grouped, telling
from services.exposure.api.asking import AskedWhen, Proposer, Reader, Wired
from services.exposure.api.group_forms import (
    Group,
    GroupChangeAsked,
    GroupDeclaredAsked,
    GroupEndAsked,
    GroupListed,
    Groups,
    Joining,
)
from services.exposure.core.grouping import GroupWanted
from services.exposure.handlers import grouping
from services.exposure.handlers.ports import Ports
from shared.core import limits
from shared.core.errors import Malformed, NotFound
from shared.edge import clock
from shared.edge.http import paging, query
from shared.edge.http.approval_routes import DECLINED
from shared.edge.http.approving import Approval, Key, actor, shown
from shared.edge.http.auth import Seen
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place

router = APIRouter(prefix="/v1/groups", tags=["groups"], responses=DECLINED)


async def everything(seen: Seen) -> None:
    """A group tells of customers everywhere. Raises NotFound: who may not see it is not told that it is there."""
    if not seen.all:
        raise NotFound(grouping.UNKNOWN)


Everybody = Depends(everything)
GroupId = Annotated[str, Path(min_length=3, max_length=limits.SUBJECT_CHARACTERS, pattern="^g:")]


async def _days(wired: Ports, said: Iterable[tuple[str, date | None]], pointer: str) -> dict[str, date]:
    given = list(said)
    names = [name for name, _ in given]
    if twice := [name for at, name in enumerate(names) if name in names[:at]]:
        raise Malformed(f"{twice[0]} stands twice; keep one", pointer=pointer, rule="unique")
    today = await wired.lists.today(wired.database())
    return {name: on or today for name, on in given}


def _joining(join: Iterable[Joining]) -> Iterable[tuple[str, date | None]]:
    return ((one.customer_id, one.since) for one in join)


@router.post("", status_code=202, summary="Declare a group", dependencies=[Everybody])
async def declare(who: Proposer, wired: Wired, body: GroupDeclaredAsked, key: Key) -> Approval:
    """Ask that customers be one group. It is one once somebody else has granted it."""
    by = actor(who, body, key)
    wanted = GroupWanted(
        customer_id=body.group_id,
        act="declare",
        name=body.name,
        currency=body.currency,
        lead=body.lead or "",
        joins=await _days(wired, _joining(body.join), "/join"),
        reason=body.reason,
        evidence=body.evidence,
        by=by.person,
    )
    return shown(await grouping.ask(wired, wanted, by))


@router.post("/{group_id}/changes", status_code=202, summary="Change a group", dependencies=[Everybody])
async def change(who: Proposer, wired: Wired, group_id: GroupId, body: GroupChangeAsked, key: Key) -> Approval:
    """Ask that members join or leave from a day on, or that the group have another name or lead."""
    by = actor(who, body, key)
    wanted = GroupWanted(
        customer_id=group_id,
        act="change",
        name=body.name or "",
        lead=body.lead or "",
        joins=await _days(wired, _joining(body.join), "/join"),
        leaves=await _days(wired, ((one.customer_id, one.on) for one in body.leave), "/leave"),
        reason=body.reason,
        evidence=body.evidence,
        by=by.person,
    )
    return shown(await grouping.ask(wired, wanted, by))


@router.post("/{group_id}/end", status_code=202, summary="End a group", dependencies=[Everybody])
async def end(who: Proposer, wired: Wired, group_id: GroupId, body: GroupEndAsked, key: Key) -> Approval:
    """Ask that the group be none any more. Everybody who belongs to it leaves it."""
    by = actor(who, body, key)
    on = body.on or await wired.lists.today(wired.database())
    wanted = GroupWanted(
        customer_id=group_id,
        act="end",
        leaves=dict(await grouping.leavers(wired, group_id, on)),
        reason=body.reason,
        evidence=body.evidence,
        by=by.person,
    )
    return shown(await grouping.ask(wired, wanted, by))


@router.get("", summary="Groups", dependencies=[Everybody])
async def groups(
    *,
    who: Reader,
    wired: Wired,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    customer: query.Text | None = None,
) -> Groups:
    """Return the groups that are not ended, by id; *customer*: those to which it belongs."""
    (start,) = place(after, tuple[paging.Text]) if after else ("",)
    rows = await wired.lists.groups(wired.database(), after=start, limit=limit + 1, customer_id=customer)
    page = rows[:limit]
    listed = [
        GroupListed.model_validate(
            {
                **{name: getattr(row, name) for name in row.__struct_fields__},
                "limit": telling.written(row.credit_limit, row.currency) if row.credit_limit is not None else None,
            }
        )
        for row in page
    ]
    return Groups(groups=listed, next=cursor(page[-1].group_id) if len(rows) > limit else None)


@router.get("/{group_id}", summary="Where a group stands", dependencies=[Everybody])
async def group(who: Reader, wired: Wired, group_id: GroupId, asked: AskedWhen) -> Group:
    """Return the group with its limits, and what each member owes, as of any date, of what was known at any instant."""
    found = await grouping.view(wired, group_id, asked.as_of, asked.known_at)
    return Group.model_validate(grouped.group(found, asked.known_at or clock.now()))
