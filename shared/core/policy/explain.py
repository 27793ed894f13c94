"""An assessment told to people: per line what was seen, what it cost against the best, and why, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from shared.core.policy.assessment import EXACT, Assessment, Line
from shared.core.policy.card import Card
from shared.core.policy.policy import Policy, Title


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reason code and its words; a code without words stands for itself."""

    code: str
    en: str
    zh: str


class Explained(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One line of an assessment for a reader."""

    characteristic: str
    value: str | bool | None
    """What was seen; None: not known."""
    band: str
    """The band, code or condition that it met."""
    points: Decimal | None = None
    best: Decimal | None = None
    """The most that the characteristic can give; of a deduction 0."""
    lost: Decimal | None = None
    """Points lost to the best."""
    letter: str | None = None
    reasons: tuple[Told, ...] = ()
    reference: str = ""
    left_out: bool = False
    assumed: bool = False


class Explanation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a grade stands on."""

    grade: str | None
    score: Decimal | None
    lines: tuple[Explained, ...]
    reasons: tuple[Told, ...]
    """Of the grade as a whole, those that decided first."""


def explain(policy: Policy, assessment: Assessment, words: Mapping[str, Title] | None = None) -> Explanation:
    """Return *assessment* under *policy* line by line. *words* are for codes that the method does not explain itself."""
    known = {**(words or {}), **policy.words}
    cards = {card.id: card for card in policy.cards}
    lines = tuple(_line(line, cards.get(line.characteristic), known) for line in assessment.lines)
    reasons = tuple(told(code, known) for code in assessment.reasons)
    return Explanation(assessment.grade, assessment.score, lines, reasons)


def told(code: str, words: Mapping[str, Title]) -> Told:
    """Return *code* with its words."""
    said = words.get(code)
    return Told(code, said.en, said.zh) if said else Told(code, code, code)


def _line(line: Line, card: Card | None, words: Mapping[str, Title]) -> Explained:
    best = None
    if line.max_points is not None:
        best = Decimal(0) if card is not None and card.counts == "deduction" else line.max_points
    return Explained(
        characteristic=line.characteristic,
        value=line.value,
        band=line.band,
        points=line.points,
        best=best,
        lost=None if best is None or line.points is None else EXACT.subtract(best, line.points),
        letter=line.letter,
        reasons=tuple(told(code, words) for code in line.reasons),
        reference=line.reference,
        left_out=line.left_out,
        assumed=line.assumed,
    )
