"""Votes as a percentage, and the two axes of a customer's worth: value and loyalty (RM-31, RM-35)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from services.rating.core.measures.reading import Params, Reader
from services.rating.core.measures.records import number_reported
from shared.core.measures.declared import weights_of
from shared.core.measures.reported import LOYALTY_PARTS, VALUE_PARTS, VOTES
from shared.core.measures.value import LOYALTY_WEIGHTS, VALUE_WEIGHTS

_NINE = Decimal("1e-9")
_SATISFIED = 3
"""The first so many levels are at least basically satisfied."""
_CELLS = {
    ("high", True): "keep",
    ("high", False): "win_back",
    ("middle", True): "grow",
    ("middle", False): "develop",
    ("low", True): "serve_cheaply",
    ("low", False): "let_go",
}
"""(value, whether loyalty is high) → cell (RM-31.03)."""


def _votes(r: Reader, p: Params) -> list[Decimal] | None:
    """Votes of each level, the best first; a level that nobody reported has none. None without a single vote."""
    months = int(p.said["valid_months"])
    votes = [number_reported(r, name, months) or Decimal(0) for name in VOTES]
    return votes if sum(votes) > 0 else None


def satisfaction(r: Reader, p: Params) -> Decimal | None:
    """Σ(weight × votes) ÷ Σ votes over the five levels (*weights*: 100/80/60/30/0 unless said); None without votes."""
    votes, weights = _votes(r, p), weights_of(p.said["weights"])
    if votes is None:
        return None
    total = sum((weight * count for weight, count in zip(weights, votes, strict=False)), Decimal(0))
    return (total / sum(votes)).quantize(_NINE, ROUND_HALF_EVEN)


def basic_satisfaction_rate(r: Reader, p: Params) -> Decimal | None:
    """Votes of the first three levels ÷ all votes; None without votes."""
    votes = _votes(r, p)
    return (
        None if votes is None else (sum(votes[:_SATISFIED], Decimal(0)) / sum(votes)).quantize(_NINE, ROUND_HALF_EVEN)
    )


def value_index(r: Reader, p: Params) -> Decimal | None:
    """Σ(weight × points) ÷ Σ weight of the reported parts of value that are known.

    Margin, sales, growth, size, open wallet, product groups, payment, cost of service. None below half of the weight.
    """
    return _index(r, p, VALUE_PARTS, p.word("weights"))


def loyalty_index(r: Reader, p: Params) -> Decimal | None:
    """Σ(weight × points) ÷ Σ weight of the reported parts of loyalty that are known.

    Length of relation, regular orders, share of wallet, satisfaction. None below half of the weight.
    """
    return _index(r, p, LOYALTY_PARTS, p.word("weights"))


def _index(r: Reader, p: Params, parts: tuple[str, ...], weights: str) -> Decimal | None:
    total, known, whole = Decimal(0), Decimal(0), Decimal(0)
    for name, weight in zip(parts, weights_of(weights), strict=False):
        points = number_reported(r, name, int(p.said["valid_months"]))
        whole += weight
        if points is not None:
            total, known = total + weight * points, known + weight
    return (total / known).quantize(_NINE, ROUND_HALF_EVEN) if known and known * 2 >= whole else None


def value_cell(r: Reader, p: Params) -> str | None:
    """keep · win_back · grow · develop · serve_cheaply · let_go: value high, middle, low crossed with loyalty.

    *borders*: value high from, value middle from, loyalty high from (70/45/60 unless said). None without both indices.
    """
    high, middle, loyal = (*weights_of(p.said["borders"]), Decimal(0), Decimal(0))[:3]
    value = _index(r, p, VALUE_PARTS, VALUE_WEIGHTS)
    loyalty = _index(r, p, LOYALTY_PARTS, LOYALTY_WEIGHTS)
    if value is None or loyalty is None:
        return None
    level = "high" if value >= high else "middle" if value >= middle else "low"
    return _CELLS[level, loyalty >= loyal]
