"""Silences: notices that match are left quiet, with the silence as the reason. Who, why, until when; none is ever deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.alerts.core.notice import Notice
from services.alerts.core.silence import Silence, matches
from shared.edge.store.pool import Connection

KEPT = "select silence_id, matchers, author, reason, created_at, expires_at, ended_at, ended_by from silences"
STANDING = f"{KEPT} where ended_at is null and expires_at > $1 order by silence_id"
PAGE = f"{KEPT} where (created_at, silence_id) > ($1, $2) order by created_at, silence_id limit $3"
MAKE = """
insert into silences (silence_id, matchers, author, reason, created_at, expires_at) values ($1, $2::text::jsonb, $3, $4, $5, $6)
on conflict (silence_id) do nothing
"""
END = """
update silences set ended_at = $2, ended_by = $3 where silence_id = $1 and ended_at is null and expires_at > $2
returning silence_id
"""


async def standing(connection: Connection, now: datetime) -> list[Silence]:
    """Those that hold at *now*."""
    return [_silence(row) for row in await connection.fetch(STANDING, now)]


def by(silences: Sequence[Silence], notice: Notice) -> str:
    """Why *notice* is left quiet: `silence:<id>`; empty: nothing silences it."""
    labels = notice.labels | {"kind": notice.kind, "severity": notice.severity, "subject": notice.subject}
    return next((f"silence:{one.silence_id}" for one in silences if matches(one, labels)), "")


async def page(pool: Any, *, after: tuple[datetime, str], limit: int) -> list[Silence]:
    """All of them, the oldest first."""
    return [_silence(row) for row in await pool.fetch(PAGE, *after, limit)]


async def make(pool: Any, one: Silence) -> None:
    """Keep *one*; the same again changes nothing."""
    matchers = msgspec.json.encode(one.matchers).decode()
    await pool.execute(MAKE, one.silence_id, matchers, one.author, one.reason, one.created_at, one.expires_at)


async def end(pool: Any, silence_id: str, *, by: str, now: datetime) -> bool:
    """End it before its time; False: none of that id holds."""
    return await pool.fetchval(END, silence_id, now, by) is not None


def _silence(row: Any) -> Silence:
    told = dict(row)
    told["matchers"] = msgspec.json.decode(told["matchers"], type=dict[str, tuple[str, ...]])
    return Silence(**told)
