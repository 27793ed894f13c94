"""What the machine (shared.edge) asks of a service's brain. Everything here is pure: day, context and ids are arguments."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol, TypeVar

import msgspec

from shared.core.envelope import Event
from shared.core.events.base import Decision

S = TypeVar("S")
C = TypeVar("C")


class Decided(msgspec.Struct, frozen=True):
    """One decision to append to the stream. The machine gives it the id `<stream>/<version>`, which never changes."""

    data: Decision
    publish: bool
    """Whether it goes to its topic; recorded-only decisions (restated history) do not."""


class Outcome(msgspec.Struct):
    """What deciding one stream gave. Within a batch only its end counts."""

    decisions: list[Decided]
    row: Any
    """What the service's projector writes for this stream; None leaves the projection as it is."""
    wakes_on: date | None
    """The next day on which something may change with no event but the day; None: never."""
    unfinished: bool = False
    """Nothing was decided: it would have taken longer than the patience given. Ask again when there is time."""


class Brain(Protocol[S, C]):
    """A service's decider. `S` is the state of one stream (mutated in place), `C` the reference context of a partition."""

    fold_version: str
    """Changes whenever a stored snapshot can no longer be continued; snapshots of another version are refolded."""
    walks: bool
    """Whether a state is whole only once it was decided: what follows of its facts is kept in it and is no event."""

    def context(self) -> C:
        """An empty reference context (rates, calendar, lists)."""

    def refer(self, context: C, event: Event) -> None:
        """Fold one `~reference` event into *context*."""

    def initial(self, stream: str) -> S:
        """The state of a stream before its first event."""

    def evolve(self, state: S, event: Event) -> None:
        """Fold one event (fact, or one of our own decisions) into *state*. Total: no event makes it fail."""

    def decide(self, state: S, day: date, context: C, *, cause: str, patience: int | None = None) -> Outcome:
        """Bring *state* to *day* and say what follows. *cause*: fact, day, review, policy, override or correction.

        *patience*: the most days that may be walked again now; None: all that it takes.
        """

    def dump(self, state: S) -> bytes:
        """A snapshot of *state*."""

    def load(self, raw: bytes) -> S:
        """The state that `dump` wrote."""

    def weight(self, state: S) -> int:
        """About how many kB the state takes; the cache is bounded by the sum. Asked after every change: must be cheap."""
