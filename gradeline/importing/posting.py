"""Facts of rows in batches to the API. Rows are kept whole; a row that the API refuses is reported and left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, Protocol

from gradeline.importing.facts import Event, Refusal, columns_of
from gradeline.importing.mapping import FactRule
from gradeline.post import BATCH, RefusedFact, Taken

CHUNK_ROWS = 20_000
"""So many rows are put in order of their customers at a time: a customer's history then arrives together."""


class Parcel(NamedTuple):
    """The facts of one row that are to be posted."""

    row: int
    events: list[Event]
    rules: list[FactRule]
    """Of each event, in the same order."""


class Posts(Protocol):
    """What posts a batch: gradeline.post.Poster."""

    def post(self, events: list[Event], /) -> Taken | RefusedFact:
        """What became of the batch."""


class Posted(NamedTuple):
    """What became of one batch."""

    events: list[Event]
    duplicates: int
    """How many of the events were there already."""
    refusals: list[Refusal]


def post_all(parcels: Iterable[Parcel], poster: Posts, *, batch: int) -> Iterator[Posted]:
    """Post every parcel, in batches of at most *batch* facts, and say after each what became of it."""
    for chunk in _chunks(parcels):
        chunk.sort(key=lambda parcel: (parcel.events[0]["subject"], parcel.row))
        for group in batches(chunk, batch):
            yield _post(group, poster)


def _chunks(parcels: Iterable[Parcel]) -> Iterator[list[Parcel]]:
    waiting = (parcel for parcel in parcels if parcel.events)
    while chunk := list(islice(waiting, CHUNK_ROWS)):
        yield chunk


def batches(parcels: Iterable[Parcel], most: int) -> Iterator[list[Parcel]]:
    """Whole rows up to *most* facts; a row with more facts than that travels alone."""
    group: list[Parcel] = []
    size = 0
    for parcel in parcels:
        if group and size + len(parcel.events) > min(most, BATCH):
            yield group
            group, size = [], 0
        group.append(parcel)
        size += len(parcel.events)
    if group:
        yield group


def _post(group: list[Parcel], poster: Posts) -> Posted:
    """Post *group*; whatever the API names is dropped, where it names nothing the group is halved."""
    refusals: list[Refusal] = []
    waiting, taken, duplicates = [group], list[Event](), 0
    while waiting:
        now = waiting.pop()
        events = [event for parcel in now for event in parcel.events]
        answer = poster.post(events)
        if isinstance(answer, Taken):
            taken += events
            duplicates += answer.duplicates
            continue
        guilty = _row_of(now, answer.index)
        if guilty is None and len(now) > 1:
            middle = len(now) // 2
            waiting += [now[middle:], now[:middle]]
            continue
        parcel = now[guilty or 0]
        at = (answer.index or 0) - sum(len(one.events) for one in now[: guilty or 0])
        refusals.append(_refusal(parcel, answer, at if 0 <= at < len(parcel.events) else 0))
        rest = [other for other in now if other is not parcel]
        if rest:
            waiting.append(rest)
    return Posted(taken, duplicates, refusals)


def _row_of(group: list[Parcel], index: int | None) -> int | None:
    if index is None:
        return None
    passed = 0
    for at, parcel in enumerate(group):
        passed += len(parcel.events)
        if index < passed:
            return at
    return None


def _refusal(parcel: Parcel, answer: RefusedFact, at: int) -> Refusal:
    """Why *parcel* was refused: for its fact *at*. Where the API names no field of it, the columns of its id are named."""
    named, rule = parcel.events[at], parcel.rules[at]
    columns = columns_of(rule, answer.pointer) or rule.id.columns
    remedy = {
        409: "the fact was posted before with other content; correct it by its own fact, not by the file",
        413: "the row's facts are too large; shorten them",
    }.get(answer.status, "mend the row")
    return Refusal(
        parcel.row, ", ".join(columns), answer.rule, f"{named['type']} {named['id']}: {answer.message}; {remedy}"
    )
