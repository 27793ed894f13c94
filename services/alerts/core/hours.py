"""When a person may be disturbed: quiet hours and rest days on their own clock, and the hour of the morning digest."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from services.alerts.core.people import Person
from services.alerts.core.resolving import Setting

DAYS = 60
"""Who rests longer than this on end is disturbed: no calendar does."""
_MIDNIGHT = time(0)


def next_open(at: datetime, person: str, setting: Setting) -> tuple[datetime, str]:
    """The first instant from *at* on at which *person* may be disturbed, and why it is not *at*.

    `` (it is) · `quiet_hours` · `rest_day`.
    """
    known = setting.organisation.people.get(person)
    if known is None:
        return at, ""
    local = setting.local(at, person)
    if _is_open(local, known, setting):
        return at, ""
    why = "rest_day" if _rests(local, known, setting) else "quiet_hours"
    for days in range(DAYS):
        for clock in (_MIDNIGHT, _quiet(known, setting)[1]):
            found = datetime.combine(local.date() + timedelta(days=days), clock, local.tzinfo)
            if found > local and _is_open(found, known, setting):
                return found.astimezone(UTC), why
    return at, ""


def next_digest(at: datetime, person: str, setting: Setting) -> datetime:
    """The first instant from *at* on at which *person* gets the morning digest: not before they may be disturbed."""
    local = setting.local(at, person)
    morning = datetime.combine(local.date(), setting.policy.digest_at, local.tzinfo)
    if morning < local:
        morning = datetime.combine(local.date() + timedelta(days=1), setting.policy.digest_at, local.tzinfo)
    opening, why = next_open(morning.astimezone(UTC), person, setting)
    if why != "rest_day":
        return opening
    first = setting.local(opening, person).date()
    return next_open(
        datetime.combine(first, setting.policy.digest_at, local.tzinfo).astimezone(UTC), person, setting
    )[0]  # fmt: skip


def _is_open(local: datetime, person: Person, setting: Setting) -> bool:
    return not _rests(local, person, setting) and not _is_quiet(local.time(), *_quiet(person, setting))


def _rests(local: datetime, person: Person, setting: Setting) -> bool:
    return setting.calendars[person.calendar].rests(local.date().toordinal())


def _quiet(person: Person, setting: Setting) -> tuple[time, time]:
    if person.quiet_from is None or person.quiet_to is None:
        return setting.policy.quiet_from, setting.policy.quiet_to
    return person.quiet_from, person.quiet_to


def _is_quiet(clock: time, begin: time, end: time) -> bool:
    return begin <= clock < end if begin <= end else clock >= begin or clock < end
