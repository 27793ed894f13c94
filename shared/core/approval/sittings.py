"""The sittings of a committee: on which days it sits, and who has a seat and a vote then (AP-07, RO-14)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args

from shared.core.approval.chain import Rests
from shared.core.events.approval import Committee, Weekday

_WEEKDAYS: tuple[str, ...] = get_args(Weekday)


def seats(committee: Committee, day: date) -> tuple[str, ...]:
    """Who sits on *day*: the members, and those whose calendar week it is."""
    rota = committee.sits.rota if committee.sits else ()
    turn = rota[(day.isocalendar().week - 1) % len(rota)] if rota else ()
    return (*committee.members, *turn)


def voting(committee: Committee, day: date) -> tuple[str, ...]:
    """The seats of *day* that have a vote: not those of whose own line the matter is."""
    return tuple(one for one in seats(committee, day) if one not in committee.avoiding)


def every_seat(committee: Committee) -> tuple[str, ...]:
    """The seats of all weeks, each once."""
    rota = committee.sits.rota if committee.sits else ()
    return tuple(dict.fromkeys((*committee.members, *(one for turn in rota for one in turn))))


def sits(committee: Committee, day: date, rests: Rests) -> bool:
    """Whether votes may be given on *day*: on any where it has no sittings."""
    if committee.sits is None:
        return True
    return _is_weekday_of(committee.sits.days, day) and not rests(day.toordinal())


def next_sitting(committee: Committee, day: date, rests: Rests) -> date:
    """The first sitting on *day* or later."""
    while not sits(committee, day, rests):
        day += timedelta(days=1)
    return day


def _is_weekday_of(days: tuple[Weekday, ...], day: date) -> bool:
    return day.weekday() < len(_WEEKDAYS) and _WEEKDAYS[day.weekday()] in days
