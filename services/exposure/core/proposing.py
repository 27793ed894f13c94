"""A limit before it is asked for: what the rules would give, whether it fits, its papers, and what would do instead.

Amounts are units of 10⁻⁴ of the account's currency.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from services.exposure.core import dossier
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.formulas import Formula, policy_limit, times, whole_minor
from services.exposure.core.limits import OWN
from services.exposure.core.requesting import LimitWanted, approvers, why_not
from services.exposure.core.term import Term, risk_price, term_of
from shared.core.ledger.documents import UNIT, units
from shared.core.money import minor_units, plain

NEED = ("by_need", "expected_purchases")
ABILITY = ("by_net_assets", "without_statements", "by_ability")


class Instead(msgspec.Struct, frozen=True):
    """One way to give the same room without a higher own limit (LT-04)."""

    name: str
    """insured, guaranteed, prepaid or priced."""
    amount: int | None
    """What is insured or guaranteed, or paid before each order of that size; None: it is no amount."""
    share: Decimal | None
    """Covered, or the uplift; of the order that is paid before; of the price that is added. None: not known."""
    effective: int
    """The effective limit then."""


class Proposal(msgspec.Struct, frozen=True):
    """What may be said of a limit before anybody is asked."""

    currency: str
    amount: int
    own: int
    """The own limit now."""
    effective: int
    """The effective limit with what is wanted."""
    formula: Formula
    fits_need: bool | None
    """LT-07; None: it cannot be said."""
    fits_ability: bool | None
    why_not: str | None
    """What forbids it; papers apart."""
    papers: tuple[str, ...]
    approvers: tuple[str, ...]
    term: Term
    instead: tuple[Instead, ...]


def proposal(moment: Moment, kind: str, amount: Decimal) -> Proposal:
    """What would be of an own limit of *kind* and *amount*, in the currency of the account."""
    figures = Figures(moment)
    currency, account, day = figures.currency, figures.account, figures.day
    wanted = LimitWanted(
        customer_id=account.customer_id, kind=kind, amount=format(plain(amount), "f"), currency=currency,
        reason="", evidence="", by="",
    )  # fmt: skip
    papers = dossier.needed(moment, kind, wanted.amount, currency)
    no = why_not(msgspec.structs.replace(wanted, papers=dict.fromkeys(papers, "?")), moment)
    grade = account.grade_on(day)
    terms = moment.rules.limits.of(grade.grade if grade else None)
    formula = Formula(None, (), "grade")
    if terms is not None:
        formula = policy_limit(account, day, moment.rules.limits, moment.references, terms, currency)
    own = sum(part.counted for part in figures.effective.parts if part.kind in OWN)
    asked = units(amount)
    return Proposal(
        currency,
        asked,
        own,
        figures.effective.amount - own + asked,
        formula,
        _fits(formula, asked, NEED),
        _fits(formula, asked, ABILITY),
        str(no) if no is not None else None,
        papers,
        approvers(wanted, moment),
        term_of(figures),
        _instead(figures, asked, own),
    )


def _fits(formula: Formula, asked: int, names: tuple[str, ...]) -> bool | None:
    """Whether *asked* is within every line of *names*; None where there is none."""
    most = [units(Decimal(value)) for name, value in formula.lines if name in names]
    return asked <= min(most) if most and formula.amount is not None else None


def _instead(figures: Figures, asked: int, own: int) -> tuple[Instead, ...]:
    """What gives the room between the own limit and *asked*; nothing where there is none."""
    gap, now, rules = asked - own, figures.effective.amount, figures.moment.rules
    if gap <= 0:
        return ()
    found = []
    for name, share in (("insured", rules.granting.insured_share), ("guaranteed", rules.limits.guarantee_uplift)):
        if share:
            amount = _up(int(-(-gap // share)), figures.currency)
            found.append(Instead(name, amount, share, now + whole_minor(times(amount, share), figures.currency)))
    share = (Decimal(gap) / Decimal(asked)).quantize(Decimal("1e-4"))
    price = risk_price(figures)
    return (*found, Instead("prepaid", gap, share, now), Instead("priced", None, price, now + gap))


def _up(amount: int, currency: str) -> int:
    """*amount* rounded up to the minor unit: cover that falls short gives less room."""
    step: int = 10 ** (UNIT - minor_units(currency))
    return -(-amount // step) * step
