"""Who stands in for whom: deputies in chain, and who leads where the chain ends in nobody or in a circle."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from services.alerts.core.organisation import Organisation


class StandIn(NamedTuple):
    """One who hears in place of another."""

    person: str
    """Who hears."""
    of: str
    """Whom they stand in for; the same person: nobody does."""
    until: date | None
    """The last day of that absence; None: the other has left."""
    leads: bool = False
    """They do so as who leads, for there is no deputy."""


def standing_in(person: str, day: date, organisation: Organisation) -> StandIn | None:
    """Who hears on *day* what is meant for *person*; None: they themselves, for they are here.

    A chain of deputies is followed while each is away. Where it ends in nobody or in a circle, the first who is here of
    those who lead *person* hears; where there is none, it stays with *person*, away as they are. Of somebody who has left
    and whom nobody leads, the stand-in is themselves too: who asks finds another.
    """
    absence = organisation.away(person, day)
    gone = organisation.present(person) is None
    if absence is None and not gone:
        return None
    until = None if gone or absence is None else absence.last
    seen, deputy = {person}, absence.deputy if absence is not None and not gone else ""
    while deputy and deputy not in seen and organisation.present(deputy):
        seen.add(deputy)
        further = organisation.away(deputy, day)
        if further is None:
            return StandIn(deputy, person, until)
        deputy = further.deputy
    for leader in organisation.line(person):
        if organisation.away(leader, day) is None:
            return StandIn(leader, person, until, leads=True)
    return StandIn(person, person, until)
