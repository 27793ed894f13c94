"""All customers together: how much of the credit budget they use (LT-02), and who has too large a share of it (LT-45).

The sum of everybody is measured every few seconds; a check adds its own order to it. So these steps warn, and bind nobody: what
binds to the cent is the limit of the customer and those of its groups.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from services.exposure.core import parents
from services.exposure.core.formulas import converted, ratio, total_budget
from services.exposure.core.group import Spent, Sum, summed
from services.exposure.core.listing import Everybody, Part
from services.exposure.core.portfolio_rules import Share
from services.exposure.core.rulebook import StepRule
from services.exposure.core.rules import DEFAULT
from services.exposure.core.wanted import PASSED, Seen, Wanted
from shared.core.ledger.documents import UNIT
from shared.core.money import plain
from shared.core.references import References

CNY = "CNY"
"""The budget is told in it."""
NOT_KNOWN = "TOTAL_NOT_KNOWN"
_NINE = Decimal("1e-9")


class Use(NamedTuple):
    """How much of the budget is used. Units of 10⁻⁴ of CNY."""

    used: int
    budget: int | None
    """None: nothing was published of it."""
    missing: tuple[str, ...]

    @property
    def share(self) -> Decimal | None:
        """used ÷ budget; None where either is not known, or there is no budget to use."""
        return ratio(self.used, self.budget) if self.budget and not self.missing else None


def total(spent: Iterable[Spent], references: References, day: int, stale: int) -> Sum:
    """What all owe and have kept for them, in CNY."""
    return summed(spent, CNY, references, day, stale)


def mark(share: Decimal | None, marks: Share) -> str | None:
    """`watch` from the lower of two marks on, `breach` from the upper; None below both, or where the share is not known."""
    if share is None or share < marks.watch:
        return None
    return "breach" if share >= marks.breach else "watch"


def _added(wanted: Wanted) -> int:
    figures = wanted.figures
    return max(0, wanted.exposed() - figures.total - figures.reserved())


def _all(wanted: Wanted) -> Sum:
    """Everybody, with the order that is judged."""
    moment = wanted.figures.moment
    spent = (*(moment.everybody or ()), Spent(wanted.figures.currency, _added(wanted), 0))
    return total(spent, moment.references, moment.day, moment.counting.stale_rate_days)


def budget(wanted: Wanted, _: StepRule) -> list[Seen]:
    """The use of the credit budget by all customers with this order (LT-02.03); no budget is none to use up."""
    moment = wanted.figures.moment
    whole = total_budget(moment.references, moment.day)
    if moment.everybody is None or whole is None:
        return [PASSED]
    found, marks = _all(wanted), moment.rules.portfolio.budget
    use = Use(found.exposure + found.reserved, whole, found.missing)
    reasons = {"watch": "BUDGET_NEARLY_USED", "breach": "BUDGET_USED"}
    return [_seen(use.share, marks, reasons, is_known=not use.missing)]


def concentration(wanted: Wanted, _: StepRule) -> list[Seen]:
    """The share of the customer, and of each of its groups, in what all owe with this order (LT-45.01, LT-45.02)."""
    moment = wanted.figures.moment
    if moment.everybody is None:
        return [PASSED]
    found, rules = _all(wanted), moment.rules.portfolio
    whole = found.exposure + found.reserved
    if whole <= 0:
        return [PASSED]
    mine = [("", Spent(wanted.figures.currency, wanted.exposed(), 0), rules.customer, not found.missing)]
    for one in parents.stands(wanted):
        is_known = not found.missing and not one.missing
        mine.append((one.group_id, Spent(one.currency, one.exposed, 0), rules.group, is_known))
    reasons = {"watch": "CONCENTRATED", "breach": "TOO_CONCENTRATED"}
    seen = []
    for at, spent, marks, is_known in mine:
        part = total([spent], moment.references, moment.day, moment.counting.stale_rate_days)
        share = min(ratio(part.exposure, whole), Decimal(1))
        seen.append(_seen(share, marks, reasons, is_known=is_known and not part.missing)._replace(at=at))
    return seen


def _seen(share: Decimal | None, marks: Share, reasons: dict[str, str], *, is_known: bool) -> Seen:
    if share is None or not is_known:
        return Seen(None, str(marks.watch), NOT_KNOWN, only_warns=True)
    passed = mark(share, marks)
    threshold = marks.breach if passed == "breach" else marks.watch
    return Seen(format(share, "f"), str(threshold), reasons[passed] if passed else None, only_warns=passed == "watch")


class Largest(NamedTuple):
    """One customer, group or region and its share. Units of 10⁻⁴ of CNY."""

    name: str
    used: int
    share: Decimal
    mark: str | None
    """watch or breach; None: neither."""


class Standing(NamedTuple):
    """All customers together on one day."""

    use: Use
    budget_mark: str | None
    customers: int
    largest: tuple[Largest, ...]
    top_share: Decimal
    hhi: Decimal
    hhi_mark: str | None
    groups: tuple[Largest, ...]
    regions: tuple[Largest, ...]
    """Those that are told, the largest first."""
    spread: dict[str, tuple[Largest, ...]]
    """By industry, product group and salesperson (LT-41)."""


def use_of(everybody: Everybody, stale: int = DEFAULT.stale_rate_days) -> Use:
    """How much of the budget all use."""
    spent = [Spent(one.currency, one.used, 0, one.is_certain) for one in everybody.sums]
    found = total(spent, everybody.references, everybody.day, stale)
    return Use(found.exposure, total_budget(everybody.references, everybody.day), found.missing)


def advanced(everybody: Everybody) -> Use:
    """How much of the cap of all advances is granted (LT-15)."""
    rules = everybody.advance_rules
    found = total(everybody.advances, everybody.references, everybody.day, DEFAULT.stale_rate_days)
    return Use(found.exposure, rules.total if rules is not None else None, found.missing)


def standing(everybody: Everybody, most: int) -> Standing:
    """Where all stand, with the *most* largest of everything. A currency without a rate is said in `use`, and left out."""
    use, rules = use_of(everybody), everybody.rules
    largest = _largest(everybody, everybody.customers, use.used, rules.customer)
    region = _watched(rules.region_share)
    hhi = _hhi(everybody, use.used)
    return Standing(
        use,
        mark(use.share, rules.budget),
        sum(one.customers for one in everybody.sums),
        largest[: rules.top_count],
        ratio(sum(one.used for one in largest[: rules.top_count]), use.used) if use.used else Decimal(0),
        hhi,
        mark(hhi, rules.hhi),
        _largest(everybody, everybody.groups, use.used, rules.group)[:most],
        tuple(one for one in _largest(everybody, everybody.regions, use.used, region) if one.name)[:most],
        {
            name: _largest(everybody, everybody.spread.get(name, ()), use.used, _watched(share))[:most]
            for name, share in rules.spread_shares.items()
        },
    )


def _watched(share: Decimal) -> Share:
    """What is watched from *share* on, and no more than that."""
    return Share(share, Decimal(2))


def _largest(everybody: Everybody, parts: Iterable[Part], whole: int, marks: Share) -> tuple[Largest, ...]:
    used: dict[str, int] = {}
    for one in parts:
        amount = converted(one.used, one.currency, CNY, everybody.references, everybody.day)
        used[one.name] = used.get(one.name, 0) + (amount or 0)
    found = []
    for name, amount in used.items():
        share = ratio(amount, whole) if whole else Decimal(0)
        found.append(Largest(name, amount, share, mark(share, marks)))
    return tuple(sorted(found, key=lambda one: (-one.used, one.name)))


def _hhi(everybody: Everybody, whole: int) -> Decimal:
    """The sum of the squares of all shares; 0 where nobody owes anything."""
    if not whole:
        return Decimal(0)
    squares = Decimal(0)
    for one in everybody.sums:
        rate = everybody.references.rate(one.currency, CNY, everybody.day) or Decimal(0)
        squares += one.squares * rate * rate
    return plain((squares * 10 ** (2 * UNIT) / (Decimal(whole) * Decimal(whole))).quantize(_NINE, ROUND_DOWN))
