"""The delivery log: what was sent to whom by which way, what the provider answered, when it is tried again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.alerts.adapters import queue
from services.alerts.adapters.queue import PEOPLE, SYSTEMS
from services.alerts.core.delivered import Delivery, Looked, Tried
from shared.core.errors import NotFound

_LAST = """
left join lateral (
    select attempt, at, seconds, outcome, status, detail from attempts a where a.message_id = m.message_id
    order by attempt desc limit 1) t on true
"""
_PICKED = """
    m.message_id, m.channel, m.address, m.severity, m.created_at, m.state, m.why, m.attempts, m.next_at, m.settled_at,
    t.attempt, t.at, t.seconds, t.outcome, t.status, t.detail
"""
_ABOUT = """
    array(select distinct regexp_replace(n.notice_id, '/[^/]*$', '') from message_notices n
          where n.message_id = m.message_id order by 1)
"""
_SELECT = "select {picked}, {person} as person, {form} as form, {about} as about from {table} m {last}"
_PEOPLE = _SELECT.format(picked=_PICKED, last=_LAST, person="m.person", form="m.form", about=_ABOUT, table="messages")
_SYSTEMS = _SELECT.format(
    picked=_PICKED, last=_LAST, person="null", form="m.type", about="array[m.lane]", table="postings"
)
_WHERE = """
where (m.created_at, m.message_id) < ($1, $2) and ($3::text is null or m.state = $3) and ($4::text is null or m.channel = $4)
  and ($5::text is null or m.address = $5)
"""
_OF_PEOPLE = """
  and ($6::text is null or m.person = $6)
  and ($7::text is null or exists (
      select from message_notices n where n.message_id = m.message_id and n.notice_id like $7 || '/%'))
"""
_ORDER = "order by m.created_at desc, m.message_id desc"
_ATTEMPTS = "select attempt, at, seconds, outcome, status, detail from attempts where message_id = $1 order by attempt"


class DeliveryLog:
    """Reads `messages`, `postings` and `attempts`."""

    async def page(self, pool: Any, *, before: tuple[datetime, str], limit: int, looked: Looked) -> list[Delivery]:
        """Messages before (made at, id), the newest first."""
        common = (*before, looked.state, looked.channel, looked.address)
        if looked.queue == "systems":
            rows = await pool.fetch(f"{_SYSTEMS} {_WHERE} {_ORDER} limit $6", *common, limit)
        else:
            alert = None if looked.alert_id is None else _literal(looked.alert_id)
            rows = await pool.fetch(
                f"{_PEOPLE} {_WHERE} {_OF_PEOPLE} {_ORDER} limit $8", *common, looked.person, alert, limit
            )
        return [_delivery(row, looked) for row in rows]

    async def one(self, pool: Any, message_id: str) -> tuple[Delivery, list[Tried]]:
        """One message with all its attempts. Raises NotFound."""
        for looked, sql in ((Looked(), _PEOPLE), (Looked(queue="systems"), _SYSTEMS)):
            row = await pool.fetchrow(f"{sql} where m.message_id = $1", message_id)
            if row is not None:
                tried = [Tried(**dict(one)) for one in await pool.fetch(_ATTEMPTS, message_id)]
                return _delivery(row, looked), tried
        raise NotFound("there is no such message")

    async def again(self, pool: Any, delivery: Delivery, *, now: datetime) -> bool:
        """Let it be sent again from the beginning of its schedule; False: it is under way now."""
        lies_in = SYSTEMS if delivery.queue == "systems" else PEOPLE
        return await queue.anew(pool, lies_in, [delivery.message_id], now=now) == 1


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _delivery(row: Any, looked: Looked) -> Delivery:
    told = dict(row)
    last = {name: told.pop(name) for name in Tried.__struct_fields__}
    waits = told["state"] == "waiting"
    return Delivery(
        **{name: value for name, value in told.items() if name not in {"about", "next_at"}},
        queue=looked.queue,
        about=tuple(told["about"]),
        next_at=told["next_at"] if waits else None,
        last=None if last["attempt"] is None else Tried(**last),
    )
