"""A dealer who pays to the day, and the signals that limit what RM-22 gives."""

from __future__ import annotations

from tests.support.customer import Customer, Day, day

WORST, THIRD, SECOND = "dishonest_debtor", "enforcement", "abnormal_operation"
"""Signals after which RM-22 gives D, at best C, and at best B."""


def dealer() -> Customer:
    """A dealer since 2024 who pays every invoice to the day, with no rival goods: A whenever nothing else is said."""
    book = Customer()
    book.registered("2024-01-01", segment="dealer")
    book.months("2024-01-03", 23)
    for on in ("2024-01-03", "2024-12-20", "2025-06-10"):
        book.visited(on)
    return book


def told(book: Customer, kind: str, on: Day, lifted: Day) -> None:
    """A signal of *kind* stands from *on* to the day before *lifted*."""
    id = f"{kind} {on}"
    book.signals(id, kind, on)
    book.tell("signal.lifted", day(lifted), signal_id=id, lifted_on=day(lifted))
