"""Where a bill stands: it settles the claim when it is received, but the risk stays until it is honoured (contracts D2)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from shared.core.ledger.documents import Bill

HELD, AWAY, CLEAR, VOID = "held", "away", "clear", "void"
"""With us; passed on, and its holder can come back to us; honoured, or passed on for good; not honoured, or given back."""

Parts = dict[str, int]
"""Stage → units of a bill that are in it: what happened to a part of it happened to no more."""

Void = tuple[int, str, int]
"""(day, bill, units): that many less settle from that day on; above 0: what did not settle before settles again."""


class BillRules(msgspec.Struct, frozen=True):
    """What stands in for what nobody tells of bills; data of the rules (`terms.yaml`), these are assumed."""

    presented_days: int = 10
    """A bill must be presented within so many days of its due date (票据法 53). After them a bill that we passed on is taken as
    honoured, for nobody tells us of it; where it was not, dishonour is told and reopens the claim."""
    longest_months: int = 6
    """A bill of which no date is known matures so late: no bill may run longer (the bills rule of 2023)."""


DEFAULT = BillRules()


def stages(bill: Bill, rules: BillRules = DEFAULT) -> list[tuple[int, Parts]]:
    """(first day, where its units are from then on) of *bill*, in order."""
    if bill.order is None:
        return []
    parts, lapsed = {HELD: bill.amount, AWAY: 0, CLEAR: 0, VOID: 0}, False
    found = {bill.received: dict(parts)}
    steps = [(order[0], 0, what, units, recourse) for order, what, units, recourse in bill.steps]
    if bill.due:
        steps.append((bill.due + rules.presented_days + 1, 1, "lapsed", -1, False))
        steps.sort(key=lambda step: step[:2])
    for day, _, what, units, recourse in steps:
        if what in {"endorsed", "discounted"}:
            _move(parts, (HELD,), AWAY if recourse and not lapsed else CLEAR, units)
        elif what == "honoured":
            _move(parts, (HELD, AWAY, VOID), CLEAR, units)
        elif what in {"dishonoured", "returned"}:
            _move(parts, (AWAY, HELD, CLEAR), VOID, units)
        elif what == "lapsed":
            lapsed = True
            _move(parts, (AWAY,), CLEAR, units)
        found[max(day, bill.received)] = dict(parts)
    return list(found.items())


def _move(parts: Parts, of: Iterable[str], to: str, units: int) -> None:
    """Carry *units* (−1: all) *of* these stages, the first first, *to* another."""
    left = sum(parts.values()) if units < 0 else units
    for stage in of:
        taken = min(left, parts[stage])
        parts[stage] -= taken
        parts[to] += taken
        left -= taken


def parts_of(bill: Bill, day: int, rules: BillRules = DEFAULT) -> Parts:
    """Where the units of *bill* are on *day*; empty before it is received."""
    return next((parts for on, parts in reversed(stages(bill, rules)) if on <= day), {})


def voids_of(bills: Iterable[Bill]) -> list[Void]:
    """When, and how much of, each of *bills* stopped settling, and when it did again."""
    found: list[Void] = []
    for bill in bills:
        void = 0
        for day, parts in stages(bill) if bill.steps else ():
            if parts[VOID] != void:
                found += [(day, bill.id, units) for units in (void, -parts[VOID]) if units]
                void = parts[VOID]
    return found
