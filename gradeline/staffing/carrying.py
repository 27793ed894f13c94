"""Staff carried into the services in one transaction: people into alerts, the roles of each into the registers of approvals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from gradeline.staffing.reading import Fault, Read, located
from services.alerts.adapters import staff
from services.alerts.adapters.staff import Change, Changed
from services.alerts.core.people import Contact, Person, Post, Record
from shared.edge.http.roles import roles
from shared.edge.store import approvals
from shared.edge.store.pool import Connection

REGISTERS = ("rating", "exposure")
"""Services that ask a register of their own who may grant what."""


class Carried(NamedTuple):
    """What came of it."""

    changes: tuple[Changed, ...]
    registered: tuple[str, ...]
    """`service/person` whose roles for approvals changed."""
    faults: tuple[Fault, ...]
    """Where there are any, nothing was changed."""


async def carry(connection: Connection, known: Read, *, by: str, reason: str, now: datetime, keep: bool) -> Carried:
    """Carry what was read into the services; *keep* False: only say what would change.

    *connection* has the schema of alerts. Raises asyncpg errors, as where a schema was not upgraded.
    """
    if known.faults:
        return Carried((), (), known.faults)
    transaction = connection.transaction()
    await transaction.start()
    try:
        asked = Change(known.records, await _replaced(connection, known))
        done = await staff.change(connection, asked, by=by, reason=reason, now=now)
        people = await staff.everything(connection)
        registered = [
            f"{one}/{person}"
            for one in REGISTERS
            for person in await _register(connection, one, people, by, reason, now)
        ]
    except staff.Wrong as wrong:
        await transaction.rollback()
        return Carried((), (), tuple(located(flaw, known) for flaw in wrong.flaws))
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.commit() if keep else transaction.rollback())
    return Carried(tuple(done), tuple(registered), ())


async def _replaced(connection: Connection, known: Read) -> list[Record]:
    """Posts and contacts that people of the files had and have not any more."""
    return [
        one
        for kind in (Post, Contact)
        for one in await staff.all_of(connection, staff.OF[kind])
        if isinstance(one, Post | Contact)
        and one.person in known.replaced[kind]
        and (kind, staff.OF[kind].key_of(one)) not in known.places
    ]


async def _register(
    connection: Connection, service: str, records: Sequence[Record], by: str, reason: str, now: datetime
) -> list[str]:
    """Write to the register of *service* what has changed; returns whose roles did."""
    await connection.execute(f"set local search_path to {service}")
    known = await approvals.register(connection)
    held = roles_of(records)
    differ = [person for person in sorted(held) if known.get(person) != held[person]]
    for person in differ:
        await approvals.put_staff(connection, person, held[person], reason=reason, by=by, now=now)
    await connection.execute("set local search_path to alerts")
    return differ


def roles_of(records: Iterable[Record]) -> dict[str, frozenset[str]]:
    """Person → the roles of tokens that their posts are, wherever they hold them; none: they have left, or hold no post."""
    found: dict[str, set[str]] = {}
    for one in records:
        if isinstance(one, Person):
            found.setdefault(one.person, set())
        elif isinstance(one, Post) and one.role in roles():
            found.setdefault(one.person, set()).add(one.role)
    return {person: frozenset(held) for person, held in found.items()}
