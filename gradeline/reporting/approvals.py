"""Requests that others approve, over some days: what was asked for, what became of it, by whom, in what time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from gradeline.database import pool_of, reached
from gradeline.language import language, say
from services.alerts.adapters import approvals, staff_policy
from services.alerts.api import list_sheet
from services.alerts.core import worklist
from services.alerts.core.requests import Request
from services.alerts.core.worklist import took
from shared.core.errors import Malformed
from shared.edge import clock
from shared.edge.settings import Settings
from shared.edge.sheets import Sheet


def report(known: Settings, first: date | None, last: date | None) -> Sheet:
    """Those that were asked for or decided from *first* (None: of the month of *last*) to *last* (None: today).

    Raises Malformed where that is no time, Misconfigured and Unavailable where there is no database.
    """
    zone = staff_policy.zone_of(known.zone)
    last = last or clock.now().astimezone(zone).date()
    first = first or last.replace(day=1)
    if first > last:
        raise Malformed(
            f"from {first} to {last} is no time; name the earlier day first", pointer="--from", rule="order"
        )
    found = reached(_between(known, first, last))
    rows = [
        ranked.row.figures | ({"reason": reason} if (reason := _reason(request)) else {})
        for ranked, (_, request) in zip(worklist.requests(found, zone), found, strict=True)
    ]
    title = say("approvals from {first} to {last}", first=first, last=last)
    about = list(_about([one for _, one in found]))
    return list_sheet.sheet(title, "approvals", rows, about, chinese=language() == "zh", more={"reason": "text"})


async def _between(known: Settings, first: date, last: date) -> list[tuple[str, Request]]:
    async with pool_of(known, schema="alerts") as pool, pool.acquire() as connection:
        return await approvals.between(connection, first, last, staff_policy.zone_of(known.zone))


def _reason(request: Request) -> str:
    return next((act.reason for act in reversed(request.acts) if act.did not in ("for", "against")), "")


def _about(requests: Sequence[Request]) -> Iterator[tuple[str, str]]:
    """How many ended how and in what time; and who took how many steps."""
    chinese = language() == "zh"
    for state in ("granted", "refused", "expired", "withdrawn", "waiting"):
        held = [one for one in requests if one.state == state]
        if held:
            yield list_sheet.said(state, chinese=chinese), _counted(held, timed=state != "waiting")
    steps: dict[str, int] = defaultdict(int)
    for act in (act for one in requests for act in one.acts if act.by):
        steps[act.by] += 1
    for person, count in sorted(steps.items(), key=lambda one: (-one[1], one[0])):
        yield person, say("{count:,} steps or votes", count=count)


def _counted(held: Iterable[Request], *, timed: bool) -> str:
    hours = [took(one) for one in held]
    if not timed:
        return f"{len(hours):,}"
    mean, most = -(-sum(hours) // len(hours)), max(hours)
    return say("{count:,}, in {mean:,} hours on average, {most:,} at most", count=len(hours), mean=mean, most=most)
