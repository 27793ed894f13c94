"""Subscriptions of systems: kept, changed, and what was posted to each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.alerts.adapters import endpoints, queue
from services.alerts.adapters.endpoints import Endpoints, Key
from services.alerts.adapters.queue import SYSTEMS
from services.alerts.core.subscribing import PING, Filter, Subscription
from shared.core.errors import NotFound
from shared.edge.store.pool import Connection

CHANNEL = "subscription"
KEPT = timedelta(days=90)
"""How long the delivery log shows what was posted; to send it again from the log is possible later, too."""
FORGET_AT_ONCE = 5_000

_KEPT = """
select s.subscription_id, s.title, s.topics, s.types, s.subjects, s.labels, s.full_content, s.created_at, s.by, e.state, e.why,
       (select count(*) from postings p where p.address = s.subscription_id and p.state = 'waiting') as waiting
from subscriptions s join endpoints e on e.name = s.subscription_id
"""
_PAGE = f"{_KEPT} where s.subscription_id > $1 order by s.subscription_id limit $2"
_ONE = f"{_KEPT} where s.subscription_id = $1"
_MAKE = """
insert into subscriptions (subscription_id, title, topics, types, subjects, labels, full_content, created_at, by)
values ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9) on conflict do nothing returning subscription_id
"""
_BEGIN = """
insert into subscription_positions (subscription_id, partition, position)
select $1, p.partition, coalesce((select min(c.position) - 1 from commits c
    where c.partition = p.partition and c.committed_at >= $2), p.log_position)
from partitions p on conflict (subscription_id, partition)
do update set position = least(excluded.position, subscription_positions.position)
"""
_DROP = """
with a as (delete from postings where address = $1), b as (delete from subscription_positions where subscription_id = $1),
     c as (delete from endpoints where name = $1)
delete from subscriptions where subscription_id = $1 returning subscription_id
"""
_RESUME = """
update postings set next_at = $2, schedule_from = attempts where address = $1 and state = 'waiting' and leased_until is null
"""
_POSTING = """
insert into postings (message_id, address, lane, lane_at, type, message, created_at, next_at) values ($1, $2, $3, 0, $4, $5, $6, $6)
on conflict do nothing
"""
_FORGET = """
with old as (
    delete from postings where message_id in (
        select message_id from postings where state <> 'waiting' and settled_at < $1 limit $2) returning message_id)
, tried as (delete from attempts a using old where a.message_id = old.message_id)
select message_id from old
"""
_OF = "select message_id from postings where message_id = $1 and address = $2"


async def forget(pool: Any, before: datetime) -> int:
    """Forget what was posted and settled *before*, a bounded number; the log has it anyway. Returns how many."""
    return len(await pool.fetch(_FORGET, before, FORGET_AT_ONCE))


class Subscriptions:
    """The tables `subscriptions`, `subscription_positions` and `postings`."""

    def __init__(self, known: Endpoints) -> None:
        """*known* keeps addresses and secrets."""
        self._known = known

    async def page(self, pool: Any, *, after: str, limit: int) -> list[Subscription]:
        """Those after *after*, by id."""
        return [_subscription(row) for row in await pool.fetch(_PAGE, after, limit)]

    async def one(self, pool: Any, subscription_id: str) -> Subscription:
        """One. Raises NotFound."""
        row = await pool.fetchrow(_ONE, subscription_id)
        if row is None:
            raise NotFound("there is no such subscription")
        return _subscription(row)

    async def make(
        self, pool: Any, *, subscription_id: str, title: str, url: str, secret: str, wanted: Filter, full_content: bool,
        since: datetime | None, now: datetime, by: str,
    ) -> bool:  # fmt: skip
        """Subscribe; from *since* on (None: from now). False where it is there already: then nothing changes."""
        labels = msgspec.json.encode(wanted.labels).decode()
        told = (list(wanted.topics), list(wanted.types), list(wanted.subjects), labels, full_content)
        async with pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(_MAKE, subscription_id, title, *told, now, by) is None:
                return False
            keys: Sequence[Key] = [Key(secret)]
            await self._known.put(
                connection, name=subscription_id, channel=CHANNEL, target=url, keys=keys, now=now, by=by
            )
            await connection.execute(_BEGIN, subscription_id, since or now)
            return True

    async def rotate(self, pool: Any, subscription_id: str, *, now: datetime, by: str) -> str:
        """A new secret; the one before signs beside it for a day. Raises NotFound."""
        await self.one(pool, subscription_id)
        async with pool.acquire() as connection:
            return await self._known.rotate(connection, subscription_id, now=now, by=by)

    async def move(self, pool: Any, subscription_id: str, *, url: str, now: datetime, by: str) -> None:
        """Another address, with the same secrets. Raises NotFound."""
        async with pool.acquire() as connection, connection.transaction():
            found = await self._known.read(connection, subscription_id)
            if found is None or found.channel != CHANNEL:
                raise NotFound("there is no such subscription")
            await self._known.put(
                connection, name=subscription_id, channel=CHANNEL, target=url, keys=found.keys, now=now, by=by
            )

    async def switch(self, pool: Any, subscription_id: str, state: str, *, now: datetime, by: str) -> None:
        """Pause it, or let it go on: then what waits is posted at once. Raises NotFound."""
        await self.one(pool, subscription_id)
        async with pool.acquire() as connection, connection.transaction():
            await endpoints.change_state(connection, subscription_id, state, now=now, by=by)
            if state == "active":
                await connection.execute(_RESUME, subscription_id, now)

    async def end(self, pool: Any, subscription_id: str) -> None:
        """Forget it, and what waits for it. Raises NotFound."""
        await self.one(pool, subscription_id)
        await pool.execute(_DROP, subscription_id)

    async def again(self, pool: Any, subscription_id: str, message_id: str, *, now: datetime) -> None:
        """Post one of its decisions once more. Raises NotFound."""
        if await pool.fetchval(_OF, message_id, subscription_id) is None:
            raise NotFound("nothing of this id was posted to this subscription")
        await queue.anew(pool, SYSTEMS, [message_id], now=now)

    async def again_since(self, pool: Any, subscription_id: str, since: datetime) -> None:
        """Post everything once more that was written down since. Raises NotFound."""
        await self.one(pool, subscription_id)
        await pool.execute(_BEGIN, subscription_id, since)

    async def ping(self, pool: Any, subscription_id: str, *, message_id: str, body: bytes, now: datetime) -> None:
        """Let a test be posted by the way that everything takes. Raises NotFound."""
        await self.one(pool, subscription_id)
        await pool.execute(_POSTING, message_id, subscription_id, f"~ping/{message_id}", PING, body, now)


def _subscription(row: Any) -> Subscription:
    wanted = Filter(
        topics=tuple(row["topics"]),
        types=tuple(row["types"]),
        subjects=tuple(row["subjects"]),
        labels=msgspec.json.decode(row["labels"], type=dict[str, tuple[str, ...]]),
    )
    names = ("subscription_id", "title", "full_content", "created_at", "by", "state", "why", "waiting")
    return Subscription(wanted=wanted, **{name: row[name] for name in names})


async def wanted(connection: Connection) -> dict[str, tuple[Filter, bool]]:
    """What each subscription wants, and whether whole, of those that are not switched off."""
    return {
        one.subscription_id: (one.wanted, one.full_content)
        for one in [_subscription(row) for row in await connection.fetch(f"{_KEPT} where e.state = 'active'")]
    }
