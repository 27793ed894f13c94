"""What is wrong with a policy that can be loaded: grades nobody can get, cards and rules without effect, quotas at odds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

import msgspec

from shared.core.breach import Breach
from shared.core.events.statement import MeasureReported
from shared.core.policy.card import Band
from shared.core.policy.edges import Edge, edges, seen_in, stands_on
from shared.core.policy.evaluate import evaluate
from shared.core.policy.label import PART, Clause
from shared.core.policy.measure import REPORTED, Value
from shared.core.policy.movement import MONTHS
from shared.core.policy.policy import Policy
from shared.core.policy.reach import given, holds, ruled, scores
from shared.core.policy.shape import Quota, Shape


class Flaw(msgspec.Struct, frozen=True):
    """One finding, as a code and what it is about; `shared/edge/flaws.yaml` has the words."""

    rule: str
    at: str
    """An id or key that stands in the file, to find the line by."""
    grave: bool = True
    """Whether the policy should not be activated as it is."""
    about: dict[str, str] = {}
    """What the sentence of the rule names beside `at`."""


class Finding(msgspec.Struct, frozen=True):
    """A flaw in words, with its place: one sentence in both languages."""

    file: str
    line: int
    rule: str
    says: str
    says_zh: str
    grave: bool = True


def flaws(policy: Policy) -> Iterator[Flaw]:
    """Yield what is wrong with *policy* itself."""
    yield from _grades(policy)
    yield from _cards(policy)
    yield from _rules(policy)
    yield from _lists(policy)
    yield from _quotas(policy)
    yield from _cadence(policy)
    yield from _words(policy)
    yield from _unreportable(policy)


def untried(policy: Policy, tried: Sequence[dict[str, Value]]) -> tuple[Edge, ...]:
    """The edges on which none of the *tried* values stands, as far as anything can stand there."""
    seen = [seen_in(policy, evaluate(policy, values)) for values in tried]
    spans = scores(policy)

    def reachable(edge: Edge) -> bool:
        if edge.measure not in spans or edge.value is None:
            return True
        return holds(spans[edge.measure], Fraction(str(edge.value)))

    return tuple(
        edge for edge in edges(policy) if reachable(edge) and not any(stands_on(edge, policy, one) for one in seen)
    )


def _grades(policy: Policy) -> Iterator[Flaw]:
    by_cards = given(policy)
    by_rules = ruled(policy, by_cards)
    for step in policy.scale:
        if step.grade not in by_rules:
            yield Flaw("unreachable-grade", step.grade)
        elif step.grade not in by_cards and not step.default:
            yield Flaw("grade-by-rule-only", step.grade, grave=False)


def _cards(policy: Policy) -> Iterator[Flaw]:
    for card in policy.cards:
        outcomes = {(item.letter, item.percent, item.points, item.cap) for item in card.outcomes}
        if not card.marks and len(outcomes) == 1:
            yield Flaw("idle-card", card.id)
        for before, after in zip(card.bands, card.bands[1:], strict=False):
            if _gives(before) == _gives(after):
                yield Flaw("idle-edge", card.id, grave=False, about={"edge": str(after.start)})


def _gives(band: Band) -> tuple[object, ...]:
    return band.letter, band.percent, band.points, band.cap, band.reason


def _rules(policy: Policy) -> Iterator[Flaw]:
    best, worst = policy.grades[0], policy.grades[-1]
    for rule in policy.rules:
        if rule.cap == best and rule.factor is None:
            yield Flaw("idle-cap", rule.id)
        if rule.floor == worst:
            yield Flaw("idle-floor", rule.id)
        if rule.factor == 1:
            yield Flaw("idle-factor", rule.id)
    for one, other in combinations(policy.rules, 2):
        effect = (one.cap, one.refuse, one.floor)
        alone = one.factor is None and not one.notches and any(effect)
        if alone and one.when == other.when and effect == (other.cap, other.refuse, other.floor):
            yield Flaw("twin-rules", other.id, about={"twin": one.id})


def _lists(policy: Policy) -> Iterator[Flaw]:
    shape = policy.shape or Shape()
    for label in (*shape.labels.values(), *([shape.lists] if shape.lists else [])):
        for earlier, later in combinations(label.first, 2):
            if _implies(later, earlier):
                yield Flaw("shadowed-list", later.id, about={"earlier": earlier.id})


def _implies(later: Clause, earlier: Clause) -> bool:
    return set(earlier.when) <= set(later.when)


def _quotas(policy: Policy) -> Iterator[Flaw]:
    shape = policy.shape or Shape()
    for quota in shape.quotas:
        if quota.of == "grade" and quota.holds == policy.grades[-1]:
            yield Flaw("quota-on-worst", "quotas", about={"grade": quota.holds})
        rises_at, reviewed = policy.movement.rise.only_at, MONTHS[f"{quota.review}_review"]
        if quota.of == "grade" and rises_at != "any_day" and reviewed % MONTHS[rises_at]:
            reviews = {"given": quota.review.replace("_", "-"), "rises": rises_at.replace("_", " ")}
            yield Flaw("quota-reviews", "quotas", about=reviews)
        if quota.above == "lower" and quota.of != "grade":
            yield Flaw("quota-lowers-label", "quotas", about={"label": quota.of})
    for one, other in combinations(shape.quotas, 2):
        if (one.of, one.holds) == (other.of, other.holds):
            yield Flaw("quota-twice", "quotas", about={"of": one.of, "holds": one.holds})
        elif one.of == other.of and one.by == other.by and (over := _over(one, other)):
            about = {"one": one.holds, "other": other.holds, "regions": ", ".join(over)}
            yield Flaw("quotas-leave-nobody", "quotas", grave=False, about=about)


def _over(one: Quota, other: Quota) -> list[str]:
    regions = dict.fromkeys([*one.shares, *other.shares])
    share = {
        region: one.shares.get(region, one.shares["default"]) + other.shares.get(region, other.shares["default"])
        for region in regions
    }
    return [region for region, both in share.items() if both > 1]


def _cadence(policy: Policy) -> Iterator[Flaw]:
    movement = policy.movement
    for grade, months in movement.review_months.items():
        valid = movement.valid_months.get(grade, 0)
        if valid < months:
            about = {"grade": grade, "valid": str(valid), "months": str(months)}
            yield Flaw("cadence", "movement", about=about)


def _words(policy: Policy) -> Iterator[Flaw]:
    used = reasons(policy)
    for code in sorted(set(policy.words) - used):
        yield Flaw("words", code, grave=False)


def _unreportable(policy: Policy) -> Iterator[Flaw]:
    """Codes of reported measures that the fact which reports them cannot hold."""
    shape = policy.shape or Shape()
    named: list[tuple[str, str]] = [(card.measure, entry.code) for card in policy.cards for entry in card.lookup]
    labels = (*shape.labels.values(), *([shape.lists] if shape.lists else []))
    named += [(label.of, entry.code) for label in labels for entry in label.lookup]
    conditions = [one for rule in policy.rules for one in rule.when]
    conditions += [one for label in labels for clause in label.first for one in clause.when]
    for one in conditions:
        codes = one.against if isinstance(one.against, tuple) else (one.against,)
        named += [(one.measure, code) for code in codes if isinstance(code, str)]
    for alias, code in dict.fromkeys(named):
        reading = policy.measures.get(alias)
        if reading is None or not reading.measure.startswith(REPORTED):
            continue
        try:
            MeasureReported(name=reading.measure.removeprefix(REPORTED), value=code, period_end=policy.effective)
        except Breach:
            yield Flaw("unreportable", alias, about={"code": code})


def reasons(policy: Policy) -> frozenset[str]:
    """Every reason code that *policy* can give."""
    shape = policy.shape or Shape()
    found = {rule.reason for rule in policy.rules}
    found |= {policy.letters.reason} if policy.letters else set()
    for card in policy.cards:
        found |= {
            str(reason) for reason in (card.reason, card.missing.reason, *(i.reason for i in card.outcomes)) if reason
        }
    for label in (*shape.labels.values(), *([shape.lists] if shape.lists else [])):
        found |= {clause.reason for clause in label.first if clause.reason}
    return frozenset(found)


def untried_edge(edge: Edge) -> Flaw:
    """That no case stands on *edge*."""
    kind = "untried-score" if edge.measure.startswith(PART) else "untried-edge"
    about = {"value": "" if edge.value is None else _shown(edge.value)}
    if edge.value is None:
        kind = "untried-unknown"
    elif edge.sector and edge.sector != "default":
        kind, about["sector"] = "untried-in-sector", edge.sector
    return Flaw(kind, edge.measure.removeprefix(PART), about=about)


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
