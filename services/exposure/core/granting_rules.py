"""The rules by which credit is granted as values: sectors, credit policies, terms, papers, mitigation.

Read from `services/exposure/policies` by `services.exposure.adapters.granting_files`; amounts are units of 10⁻⁴ of CNY.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import msgspec

EVERY = "*"
"""The segment whose policy holds where a segment has none of its own."""
SUPPORT, CONTROL, REDUCE = "support", "control", "reduce"


class Ceiling(msgspec.Struct, frozen=True):
    """The most that one customer of a segment is given, and how large such a customer may be (LT-34)."""

    segment: str
    amount: int
    total_assets: int | None = None
    """At most; None: any."""
    revenue: int | None = None
    """Of a year. A customer that is within either of the two belongs to the segment."""


class SectorRules(msgspec.Struct, frozen=True):
    """Industries, and ceilings of segments."""

    industries: Mapping[str, str]
    """Industry → support, control or reduce (LT-35); series `industry_list` goes before it."""
    ceilings: tuple[Ceiling, ...]

    def ceiling(self, segment: str | None) -> Ceiling | None:
        """That of *segment*; None: it has none."""
        return next((one for one in self.ceilings if one.segment == segment), None)


class CashDiscount(msgspec.Struct, frozen=True):
    """What is taken off an invoice that is paid so early; 0: nothing is."""

    share: Decimal
    days: int


class Collection(msgspec.Struct, frozen=True):
    """How a debt is called in: days before (reminder) and after (letters, handing over) its due date."""

    remind_before: int
    letters: tuple[int, ...]
    hand_over: int


class CreditPolicy(msgspec.Struct, frozen=True):
    """The four parts of the credit policy of one segment (LT-13): standards, period, cash discount, collection."""

    segment: str
    version: str
    effective: date
    stance: str
    """strict, moderate or generous."""
    grades: tuple[str, ...]
    """Standards: grades that are given credit."""
    period_days: int
    """The longest credit term, whatever the grade allows."""
    pays_on: str
    """`due_date`, or `month_end`: the last day of the month in which it falls due."""
    cash_discount: CashDiscount
    collection: Collection
    reference: str = ""
    sha256: str = ""
    """Of everything above."""

    @property
    def discount_a_year(self) -> Decimal | None:
        """What forgoing the cash discount costs a year: share ÷ (1 − share) × 365 ÷ (days of the period − days of the discount)."""
        offered, days = self.cash_discount, self.period_days - self.cash_discount.days
        if not offered.share or days <= 0:
            return None
        return (offered.share / (1 - offered.share) * 365 / days).quantize(Decimal("1e-9"))


class TermRules(msgspec.Struct, frozen=True):
    """How a credit term is found (LT-08)."""

    spread: Decimal
    """LT-08.01: the cost of capital a year is the one-year LPR and this."""
    handling: Decimal
    """LT-08.02: of the extra sales."""
    default_chance: Mapping[str, Decimal]
    """LT-58.07: grade → chance of default a year."""
    loss_given_default: Decimal
    """LT-58.06: of what is not secured."""


class Dossier(msgspec.Struct, frozen=True):
    """The papers that must be on file before a limit is granted (LT-05)."""

    kinds: tuple[str, ...]
    above: int
    """Needed where the limit itself is above that."""
    papers: tuple[str, ...]


class GrantingRules(msgspec.Struct, frozen=True):
    """By what credit is granted, besides what a grade allows."""

    sectors: SectorRules
    policies: tuple[CreditPolicy, ...]
    """The newest last."""
    term: TermRules
    papers: Mapping[str, tuple[str, str]]
    """Paper → what it is, in English and Chinese."""
    dossiers: tuple[Dossier, ...]
    insured_share: Decimal
    """LT-04: the share covered that an insurer is asked for."""

    def policy(self, segment: str | None, day: int) -> CreditPolicy | None:
        """The policy of *segment* that is in force on *day*, else that of every segment; None: none is yet."""
        held = [one for one in self.policies if one.effective.toordinal() <= day]
        own = [one for one in held if one.segment == segment]
        return next(reversed(own or [one for one in held if one.segment == EVERY]), None)

    def needed(self, kind: str, amount: int) -> tuple[str, ...]:
        """The papers that a limit of *kind* and *amount* (CNY) needs, each once."""
        found = [paper for one in self.dossiers if kind in one.kinds and amount > one.above for paper in one.papers]
        return tuple(dict.fromkeys(found))
