"""How money and credits fill the instalments of a document: the oldest first."""

from __future__ import annotations

from shared.core.ledger.documents import Lot


def stand_of(lot: Lot, day: int) -> tuple[int, int, int]:
    """(since, units, discount) of *lot* on *day*."""
    counted = (0, 0, 0)
    for step in lot.steps:
        if step[0] > day:
            break
        counted = step
    return counted


def fill(left: list[list[int]], amount: int) -> list[tuple[int, int]]:
    """Take *amount* out of *left*, oldest first; return (instalment, units) for what was taken."""
    taken_: list[tuple[int, int]] = []
    for at, part in enumerate(left):
        units = min(part[1], amount)
        if units:
            part[1] -= units
            amount -= units
            taken_.append((at, units))
    return taken_


def share(given: list[tuple[int, int]], claims: int, total: int) -> dict[int, int]:
    """The part of *given* that quality claims make up, by instalment."""
    return {at: units * claims // total for at, units in given} if claims else {}
