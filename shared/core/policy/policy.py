"""A policy: one whole version of one rating method, as frozen values, with its place in time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Any

import msgspec

from shared.core.policy.card import Card
from shared.core.policy.condition import Rule
from shared.core.policy.derived import Derived
from shared.core.policy.label import is_late
from shared.core.policy.measure import Reading
from shared.core.policy.movement import Movement
from shared.core.policy.plan import Plan
from shared.core.policy.shape import Quota, Shape
from shared.core.policy.shaped import ShapedPlan
from shared.core.refusal import Refusal

SPOKEN: frozenset[str] = frozenset({"title", "owner", "why", "sha256", "words"})
"""Words for people: they may be mended without making another version."""


class Title(msgspec.Struct, frozen=True):
    """A name in both languages."""

    en: str
    zh: str


class Reference(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the rules come from."""

    title: str
    href: str = ""


class Grade(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a scale."""

    grade: str
    rank: int
    """0 worst to 100 best: compares grades across methods."""
    start: Decimal | None = None
    """The lowest score of the grade, itself included; None for the worst grade and in a method of letters."""
    meaning: str = ""
    pd: Decimal | None = None
    """The chance of a default within a year, 0 to 1: the middle of the grade."""
    default: bool = False
    """Whether the grade says that a default has happened: vetoes give it, never the score."""


class Letters(msgspec.Struct, frozen=True, omit_defaults=True):
    """How letters combine, whatever their order: a table, not a formula, and a letter that decides alone."""

    veto: str
    reason: str
    """Given when the veto decides."""
    table: dict[str, str]
    """Sorted letters to grade; complete for every combination without the veto letter."""
    assumed: tuple[str, ...] = ()
    """The combinations that are our own answer."""
    why: str = ""


class Policy(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, dict=True):
    """One version of one method. `sha256` is over the canonical rules, without cases, titles, owner and comments."""

    method: str
    purpose: str
    version: str
    effective: date
    approved: date
    owner: str
    title: Title
    reference: Reference
    scale: tuple[Grade, ...]
    """Best first."""
    measures: dict[str, Reading]
    """What `evaluate` receives, by alias."""
    cards: tuple[Card, ...]
    rules: tuple[Rule, ...]
    """Guards, vetoes, caps, factors and notes, in the order of the file."""
    movement: Movement
    letters: Letters | None = None
    known_at_least: Decimal | None = None
    """Share of the points that must be known (G-16)."""
    sha256: str = ""
    derived: dict[str, Derived] = {}
    """What is computed from `measures` before anything else, by alias, in order."""
    shape: Shape | None = None
    words: dict[str, Title] = {}
    """What the method's own reason codes mean."""

    @cached_property
    def plan(self) -> Plan:
        """The policy compiled, once."""
        return ShapedPlan(self) if self.is_shaped else Plan(self)

    @property
    def is_shaped(self) -> bool:
        """Whether plain sums and letters do not say it all."""
        factors = [rule for rule in self.rules if rule.factor is not None]
        return bool(
            self.shape
            or self.derived
            or len(factors) > 1
            or any(rule.part is None for rule in factors)
            or any(rule.floor or rule.notches for rule in self.rules)
            or any(card.counts or (card.points is None and not self.letters) for card in self.cards)
            or any(step.default for step in self.scale)
            or any(is_late(condition.measure) for rule in self.rules for condition in rule.when)
        )

    @cached_property
    def capped(self) -> tuple[Quota, ...]:
        """The quotas of grades."""
        return tuple(quota for quota in self.shape.quotas if quota.of == "grade") if self.shape else ()

    @cached_property
    def grades(self) -> tuple[str, ...]:
        """The names of the scale, best first."""
        return tuple(step.grade for step in self.scale)

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """Grade to rank, 0 to 100."""
        return {step.grade: step.rank for step in self.scale}


class Book(msgspec.Struct, frozen=True):
    """Every version of one method, in the order in which they take effect."""

    method: str
    versions: tuple[Policy, ...]

    def at(self, as_of: date, known_on: date | None = None) -> Policy | Refusal:
        """Return the version in force on *as_of*, as far as it was approved by *known_on*; never a default."""
        for policy in reversed(self.versions):
            if policy.effective <= as_of and (known_on is None or policy.approved <= known_on):
                return policy
        return Refusal.POLICY_NOT_IN_FORCE


def canonical(rules: msgspec.Struct) -> bytes:
    """Return *rules* as canonical JSON: sorted keys, decimals as text, no words for people."""
    return msgspec.json.encode(_without_words(msgspec.to_builtins(rules)), order="sorted")


def fingerprint(rules: msgspec.Struct) -> str:
    """Return the SHA-256 of the canonical *rules* in hexadecimal."""
    return sha256(canonical(rules)).hexdigest()


def sealed(policy: Policy) -> Policy:
    """Return *policy* with its `sha256`."""
    return msgspec.structs.replace(policy, sha256=fingerprint(policy))


def _without_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_words(inner) for key, inner in value.items() if key not in SPOKEN}
    if isinstance(value, list | tuple):
        return [_without_words(inner) for inner in value]
    return value
