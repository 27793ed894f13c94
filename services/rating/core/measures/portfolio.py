"""Measures of many customers: concentration, roll and cure rates, migration, vintage, expected loss (features 5.1, 5.4).

They take plain numbers and belong to no single customer, so no method reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

_EXACT = Context(prec=40)
_NINE = Decimal("1e-9")


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(_NINE, ROUND_HALF_EVEN, _EXACT)


def concentration(amounts: Sequence[Decimal]) -> Decimal | None:
    """Σ share²: the Herfindahl index of *amounts*; 1 where one has all. None where they add up to nothing."""
    total = sum(amounts, Decimal(0))
    squares = sum((amount * amount for amount in amounts), Decimal(0))
    return _rounded(_EXACT.divide(squares, total * total)) if total else None


def top_share(amounts: Sequence[Decimal], count: int) -> Decimal | None:
    """The share of the *count* greatest of *amounts*. None where they add up to nothing."""
    total = sum(amounts, Decimal(0))
    top = sum(sorted(amounts, reverse=True)[:count], Decimal(0))
    return _rounded(_EXACT.divide(top, total)) if total else None


def core_customers(sales: Sequence[Decimal], share: Decimal) -> int:
    """How many of the greatest customers have at least *share* of all sales (RM-41.01)."""
    total, held = sum(sales, Decimal(0)), Decimal(0)
    for count, amount in enumerate(sorted(sales, reverse=True), 1):
        held += amount
        if held >= share * total:
            return count
    return len(sales)


def roll_rate(moved: Decimal, held: Decimal) -> Decimal | None:
    """What moved from a bucket into the next ÷ what was in it at the start. None where nothing was."""
    return _rounded(_EXACT.divide(moved, held)) if held else None


def cure_rate(cured: int, overdue: int) -> Decimal | None:
    """Customers who were overdue at the start and are current again ÷ those overdue at the start. None without any."""
    return _rounded(_EXACT.divide(Decimal(cured), Decimal(overdue))) if overdue else None


def bad_debt_ratio(written_off: Decimal, recovered: Decimal, credit_sales: Decimal) -> Decimal | None:
    """Write-offs, net of recoveries, ÷ credit sales of the period. None without sales."""
    return _rounded(_EXACT.divide(written_off - recovered, credit_sales)) if credit_sales else None


def migration(moves: Mapping[tuple[str, str], int]) -> dict[str, dict[str, Decimal]]:
    """The migration matrix: of those who held a grade at the start, the share that holds each grade at the end.

    *moves* counts customers by (grade at the start, grade at the end); each row adds up to 1, but for the rounding.
    """
    held: dict[str, int] = {}
    for (start, _), count in moves.items():
        held[start] = held.get(start, 0) + count
    matrix: dict[str, dict[str, Decimal]] = {}
    for (start, end), count in sorted(moves.items()):
        if held[start]:
            matrix.setdefault(start, {})[end] = _rounded(_EXACT.divide(Decimal(count), Decimal(held[start])))
    return matrix


def vintage(
    invoiced: Mapping[str, Decimal], overdue: Mapping[str, Sequence[Decimal]]
) -> dict[str, tuple[Decimal, ...]]:
    """By month of invoice: what of it was overdue one month, two months … later ÷ what was invoiced in it."""
    return {
        month: tuple(_rounded(_EXACT.divide(amount, invoiced[month])) for amount in amounts)
        for month, amounts in sorted(overdue.items())
        if invoiced.get(month)
    }


def expected_loss(pd: Decimal, lgd: Decimal, ead: Decimal) -> Decimal:
    """PD × LGD × EAD."""
    return pd * lgd * ead
