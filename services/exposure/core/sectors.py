"""Steps of a credit check that look at where a customer belongs, and what it agreed to: industry, segment, contracts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.exposure.core.figures import Figures
from services.exposure.core.formulas import converted, shown, times
from services.exposure.core.granting_rules import CONTROL, REDUCE, Ceiling
from services.exposure.core.rulebook import StepRule
from services.exposure.core.stated import statement_line
from services.exposure.core.wanted import PASSED, Seen, Wanted
from shared.core.ledger.documents import NOWHERE

LISTS = "industry_list"
"""The series that goes before the list of the rules."""
STATED = ("terms", "terms.code", "amount", "penalty_rate")
"""What a contract states, by the fields of its facts: term, method of payment, limit of liability, liability for a breach."""


def stance_of(figures: Figures) -> tuple[str | None, str | None]:
    """(industry, support, control or reduce) of the customer; None where neither the series nor the rules say any."""
    moment = figures.moment
    industry = figures.account.attribute("industry", figures.day)
    if not industry:
        return None, None
    told = moment.references.value(LISTS, str(industry), figures.day)
    return str(industry), told or moment.rules.granting.sectors.industries.get(str(industry))


def industry(wanted: Wanted, rule: StepRule) -> list[Seen]:
    """An industry that is controlled warns; in one that is reduced no order may use more than a share of the limit (LT-35).

    A full ban on an industry is too coarse: within the share it warns alone.
    """
    name, stance = stance_of(wanted.figures)
    if stance == CONTROL:
        return [Seen(name, CONTROL, "INDUSTRY_CONTROLLED", only_warns=True)]
    if stance != REDUCE:
        return [Seen(name, stance)]
    most = times(wanted.figures.effective.amount, rule.numbers["reduced"])
    exposed = wanted.exposed()
    return [Seen(shown(exposed), shown(most), "INDUSTRY_REDUCED", only_warns=exposed <= most)]


def ceiling_of(figures: Figures) -> tuple[Ceiling, int | None] | None:
    """The ceiling of the customer's segment, and it in the currency of the account; None: it has none."""
    moment = figures.moment
    segment = figures.account.attribute("segment", figures.day)
    one = moment.rules.granting.sectors.ceiling(str(segment)) if segment else None
    if one is None:
        return None
    return one, converted(one.amount, "CNY", figures.currency, moment.references, figures.day)


def is_larger(figures: Figures, one: Ceiling) -> bool:
    """Whether the customer is larger than every size that the segment of *one* may have; not where nothing is known."""
    sizes = (("total_assets", one.total_assets), ("revenue", one.revenue))
    asked = [(statement_line(figures, name, "CNY"), most) for name, most in sizes if most is not None]
    known = [(value, most) for value, most in asked if value is not None]
    return len(known) == len(asked) > 0 and all(value > most for value, most in known)


def ceiling(wanted: Wanted, _: StepRule) -> list[Seen]:
    """What one customer of a segment owes at most, and that it is no larger than customers of it are (LT-34)."""
    figures = wanted.figures
    found = ceiling_of(figures)
    if found is None:
        return [PASSED]
    one, most = found
    if most is None:
        figures.missing.add("CNY")
        return [PASSED]
    exposed = wanted.exposed(NOWHERE)
    if exposed > most:
        return [Seen(shown(exposed), shown(most), "CEILING_EXCEEDED")]
    larger = is_larger(figures, one)
    return [Seen(shown(exposed), shown(most), "SEGMENT_TOO_LARGE" if larger else None, only_warns=larger)]


def contracts(wanted: Wanted, _: StepRule) -> list[Seen]:
    """Contracts in force say how and when is paid, up to what, and what a breach costs (LT-12). Where none is told, it passes."""
    account, day = wanted.figures.account, wanted.figures.day
    found = [(name, account.contract(name, day)) for name in account.contract_ids()]
    in_force = [(name, said) for name, said in found if _in_force(said, date.fromordinal(day).isoformat())]
    lacking = [f"{name}: {', '.join(gaps)}" for name, said in in_force if (gaps := _gaps(said))]
    return [Seen("; ".join(lacking) or None, ", ".join(STATED), "CONTRACT_INCOMPLETE" if lacking else None)]


def _in_force(said: Mapping[str, Any], today: str) -> bool:
    return bool(said) and said.get("valid_from", today) <= today <= said.get("valid_to", today)


def _gaps(said: Mapping[str, Any]) -> list[str]:
    held = {**said, "terms.code": (said.get("terms") or {}).get("code")}
    return [name for name in STATED if held.get(name) is None]


def standards(wanted: Wanted, _: StepRule) -> list[Seen]:
    """The grade is one that the credit policy of the segment gives credit (LT-13); no grade is the matter of another step."""
    figures = wanted.figures
    segment = figures.account.attribute("segment", figures.day)
    policy = figures.moment.rules.granting.policy(str(segment or ""), figures.day)
    if policy is None or wanted.grade is None:
        return [PASSED]
    below = wanted.grade not in policy.grades
    return [Seen(wanted.grade, " ".join(policy.grades), "BELOW_STANDARD" if below else None)]
