"""When who is told what together: group waits, quiet hours, the morning digest, storms. Pure.

A notice becomes one *hearing* for each person (`arrivals`). A hearing waits until an instant that follows from the notice
and the person alone; then all hearings of its group go in one message (`departures`). Whatever is moved to later says why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from services.alerts.core.hours import next_digest, next_open
from services.alerts.core.message import Form
from services.alerts.core.notice import Notice, What
from services.alerts.core.resolving import Reason, Setting, because, confined, resolve
from shared.core.events.values import Severity

RANK: dict[Severity, int] = {"critical": 0, "warning": 1, "info": 2}
DIGEST = "~digest"
ENDING: frozenset[What] = frozenset({"withdrawn", "resolved"})
"""After these nobody need hear what came before of the same alert and has not been sent."""
PRESSING: frozenset[What] = frozenset({"reminded", "repeated", "escalated"})
"""What nobody need hear any more once somebody has acknowledged the alert."""

State = Literal["waiting", "planned", "told", "quiet", "undelivered"]


class Hearing(msgspec.Struct, frozen=True, kw_only=True):
    """That one person is to hear of one notice."""

    notice_id: str
    alert_id: str
    what: What
    person: str
    group: str
    severity: Severity
    at: datetime
    urgent: bool
    sees_grades: bool
    channels: tuple[str, ...]
    reasons: tuple[Reason, ...]
    only: tuple[str, ...] = ()
    """The roles of which somebody must hold one to hear of it; none: anybody may."""
    due_at: datetime
    waits: str
    """Why not at once: `group`, `interval`, `quiet_hours`, `rest_day`, `digest`, `storm`; none: at once."""


class Quiet(NamedTuple):
    """A person who does not hear of a notice, and why."""

    hearing: Hearing
    why: Reason


class Arrived(NamedTuple):
    """What became of notices."""

    hearings: tuple[Hearing, ...]
    quiet: tuple[Quiet, ...]
    """Hearings that end before they began: muted, or overtaken by what came later."""
    nobody: tuple[tuple[str, State, Reason], ...]
    """Notices without any hearing, and the state that they end in."""


class Known(NamedTuple):
    """What was planned and sent before, as far as the notices in hand need it."""

    told: Mapping[str, Mapping[str, bool]]
    """Alert → person → with grades, of whoever has a message about it."""
    waiting: Mapping[str, Sequence[Hearing]]
    """Alert → hearings that are not in messages yet."""
    last: Mapping[tuple[str, str], datetime]
    """(Person, group) → when the last message of the group went to them."""


def arrivals(notices: Sequence[Notice], setting: Setting, known: Known, *, now: datetime) -> Arrived:
    """Who is to hear of *notices*, which come in the order in which they arose, and when."""
    waiting = defaultdict(list, {alert: list(held) for alert, held in known.waiting.items()})
    new: list[Hearing] = []
    quiet: list[Quiet] = []
    nobody: list[tuple[str, State, Reason]] = []
    for notice in notices:
        stand = waiting[notice.alert_id]
        for one in [one for one in stand if _ends(notice, one)]:
            quiet.append(Quiet(one, because("overtaken", what=notice.what)))
            stand.remove(one)
        hearers = resolve(notice, setting, now=now, told=known.told.get(notice.alert_id, {}))
        if not hearers:
            untold = set(notice.to) <= {"told"}
            state: State = "quiet" if untold else "undelivered"
            nobody.append((notice.notice_id, state, because("untold" if untold else "nobody")))
        for hearer in hearers:
            at, waits = due(notice, hearer.person, setting, known.last.get((hearer.person, notice.group)), now=now)
            one = Hearing(
                notice_id=notice.notice_id,
                alert_id=notice.alert_id,
                what=notice.what,
                person=hearer.person,
                group=DIGEST if notice.digest else notice.group,
                severity=notice.severity,
                at=notice.at,
                urgent=is_urgent(notice),
                sees_grades=hearer.sees_grades,
                channels=notice.channels,
                reasons=hearer.reasons,
                only=confined(notice.labels, setting.policy),
                due_at=at,
                waits=waits,
            )
            if _is_muted(notice, hearer.person, setting):
                quiet.append(Quiet(one, because("muted", kind=notice.kind)))
            else:
                stand.append(one)
                new.append(one)
    over = {(one.hearing.notice_id, one.hearing.person) for one in quiet}
    return Arrived(tuple(one for one in new if (one.notice_id, one.person) not in over), tuple(quiet), tuple(nobody))


def due(notice: Notice, person: str, setting: Setting, last: datetime | None, *, now: datetime) -> tuple[datetime, str]:
    """When *person* is to hear of *notice* at the earliest, and why not at once.

    *last*: when the last message of its group went to them. The first of a group goes at once where it is of a severity
    that does, else it waits for others; what comes after a message waits for the interval, together. What is urgent waits
    for no longer than the first of a group would, and for no quiet hours or rest days: it is to be sent within a minute
    (AL-01.01).
    """
    if notice.digest:
        return next_digest(max(notice.at, now), person, setting), "digest"
    wait, interval = timedelta(seconds=notice.wait_seconds), timedelta(seconds=notice.interval_seconds)
    gap = wait if is_urgent(notice) else interval
    if notice.severity in setting.policy.first_at_once:
        at, waits = (now, "") if last is None else (last + gap, "interval")
    elif last is not None and last + interval > notice.at and not is_urgent(notice):
        at, waits = last + interval, "interval"
    else:
        at, waits = notice.at + wait, "group"
    at, waits = (at, waits) if at > now else (now, "")
    if not is_urgent(notice):
        opening, why = next_open(at, person, setting)
        at, waits = opening, why or waits
    return at, waits


def is_urgent(notice: Notice) -> bool:
    """Whether *notice* breaks through quiet hours: critical ones do, whatever their route says."""
    return notice.urgent or notice.severity == "critical"


class Bundle(NamedTuple):
    """What goes in one message to one person."""

    form: Form
    sees_grades: bool
    hearings: tuple[Hearing, ...]
    """The most severe first, then the oldest."""


class Departure(NamedTuple):
    """What goes now, and what is moved to later."""

    bundles: tuple[Bundle, ...]
    moved: tuple[Hearing, ...]
    """With the new instant and why."""


class Before(NamedTuple):
    """A message that went to the person before."""

    at: datetime
    form: Form


def departures(waiting: Sequence[Hearing], before: Sequence[Before], setting: Setting, *, now: datetime) -> Departure:
    """What of *waiting*, all hearings of one person that wait, goes at *now*.

    *before*: the messages of the last `storm.minutes` to them. A group goes as a whole once one of it is due. Where more
    messages would go than the person can read, one digest carries all that is due, the worst first; and the next comes
    when those minutes are over, or sooner where something urgent waits.
    """
    if not waiting:
        return Departure((), ())
    groups: dict[tuple[str, bool], list[Hearing]] = {}
    for one in waiting:
        groups.setdefault((one.group, one.sees_grades), []).append(one)
    ready = [held for held in groups.values() if any(one.due_at <= now for one in held)]
    ready, moved = _held_back(ready, setting, now=now)
    if not ready:
        return Departure((), tuple(moved))
    storm = setting.policy.storm
    since = now - timedelta(minutes=storm.minutes)
    recent = [one for one in before if one.at > since]
    bundles = [_bundle(_form(held), part) for held in ready for part in _parts(held, storm.part)]
    if len(bundles) + len(recent) <= storm.messages:
        return Departure(tuple(bundles), tuple(moved))
    every = sorted((one for held in ready for one in held), key=_worst_first)
    last = max((one.at for one in recent if one.form == "storm"), default=None)
    urgent = any(one.urgent for one in every)
    if last is not None and now < last + timedelta(seconds=storm.urgent_seconds if urgent else storm.minutes * 60):
        soon, later = (last + timedelta(seconds=gap) for gap in (storm.urgent_seconds, storm.minutes * 60))
        moved += [msgspec.structs.replace(one, due_at=soon if one.urgent else later, waits="storm") for one in every]
        return Departure((), tuple(moved))
    by_sight = [[one for one in every if one.sees_grades is sees] for sees in (True, False)]
    storms = [_bundle("storm", part) for held in by_sight if held for part in _parts(held, storm.part)]
    return Departure(tuple(storms), tuple(moved))


def state_of(hearings: Iterable[str]) -> State:
    """The state of a notice, of those of its hearings: pending, planned, told, quiet, passed (to another), undelivered."""
    found = set(hearings) - {"passed"}
    for hearing, state in _STATES:
        if hearing in found:
            return state
    return "undelivered"


_STATES: tuple[tuple[str, State], ...] = (
    ("pending", "waiting"), ("planned", "planned"), ("told", "told"), ("undelivered", "undelivered"), ("quiet", "quiet"),
)  # fmt: skip


def _held_back(
    ready: list[list[Hearing]], setting: Setting, *, now: datetime
) -> tuple[list[list[Hearing]], list[Hearing]]:
    """What may go now; and what was to go when nobody looked, and finds the person at rest now."""
    person = ready[0][0].person if ready else ""
    opening, why = next_open(now, person, setting)
    if not why:
        return ready, []
    going = [held for held in ready if any(one.urgent for one in held)]
    staying = [one for held in ready if held not in going for one in held]
    return going, [msgspec.structs.replace(one, due_at=opening, waits=why) for one in staying]


def _bundle(form: Form, held: Sequence[Hearing]) -> Bundle:
    return Bundle(form, held[0].sees_grades, tuple(held))


def _parts(held: Sequence[Hearing], most: int) -> Iterable[Sequence[Hearing]]:
    ordered = sorted(held, key=_worst_first)
    return [ordered[at : at + most] for at in range(0, len(ordered), most)]


def _form(held: Sequence[Hearing]) -> Form:
    if held[0].group == DIGEST:
        return "digest"
    return "alert" if len(held) == 1 else "group"


def _worst_first(one: Hearing) -> tuple[int, datetime, str]:
    return RANK[one.severity], one.at, one.notice_id


def _ends(notice: Notice, earlier: Hearing) -> bool:
    """Whether nobody need hear *earlier* any more, after *notice* of the same alert."""
    if earlier.notice_id == notice.notice_id or earlier.what in ENDING:
        return False
    return notice.what in ENDING or (notice.what == "acknowledged" and earlier.what in PRESSING)


def _is_muted(notice: Notice, person: str, setting: Setting) -> bool:
    known = setting.organisation.people.get(person)
    return known is not None and notice.kind in known.mutes and notice.severity in setting.policy.may_mute
