"""What counts as exposure, and how much of it: the numbers of one set of rules."""

from __future__ import annotations

import msgspec
from msgspec import field

from services.exposure.core.holding import BANK, BILLS, CATEGORIES, CONTINGENT, LARGE_BANK, LATER

PERCENT = 100

PAPER = {
    f"{BILLS}/{LARGE_BANK}": 0,
    f"{BILLS}/{BANK}": 20,
    f"{CONTINGENT}/{LARGE_BANK}": 0,
    f"{CONTINGENT}/{BANK}": 20,
}
"""What paper counts until it is honoured, in percent, where a bank accepted it (LT-61.01)."""


class Rules(msgspec.Struct, frozen=True):
    """Which categories count, and with what weight. Every default is assumed (LT-03.02, LT-61)."""

    horizon_days: int = 30
    """Orders that are to be delivered later than in so many days do not eat the limit (LT-03.02)."""
    categories: frozenset[str] = frozenset(CATEGORIES) - {LATER}
    """What counts; the other categories are shown by `lines` and add nothing."""
    weights: dict[str, int] = field(default_factory=PAPER.copy)
    """Category, with the class of its acceptor → how much of it counts, in percent (LT-61.01); 100 where nothing is said."""
    deduct: frozenset[str] = frozenset()
    """What stands apart and is taken off all the same: any of `APART`. Nothing is, unless it is said here (LT-61.04)."""
    stale_rate_days: int = 7
    """An exchange rate older than so many days is called missing."""

    def weight(self, key: str) -> int:
        """Percent of *key*, a category with the class of its acceptor, that counts; 0 where its category is switched off."""
        if key.partition("/")[0] not in self.categories:
            return 0
        return self.weights.get(key, PERCENT)


DEFAULT = Rules()
