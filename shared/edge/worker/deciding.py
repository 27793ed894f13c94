"""One stream of one batch: fold its new facts, decide once, and note what is to be written. Nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from shared.core.brain import Brain, Decided, Outcome
from shared.core.envelope import Event
from shared.core.events.base import Decision
from shared.edge import codec
from shared.edge.store.rows import DECISION, FACT, EventRow, row_of, sequence_of, subject_of
from shared.edge.store.write import Sent, StreamWrite, Write
from shared.edge.worker.cache import Entry
from shared.edge.worker.partition import NO_DAY, Part
from shared.edge.worker.settings import WorkerSettings

REASON_CHARACTERS = 500


class NewFact(NamedTuple):
    """A fact that is not kept yet, with what was computed to find that out."""

    event: Event
    identity: bytes
    content: bytes
    recorded_at: datetime


class Failed(NamedTuple):
    """A stream whose fold or decision raised."""

    stream: str
    version: int
    reason: str


@dataclass(slots=True)
class Decider:
    """Folds and decides streams into *write*. *number* is the number of the batch."""

    brain: Brain[Any, Any]
    settings: WorkerSettings
    write: Write
    number: int
    now: datetime
    snapshots: bool = False
    """Whether every stream leaves a snapshot: after a long walk, so that it is not walked again after a restart."""

    def take(
        self,
        entry: Entry[Any],
        part: Part[Any],
        facts: Sequence[NewFact],
        own: Sequence[Decided],
        *,
        cause: str,
        patience: int | None = None,
    ) -> Failed | None:
        """Append *facts* and *own* decisions to the stream of *entry*, fold them and decide.

        A decision that would take more days than *patience* is put off: the stream waits for its day, the partition is
        behind.

        Where the brain raises, the facts are appended all the same and the stream is parked.
        """
        before = entry.version
        rows, events = self._facts(entry, facts)
        sent: list[Sent] = []
        for said in own:
            events.append(self._decision(entry, said.data, rows, sent, publish=said.publish))
        entry.touched = self.number
        if entry.broken is not None:
            return self._park(entry, before, rows, sent, entry.broken)
        if entry.state is None:
            self._keep(entry, before, rows, sent, wakes_on=None)
            return None
        kept = (len(rows), len(sent), entry.version)
        try:
            for event in events:
                self.brain.evolve(entry.state, event)
            if part.undecided:
                outcome = Outcome([], None, NO_DAY)
            else:
                outcome = self._decide(entry, part, rows, sent, cause=cause, patience=patience)
            self._snapshot(entry)
        except Exception as error:  # whatever a brain raises parks this customer and nobody else
            del rows[kept[0] :], sent[kept[1] :]
            entry.version = kept[2]
            return self._park(entry, before, rows, sent, f"{type(error).__name__}: {error}")
        if outcome.row is not None:
            self.write.rows.append((entry.stream, entry.version, outcome.row))
        if outcome.unfinished:
            part.behind = True
            self._keep(entry, before, rows, sent, wakes_on=part.day)
            return None
        wakes_on = NO_DAY if part.undecided else _later(outcome.wakes_on, part.day)
        self._keep(entry, before, rows, sent, wakes_on=wakes_on)
        return None

    def _park(self, entry: Entry[Any], before: int, rows: list[EventRow], sent: list[Sent], reason: str) -> Failed:
        entry.state, entry.parked, entry.broken = None, True, None
        self._keep(entry, before, rows, sent, wakes_on=None)
        reason = reason[:REASON_CHARACTERS]
        self.write.parked.append((entry.stream, entry.version, reason))
        return Failed(entry.stream, entry.version, reason)

    def _facts(self, entry: Entry[Any], facts: Sequence[NewFact]) -> tuple[list[EventRow], list[Event]]:
        rows: list[EventRow] = []
        events: list[Event] = []
        subject = subject_of(entry.stream)
        for event, identity, content, recorded_at in facts:
            entry.version += 1
            kept = Event(
                id=event.id,
                source=event.source,
                type=event.type,
                subject=subject,
                time=event.time,
                data=event.data,
                recordedtime=recorded_at,
                sequence=sequence_of(entry.version),
            )
            events.append(kept)
            rows.append(
                row_of(
                    kept,
                    stream=entry.stream,
                    version=entry.version,
                    kind=FACT,
                    partition=entry.partition,
                    recorded_at=recorded_at,
                    identity=identity,
                    content=content,
                )
            )
        return rows, events

    def _decide(
        self,
        entry: Entry[Any],
        part: Part[Any],
        rows: list[EventRow],
        sent: list[Sent],
        *,
        cause: str,
        patience: int | None,
    ) -> Outcome:
        outcome = self.brain.decide(entry.state, part.day, part.context, cause=cause, patience=patience)
        for decided in outcome.decisions:
            decision = self._decision(entry, decided.data, rows, sent, publish=decided.publish)
            self.brain.evolve(entry.state, decision)
        return outcome

    def _decision(
        self, entry: Entry[Any], data: Decision, rows: list[EventRow], sent: list[Sent], *, publish: bool
    ) -> Event:
        """Give *data* the next version of the stream; its id is `<stream>/<version>` and never changes."""
        entry.version += 1
        event = Event(
            id=f"{entry.stream}/{entry.version}",
            source=self.settings.source,
            type=data.TYPE,
            subject=subject_of(entry.stream),
            time=self.now,
            data=data,
            recordedtime=self.now,
            sequence=sequence_of(entry.version),
        )
        rows.append(
            row_of(
                event,
                stream=entry.stream,
                version=entry.version,
                kind=DECISION,
                partition=entry.partition,
                recorded_at=self.now,
            )
        )
        if publish:
            topic = self.settings.topic_prefix + data.topic
            sent.append(Sent(entry.partition, topic, event.subject, event.id, codec.encode(event)))
        return event

    def _snapshot(self, entry: Entry[Any]) -> None:
        if self.snapshots or entry.version - entry.snapshot_version >= self.settings.snapshot_every:
            raw = self.brain.dump(entry.state)
            self.write.snapshots.append((entry.stream, entry.version, self.brain.fold_version, raw))
            entry.snapshot_version, entry.size = entry.version, len(raw)

    def _keep(
        self, entry: Entry[Any], before: int, rows: list[EventRow], sent: list[Sent], *, wakes_on: date | None
    ) -> None:
        entry.size += sum(len(row[-1]) for row in rows)  # the data come last
        self.write.events.extend(rows)
        self.write.outbox.extend(sent)
        earlier = self.write.streams.get(entry.stream)
        self.write.streams[entry.stream] = StreamWrite(
            entry.partition, earlier.before if earlier else before, entry.version, wakes_on, entry.parked
        )


def _later(wakes_on: date | None, day: date) -> date | None:
    """A stream that has been brought to *day* waits for a later one at the earliest, or its sweep would never end."""
    return None if wakes_on is None else max(wakes_on, day + timedelta(days=1))
