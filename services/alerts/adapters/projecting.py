"""Writes alerts and notices inside the transaction of the batch or of the command: no notice is lost, none is left twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from services.alerts.adapters import approvals, grouping, reminders, silencing
from services.alerts.core.requests import Request
from services.alerts.core.row import AlertRow, Row
from services.alerts.core.rules import Routes
from shared.edge import clock
from shared.edge.store.bell import ring
from shared.edge.store.pool import Connection

ALERTS = """
insert into alerts (alert_id, subject, version, fingerprint, kind, severity, state, about, labels, figures, route, opened_at,
                    changed_at, owner, step, times, acknowledge_by, resolve_by, due_on, wakes_at, delivered, detail)
select r.alert_id, r.subject, r.version, r.fingerprint, r.kind, r.severity, r.state, r.about, r.labels::jsonb,
       r.figures::jsonb, r.route, r.opened_at, r.changed_at, r.owner, r.step, r.times, r.acknowledge_by, r.resolve_by,
       r.due_on, r.wakes_at, r.delivered, r.detail::jsonb
from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::int[], $16::int[],
            $17::timestamptz[], $18::timestamptz[], $19::date[], $20::timestamptz[], $21::bool[], $22::text[])
    as r (alert_id, subject, version, fingerprint, kind, severity, state, about, labels, figures, route, opened_at, changed_at,
          owner, step, times, acknowledge_by, resolve_by, due_on, wakes_at, delivered, detail)
on conflict (alert_id) do update set
    version = excluded.version, fingerprint = excluded.fingerprint, severity = excluded.severity, state = excluded.state,
    about = excluded.about, labels = excluded.labels, figures = excluded.figures, route = excluded.route,
    opened_at = excluded.opened_at, changed_at = excluded.changed_at, owner = excluded.owner, step = excluded.step,
    times = excluded.times, acknowledge_by = excluded.acknowledge_by, resolve_by = excluded.resolve_by,
    due_on = excluded.due_on, wakes_at = excluded.wakes_at, delivered = excluded.delivered, detail = excluded.detail
where alerts.version <= excluded.version
"""
NOTICES = """
insert into notices (notice_id, alert_id, subject, notice, at, state, why, changed_at)
select r.notice_id, r.alert_id, r.subject, r.notice, r.at, r.state, r.why, $8
from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::timestamptz[], $6::text[], $7::text[])
    as r (notice_id, alert_id, subject, notice, at, state, why)
on conflict (notice_id) do nothing
"""
TOLD_TO_GROUPS = frozenset({"opened", "reopened", "repeated"})


class AlertProjector:
    """Keeps `alerts` and `notices`, who is of which group, and requests that others approve."""

    def __init__(self, routes: Routes) -> None:
        """*routes*: what an alert about a group makes needless to tell its members' managers."""
        self._routes = routes

    async def write(self, connection: Connection, rows: Sequence[tuple[str, int, Row]], /) -> None:
        """Keep *rows*: (stream, version, row), one a stream."""
        alerts = [_alert(row, one) for _, _, row in rows for one in row.alerts]
        if alerts:
            await connection.execute(ALERTS, *zip(*alerts, strict=True))
        await approvals.keep(connection, [(row.subject, one) for _, _, row in rows for one in row.requests])
        erased = {row.subject for _, _, row in rows for one in row.requests if _erases(one)}
        await reminders.forget(connection, erased)
        changed = [(row.subject, row.members, row.lead) for _, _, row in rows if row.members is not None]
        await grouping.keep(connection, changed)
        said = [one for _, _, row in rows for one in row.said]
        if not said:
            return
        now = clock.now()
        silences = await silencing.standing(connection, now)
        groups = await grouping.of(connection, sorted({one.notice.subject for one in said}))
        telling = {alert.alert.alert_id for _, _, row in rows for alert in row.alerts if alert.tells_group}
        notices = []
        for one in said:
            notice, held = one.notice, groups.get(one.notice.subject, ())
            why = one.quiet or grouping.quiet(self._routes, notice, held) or silencing.by(silences, notice)
            if notice.alert_id in telling and notice.what in TOLD_TO_GROUPS:
                notice = grouping.told(notice, held)
            notices.append((
                notice.notice_id, notice.alert_id, notice.subject, msgspec.json.encode(notice), notice.at,
                "quiet" if why else "waiting", why,
            ))  # fmt: skip
        await connection.execute(NOTICES, *zip(*notices, strict=True), now)
        await ring(connection, "notices")


def _erases(request: Request) -> bool:
    return request.kind == "erasure" and request.state == "granted"


def _alert(row: Row, one: AlertRow) -> tuple[Any, ...]:
    alert = one.alert
    detail = {
        "caused_by": alert.caused_by,
        "has_credit": row.has_credit,
        "shows_grade": one.shows_grade,
        "until": alert.until,
        "clearing": bool(alert.resolves_on),
        "ended_by": alert.ended_by,
        "figures_on": date.fromordinal(alert.figures_on),
    }
    return (
        alert.alert_id, row.subject, alert.version, alert.fingerprint, alert.kind, alert.severity, alert.state, alert.about,
        _json(alert.labels), _json(alert.figures), alert.route, alert.opened_at, alert.changed_at, alert.owner or None,
        alert.step, alert.times, alert.acknowledge_by, alert.resolve_by, alert.due_on, one.wakes_at,
        not alert.recorded_only, _json(detail),
    )  # fmt: skip


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
