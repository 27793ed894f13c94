"""Reads of alerts, in pages, the newest first; and the life of one, from its log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from services.alerts.adapters.staff_words import spoken
from services.alerts.core.case import case_of
from services.alerts.core.listing import AlertListed, Reach, Wanted, shown
from shared.core.events.alert import AlertCommented, AlertDecision
from shared.edge.store.read import read_stream
from shared.edge.store.rows import subject_of

COLUMNS = """
select alert_id, subject, kind, severity, state, about, labels, figures, route, opened_at, changed_at, owner, step, times,
       acknowledge_by, resolve_by, due_on, wakes_at, delivered, detail, assigned
from alerts a
left join lateral (
    select person as assigned from portfolio join people using (person)
    where customer = a.subject and first <= {day} and (last is null or {day} <= last)
    order by first desc, person desc limit 1) on true
"""
VISIBLE = """
    ($1 or a.labels ->> 'purpose' is distinct from 'compliance')
    and (a.owner = $2 or (
        ($3::text[] is null or a.labels ->> 'company' = any($3))
        and ($4::text[] is null or a.labels ->> 'region' = any($4))
        and ($5::text[] is null or a.labels ->> 'manager' = any($5))))
"""
PAGE = f"""{COLUMNS.format(day="$18::date")} where {VISIBLE}
    and (a.opened_at, a.alert_id) < ($6, $7)
    and ($8::text is null or a.state = $8) and ($9::text is null or a.severity = $9) and ($10::text is null or a.kind = $10)
    and ($11::text is null or a.subject = $11) and ($12::text is null or a.owner = $12)
    and ($13::text[] is null or a.owner = $2 or assigned = $2 or (assigned is null and a.labels ->> 'manager' = any($13)))
    and ($14::text is null or a.labels ->> $14 = $15) and ($16 or a.delivered)
order by a.opened_at desc, a.alert_id desc limit $17
"""
ONE = f"{COLUMNS.format(day='$7::date')} where {VISIBLE} and a.alert_id = $6"
PLAN = "select alert_id, owner, due_on, state from alerts where subject = $1 and figures ->> 'of' = $2 order by due_on, alert_id"
NOTICES = "select notice, state, why, changed_at from notices where alert_id = $1 order by at, notice_id"


class Lists:
    """Implements `services.alerts.handlers.ports.Lists` on PostgreSQL."""

    async def alerts(
        self, pool: Any, *, before: tuple[datetime, str], limit: int, wanted: Wanted, reach: Reach
    ) -> list[AlertListed]:
        """Alerts before (opened at, id)."""
        label = wanted.label or (None, None)
        found = await pool.fetch(
            PAGE, *arguments(reach), *before, wanted.state, wanted.severity, wanted.kind, wanted.subject, wanted.owner,
            list(reach.known.own) if wanted.mine else None, *label, wanted.recorded, limit, reach.known.day,
        )  # fmt: skip
        return [shown(_row(one), reach) for one in found]

    async def alert(self, pool: Any, alert_id: str, reach: Reach) -> AlertListed | None:
        """One alert; None: there is none, or the caller may not see it."""
        row = await pool.fetchrow(ONE, *arguments(reach), alert_id, reach.known.day)
        return None if row is None else shown(_row(row), reach)

    async def life(self, pool: Any, alert_id: str) -> list[tuple[AlertDecision, datetime]]:
        """Everything that happened to it, and when it was written down."""
        async with pool.acquire() as connection:
            stored = await read_stream(connection, case_of(alert_id))
        return [
            (one.event.data, one.event.time)
            for one in stored
            if isinstance(one.event.data, AlertDecision) and one.event.data.alert_id == alert_id
        ]

    async def plan(self, pool: Any, alert_id: str) -> list[dict[str, Any]]:
        """The steps by which it is dealt with, with what each asks for."""
        stream = case_of(alert_id)
        async with pool.acquire() as connection:
            steps = await connection.fetch(PLAN, subject_of(stream), alert_id)
            stored = await read_stream(connection, stream) if steps else ()
        said: dict[str, str] = {}
        for one in stored:
            if isinstance(one.event.data, AlertCommented):
                said.setdefault(one.event.data.alert_id, one.event.data.why or "")
        return [dict(step) | {"what": said.get(step["alert_id"], "")} for step in steps if step["due_on"]]

    async def notices(self, pool: Any, alert_id: str) -> list[dict[str, Any]]:
        """What was to be told of it to whom, and what became of that."""
        found = await pool.fetch(NOTICES, alert_id)
        return [
            {**msgspec.json.decode(one["notice"]), "state": one["state"], "why": spoken(one["why"]) or None}
            for one in found
        ]


def arguments(reach: Reach) -> tuple[Any, ...]:
    """Those of VISIBLE: the first five of its statement."""
    limits = (reach.companies, reach.regions, reach.managers)
    return (reach.compliance, reach.person or None, *(None if one is None else list(one) for one in limits))


def _row(found: Any) -> dict[str, Any]:
    row = dict(found)
    for name in ("labels", "figures", "detail"):
        row[name] = msgspec.json.decode(row[name])
    return row
