"""What of a batch is new: reserved subjects believed or refused, duplicates dropped, conflicts set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from shared.core.brain import Decided
from shared.core.envelope import Event, is_ours
from shared.core.errors import Undecodable
from shared.core.events.calendar import BusinessDayOpened
from shared.core.events.rating import FactQuarantined, FactRef
from shared.edge import codec
from shared.edge.kafka.record import Record
from shared.edge.store.pool import Connection
from shared.edge.store.read import Seen, known, known_anywhere, quarantined
from shared.edge.store.write import Quarantined
from shared.edge.worker.days import OpenedDays
from shared.edge.worker.deciding import NewFact
from shared.edge.worker.incoming import Incoming
from shared.edge.worker.memory import Key, Memory
from shared.edge.worker.ports import Sealer
from shared.edge.worker.settings import WorkerSettings

SAME_IDENTITY = "SAME_IDENTITY_OTHER_CONTENT"


@dataclass(slots=True)
class Sifted:
    """What is new, by stream, and what is not."""

    facts: dict[str, list[NewFact]] = field(default_factory=dict)
    own: dict[str, list[Decided]] = field(default_factory=dict)
    """Decisions of the machine itself: that a fact was quarantined."""
    appended: dict[Key, bytes] = field(default_factory=dict)
    opening: dict[int, date] = field(default_factory=dict)
    quarantine: list[Quarantined] = field(default_factory=list)
    refused: list[tuple[Record, Undecodable]] = field(default_factory=list)
    duplicates: int = 0
    count: int = 0
    """How many facts are new."""


async def sift(
    connection: Connection,
    incoming: Sequence[Incoming],
    *,
    settings: WorkerSettings,
    memory: Memory,
    sealer: Sealer | None,
    opened: OpenedDays,
) -> Sifted:
    """Sort *incoming*. Order within a stream stays. Changes nothing in *memory*."""
    sifted = Sifted()
    # taken before the store is asked: a batch that commits meanwhile is then seen in at least one of the two
    pending = tuple(memory.pending.values())
    events = [one.event for one in incoming] if sealer is None else await sealer.seal([one.event for one in incoming])
    keys: list[Key] = [(one.stream, event.identity) for one, event in zip(incoming, events, strict=True)]
    kept, taken_in = await _kept(connection, incoming, keys, settings)
    missing = await _unopened(connection, incoming, opened)
    conflicts: list[tuple[Incoming, Event, Key, bytes]] = []
    for index, (one, event, key) in enumerate(zip(incoming, events, keys, strict=True)):
        content, stored = event.content, kept.get(index)
        if _is_ours(event):
            ours = stored or taken_in.get(index)
            held = ours is not None and ours.content == content
            why = _unbelieved(event, held=held, settings=settings, missing=missing)
            if why is not None:
                sifted.refused.append((one.record, why))
                continue
        first = stored.content if stored is not None else _first((sifted.appended, *pending), key)
        if first is None:
            at = _recorded_at(one, taken_in.get(index), settings)
            sifted.appended[key] = content
            sifted.count += 1
            sifted.facts.setdefault(one.stream, []).append(NewFact(event, key[1], content, at))
        elif first == content or not settings.intake or (sealer is not None and sealer.unreadable(event)):
            sifted.duplicates += 1  # where contents differ, the service that takes facts in says so
        else:
            conflicts.append((one, event, key, content))
        _open(event, one.record.partition, memory, sifted, settings)
    await _set_aside(connection, conflicts, sifted, memory, pending)
    return sifted


def _first(places: Sequence[dict[Key, bytes]], key: Key) -> bytes | None:
    """The content that one of *places* has under *key*."""
    for place in places:
        content = place.get(key)
        if content is not None:
            return content
    return None


async def _kept(
    connection: Connection, incoming: Sequence[Incoming], keys: Sequence[Key], settings: WorkerSettings
) -> tuple[dict[int, Seen], dict[int, Seen]]:
    """What is in its stream, and what waits in intake, which proves that our relay wrote it.

    Intake is asked only where a record says that it comes from there, or that it is one of our own.
    """
    asked = [index for index, one in enumerate(incoming) if one.event.recordedtime is not None or _is_ours(one.event)]
    if not asked or not settings.intake:
        return await known(connection, keys), {}
    kept, waiting = await known_anywhere(connection, keys)
    return kept, {index: waiting[index] for index in asked if index in waiting and index not in kept}


def _recorded_at(one: Incoming, intake: Seen | None, settings: WorkerSettings) -> datetime:
    """When we came to know: intake's stamp where intake has the fact, else the broker's time of the record."""
    if intake is not None and intake.recorded_at is not None:
        return intake.recorded_at
    stamped = one.event.recordedtime
    return stamped if stamped is not None and not settings.intake else one.at


async def _unopened(connection: Connection, incoming: Sequence[Incoming], opened: OpenedDays) -> set[date]:
    dates = [one.event.data.date for one in incoming if isinstance(one.event.data, BusinessDayOpened)]
    return await opened.missing(connection, dates) if dates else set()


def _is_ours(event: Event) -> bool:
    """Whether an event is about one of our own subjects, or says that it comes from us: that has to be proved."""
    return event.subject.startswith("~") or is_ours(event.source)


def _unbelieved(event: Event, *, held: bool, settings: WorkerSettings, missing: set[date]) -> Undecodable | None:
    """Why an event of our own is not believed; None where it is.

    *held*: it is in intake or in its stream already, with the same content. A service without intake believes the
    others, but nobody who says that this very service decided: our next decision would find its identity taken.
    """
    if isinstance(event.data, BusinessDayOpened) and event.data.date in missing:
        return Undecodable(f"/data/date: {event.data.date} was never opened", pointer="/data/date", rule="day")
    if held or (not settings.intake and event.source != settings.source):
        return None
    if is_ours(event.source):
        return Undecodable("/source: only our own relay speaks for it", pointer="/source", rule="reserved")
    if isinstance(event.data, BusinessDayOpened):
        return None
    return Undecodable("/subject: only our own relay writes to it", pointer="/subject", rule="reserved")


def _open(event: Event, partition: int, memory: Memory, sifted: Sifted, settings: WorkerSettings) -> None:
    """Note that a partition moves to a later day. An earlier or equal one changes nothing: days never go back."""
    data = event.data
    if isinstance(data, settings.day):
        current = sifted.opening.get(partition, memory.parts[partition].day)
        if data.date > current:
            sifted.opening[partition] = data.date


async def _set_aside(
    connection: Connection,
    conflicts: Sequence[tuple[Incoming, Event, Key, bytes]],
    sifted: Sifted,
    memory: Memory,
    pending: tuple[dict[Key, bytes], ...],
) -> None:
    """Quarantine each conflicting content once, and say so once in the stream of its customer."""
    seen = await quarantined(connection, [(*key, content) for _, _, key, content in conflicts])
    for index, (one, event, key, content) in enumerate(conflicts):
        if index in seen or _first((sifted.appended, *pending), (key[0], content)) is not None:
            sifted.duplicates += 1
            continue
        raw = codec.encode_data(event.data)
        row = Quarantined(one.stream, key[1], content, event.type, event.source, event.id, raw, one.at)
        sifted.quarantine.append(row)
        # a batch that follows before this one is committed must know of it
        sifted.appended[(key[0], content)] = content
        if not one.stream.startswith("~"):
            decision = FactQuarantined(
                as_of=memory.parts[one.record.partition].day,
                cause="fact",
                fact=FactRef(source=event.source, id=event.id, type=event.type),
                reason=SAME_IDENTITY,
            )
            sifted.own.setdefault(one.stream, []).append(Decided(decision, publish=True))
