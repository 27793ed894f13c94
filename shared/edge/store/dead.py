"""Dead letters as staff see them, and what they do about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg
import msgspec

from shared.core.envelope import Event, is_ours
from shared.core.errors import Conflict, NotFound, Undecodable
from shared.core.events.base import Fact
from shared.edge import codec
from shared.edge.store import intake
from shared.edge.store.pool import Connection
from shared.edge.store.sealing import Box

LIST = """
select topic, partition, generation, position, reason, rule, pointer, key, recorded_at, state
from dead_letters where ($1::text is null or state = $1) order by recorded_at desc, topic, partition, position limit $2
"""
ONE = "select raw, headers from dead_letters where topic = $1 and partition = $2 and generation = $3 and position = $4"
SETTLE = """
update dead_letters set state = $5, settled_at = $6
where topic = $1 and partition = $2 and generation = $3 and position = $4 and state = 'open'
"""
KEPT = timedelta(days=90)
"""How long the bytes of a dead letter are kept, whatever became of it."""
FORGET = """
delete from dead_letters where ctid = any (array(
    select ctid from dead_letters where recorded_at < $1 order by recorded_at limit $2
))
"""


class Place(NamedTuple):
    """Where a dead letter was read. Written `topic/partition/position@generation`."""

    topic: str
    partition: int
    generation: str
    position: int

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.topic}/{self.partition}/{self.position}@{self.generation}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """The inverse of `str`. Raises NotFound where *text* is no place."""
        where, _, generation = text.partition("@")
        topic, _, rest = where.partition("/")
        partition, _, position = rest.partition("/")
        if not (topic and partition.isdigit() and position.isdigit()):
            raise NotFound(f"{text!r} is no dead letter: write topic/partition/position@generation as `list` shows it")
        return cls(topic, int(partition), generation, int(position))


class Letter(NamedTuple):
    """One dead letter without its bytes."""

    place: Place
    reason: str
    rule: str
    pointer: str
    key: str | None
    recorded_at: datetime
    state: str


class Redriven(NamedTuple):
    """What became of one dead letter: `redriven`, or `open` still and why."""

    place: Place
    state: str
    reason: str = ""


async def letters(connection: Connection, *, state: str | None = "open", limit: int = 100) -> list[Letter]:
    """The newest dead letters in *state* (open, redriven, discarded; None: all)."""
    found = []
    for row in await connection.fetch(LIST, state, limit):
        place = Place(row["topic"], row["partition"], row["generation"], row["position"])
        key = None if row["key"] is None else row["key"].decode(errors="replace")
        found.append(Letter(place, row["reason"], row["rule"], row["pointer"], key, row["recorded_at"], row["state"]))
    return found


class Bytes(NamedTuple):
    """A record as it came: its value, and those headers that may be the envelope of a binary event."""

    value: bytes
    headers: list[tuple[str, bytes]]


async def raw_bytes(connection: Connection, place: Place, *, box: Box) -> Bytes:
    """The bytes of the record at *place*. Raises NotFound, Misconfigured (another instance key)."""
    row = await connection.fetchrow(ONE, *place)
    if row is None:
        raise NotFound(f"there is no dead letter {place}")
    named = msgspec.json.decode(row["headers"] or b"[]", type=list[tuple[str, str]])
    return Bytes(box.open(row["raw"]), [(name, text.encode()) for name, text in named])


async def redrive(
    pool: asyncpg.Pool,
    places: Sequence[Place],
    *,
    box: Box,
    now: datetime,
    partitions: int,
    sealer: intake.Sealer | None,
    mended: bytes | None = None,
) -> list[Redriven]:
    """Post the bytes of each of *places* (or *mended* instead of them) through intake, so that every service gets them.

    One that is still no event stays open, with the reason; one whose identity was used for other content too.
    """
    done: list[Redriven] = []
    for place in places:
        async with pool.acquire() as connection:
            raw = Bytes(mended, []) if mended is not None else await raw_bytes(connection, place, box=box)
        try:
            events = [_fact(raw)]
            sealed = events if sealer is None else await sealer.seal(events)
            async with pool.acquire() as connection, connection.transaction():
                await intake.keep(connection, sealed, now=now, partitions=partitions, sealer=sealer)
                await connection.execute(SETTLE, *place, "redriven", now)
        except (Undecodable, Conflict) as why:
            done.append(Redriven(place, "open", why.message))
        else:
            done.append(Redriven(place, "redriven"))
    return done


def _fact(raw: Bytes) -> Event:
    """The fact in *raw*. Raises Undecodable, also for what only our own relay may write."""
    event = codec.decode(raw.value, headers=raw.headers)
    if not isinstance(event.data, Fact) or event.subject.startswith("~"):
        raise Undecodable("/type: only facts of customers can be posted again", pointer="/type", rule="reserved")
    if is_ours(event.source):
        raise Undecodable("/source: what we say ourselves is never posted", pointer="/source", rule="reserved")
    return msgspec.structs.replace(event, recordedtime=None, sequence=None)


async def discard(connection: Connection, place: Place, *, now: datetime) -> None:
    """Note that nothing will be done about the letter at *place*. Raises NotFound where it is not open."""
    if await connection.execute(SETTLE, *place, "discarded", now) == "UPDATE 0":
        raise NotFound(f"there is no open dead letter {place}")


async def forget_old(connection: Connection, *, now: datetime, limit: int) -> int:
    """Drop letters older than KEPT, at most *limit*, the oldest first. Returns how many."""
    return int((await connection.execute(FORGET, now - KEPT, limit)).rpartition(" ")[2])
