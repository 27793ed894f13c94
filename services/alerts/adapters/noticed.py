"""Reads what became of notices: their hearings, and the messages that carry them."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from services.alerts.adapters import staff
from services.alerts.adapters.hearings import reasons
from services.alerts.adapters.lists import VISIBLE, arguments
from services.alerts.core.listing import Reach
from services.alerts.core.notice import Notice
from services.alerts.core.organisation import Organisation
from services.alerts.core.planning import Hearing
from services.alerts.core.resolving import Reason
from shared.edge.store.pool import Connection

BEGINNING = (datetime(1, 1, 2, tzinfo=UTC), "")
LISTED = """
select notice_id, notice, at, state, why from notices n
where (at, notice_id) > ($6, $7) and ($8::text is null or alert_id = $8) and ($9::text is null or state = $9)
  and exists (select from alerts a where a.alert_id = n.alert_id and {visible})
order by at, notice_id limit $10
"""
HEARINGS = """
select notice_id, person, hearing, due_at, waits, state, why from hearings where notice_id = any($1)
order by notice_id, person
"""
MESSAGES = """
select n.notice_id, m.message_id, m.person, m.channel, m.state, m.created_at
from message_notices n join messages m using (message_id) where n.notice_id = any($1) order by m.created_at, m.message_id
"""


class HearingRow(NamedTuple):
    """One person who is to hear, and the messages that say so."""

    person: str
    hearing: Hearing
    due_at: datetime
    waits: str
    state: str
    why: tuple[Reason, ...]
    messages: tuple[Any, ...]


class NoticeRow(NamedTuple):
    """A notice and what became of it."""

    notice_id: str
    notice: Notice
    at: datetime
    state: str
    why: tuple[Reason, ...]
    hearings: tuple[HearingRow, ...]


async def listed(
    connection: Connection,
    *,
    after: tuple[datetime, str],
    limit: int,
    alert: str | None,
    state: str | None,
    reach: Reach,
) -> list[NoticeRow]:
    """Notices after (at, id), the oldest first, of alerts that *reach* lets see."""
    found = await connection.fetch(LISTED.format(visible=VISIBLE), *arguments(reach), *after, alert, state, limit)
    ids = [row["notice_id"] for row in found]
    messages: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in await connection.fetch(MESSAGES, ids):
        messages[row["notice_id"], row["person"]].append(dict(row))
    heard: dict[str, list[HearingRow]] = defaultdict(list)
    for row in await connection.fetch(HEARINGS, ids):
        heard[row["notice_id"]].append(
            HearingRow(
                row["person"],
                msgspec.json.decode(row["hearing"], type=Hearing),
                row["due_at"],
                row["waits"],
                row["state"],
                reasons(row["why"]),
                tuple(messages[row["notice_id"], row["person"]]),
            )
        )
    return [
        NoticeRow(
            row["notice_id"],
            msgspec.json.decode(row["notice"], type=Notice),
            row["at"],
            row["state"],
            reasons(row["why"]),
            tuple(heard[row["notice_id"]]),
        )
        for row in found
    ]


async def names(connection: Connection, *, now: datetime) -> Organisation:
    """What people and units are called."""
    return await staff.organisation(connection, now=now)
