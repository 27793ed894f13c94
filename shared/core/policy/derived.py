"""Derived values: a mean, a sum, a ratio of sums, an order statistic of other values. A closed list, and no formulas."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Literal

import msgspec

from shared.core.policy.measure import Value

How = Literal["mean", "sum", "median", "spread", "lowest", "highest"]
Get = Callable[[str], Value]

_EXACT = Context(prec=60)
_NINE = Decimal("1E-9")


class Derived(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One derived value. It is rounded to 9 decimals, half to even."""

    how: How
    """mean: of the weighted values. sum: of the weighted values, divided by the sum of `over` where it is given; a switch
    that is on counts 1. median, lowest, highest: of the known values. spread: the width of their middle half."""
    of: dict[str, Decimal]
    """Alias → weight; 1 where an order statistic has none."""
    over: tuple[str, ...] = ()
    """What a sum is divided by: the sum of these. Nothing to divide by: not known."""
    missing: Literal["unknown", "zero", "rescale"] = "unknown"
    """What one unknown value does: all is unknown, it counts 0, or (in a mean) the others share its weight."""
    least: int = 1
    """How many values must be known."""
    reference: str
    assumed: bool = False
    why: str = ""

    @property
    def reads(self) -> tuple[str, ...]:
        """Every alias that it looks at."""
        return (*self.of, *self.over)


def deriver(derived: Derived) -> Callable[[Get], Value]:
    """Return *derived* as a function of a look-up of values."""
    if derived.how in ("mean", "sum"):
        return lambda get: _weighted(derived, get)
    return lambda get: _ordered(derived, get)


def _weighted(derived: Derived, get: Get) -> Value:
    total, weight, known, zero = Decimal(0), Decimal(0), 0, derived.missing == "zero"
    for alias, share in derived.of.items():
        value = _number(get(alias))
        if value is not None:
            total, known = _EXACT.add(total, _EXACT.multiply(share, value)), known + 1
        elif derived.missing == "unknown":
            return None
        if value is not None or zero:
            weight += share
    if known < derived.least:
        return None
    if derived.how == "mean":
        return _rounded(_EXACT.divide(total, weight)) if weight else None
    if not derived.over:
        return _rounded(total)
    below = [_number(get(alias)) for alias in derived.over]
    if None in below and not zero:
        return None
    whole = sum((value for value in below if value is not None), Decimal(0))
    return _rounded(_EXACT.divide(total, whole)) if whole else None


def _ordered(derived: Derived, get: Get) -> Value:
    values = sorted(value for alias in derived.of if (value := _number(get(alias))) is not None)
    if len(values) < max(1, derived.least) or (derived.missing == "unknown" and len(values) < len(derived.of)):
        return None
    if derived.how == "lowest":
        return values[0]
    if derived.how == "highest":
        return values[-1]
    if derived.how == "median":
        return quartile(values, 2)
    low, high = quartile(values, 1), quartile(values, 3)
    return _rounded(_EXACT.subtract(high, low))


def quartile(values: list[Decimal], quarter: int) -> Decimal:
    """The *quarter*-th quartile, between two values by proportion (Hyndman and Fan, type 7)."""
    place, rest = divmod((len(values) - 1) * quarter, 4)
    if not rest:
        return values[place]
    between = _EXACT.multiply(values[place + 1] - values[place], Decimal(rest) / 4)
    return _rounded(_EXACT.add(values[place], between))


def _number(value: Any) -> Decimal | None:
    return None if value is None or isinstance(value, str) else Decimal(value)


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(_NINE, rounding=ROUND_HALF_EVEN, context=_EXACT).normalize(_EXACT)
