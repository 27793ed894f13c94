"""What one run found: one line of `docs/faults.jsonl`."""

from __future__ import annotations

from pathlib import Path

import msgspec


class NotHere(Exception):
    """This machine cannot run the row; says why."""


class Figures(msgspec.Struct, kw_only=True):
    """Counts of the facts of one run; *lost* and *doubled* of everything that its system was ever told."""

    sent: int = 0
    """Facts of the load, each counted once however often it had to be sent."""
    acked: int = 0
    """Facts that the API, or the broker, said it has."""
    applied: int = 0
    """Facts in the log of their customers."""
    lost: int = 0
    """Acknowledged, and nowhere."""
    doubled: int = 0
    """Effects that no fact, or a fact that was counted already, stands behind."""
    quarantined: int = 0
    dead_letters: int = 0
    refused: int = 0
    """Answers that said: not now, or not at all."""
    recover_s: float | None = None
    """From the last fault until every accepted fact was applied."""


class Line(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One run of one row."""

    row: int
    broker: str
    seed: int
    commit: str
    machine: str
    failed: str = ""
    """What did not hold; empty: the run passed."""
    not_here: str = ""
    """Why this machine cannot run the row; then it neither passed nor failed."""
    figures: Figures = msgspec.field(default_factory=Figures)
    noted: dict[str, float | int | str] = {}
    """What the row measures besides."""
    seconds: float = 0.0
    date: str = ""

    @property
    def key(self) -> tuple[int, str, int]:
        """What a later run of the same replaces."""
        return self.row, self.broker, self.seed


def read(path: Path) -> list[Line]:
    """The lines of *path*, in order; none where there is no such file."""
    if not path.exists():
        return []
    return [msgspec.json.decode(line, type=Line) for line in path.read_bytes().splitlines() if line.strip()]


def write(path: Path, lines: list[Line]) -> None:
    """Write *lines* in the order of rows, brokers and seeds."""
    ordered = sorted(lines, key=lambda line: line.key)
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in ordered))


def merged(before: list[Line], now: list[Line]) -> list[Line]:
    """*now*, and of *before* what belongs to no row and broker that was run now: old seeds do not linger."""
    run = {(line.row, line.broker) for line in now}
    return [line for line in before if (line.row, line.broker) not in run] + now
