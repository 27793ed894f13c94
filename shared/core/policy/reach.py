"""Which scores, and so which grades, the cards of a policy can come to at all. For authors; nothing live reads it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from shared.core.policy.card import Card
from shared.core.policy.label import PART
from shared.core.policy.parts import of_template, part_names
from shared.core.policy.policy import Policy
from shared.core.policy.shape import Shape


class Span(NamedTuple):
    """A score, or all scores between two."""

    low: Fraction
    high: Fraction
    joined: bool = False
    """Whether scores that lie near each other were put together, so that it holds some that cannot be reached."""


_MOST_SPANS = 3000


def spans_of(cards: Iterable[Card]) -> list[Span]:
    """Every sum of points that *cards* can give together, when all of them are judged."""
    spans = [Span(Fraction(0), Fraction(0))]
    for card in cards:
        gives = _gives(card)
        spans = _merged(Span(one.low + a, one.high + b, one.joined) for one in spans for a, b, _ in gives)
    return spans


def scores(policy: Policy) -> dict[str, list[Span]]:
    """What `score`, or `part.NAME` of a method of the weakest part, can be."""
    shape = policy.shape or Shape()
    if policy.letters is not None or shape.lists is not None or shape.grid is not None:
        return {}
    found: dict[str, list[Span]] = {}
    for one in _templates(policy):
        if shape.weakest:
            for axis in dict.fromkeys(part_names(card.part)[0] for card in one.cards if card.part):
                cards = [card for card in one.cards if part_names(card.part)[:1] == (axis,)]
                found.setdefault(PART + axis, []).extend(_percent(cards))
        elif shape.total is not None:
            start = Fraction(shape.total.start)
            found.setdefault("score", []).extend(
                Span(start + a, start + b, joined) for a, b, joined in spans_of(one.cards)
            )
        else:
            found.setdefault("score", []).extend(_percent(list(one.cards)))
    return found


def holds(spans: list[Span], score: Fraction) -> bool:
    """Whether *score* can be reached exactly, as far as is known."""
    return any(low <= score <= high and not joined for low, high, joined in spans)


def given(policy: Policy) -> frozenset[str]:
    """The grades that cards, lists or the grid can give, before any rule."""
    shape = policy.shape or Shape()
    if policy.letters is not None:
        vetoed = any(item.letter == policy.letters.veto for card in policy.cards for item in card.outcomes)
        return frozenset(policy.letters.table.values()) | ({policy.grades[-1]} if vetoed else frozenset())
    if shape.lists is not None:
        return frozenset(shape.lists.codes)
    if shape.grid is not None:
        return frozenset(grade for line in shape.grid.cells.values() for grade in line.values())
    return frozenset(_scored(policy, [span for spans in scores(policy).values() for span in spans]))


def ruled(policy: Policy, grades: frozenset[str]) -> frozenset[str]:
    """*grades*, and those that rules make of them: caps, floors, corrections, what is not known."""
    found = set(grades)
    places = {grade: place for place, grade in enumerate(policy.grades)}
    last = len([step for step in policy.scale if not step.default]) - 1
    for steps in [rule.notches for rule in policy.rules if rule.notches]:
        found |= {
            policy.grades[max(0, min(last, places[grade] - steps))] for grade in set(found) if places[grade] <= last
        }
    found |= {rule.floor for rule in policy.rules if rule.floor} | {rule.cap for rule in policy.rules if rule.cap}
    found |= {item.cap for card in policy.cards for item in (*card.outcomes, card.missing) if item.cap}
    return frozenset(found)


def _templates(policy: Policy) -> list[Policy]:
    templates = policy.shape.templates if policy.shape else None
    return [of_template(policy, name) for name in templates.names] if templates else [policy]


def _percent(cards: list[Card]) -> list[Span]:
    most = sum((Fraction(card.most) for card in cards), Fraction(0))
    most += (
        sum((Fraction(card.points or 0) for card in cards if card.counts == "bonus"), Fraction(0)) if most < 100 else 0
    )
    if not most:
        return []
    hundred = Fraction(100)
    return [
        Span(max(Fraction(0), a * 100 / most), min(hundred, b * 100 / most), joined) for a, b, joined in spans_of(cards)
    ]


def _scored(policy: Policy, spans: list[Span]) -> Iterable[str]:
    above: Fraction | None = None
    for step in policy.scale:
        if step.default:
            continue
        start = None if step.start is None else Fraction(step.start)
        if any((start is None or high >= start) and (above is None or low < above) for low, high, _ in spans):
            yield step.grade
        above = start


def _gives(card: Card) -> list[Span]:
    points, sign = Fraction(card.points or 0), -1 if card.counts == "deduction" else 1
    if card.points is None:
        return [Span(Fraction(0), Fraction(0))]
    if card.marks:
        return [Span(min(Fraction(0), sign * points), max(Fraction(0), sign * points))]
    found = {sign * _of(points, item.percent, item.points) for item in card.outcomes}
    if card.missing.then in ("worst", "neutral"):
        found.add(sign * _of(points, card.missing.percent, card.missing.points))
    return [Span(one, one) for one in sorted(found)]


def _of(points: Fraction, percent: object, stated: object) -> Fraction:
    return Fraction(str(stated)) if stated is not None else points * Fraction(str(percent or 0)) / 100


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Sorted and without overlaps; beyond a bound neighbours are joined, which can only reach more."""
    found: list[Span] = []
    for one in sorted(set(spans)):
        if found and one.low <= found[-1].high:
            found[-1] = Span(found[-1].low, max(found[-1].high, one.high), found[-1].joined or one.joined)
        else:
            found.append(one)
    while len(found) > _MOST_SPANS:
        pairs = zip(found[::2], [*found[1::2], *found[-1:]], strict=False)
        found = [Span(low.low, high.high, joined=True) for low, high in pairs]
    return found
