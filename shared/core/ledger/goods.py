"""What was sold, by product class and unit: sums by day of amounts and quantities."""

from __future__ import annotations

from decimal import Decimal

from shared.core.ledger.documents import Line
from shared.core.ledger.lanes import pack
from shared.core.ledger.sums import Flow

QUANTITY = 9
"""Quantities are whole numbers of 10⁻⁹: as many decimals as a fact may have."""

Which = tuple[str, str]
"""(product class, unit)."""


class Goods:
    """Sums by day of what was sold of each product class in each unit: [amount, quantity]."""

    __slots__ = ("_shelf", "flows")

    def __init__(self, shelf: dict[int, Flow]) -> None:
        """*shelf* holds the sums by day of a position; those of goods are put there too, under numbers below 0."""
        self._shelf = shelf
        self.flows: dict[Which, Flow] = {}

    def add(self, key: tuple[int, Which], numbers: int, sign: int) -> None:
        """Add *sign* × *numbers*; *key* is (day, which)."""
        day, which = key
        flow = self.flows.get(which)
        if flow is None:
            flow = self.flows[which] = self._shelf[-1 - len(self.flows)] = Flow()
        flow.add(day, numbers, sign)

    def flows_of(self, product_class: str, unit: str) -> list[tuple[Which, Flow]]:
        """Those of one class, of one unit; of all where empty."""
        return [
            (which, flow)
            for which, flow in self.flows.items()
            if (not product_class or which[0] == product_class) and (not unit or which[1] == unit)
        ]


def sold(lines: list[Line], counted: int, amount: int) -> list[tuple[Which, int]]:
    """(which, sums in lanes) of *lines* of a document of *amount*, of which *counted* counts now."""
    share, whole = (counted, amount) if amount else (1, 1)
    found = []
    for product_class, unit, quantity, units in lines:
        parts = int(Decimal(quantity).scaleb(QUANTITY))
        found.append(((product_class, unit), pack(units * share // whole, parts * share // whole)))
    return found
