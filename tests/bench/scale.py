"""How much is measured: the full run and the quick one."""

from __future__ import annotations

import msgspec


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of one run."""

    events: int = 200_000
    """Facts of each ingest run."""
    small: int = 1_000
    """Customers of the first ingest run."""
    large: int = 100_000
    """Customers of the second, which gets half the facts: making so many customers known takes longer than measuring."""
    workers: int = 2
    """Worker processes of an ingest run: one for each core of the machine that the promises are for."""
    peer: int = 20_000
    """Events of the peer."""
    rate: int = 500
    """Facts a second, for the latency."""
    seconds: float = 20.0
    """How long they are posted."""
    stored: tuple[int, ...] = (1_000_000, 6_000_000, 50_000_000)
    """How many events the store holds while the cost of one is measured; the second makes a million customers."""
    rows: int = 1_000_000
    """Rows of the ledger that is imported."""
    part: int = 100_000
    """Records of each measurement of a part."""
    rounds: int = 400
    """Assessments in one timing."""
    backlog: int = 250_000
    """Facts that wait for the exposure worker while credit checks are timed."""
    patience: float = 1.0
    """Every step's time limit is multiplied by it."""


QUICK = Scale(events=20_000, small=300, large=3_000, peer=3_000, seconds=4.0, part=20_000, rounds=100, rows=5_000, backlog=60_000,
              stored=(50_000, 200_000), patience=0.5)  # fmt: skip


def scaled(*, quick: bool, events: int | None, stored: int | None) -> Scale:
    """The sizes for the options of the command line."""
    scale = QUICK if quick else Scale()
    if stored is not None:
        scale = msgspec.structs.replace(scale, stored=(*(size for size in scale.stored if size < stored), stored))
    return scale if events is None else msgspec.structs.replace(scale, events=events)
