"""When a document falls due: from its date, its terms, its schedule, or the term that stands in where it says nothing."""

from __future__ import annotations

from datetime import date

from shared.core.ledger.days import months_before
from shared.core.ledger.documents import Document, Term
from shared.core.ledger.sight import Sight, accepted_on, agreed_on, takes_of

CUT_OFF_DAY = 25
"""Monthly settlement whose terms name no cut-off day is cut off on this one (G-31, assumed); 31 means at the month's end."""


def due_on(document: Document, term: Term | None, day: int, sight: Sight) -> int:
    """The due ordinal of *document* as known on *day*; 0 while it has none (its terms start at something yet to come)."""
    if term is None:
        stands_in = agreed_on(document, day, sight)
        if stands_in is None:
            return document.booked + sight.term_days
        term = stands_in[1]
    if term.due:
        return term.due
    start = start_of(document, term.starts, day, sight)
    if not start:
        return 0
    if term.starts == "month_end":
        return _month_end(start, term.cut_off or CUT_OFF_DAY) + term.days
    return start + term.days


def start_of(document: Document, starts: str, day: int, sight: Sight) -> int:
    """The ordinal from which the days of terms count; 0 while it has not happened by *day*."""
    if starts in {"invoice", "month_end", "down_payment", "instalment", ""}:
        return document.booked
    if starts == "delivery" and document.kind == "delivery":
        return document.booked
    if starts == "acceptance" and (on := accepted_on(document, day)):
        return on
    found = 0
    for target, _ in takes_of(document, sight.documents):
        held = sight.documents.get(target)
        if held is None or held.order is None or held.kind != "delivery":
            continue
        on = held.booked if starts == "delivery" else accepted_on(held, day)
        if on and on <= day and starts in {"delivery", "acceptance"}:
            found = max(found, on)
    return found


def _month_end(day: int, cut_off: int) -> int:
    """The last day of the month that *day* is settled in (G-31): after the cut-off day it is the next month's."""
    next_month = months_before(day, -1)
    start = day - _day_of_month(day)
    ends = start + (_days_in_month(day))
    if _day_of_month(day) > cut_off:
        return next_month - _day_of_month(next_month) + _days_in_month(next_month)
    return ends


def _day_of_month(day: int) -> int:
    return date.fromordinal(day).day


def _days_in_month(day: int) -> int:
    start = day - _day_of_month(day) + 1
    return months_before(start, -1) - start
