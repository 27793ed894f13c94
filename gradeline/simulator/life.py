"""The story of one customer, without end, in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from gradeline.simulator import paying
from gradeline.simulator.agenda import Agenda, Calendar, Event, Moment
from gradeline.simulator.profile import Behaviour, Profile
from gradeline.simulator.standing import Standing
from gradeline.simulator.trade import Trade


def life(profile: Profile, rng: Random, *, source: str, calendar: Calendar) -> Iterator[tuple[Moment, Event]]:
    """Every fact about the customer, from its first day of business on."""
    agenda = Agenda(subject=profile.subject, source=source, calendar=calendar, rng=rng)
    standing, trade = Standing(profile, agenda, rng), Trade(profile, agenda, rng)
    standing.register(profile.begins)
    if profile.behaviour is not Behaviour.NEW and rng.random() < 0.5:
        trade.opening_balance(profile.begins + 1)
    order, month = profile.begins + 2, next_month(profile.begins)
    while True:
        if month <= order:
            yield from agenda.before(month)
            standing.month(month)
            month = next_month(month)
            continue
        yield from agenda.before(order)
        if orders_on(profile, order):
            trade.order(order)
        order += gap(profile, order, rng)


def orders_on(profile: Profile, day: int) -> bool:
    """A customer in crisis soon gets nothing more on account."""
    since = paying.crisis(profile, day)
    return since is None or since < paying.STOP_DAYS


def gap(profile: Profile, day: int, rng: Random) -> int:
    """Days to the next order: at least one."""
    rate = profile.orders_a_month * paying.season(profile, day) / 30.44
    return max(1, round(rng.expovariate(rate)))


def next_month(day: int) -> int:
    """The first day of the month after *day*."""
    on = date.fromordinal(day)
    return date(on.year + on.month // 12, on.month % 12 + 1, 1).toordinal()
