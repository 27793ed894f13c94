"""One person as staff see them: posts, line, who stands in, contacts, and what was changed."""

from __future__ import annotations

from typing import Any

from gradeline.language import both, say
from services.alerts.adapters import staff
from services.alerts.adapters.staff_words import person_named, role_named
from services.alerts.core.absence import standing_in
from services.alerts.core.organisation import Organisation
from services.alerts.core.people import Absence, Assignment, Contact, Post
from shared.edge import clock
from shared.edge.store.pool import Connection

CHANGES = 10


def kinds() -> dict[str, str]:
    """What the kinds of records are called."""
    names = ("unit", "person", "post", "contact", "absence", "assignment")
    return dict(zip(names, map(say, ("unit", "person", "post", "contact", "absence", "assignment")), strict=True))


def titles() -> dict[str, str]:
    """What the parts of `shown` are called, in their order."""
    keys = ("name", "unit", "posts", "led_by", "today", "contacts", "absences", "customers", "changes")
    return dict(
        zip(
            keys,
            map(
                say,
                (
                    "name",
                    "unit",
                    "posts",
                    "led by",
                    "hears today",
                    "contacts",
                    "absences",
                    "assigned customers",
                    "changes",
                ),
            ),
            strict=True,
        )
    )


async def shown(connection: Connection, person: str, *, zone: str) -> dict[str, Any] | None:
    """What is known of *person*; None: nobody is called so."""
    records = await staff.everything(connection)
    organisation = Organisation(records)
    known = organisation.people.get(person)
    if known is None:
        return None
    today = clock.today(known.zone or zone)
    instead = standing_in(person, today, organisation)
    unit = organisation.units.get(known.unit)
    own = [one for one in records if getattr(one, "person", None) == person]
    changes = await staff.changes(connection, before=2**62, person=person, limit=CHANGES)
    return {
        "name": f"{known.name_zh} {known.name_en}" if known.name_zh != known.name_en else known.name_en,
        "unit": f"{unit.name_zh} {unit.name_en}" if unit is not None else known.unit,
        "posts": [{"post": both(role_named(one.role)), "of": one.of} for one in own if isinstance(one, Post)],
        "led_by": [both(person_named(leader, organisation)) for leader in organisation.line(person)],
        "today": say("here") if instead is None else both(person_named(instead.person, organisation)),
        "contacts": [
            {"channel": one.channel, "address": one.address, "verified": "" if one.verified else say("not verified")}
            for one in organisation.ways(person) + tuple(
                one for one in own if isinstance(one, Contact) and not one.verified
            )
        ],
        "absences": [
            {"from": str(one.first), "to": str(one.last), "deputy": one.deputy} for one in own if isinstance(one, Absence)
        ],
        "customers": sum(isinstance(one, Assignment) for one in own),
        "changes": [
            {"at": f"{one['at']:%Y-%m-%d %H:%M}", "by": one["by"], "kind": kinds()[one["kind"]], "reason": one["reason"]}
            for one in changes
        ],
    }  # fmt: skip
