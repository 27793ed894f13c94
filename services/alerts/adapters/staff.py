"""The tables of people: read as records, changed with who, when and why in the journal, all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from services.alerts.adapters import staff_policy
from services.alerts.core.organisation import Organisation
from services.alerts.core.people import Absence, Assignment, Contact, Person, Post, Record, Unit
from services.alerts.core.staffing import Flaw, flaws
from shared.core.errors import Malformed
from shared.edge.store.pool import Connection


class Kind(NamedTuple):
    """How records of one type are kept."""

    type: type[Record]
    table: str
    key: tuple[str, ...]

    @property
    def name(self) -> str:
        """As the journal and the API call it."""
        return self.type.__name__.lower()

    def key_of(self, record: Record) -> tuple[Any, ...]:
        """What makes *record* the one it is."""
        return tuple(getattr(record, field) for field in self.key)


KINDS: tuple[Kind, ...] = (
    Kind(Unit, "units", ("unit",)),
    Kind(Person, "people", ("person",)),
    Kind(Post, "posts", ("person", "role", "scope", "of")),
    Kind(Contact, "contacts", ("person", "channel", "address")),
    Kind(Absence, "absences", ("person", "first")),
    Kind(Assignment, "portfolio", ("customer", "first")),
)
OF: Mapping[type[Record], Kind] = {kind.type: kind for kind in KINDS}
ALONE = "select pg_advisory_xact_lock(hashtextextended(current_schema() || '~staff', 0))"
"""One change at a time: what is checked is what is written."""
JOURNAL = """
insert into staff_journal (at, by, reason, kind, key, person, before, after)
values ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8::text::jsonb)
"""
CHANGES = """
select entry, at, by, reason, kind, key, person, before::text, after::text from staff_journal
where entry < $1 and ($2::text is null or person = $2) order by entry desc limit $3
"""
PORTFOLIO = """
select * from portfolio where (customer, first::text) > ($1, $2) and ($3::text is null or person = $3)
order by customer, first limit $4
"""
STAND = "select coalesce(max(entry), 0) from staff_journal"
RECENT = timedelta(days=2)
"""Absences that ended longer ago than this are of no account any more, whatever the zone."""


class Change(NamedTuple):
    """What is to be put in place, and what taken away."""

    put: Sequence[Record] = ()
    take: Sequence[Record] = ()


class Wrong(Malformed):
    """The staff would not be whole."""

    def __init__(self, found: Sequence[Flaw]) -> None:
        """*found*: everything that is wrong; at least one thing."""
        super().__init__(staff_policy.sentence(found[0]).en, pointer=f"/{found[0].field}", rule=found[0].rule)
        self.flaws = tuple(found)


class Changed(NamedTuple):
    """What a change came to."""

    kind: str
    before: Record | None
    after: Record | None


async def all_of(connection: Connection, kind: Kind) -> list[Record]:
    """Every record of *kind*, in the order of their keys."""
    rows = await connection.fetch(f"select * from {kind.table} order by {_names(kind.key)}")  # noqa: S608 - names of this file
    return [msgspec.convert(dict(row), kind.type) for row in rows]


async def organisation(connection: Connection, *, now: datetime) -> Organisation:
    """The organisation without the portfolio, and without absences that are over."""
    found: list[Record] = []
    for kind in KINDS:
        if kind.type is not Assignment:
            found += await all_of(connection, kind)
    since = (now - RECENT).date()
    return Organisation(one for one in found if not isinstance(one, Absence) or one.last >= since)


class Kept:
    """The organisation as it stands, read again only once somebody has changed it."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        self._stand, self.organisation = -1, Organisation(())

    async def look(self, connection: Connection, now: datetime) -> bool:
        """Bring it up to date. Returns whether it was changed."""
        is_new = (now_at := await stand(connection)) != self._stand
        if is_new:
            self.organisation, self._stand = await organisation(connection, now=now), now_at
        return is_new


async def assigned(connection: Connection, customers: Iterable[str]) -> list[Assignment]:
    """To whom *customers* are or were given."""
    rows = await connection.fetch("select * from portfolio where customer = any($1)", sorted(set(customers)))
    return [msgspec.convert(dict(row), Assignment) for row in rows]


async def everything(connection: Connection) -> list[Record]:
    """All records there are."""
    return [one for kind in KINDS for one in await all_of(connection, kind)]


async def change(connection: Connection, asked: Change, *, by: str, reason: str, now: datetime) -> list[Changed]:
    """Carry out *asked* in the transaction of *connection*; what is as it was already leaves no trace.

    Raises Wrong where the organisation would not be whole afterwards.
    """
    await connection.execute(ALONE)
    given = {one.customer for one in (*asked.put, *asked.take) if isinstance(one, Assignment)}
    stood = [one for kind in KINDS if kind.type is not Assignment for one in await all_of(connection, kind)]
    before = {(type(one), OF[type(one)].key_of(one)): one for one in (*stood, *await assigned(connection, given))}
    after = dict(before)
    for one in asked.take:
        after.pop((type(one), OF[type(one)].key_of(one)), None)
    for one in asked.put:
        after[type(one), OF[type(one)].key_of(one)] = one
    if found := tuple(flaws(after.values(), staff_policy.policy(), staff_policy.zones())):
        raise Wrong(found)
    done = []
    for kind in KINDS:
        keys = [key for key in {**before, **after} if key[0] is kind.type and before.get(key) != after.get(key)]
        done += [Changed(kind.name, before.get(key), after.get(key)) for key in keys]
        await _write(
            connection, kind, [key[1] for key in keys if key in before], [after[key] for key in keys if key in after]
        )
    await connection.executemany(JOURNAL, [(now, by, reason, *_noted(one)) for one in done])
    return done


async def changes(connection: Connection, *, before: int, person: str | None, limit: int) -> list[dict[str, Any]]:
    """Entries of the journal before *before*, the newest first."""
    rows = await connection.fetch(CHANGES, before, person, limit)
    return [
        {**dict(row), "before": _read(row["before"]), "after": _read(row["after"])} for row in rows
    ]  # fmt: skip


async def portfolio(
    connection: Connection, *, after: tuple[str, str], person: str | None, limit: int
) -> list[dict[str, Any]]:
    """Assignments after (customer, first day as text)."""
    return [dict(row) for row in await connection.fetch(PORTFOLIO, *after, person, limit)]


async def stand(connection: Connection) -> int:
    """How far the journal goes: the same means that nothing was changed."""
    return int(await connection.fetchval(STAND))


async def _write(connection: Connection, kind: Kind, gone: list[tuple[Any, ...]], put: list[Record]) -> None:
    where = " and ".join(f'"{name}" = ${at}' for at, name in enumerate(kind.key, 1))
    if gone:
        await connection.executemany(f"delete from {kind.table} where {where}", gone)  # noqa: S608 - names of this file
    if put:
        fields = kind.type.__struct_fields__
        places = ", ".join(f"${at}" for at in range(1, len(fields) + 1))
        await connection.executemany(
            f"insert into {kind.table} ({_names(fields)}) values ({places})",  # noqa: S608 - names of this file
            [msgspec.structs.astuple(one) for one in put],
        )


def _names(fields: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in fields)


def _noted(one: Changed) -> tuple[str, str, str | None, str | None, str | None]:
    record = one.after or one.before
    assert record is not None
    key = "/".join(str(part) for part in OF[type(record)].key_of(record))
    return one.kind, key, getattr(record, "person", None), _text(one.before), _text(one.after)


def _text(record: Record | None) -> str | None:
    return None if record is None else msgspec.json.encode(record).decode()


def _read(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)
