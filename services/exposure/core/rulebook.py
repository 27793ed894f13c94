"""The rules of exposure as values: terms by grade, limits, check steps, authorities, advance funding. Read from
`services/exposure/policies` by `services.exposure.adapters.rule_files`; amounts are units of 10⁻⁴ of CNY."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import msgspec

from services.exposure.core.granting_rules import GrantingRules
from services.exposure.core.portfolio_rules import PortfolioRules
from shared.core.approval.chain import Chains
from shared.core.ledger.bills import BillRules
from shared.core.ledger.documents import Place


class Terms(msgspec.Struct, frozen=True):
    """What one grade allows (LT-09)."""

    grade: str
    term_days: int
    """LT-09.01"""
    need_factor: Decimal
    """LT-09.02"""
    net_assets_share: Decimal
    """LT-09.03"""
    cap_without_statements: int
    """LT-09.04"""
    budget_share: Decimal
    """LT-09.05"""
    down_payment: Decimal
    """LT-09.06: share of each order that is paid before it goes out."""
    stop_days: int
    """LT-09.08: supply stops when the oldest undisputed item is more days past due."""
    review_months: int
    """LT-09.09"""
    valid_months: int
    """LT-09.10; 0: no limit is given."""
    bills_share: Decimal
    """LT-09.11: of the limit, so much may be owed in bills that no bank accepted."""
    unsecured_share: Decimal | None = None
    """LT-09.07: of the limit, so much without security; None: all of it."""


class Mark(msgspec.Struct, frozen=True):
    """A watch mark of utilisation, and where it is cleared again (LT-03.15)."""

    at: Decimal
    clear: Decimal


class Cut(msgspec.Struct, frozen=True):
    """When a limit that is hardly used is proposed to be cut (LT-10.01)."""

    use: Decimal
    """Less than this share of it was used."""
    months: int
    factor: Decimal
    """Of the most that was used: what is proposed."""


class Lower(msgspec.Struct, frozen=True):
    """When a lower limit is proposed because a customer does worse (LT-10.01)."""

    late_days: int
    """The oldest undisputed item is so many days past due …"""
    large: Decimal
    """… while one document takes such a share of the limit."""
    late_cut: Decimal
    finances_cut: Decimal
    """While a critical warning about finances stands."""


class PreApproved(msgspec.Struct, frozen=True):
    """Limits approved in advance (LT-28)."""

    months: int
    """So long they hold (RM-16.04)."""
    grades: tuple[str, ...]
    good_months: int
    """The grade was one of *grades* for so long (RM-16.06) …"""
    late_days: int
    """… and nothing undisputed was later."""
    share: Decimal
    """Of what the formula gives, and at most of *cap* (RM-16.03)."""
    cap: int


class LimitRules(msgspec.Struct, frozen=True):
    """How limits are found and moved."""

    terms: tuple[Terms, ...]
    """From the best grade to the worst."""
    ungraded_stop_days: int
    new_customer_cap: int
    """LT-01.03"""
    new_customer_months: int
    """G-05"""
    order_days: int
    """LT-01.02: days between order and invoice."""
    season_peak: Decimal
    """LT-01.02: a season counts up to so many times the average."""
    digits: int
    """G-27: limits are rounded down to so many significant digits."""
    rise_share: Decimal
    """LT-06.02"""
    rise_days: int
    """LT-06.02"""
    usable_months: int
    """G-10: statements older than that are missing."""
    guarantee_uplift: Decimal
    marks: tuple[Mark, ...]
    """From the lowest to the breach, which is the last."""
    cut: Cut
    lower: Lower
    preapproved: PreApproved
    ability_share: Decimal
    """LT-07: of what a customer takes in while it owes us, so much it can pay to us."""
    deposit_share: Decimal
    """LT-57.01: so much of a deposit counts as security."""
    bills: BillRules = BillRules()
    lasting: tuple[str, ...] = ()
    """Kinds of limit that outlive a fall of the grade; other limits of people end with it."""

    def of(self, grade: str | None) -> Terms | None:
        """The terms of *grade*; None where there is none, or it is on no scale that the table knows."""
        return next((one for one in self.terms if one.grade == grade), None)

    def is_worst(self, grade: str | None) -> bool:
        """Whether *grade* is the worst of the table."""
        return bool(self.terms) and grade == self.terms[-1].grade

    def rank(self, grade: str | None) -> int:
        """The place of *grade* in the table, 0 the best; no grade stands behind the worst."""
        return next((at for at, one in enumerate(self.terms) if one.grade == grade), len(self.terms))

    def stop_days(self, grade: str | None) -> int:
        """Days past due at which supply stops (LT-40)."""
        terms = self.of(grade)
        return terms.stop_days if terms else self.ungraded_stop_days


class StepRule(msgspec.Struct, frozen=True):
    """One step of the credit check: its numbers, and how strong it is at each control point."""

    name: str
    strengths: Mapping[str, str]
    """Control point → off, warn, hold or refuse."""
    numbers: Mapping[str, Decimal]
    segments: Mapping[str, Mapping[str, str]] = msgspec.field(default_factory=dict)
    """Segment → control point → strength, where it is another there."""
    reference: str = ""

    def strength(self, point: str, segment: str | None) -> str:
        """How strong the step is at *point* for an order of *segment*."""
        own = self.segments.get(segment or "", {})
        return own.get(point) or self.strengths.get(point, "off")


class CheckRules(msgspec.Struct, frozen=True):
    """The credit check."""

    version: str
    steps: tuple[StepRule, ...]
    exclusions: tuple[str, ...]
    """What leaves steps out, the first that holds first."""
    reserve_hours: int
    """LT-03.12"""
    commit_days: int
    """LT-03.12"""
    regrow_share: Decimal
    """LT-03.13: a released order that grew by more is checked again."""
    recheck_days: int
    """LT-03.13: and one that waited longer."""
    observing: frozenset[str] = frozenset()
    """Selling companies that only observe (LT-03.16); `*` is all."""

    def observes(self, place: Place) -> bool:
        """Whether an order at *place* passes whatever the steps say."""
        return "*" in self.observing or place.company in self.observing


class Tier(msgspec.Struct, frozen=True):
    """Who approves limits up to an amount (AP-04.01)."""

    up_to: int | None
    by: tuple[str, ...]


class Special(msgspec.Struct, frozen=True):
    """Who lets a held order go, how far beyond the limit, and for how many days (LT-03.14)."""

    role: str
    share: Decimal | None
    """Of the limit; None: any."""
    days: int


class Delegated(msgspec.Struct, frozen=True):
    """Which good customers' limits go down, where they are within the approved policy (LT-33)."""

    grades: Mapping[str, int]
    """Grade → by how many tiers."""
    months: int
    """So long it was held."""


