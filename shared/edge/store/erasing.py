"""Erasing the persons behind one customer: their key is destroyed, and what was never sealed under it is dropped.

What was sealed (log, intake, quarantine, topics, backups of all of these) is unreadable from then on. Amounts, dates and
grades stay as they are: no rule reads a sealed field.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from shared.core.envelope import Event
from shared.core.events.customer import ErasureRequested
from shared.core.events.personal import PERSONAL, WHOLE
from shared.core.events.values import ERASED
from shared.edge import seal
from shared.edge.store.keys import SubjectKeys
from shared.edge.store.pool import Connection
from shared.edge.store.read import read_stream

DROP_LETTERS = "delete from dead_letters where key = $1"
"""Their bytes are sealed with the key of the instance, which stays."""


class Erasure(msgspec.Struct, frozen=True):
    """What became of one customer's personal fields. *readable* must be 0 afterwards."""

    customer: str
    facts: int
    """Facts that hold personal fields."""
    fields: int
    """Personal fields that could be read before."""
    readable: int
    """Personal fields that can be read now."""
    dead_letters: int
    """Dead letters about the customer that were dropped."""


async def erase(pool: asyncpg.Pool, keys: SubjectKeys, subject: str, *, now: datetime) -> Erasure:
    """Destroy the key of *subject* and drop its dead letters; look before and after. Safe to repeat.

    Raises asyncpg errors; then nothing, or everything, is erased: do it again.
    """
    before = await _facts(pool, keys, subject)
    async with pool.acquire() as connection, connection.transaction():
        dropped = await destroy(connection, keys, subject, now=now)
    after = await _facts(pool, keys, subject)
    return Erasure(
        subject,
        facts=sum(1 for event in after if event.data.__class__ in PERSONAL),
        fields=sum(1 for event in before for _ in clear_fields(event)),
        readable=sum(1 for event in after for _ in clear_fields(event)),
        dead_letters=dropped,
    )


async def destroy(connection: Connection, keys: SubjectKeys, subject: str, *, now: datetime) -> int:
    """Destroy the key of *subject* inside the open transaction. Returns how many dead letters were dropped."""
    await keys.erase(connection, subject, now=now)
    status = await connection.execute(DROP_LETTERS, subject.encode())
    return int(status.rpartition(" ")[2])


def request(subject: str, request_id: str, basis: str, *, at: datetime, instance: str) -> Event:
    """The fact that proves when and why; the same request again is the same fact."""
    fact = ErasureRequested(request_id=request_id, basis=basis, on=at.date())
    source = f"/gradeline/{instance}/rating"
    return Event(id=f"erasure/{request_id}", source=source, type=fact.TYPE, subject=subject, time=at, data=fact)


async def _facts(pool: asyncpg.Pool, keys: SubjectKeys, subject: str) -> list[Event]:
    """Every event of *subject* that can hold personal fields, as those see it who may read them."""
    async with pool.acquire() as connection:
        stored = await read_stream(connection, subject)
    return await keys.unseal([one.event for one in stored if type(one.event.data) in PERSONAL])


def clear_fields(event: Event) -> Iterator[Any]:
    """The values of the personal fields of *event* that are in clear."""
    for name, parts in PERSONAL.get(type(event.data), {}).items():
        value = getattr(event.data, name)
        values = [value] if parts is WHOLE else [value.get(part) for part in parts] if value else []
        for one in values:
            if one is not None and one is not msgspec.UNSET and one != ERASED and not seal.is_sealed(one):
                yield one
