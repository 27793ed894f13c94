"""What pages of records share: dated facts that may end, and the newest report of what another system measures."""

from __future__ import annotations

from decimal import Decimal

from services.rating.core.measures.reading import Reader
from shared.core.customer.state import Record
from shared.core.ledger.days import months_before

PROVEN = "proven"
"""The outcome of a matter of conduct that turned out to be true."""


def records_of(r: Reader, kind: str) -> list[Record]:
    """Every record of *kind* that was told by today."""
    held = r.state.records.get(kind)
    return [x for x in held.values() if x.order is not None and x.day <= r.day] if held else []


def is_open(r: Reader, record: Record) -> bool:
    """Whether nothing has ended *record* by today."""
    return record.end_by(r.day) is None


def is_proven(r: Reader, record: Record) -> bool:
    """Whether *record* was closed as proven, as last told."""
    end = record.end_by(r.day)
    return end is not None and end[1] == PROVEN


def newest_report(r: Reader, *names: str) -> tuple[int, str] | None:
    """(end of period, value) of the newest report of a measure that is told under one of *names*."""
    reports = [report for name in names for report in r.state.measures.get(name, ())]
    known = [report for report in reports if report[0][0] <= r.day and report[1] <= r.day]
    return max(known)[1:] if known else None


def valid_report(r: Reader, name: str, valid_months: int) -> str | None:
    """The newest report of *name*, for *valid_months* after its period (0: for ever)."""
    held = newest_report(r, name)
    if held is None or (valid_months and months_before(r.day, valid_months) > held[0]):
        return None
    return held[1]


def number_reported(r: Reader, name: str, valid_months: int) -> Decimal | None:
    """The same as a number; None where it is a word."""
    return number(valid_report(r, name, valid_months))


def number(text: object) -> Decimal | None:
    """*text* as a number; None where it is none."""
    try:
        found = Decimal(str(text))
    except ArithmeticError:
        return None
    return found if found.is_finite() else None
