"""Who a simulated customer is: drawn once from the seed and the customer's number, independent of all others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from gradeline.simulator import names


class Behaviour(StrEnum):
    """How a customer pays."""

    PROMPT = "prompt"
    LATE_BUT_SURE = "late_but_sure"
    SEASONAL = "seasonal"
    DETERIORATING = "deteriorating"
    DISPUTING = "disputing"
    NEW = "new"
    DEFAULTING = "defaulting"


WEIGHTS: dict[Behaviour, int] = {
    Behaviour.PROMPT: 54,
    Behaviour.LATE_BUT_SURE: 14,
    Behaviour.SEASONAL: 9,
    Behaviour.DETERIORATING: 7,
    Behaviour.DISPUTING: 5,
    Behaviour.NEW: 7,
    Behaviour.DEFAULTING: 4,
}
"""Per cent of the customers."""
SEGMENTS = {"dealer": 25, "key_account": 20, "project": 20, "retail": 35}
REGIONS = ("CN-SH", "CN-JS", "CN-ZJ", "CN-GD", "CN-SD", "CN-SC", "CN-HB", "CN-BJ")
ABROAD = {"USD": ("US", "SG"), "EUR": ("DE", "NL")}
MANAGERS = tuple(f"m{number:02d}" for number in range(1, 13))
GROUP_OF = 25
"""About one customer in so many belongs to a group: it shares its controller with the customers of the same group."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One customer. Days are proleptic Gregorian ordinals, amounts are in minor units."""

    subject: str
    name: str
    behaviour: Behaviour
    industry: str
    region: str
    segment: str
    manager: str
    currency: str
    representative: str
    controller: str
    capital: int
    head_count: int
    opened: int
    begins: int
    """The first day with business in the simulated time."""
    turning: int
    """The day from which a deteriorating or defaulting customer pays worse."""
    terms_days: int
    says_terms: bool
    """Its invoices carry terms; else a due date."""
    chain: bool
    """Its business is order, delivery, invoice; else invoices only."""
    pays_in_runs: bool
    """It pays everything that fell due on the 10th and the 25th of a month, in one payment."""
    orders_a_month: float
    log_mean: float
    log_sigma: float
    peak_month: int
    files_statements: bool


def draw(rng: Random, *, seed: int, index: int, origin: int, span: int) -> Profile:
    """The customer number *index* of portfolio *seed*; its story begins at *origin* and is planned over *span* days."""
    behaviour = rng.choices(tuple(WEIGHTS), weights=tuple(WEIGHTS.values()))[0]
    industry, segment = rng.choice(names.INDUSTRIES), rng.choices(tuple(SEGMENTS), weights=tuple(SEGMENTS.values()))[0]
    currency = rng.choices(("CNY", "USD", "EUR"), weights=(92, 5, 3))[0]
    home = currency == "CNY"
    begins, opened = _beginning(rng, behaviour, origin, span)
    group = Random(f"{seed}/group/{index // GROUP_OF}")
    grouped = index % GROUP_OF < 4 and index // GROUP_OF % 2 == 0
    representative = names.person(rng)
    size = rng.gauss(0.0, 1.0)
    return Profile(
        subject=f"C{seed}-{index + 1:05d}",
        name=(names.chinese_company if home else names.english_company)(rng, industry),
        behaviour=behaviour,
        industry=industry,
        region=rng.choice(REGIONS if home else ABROAD[currency]),
        segment=segment,
        manager=rng.choice(MANAGERS),
        currency=currency,
        representative=representative,
        controller=names.person(group) if grouped else representative,
        capital=max(1, round(500 * 2.7**size)) * 1_000_000,
        head_count=max(3, round(60 * 2.7**size)),
        opened=opened,
        begins=begins,
        turning=origin + int(span * rng.uniform(0.35, 0.8)),
        terms_days=rng.choice((30, 30, 30, 60, 60, 90)),
        says_terms=rng.random() < 0.3,
        chain=rng.random() < 0.6,
        pays_in_runs=rng.random() < 0.25,
        orders_a_month=min(14.0, max(1.0, 3.5 * 1.9 ** rng.gauss(0.0, 0.7))),
        log_mean=14.2 + 0.55 * size,
        log_sigma=rng.uniform(0.5, 1.0),
        peak_month=rng.randint(1, 12),
        files_statements=rng.random() < 1 / 3,
    )


def _beginning(rng: Random, behaviour: Behaviour, origin: int, span: int) -> tuple[int, int]:
    """The first day of business and the day the customer was opened in the books."""
    if behaviour is Behaviour.NEW:
        begins = origin + int(span * rng.uniform(0.45, 0.85))
        return begins, begins - rng.randint(0, 5)
    return origin + rng.randint(0, 20), origin - rng.randint(30, 5 * 365)