class Authority(msgspec.Struct, frozen=True):
    """Who may decide what."""

    tiers: tuple[Tier, ...]
    higher: Mapping[str, int]
    """Grade → by how many tiers its limits go up (AP-04.02); a great number: to the last."""
    specials: tuple[Special, ...]
    """From the least authority to the greatest."""
    hard: tuple[str, ...]
    """Reasons that no authority but the last lets go."""
    suspend: tuple[str, ...] = ()
    """Who may stop supply (LT-40)."""
    resume: tuple[str, ...] = ()
    """Who may let it go on."""
    exceptions: tuple[str, ...] = ()
    """The codes of rules that people may let not hold for a customer (AP-16, LT-62)."""
    higher_industry: Mapping[str, int] = {}
    """How an industry is looked at (control, reduce) → by how many tiers limits go up (LT-33)."""
    delegated: Delegated = Delegated({}, 0)

    def approvers(self, amount: int, moved: int = 0) -> tuple[str, ...]:
        """Who approves a limit of *amount* in all, one after the other, *moved* by so many tiers."""
        at = next(
            (i for i, tier in enumerate(self.tiers) if tier.up_to is None or amount <= tier.up_to), len(self.tiers)
        )
        return self.tiers[max(0, min(at + moved, len(self.tiers) - 1))].by


class AdvanceTerms(msgspec.Struct, frozen=True):
    """What one grade may be advanced (LT-18 to LT-20)."""

    grade: str
    amount: int
    months: int
    exceptional: bool
    """None in principle: a written statement says why (LT-19, LT-20)."""
    by: tuple[str, ...]


class AdvanceRules(msgspec.Struct, frozen=True):
    """Advance funding (LT-14 to LT-27)."""

    grades: tuple[AdvanceTerms, ...]
    total: int
    """LT-15: of all customers together."""
    total_watch: Decimal
    """LT-15: the share of it from which on its use is told."""
    beyond: tuple[str, ...]
    """LT-21: who approves beyond amount or period."""
    half_days: int
    """LT-22.01: the excess of an old advance is halved by then."""
    all_days: int
    """LT-22.01: and gone by then."""
    lower_share: Decimal
    """LT-26.01"""
    contract_months: int
    """LT-25"""
    quarter_months: int
    """LT-27"""
    check_ahead: int
    """LT-27: days before a quarterly check on which it is given to somebody."""

    def of(self, grade: str | None) -> AdvanceTerms | None:
        """The terms of *grade*; None: none are given."""
        return next((one for one in self.grades if one.grade == grade), None)


class Rulebook(msgspec.Struct, frozen=True):
    """Everything that exposure judges with."""

    limits: LimitRules
    checks: CheckRules
    authority: Authority
    advances: AdvanceRules
    portfolio: PortfolioRules
    granting: GrantingRules
    chains: tuple[Chains, ...]
    fingerprint: str = ""
    """Of the files they were read from."""
    effective: date = date(2000, 1, 1)
