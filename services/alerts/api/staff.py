"""People over HTTP: who works here, posts, absences, units, and whose customers are."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Security

from services.alerts.adapters import staff, staff_policy
from services.alerts.adapters.staff import Change, Wrong
from services.alerts.api import staff_forms as forms
from services.alerts.core.absence import standing_in
from services.alerts.core.organisation import Organisation
from services.alerts.core.people import Absence, Assignment, Contact, Person, Post, Record, Unit
from shared.core.errors import NotFound
from shared.edge import clock
from shared.edge.http import paging, query
from shared.edge.http.approving import Id, Line
from shared.edge.http.auth import Principal, principal
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place
from shared.edge.http.problem import Invalid

router = APIRouter(prefix="/v1", tags=["staff"])
PATHS = frozenset(
    {"/v1/staff", "/v1/staff/{person}", "/v1/staff/{person}/absences/{first}", "/v1/units", "/v1/units/{unit}"}
    | {"/v1/portfolio", "/v1/portfolio/{customer}", "/v1/staff-changes"}
)
"""They tell of no customer but whose it is, to who keeps the staff."""
NEWEST = 2**62

Registrar = Annotated[Principal, Security(principal, scopes=["admin:users"])]


async def _database(request: Request) -> Any:
    return request.app.state.ports.database()


Database = Annotated[Any, Depends(_database)]
Why = Annotated[Line, Query(alias="reason", description="why, for the journal")]


async def _carry_out(database: Any, who: Principal, reason: str, change: Change) -> None:
    """Carry *change* out. Raises Invalid, with everything that would be wrong afterwards."""
    by, now = who.person or who.subject, clock.now()
    async with database.acquire() as connection, connection.transaction():
        try:
            await staff.change(connection, change, by=by, reason=reason, now=now)
        except Wrong as wrong:
            said = [(flaw, staff_policy.sentence(flaw)) for flaw in wrong.flaws]
            found = [{"pointer": f"/{f.field}", "rule": f.rule, "message": w.en, "zh": w.zh} for f, w in said]
            raise Invalid(found) from wrong


async def _records(database: Any) -> list[Record]:
    """Everything but the portfolio."""
    async with database.acquire() as connection:
        return [
            one for kind in staff.KINDS if kind.type is not Assignment for one in await staff.all_of(connection, kind)
        ]


@router.get("/staff", summary="Who works here")
async def people(
    *,
    who: Registrar,
    database: Database,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    role: Annotated[query.Text | None, Query(description="only who holds this post")] = None,
    unit: Annotated[query.Text | None, Query(description="only of this unit")] = None,
) -> forms.People:
    """Return people by name, with posts, contacts and absences, and who hears today what is meant for them."""
    start = place(after, tuple[paging.Text])[0] if after else ""
    records = await _records(database)
    organisation = Organisation(records)
    found = [
        one
        for key, one in sorted(organisation.people.items())
        if key > start and (role is None or role in organisation.roles_of(key)) and unit in (None, one.unit)
    ]
    page = [_told(one, records, organisation) for one in found[:limit]]
    return forms.People(staff=page, next=cursor(page[-1].person) if len(found) > limit else None)


@router.get("/staff/{person}", summary="One person")
async def person(who: Registrar, database: Database, person: Id) -> forms.PersonTold:
    """Return one person."""
    records = await _records(database)
    organisation = Organisation(records)
    if person not in organisation.people:
        raise NotFound(f"there is no person {person}")
    return _told(organisation.people[person], records, organisation)


@router.put("/staff/{person}", status_code=204, summary="Say who a person is, what they hold and how they are reached")
async def put_person(who: Registrar, database: Database, person: Id, body: forms.PersonSaid) -> None:
    """From now on *person* is as posted, whole: posts and contacts that are not there are gone.

    Which requests they may grant is said to each service that has requests: `gradeline staff import` tells all of them.
    """
    said = body.model_dump(exclude={"reason", "posts", "contacts"})
    put: list[Record] = [msgspec.convert({"person": person} | said, Person)]
    put += [Post(person=person, role=one.role, scope=one.scope, of=one.of) for one in body.posts]
    put += [Contact(person=person, **one.model_dump()) for one in body.contacts]
    kept = {(type(one), staff.OF[type(one)].key_of(one)) for one in put}
    held = [one for one in await _records(database) if isinstance(one, Post | Contact) and one.person == person]
    take = [one for one in held if (type(one), staff.OF[type(one)].key_of(one)) not in kept]
    await _carry_out(database, who, body.reason, Change(put, take))


@router.put("/staff/{person}/absences/{first}", status_code=204, summary="Say that a person is away")
async def put_absence(
    who: Registrar, database: Database, person: Id, first: query.Day, body: forms.AbsenceSaid
) -> None:
    """From *first* to `last` *person* is away; the deputy hears instead, or who stands in for the deputy."""
    absence = Absence(person=person, first=first, last=body.last, deputy=body.deputy, reason=body.reason)
    await _carry_out(database, who, body.reason, Change([absence]))


@router.delete("/staff/{person}/absences/{first}", status_code=204, summary="Say that a person is not away after all")
async def end_absence(who: Registrar, database: Database, person: Id, first: query.Day, why: Why) -> None:
    """Take an absence back."""
    known = [one for one in await _records(database) if isinstance(one, Absence)]
    found = [one for one in known if (one.person, one.first) == (person, first)]
    if not found:
        raise NotFound(f"{person} is not away from {first} on")
    await _carry_out(database, who, why, Change(take=found))


@router.get("/units", summary="The organisation")
async def units(who: Registrar, database: Database) -> forms.Units:
    """Return all units."""
    found = [one for one in await _records(database) if isinstance(one, Unit)]
    return forms.Units(units=[forms.UnitTold.model_validate(_whole(one)) for one in found])


@router.put("/units/{unit}", status_code=204, summary="Say what a unit is")
async def put_unit(who: Registrar, database: Database, unit: Id, body: forms.UnitSaid) -> None:
    """From now on *unit* is as posted."""
    said = msgspec.convert({"unit": unit} | body.model_dump(exclude={"reason"}), Unit)
    await _carry_out(database, who, body.reason, Change([said]))


@router.get("/portfolio", summary="Customers that were given to people")
async def portfolio(
    who: Registrar,
    database: Database,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    person: Annotated[query.Text | None, Query(description="only theirs")] = None,
) -> forms.Portfolio:
    """Return whose customers are by assignment; all others are of whom the label `manager` of their decisions says."""
    start = place(after, tuple[paging.Text, paging.Text]) if after else ("", "")
    async with database.acquire() as connection:
        rows = await staff.portfolio(connection, after=start, person=person, limit=limit + 1)
    page = [forms.OwnerTold.model_validate(dict(row)) for row in rows[:limit]]
    following = cursor(page[-1].customer, str(page[-1].first)) if len(rows) > limit else None
    return forms.Portfolio(portfolio=page, next=following)


@router.put("/portfolio/{customer}", status_code=204, summary="Give a customer to a person")
async def put_owner(who: Registrar, database: Database, customer: Id, body: forms.OwnerSaid) -> None:
    """From `first` on, until `last` where it is said, *customer* is the person's. The newest assignment counts."""
    given = Assignment(customer=customer, person=body.person, first=body.first, last=body.last)
    await _carry_out(database, who, body.reason, Change([given]))


