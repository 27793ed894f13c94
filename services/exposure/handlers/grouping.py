"""Groups: declared, changed and ended by requests, and looked at as of any date."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from typing import NamedTuple

from services.exposure.core.figures import Figures, Moment
from services.exposure.core.group import Spent
from services.exposure.core.grouping import GroupWanted
from services.exposure.core.listing import Standing
from services.exposure.handlers import approving
from services.exposure.handlers.ports import Ports
from shared.core.approval.commands import Actor
from shared.core.approval.listed import ApprovalRow
from shared.core.errors import Malformed, NotFound

UNKNOWN = "there is no such group, or nothing was known of it then"


class Seen(NamedTuple):
    """A group and its members, looked at on one day."""

    moment: Moment
    """With what the members owe."""
    members: tuple[Standing, ...]


async def ask(ports: Ports, wanted: GroupWanted, by: Actor) -> ApprovalRow:
    """Ask for *wanted* in the name of *by*. Raises Malformed, NotFound, Declined, Unavailable."""
    if strangers := await ports.lists.strangers(ports.database(), wanted.members):
        message = f"nothing is known of the customer {strangers[0]}; write the id under which its facts come in"
        raise Malformed(message, pointer="/join", rule="customer-id")
    return await approving.ask(ports, wanted.customer_id, wanted, by)


async def leavers(ports: Ports, group_id: str, on: date) -> Mapping[str, date]:
    """Everybody who belongs to a group, or will, as leaving on *on*."""
    return {one.customer_id: on for one in await ports.lists.members(ports.database(), group_id)}


async def view(ports: Ports, group_id: str, as_of: date | None, known_at: datetime | None) -> Seen:
    """The group as it stood. Raises NotFound.

    Now it is read from what is written with every change; of another time each member is folded as of then.
    """
    pool = ports.database()
    moment = await ports.view(pool, group_id, as_of, known_at)
    if moment is None or moment.account.group is None or not moment.account.group.since:
        raise NotFound(UNKNOWN)
    if as_of is None and known_at is None:
        members = await ports.lists.members(pool, group_id)
    else:
        members = [one async for one in _then(ports, moment, as_of, known_at)]
    day = date.fromordinal(moment.day)
    now = [one for one in members if one.since <= day and (one.until is None or day < one.until)]
    spent = tuple(Spent(one.currency, one.exposure, one.reserved, one.is_certain) for one in now)
    return Seen(moment._replace(members=spent), tuple(members))


async def _then(ports: Ports, moment: Moment, as_of: date | None, known_at: datetime | None) -> AsyncIterator[Standing]:
    declared = moment.account.group
    assert declared is not None, "view has looked"
    for name, one in sorted(declared.members.items()):
        if one.until and one.until <= moment.day:
            continue
        found = await ports.view(ports.database(), name, as_of, known_at)
        until = date.fromordinal(one.until) if one.until else None
        if found is None:
            yield Standing(name, date.fromordinal(one.since), until, declared.currency, 0, 0, is_certain=True)
            continue
        figures = Figures(found)
        owed, kept = figures.total, figures.reserved()
        yield Standing(
            name, date.fromordinal(one.since), until, figures.currency, owed, kept, is_certain=not figures.missing
        )


async def of_member(ports: Ports, moment: Moment, as_of: date | None, known_at: datetime | None) -> list[Seen]:
    """The groups to which the customer of *moment* belongs, each as it stood."""
    names = [name for name, one in sorted(moment.account.groups.items()) if one.holds(moment.day)]
    return [await view(ports, name, as_of, known_at) for name in names]
