"""What has been told to an instance, kept in DATA/demo.json: a later start goes on from there and repeats nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice, takewhile
from pathlib import Path

import msgspec

from gradeline.simulator.agenda import Event
from gradeline.simulator.book import Book
from gradeline.simulator.busy import busy_day
from gradeline.simulator.portfolio import live, origin_of, profiles

FILE = "demo.json"
SEED, CUSTOMERS, MONTHS = 88, 200, 12
BATCH = 1_000
"""The most facts of one request."""
FIRST = 3
"""So many customers are told first: the others are invented while these are graded, for until then nothing is to be seen."""


class Run(msgspec.Struct):
    """The live facts of one start on one day."""

    day: date
    tag: str
    """Keeps the ids of its facts apart from those of other runs."""
    told: date
    """The history that it followed."""
    facts: int = 0
    """So many were posted."""


class Story(msgspec.Struct, kw_only=True):
    """Which portfolio, and how much of it was told. The same story always tells the same facts."""

    origin: date
    """The day on which the stories of the customers begin."""
    telling: date | None
    """The last day of the history that is being posted; None: all of it is there."""
    zone: str
    seed: int = SEED
    customers: int = CUSTOMERS
    months: int = MONTHS
    told: date | None = None
    """The history is there up to and including this day."""
    posted: int = 0
    """So many facts of the history that is being posted are there already."""
    runs: list[Run] = []
    endings: list[Event] = []
    """Facts that end what was going on when the instance was last stopped; still to be posted."""

    @property
    def names(self) -> dict[str, str]:
        """Customer → the name it was given."""
        found = profiles(self.customers, self.seed, self.origin, self.months)
        return {profile.subject: profile.name for profile in found}

    def go_on(self, yesterday: date) -> bool:
        """Whether history is missing up to *yesterday*; then `telling` says until when, and `history` tells it."""
        if self.telling is None and (self.told is None or self.told < yesterday):
            self.telling, self.posted = yesterday, 0
        return self.telling is not None

    def history(self, first: int | None = None) -> list[Event]:
        """The facts that are to be told now, those of one customer together; *first*: of so many customers only.

        In this order every customer's path is walked once; in the order of time it would be walked again for each batch.
        """
        assert self.telling is not None
        start = self.told + timedelta(days=1) if self.told else self.origin
        facts = list(self._between(start, self.telling, first))
        facts.sort(key=lambda event: str(event["subject"]))
        return facts

    def close(self) -> None:
        """The history that was being posted is there, all of it."""
        self.told, self.telling, self.posted = self.telling, None, 0

    def book(self) -> Book:
        """What is known after everything that was told: history and live facts, in the order in which they were told."""
        book, noted = Book(), 0
        assert self.told is not None
        facts = list(self._between(self.origin, self.told))
        for run in self.runs:
            while noted < len(facts) and _day(facts[noted]) <= run.told.isoformat():
                book.note(facts[noted])
                noted += 1
            for _ in islice(busy_day(book, seed=self.seed, day=run.day, tag=run.tag, zone=self.zone), run.facts):
                pass  # it notes each fact itself
        for event in facts[noted:]:
            book.note(event)
        return book

    def begin(self, *, day: date, tag: str) -> Run:
        """A new run of live facts."""
        assert self.told is not None
        self.runs = [run for run in self.runs if run.facts]
        self.runs.append(Run(day=day, tag=tag, told=self.told))
        return self.runs[-1]

    def save(self, data: Path) -> None:
        """Write it to the folder *data*, whole or not at all."""
        fresh = data / f"{FILE}.new"
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(self)))
        fresh.replace(data / FILE)

    def _between(self, start: date, last: date, first: int | None = None) -> Iterator[Event]:
        facts = live(first or self.customers, self.seed, start, months=self.months, origin=self.origin, zone=self.zone)
        return takewhile(lambda event: _day(event) <= last.isoformat(), facts)


def load(data: Path, *, yesterday: date, zone: str) -> Story:
    """The story of the instance in *data*, or a new one whose history ends with *yesterday*."""
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=Story)
    except FileNotFoundError:
        return Story(origin=origin_of(yesterday, MONTHS), telling=yesterday, zone=zone)


def batches(facts: list[Event], start: int) -> Iterator[list[Event]]:
    """*facts* from *start* on, at most BATCH at a time; customers are not divided unless one alone has more."""
    while start < len(facts):
        end = min(start + BATCH, len(facts))
        if end < len(facts):
            whole = end
            while whole > start and facts[whole]["subject"] == facts[whole - 1]["subject"]:
                whole -= 1
            end = whole if whole > start else end
        yield facts[start:end]
        start = end


def _day(event: Event) -> str:
    return str(event["time"][:10])
