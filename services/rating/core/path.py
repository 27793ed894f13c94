"""The grade path: the standing of a customer on every day, a pure function of facts, policies and calendar.

One step a day from the first fact on. Days on which nothing can change are skipped; that the result equals the daily
walk is a property test. Movement rules (G-22, G-23) depend on the path, so a late fact walks it again from its date.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date

from services.rating.core import rising
from services.rating.core.engine import Engine, Sheet
from services.rating.core.measures.relationship import CONTRACT_DAYS
from services.rating.core.overriding import next_change as next_change_of_overrides
from services.rating.core.overriding import overlaid
from services.rating.core.standing import Standing, lapses_on, step
from services.rating.core.state import State
from shared.core.ledger.days import months_before
from shared.core.ledger.position import BOOKED, DUE, Position
from shared.core.policy.policy import Policy
from shared.core.policy.warning import next_change
from shared.core.refusal import Refusal

_EARLY = 4
"""How many days before its time a sum over months may change: windows of months jump at the end of February."""


Path = list[tuple[int, Standing]]
"""(day, standing) for each day on which anything changed, in order."""


def at(path: Path, day: int) -> Standing | None:
    """The standing on *day*; None before the path begins."""
    index = bisect_left(path, day + 1, key=lambda entry: entry[0])
    return path[index - 1][1] if index else None


def walk(
    state: State, path: Path, start: int, end: int, engine: Engine, *, daily: bool = False
) -> tuple[Sheet | None, int]:
    """Extend *path*, and the paths of the other purposes, (cut at *start*) to *end* and leave the ledger there.

    Returns what was seen on the last day (None: nothing had to be looked at there), and the next day to look at.

    *daily* takes every single day, for the property test.
    """
    _cut(path, start)
    for other in state.besides.values():
        _cut(other, start)
    standing = path[-1][1] if path else None
    day, sheet = max(start, state.first), None
    while day <= end:
        state.ledger.move_to(day)
        sheet = engine.sheet(state)
        standing = _extend(path, standing, _now(state, standing, sheet, day, engine), day)
        for one in sheet.besides:
            along = state.besides.setdefault(one.purpose, [])
            before = along[-1][1] if along else None
            _extend(along, before, _now(state, before, one, day, engine), day)
        day = day + 1 if daily else next_day(state, standing, sheet, day, engine)
    if state.ledger.day != end:
        state.ledger.move_to(end)
        sheet = None
    return sheet, day


def _cut(path: Path, start: int) -> None:
    del path[bisect_left(path, start, key=lambda entry: entry[0]) :]


def _now(state: State, before: Standing | None, sheet: Sheet, day: int, engine: Engine) -> Standing:
    """The standing on *day* under the purpose of *sheet*: what the rules give, and over it what people put in its place."""
    rules = before.rules or before if before else None
    now = step(state, rules, sheet, day)
    return overlaid(state, before, now, sheet, day, engine) if state.overrides else now


def _extend(path: Path, before: Standing | None, now: Standing, day: int) -> Standing:
    if before is None or now != before:
        path.append((day, now))
    return now


def next_day(state: State, standing: Standing, sheet: Sheet, day: int, engine: Engine) -> int:
    """The next day on which anything may change with no fact but the day. Early is allowed, late is not."""
    if sheet.daily:
        return day + 1
    on = date.fromordinal(day)
    looked = [(standing, sheet)]
    if sheet.besides:
        looked += [(state.besides[one.purpose][-1][1], one) for one in sheet.besides]
    if on.day == 1 and any(now.held or now.grade != now.underlying for now, _ in looked):
        return day + 1  # what may only move at a review is held again
    least = months_before(day - on.day + 1, -1)
    least = min(least, state.ledger.next_effect(), engine.context.next_date(day))
    for now, seen in looked:
        least = min(least, _next_move(now.rules or now, seen.policy, day, least))
    for ends in state.contract_ends(day):
        least = min(least, ends - CONTRACT_DAYS + 1 if ends >= day + CONTRACT_DAYS else day + 1)
    if state.overrides:
        least = min(least, next_change_of_overrides(state, day))
    if state.rises:
        least = min(least, rising.next_change(state, day, least))
    at = bisect_right(state.days, day)
    if at < len(state.days):
        least = min(least, state.days[at])
    for position in state.ledger.positions.values():
        least = min(least, _next_in(position, day, least))
        if least <= day + 1:
            return day + 1
    least = min(least, _next_anniversary(_anniversaries(state, [now for now, _ in looked]), on))
    waits = next_change(sheet.rules, sheet.signs, standing.watches, on)
    if waits is not None:
        least = min(least, waits.toordinal())
    return max(day + 1, min(least, engine.next_effective(day)))


def _next_move(standing: Standing, policy: Policy | Refusal, day: int, least: int) -> int:
    """The next day, *least* at the latest, on which a rule of movement changes what it says."""
    if isinstance(policy, Refusal):
        return least
    if standing.fell_on:
        cooled = standing.fell_on + policy.movement.rise.cooldown_days
        least = min(least, cooled if cooled > day else least)
    if standing.valid_from:
        lapses = lapses_on(policy, standing.grade, standing.valid_from)
        least = min(least, lapses if lapses > day else least)
    return least


def _next_in(position: Position, day: int, least: int) -> int:
    """The next day, *least* at the latest, on which a sum of *position* may change."""
    for opened in position.opens:
        first = opened.first_due()
        if first:
            least = min(least, first + 1 if first > day else day + 1)
    for family, flow in position.flows.items():
        if flow.windows:
            if family >= DUE and day in flow.days:
                return day + 1  # what falls due today counts from tomorrow on
            least = min(least, day + max(1, flow.next_change(day) - _EARLY))
    for late in position.lates:
        least = min(least, day + max(1, late.next_change(day) - _EARLY))
    return least


def _anniversaries(state: State, standings: Sequence[Standing]) -> set[int]:
    """Days of the month on which a measure that counts whole months may change, or on the day after."""
    bases = [day for standing in standings for day in (standing.default_on, standing.worst_on) if day]
    for position in state.ledger.positions.values():
        first = position.flow(BOOKED).first()
        if first:
            bases.append(first)
    bases += [value for _, value in state.profile.get("opened_on", ()) if value]
    for kind, records in state.records.items():
        if kind not in {"dunning", "assessment"}:
            for record in records.values():
                days = [record.day, record.what.get("known", 0), *(order[0] for order, _ in record.ends)]
                bases += [day for day in days if day]
    for reports in state.measures.values():
        for order, end, _ in reports:
            bases += [order[0], end]
    return {date.fromordinal(day).day for day in bases}


def _next_anniversary(days: set[int], on: date) -> int:
    """The ordinal of the next day after *on* that is one of *days* of the month or follows one; at the latest a month start.

    Late in a month every day counts, for a shorter month moves the 29th to the 31st.
    """
    start = months_before(on.toordinal() - on.day + 1, -1)
    last = start - on.toordinal() + on.day
    for day in range(on.day + 1, last + 1):
        if day in days or day - 1 in days or (day >= 28 and max(days, default=0) >= 28):
            return on.toordinal() + day - on.day
    return start