@router.get("/staff-changes", summary="What was changed, by whom and why")
async def changes(
    who: Registrar,
    database: Database,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    person: Annotated[query.Text | None, Query(description="only about this person")] = None,
) -> forms.Changes:
    """Return the journal of the staff, the newest first."""
    before = place(after, tuple[paging.BigInt])[0] if after else NEWEST
    async with database.acquire() as connection:
        rows = await staff.changes(connection, before=before, person=person, limit=limit + 1)
    page = [forms.ChangeTold.model_validate(row) for row in rows[:limit]]
    return forms.Changes(changes=page, next=cursor(page[-1].entry) if len(rows) > limit else None)


def _told(one: Person, records: list[Record], organisation: Organisation) -> forms.PersonTold:
    today = clock.now().astimezone(staff_policy.zone_of(one.zone)).date()
    instead = standing_in(one.person, today, organisation)
    own = [record for record in records if getattr(record, "person", None) == one.person]
    return forms.PersonTold.model_validate(
        _whole(one)
        | {
            "posts": [_without_person(post) for post in own if isinstance(post, Post)],
            "contacts": [_without_person(way) for way in own if isinstance(way, Contact)],
            "absences": [_whole(absence) for absence in own if isinstance(absence, Absence)],
            "line": list(organisation.line(one.person)),
            "hears": one.person if instead is None else instead.person,
        }
    )


def _whole(record: Record) -> dict[str, Any]:
    return msgspec.structs.asdict(record)


def _without_person(record: Record) -> dict[str, Any]:
    return {name: value for name, value in _whole(record).items() if name != "person"}
