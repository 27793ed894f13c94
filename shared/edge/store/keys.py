"""One key a subject for personal fields. Destroying it erases them everywhere: log, topics, backups of the log."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import asyncpg
import msgspec

from shared.core.envelope import Event
from shared.core.errors import Misconfigured
from shared.core.events.base import Data
from shared.edge import seal
from shared.edge.store.pool import Connection

FIND = """
select u.subject, k.wrapped, k.erased_at is not null as erased
from unnest($1::text[]) as u(subject) join subject_keys k on k.subject = u.subject
"""
MAKE = """
insert into subject_keys (subject, wrapped) select * from unnest($1::text[], $2::bytea[]) on conflict do nothing
"""
ERASE = """
insert into subject_keys (subject, wrapped, erased_at) values ($1, null, $2)
on conflict (subject) do update set wrapped = null, erased_at = coalesce(subject_keys.erased_at, excluded.erased_at)
"""


class SubjectKeys:
    """Seals personal fields under the keys in `subject_keys`. Keys are read for each batch: an erased one is gone at once."""

    def __init__(self, pool: asyncpg.Pool, wrapping_key: bytes) -> None:
        """*wrapping_key* (64 bytes) belongs to the installation and encrypts every subject's key."""
        self._pool = pool
        self._wrapping_key = wrapping_key
        self._erased: set[str] = set()

    async def seal(self, events: Sequence[Event], /) -> list[Event]:
        """The same events in order, personal fields sealed; those of erased subjects replaced by the marker.

        Raises asyncpg errors, Misconfigured where the keys were wrapped by another installation.
        """
        asked = {event.subject for event in events if seal.holds_personal(event.data)}
        if not asked:
            return list(events)
        wanted = {event.subject for event in events if seal.has_personal(event.data)}
        keys = await self._keys(sorted(asked), wanted)
        return [self._sealed(event, keys[event.subject]) if event.subject in wanted else event for event in events]

    async def unseal(self, events: Sequence[Event]) -> list[Event]:
        """The same events in clear for those who may read them; what was erased says so."""
        async with self._pool.acquire() as connection:
            keys = await self._find(connection, sorted({event.subject for event in events}))
        return [
            msgspec.structs.replace(
                event,
                data=seal.unseal(
                    event.data, key=keys.get(event.subject), subject=event.subject, source=event.source, id=event.id
                ),
            )
            for event in events
        ]

    def unreadable(self, event: Event, /) -> bool:
        """Whether nobody can say if *event*, seen in the last `seal`, has the content that is kept: its key is destroyed."""
        return event.subject in self._erased and seal.holds_personal(event.data)

    async def erase(self, connection: Connection, subject: str, *, now: datetime) -> None:
        """Destroy the key of *subject*. What was sealed under it is unreadable once that is committed, and so is what comes."""
        await connection.execute(ERASE, subject, now)
        self._erased.add(subject)

    async def _keys(self, subjects: Sequence[str], wanted: Collection[str]) -> dict[str, bytes | None]:
        """The key of each of *subjects*, made for those *wanted* where there is none; None where it was destroyed."""
        async with self._pool.acquire() as connection:
            found = await self._find(connection, subjects)
            missing = [subject for subject in subjects if subject in wanted and subject not in found]
            if missing:
                fresh = [seal.wrap(seal.new_key(), self._wrapping_key) for _ in missing]
                await connection.execute(MAKE, missing, fresh)
                found |= await self._find(connection, missing)  # another process may have been first
            return found

    async def _find(self, connection: Connection, subjects: Iterable[str]) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        for row in await connection.fetch(FIND, list(subjects)):
            if row["erased"]:
                self._erased.add(row["subject"])
            try:
                key = None if row["erased"] else seal.unwrap(row["wrapped"], self._wrapping_key)
            except ValueError as error:
                raise Misconfigured(f"the key of {row['subject']}: {error}") from None
            found[row["subject"]] = key
        return found

    def _sealed(self, event: Event, key: bytes | None) -> Event:
        about = {"subject": event.subject, "source": event.source, "id": event.id}
        data: Data = seal.seal(event.data, key=key or seal.new_key(), **about)
        if key is None:
            data = seal.unseal(data, key=None, **about)  # without a key every sealed field becomes the marker
        return msgspec.structs.replace(event, data=data)
