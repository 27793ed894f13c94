"""A portfolio: the stories of many customers merged in order of time.

The order is that of `time`, which is also the business date of every fact but a statement's (it reaches us months after
the period it speaks of). The same arguments give the same facts. A story depends on the seed, the customer's number and
the day the stories begin, not on how many customers there are or where the history ends: a longer history begins with
the shorter one, and `live` goes on where `simulate` stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from heapq import merge
from random import Random

from gradeline.simulator.agenda import DAY_S, Calendar, Event, Moment
from gradeline.simulator.life import life
from gradeline.simulator.profile import Profile, draw

ZONE = "Asia/Shanghai"
DAYS_A_MONTH = 30.4375


def simulate(customers: int, months: int, seed: int, end: date, *, zone: str = ZONE) -> Iterator[Event]:
    """The facts about *customers* customers in the *months* months up to and including *end*."""
    last = (end.toordinal() + 1) * DAY_S
    for at, event in _stories(customers, seed, origin_of(end, months), months, zone):
        if at >= last:
            return
        yield event


def live(
    customers: int, seed: int, start: date, *, months: int = 12, origin: date | None = None, zone: str = ZONE
) -> Iterator[Event]:
    """The facts from *start* on, without end, about the customers of `simulate(customers, months, seed, …)`.

    *origin* is the day their stories began: `origin_of(end, months)` of the history they follow. Without it the history
    is taken to have ended on the day before *start*. Keep it: with another one the same customers have other stories.
    """
    origin = origin or origin_of(start - timedelta(days=1), months)
    first = start.toordinal() * DAY_S
    for at, event in _stories(customers, seed, origin, months, zone):
        if at >= first:
            yield event


def origin_of(end: date, months: int) -> date:
    """The day on which stories of *months* months begin that end with *end*."""
    return end - timedelta(days=round(months * DAYS_A_MONTH))


def profiles(customers: int, seed: int, origin: date, months: int) -> Iterator[Profile]:
    """Who the customers are."""
    for index in range(customers):
        yield draw(_rng(seed, index, "who"), seed=seed, index=index, origin=origin.toordinal(), span=_span(months))


def _stories(customers: int, seed: int, origin: date, months: int, zone: str) -> Iterator[tuple[Moment, Event]]:
    calendar, source = Calendar(zone), f"/simulator/{seed}"
    stories = (
        life(profile, _rng(seed, index, "what"), source=source, calendar=calendar)
        for index, profile in enumerate(profiles(customers, seed, origin, months))
    )
    return merge(*stories, key=_moment)


def _moment(told: tuple[Moment, Event]) -> Moment:
    return told[0]


def _span(months: int) -> int:
    return max(30, round(months * DAYS_A_MONTH))


def _rng(seed: int, index: int, what: str) -> Random:
    """Every customer has its own randomness; strings seed it the same way on every machine."""
    return Random(f"{seed}/{index}/{what}")
