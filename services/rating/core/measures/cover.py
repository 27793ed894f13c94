"""Exposure, and the collateral that covers it after haircut. Formulas and examples: docs/measures.md."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal

from services.rating.core.measures.reading import Params, Reader, ratio
from services.rating.core.measures.records import number, number_reported
from shared.core.ledger.documents import UNIT
from shared.core.measures.reported import COLLATERAL

SHARES = "collateral_share"
"""The published series of what is left of each kind of collateral after its haircut: kind → share (LT-57)."""


def _open_of(*kinds: str) -> Callable[[Reader, Params], Decimal]:
    """Make the measure that adds up what is open of documents of *kinds*."""

    def measure(r: Reader, _: Params) -> Decimal:
        """What of such documents no later document has taken over."""
        return r.money(sum(r.scalar(kind) for kind in kinds))

    return measure


def exposure(r: Reader, _: Params) -> Decimal:
    """Open orders, deliveries not invoiced, receivables and advance funding; each counted once (contracts D1)."""
    return r.money(_exposed(r))


def _exposed(r: Reader) -> int:
    return r.scalar("order") + r.scalar("delivery") + r.scalar("advance_funding") + r.balance(Params())


open_orders = _open_of("order")
delivered_not_invoiced = _open_of("delivery")


def collateral_value(r: Reader, p: Params) -> Decimal | None:
    """Σ value reported of each kind of collateral × its published share after haircut.

    A value counts for *valid_months* after its period. None where the share of a kind that has a value is not published.
    """
    value = _collateral(r, p)
    return None if value is None else r.money(value)


def collateral_cover(r: Reader, p: Params) -> Decimal | None:
    """Collateral after haircut ÷ exposure; None where nothing is exposed, or a share is not published."""
    value, exposed = _collateral(r, p), _exposed(r)
    return ratio(value, exposed) if value is not None and exposed > 0 else None


def _collateral(r: Reader, p: Params) -> int | None:
    total = Decimal(0)
    for kind in COLLATERAL:
        value = number_reported(r, kind, int(p.said["valid_months"]))
        if value is None:
            continue
        share = number(r.context.value(SHARES, kind, r.day))
        if share is None:
            return None
        total += value * share
    return int(total.scaleb(UNIT).to_integral_value(ROUND_HALF_EVEN))
