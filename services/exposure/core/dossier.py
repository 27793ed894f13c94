"""What a limit needs besides its approvers: its papers (LT-05), and room below the ceiling of the segment (LT-34)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.exposure.core.figures import Figures, Moment
from services.exposure.core.formulas import converted
from services.exposure.core.sectors import ceiling_of
from shared.core.ledger.documents import units
from shared.core.money import settle


def needed(moment: Moment, kind: str, amount: str, currency: str) -> tuple[str, ...]:
    """The papers that such a limit needs; without a rate those of the largest."""
    money = converted(units(settle(Decimal(amount), currency)), currency, "CNY", moment.references, moment.day)
    return moment.rules.granting.needed(kind, 1 << 62 if money is None else money)


def missing(moment: Moment, kind: str, amount: str, currency: str, papers: Mapping[str, str]) -> tuple[str, ...]:
    """Those of them that *papers* (paper → document) does not name."""
    return tuple(one for one in needed(moment, kind, amount, currency) if not papers.get(one))


def in_words(moment: Moment, papers: tuple[str, ...]) -> tuple[str, str]:
    """*papers* in English and Chinese, by their keys and what they are."""
    told = moment.rules.granting.papers
    return (
        "; ".join(f"{one} ({told[one][0]})" for one in papers),
        "；".join(f"{one}（{told[one][1]}）" for one in papers),
    )


def is_above_ceiling(moment: Moment, amount: int, currency: str) -> bool:
    """Whether a limit of *amount* alone is above what one customer of the segment may owe; not where a rate is missing."""
    figures = Figures(moment)
    found = ceiling_of(figures)
    if found is None or found[1] is None:
        return False
    asked = converted(amount, currency, figures.currency, moment.references, moment.day)
    return asked is not None and asked > found[1]
