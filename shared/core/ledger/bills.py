"""Where a bill stands: it settles the claim when it is received, but the risk stays until it is honoured (contracts D2)."""

from __future__ import annotations

from collections.abc import Iterable

from shared.core.ledger.documents import Bill

HELD, AWAY, CLEAR, VOID = "held", "away", "clear", "void"
"""With us; passed on, and its holder can come back to us; honoured, or passed on for good; not honoured, or given back."""

PRESENTED_WITHIN = 10
"""A bill must be presented within so many days of its due date (票据法 53). After them a bill that we passed on is taken as
honoured, for nobody tells us of it; where it was not, dishonour is told and reopens the claim."""

Void = tuple[int, str, int]
"""(day, bill, units): that many less settle from that day on; above 0: that many settle again."""


def stages(bill: Bill) -> list[tuple[int, str]]:
    """(first day, stage) of *bill*, in order; the last of one day holds."""
    if bill.order is None:
        return []
    stage, honoured, lapsed = HELD, 0, False
    found = [(bill.received, stage)]
    steps = [(order[0], 0, what, units, recourse) for order, what, units, recourse in bill.steps]
    if bill.due:
        steps.append((bill.due + PRESENTED_WITHIN + 1, 1, "lapsed", 0, False))
        steps.sort(key=lambda step: step[:2])
    for day, _, what, units, recourse in steps:
        if what in {"endorsed", "discounted"} and stage == HELD:
            stage = AWAY if recourse and not lapsed else CLEAR
        elif what == "honoured":
            honoured += bill.amount if units < 0 else units
            stage = CLEAR if honoured >= bill.amount else stage
        elif what in {"dishonoured", "returned"}:
            stage, honoured = VOID, 0
        elif what == "lapsed":
            lapsed = True
            stage = CLEAR if stage == AWAY else stage
        if stage != found[-1][1]:
            found.append((max(day, bill.received), stage))
    return found


def stage_of(bill: Bill, day: int) -> str:
    """The stage of *bill* on *day*; empty before it is received."""
    return next((stage for on, stage in reversed(stages(bill)) if on <= day), "")


def voids_of(bills: Iterable[Bill]) -> list[Void]:
    """When each of *bills* stopped settling, and when it did again."""
    found: list[Void] = []
    for bill in bills:
        void = False
        for day, stage in stages(bill) if bill.steps else ():
            if (stage == VOID) != void:
                void = not void
                found.append((day, bill.id, -bill.amount if void else bill.amount))
    return found
