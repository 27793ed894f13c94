"""Who of a population would move from one set of rules to another: how many, from which grade to which, and why in words.

A population is given measures, or the customers of an installation (`preview`); both are told in the same form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from services.rating.core.engine import Values
from services.rating.core.preview import NONE, Changed, Effect, Moved, changed_lines
from services.rating.core.trying import title
from services.rating.core.view import MeasureValue, Told
from shared.core.errors import Malformed
from shared.core.policy.evaluate import evaluate
from shared.core.policy.explain import told
from shared.core.policy.policy import Policy, Title
from shared.core.validation import stability

SAME_LINES = Told("SAME_LINES", "the same lines give another grade", "评分项未变，等级的划分不同")
"""Where no line differs, the scale or the table of letters does."""


class Member(msgspec.Struct, frozen=True):
    """One customer whose measures are given: as the rules before read them, and as those after do."""

    customer: str
    before: Values
    after: Values


class Shift(msgspec.Struct, frozen=True):
    """One customer that moves, or would. None: no grade."""

    customer: str
    before: str | None
    after: str | None
    by_rules: str | None
    """What the rules after say by themselves: where it is not `after`, a rule of movement holds the customer."""
    why: tuple[Told, ...]
    """Reasons of the rules after, the refusal first, then the lines that give something else."""


class Step(msgspec.Struct, frozen=True):
    """How many go from one grade to another; `none` is no grade."""

    before: str
    after: str
    customers: int


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a population. `before` and `after` count grades, `none` those without one."""

    customers: int
    before: dict[str, int]
    after: dict[str, int]
    up: int
    """By the rank that compares grades across scales; no grade is below all."""
    down: int
    waiting: int = 0
    """Of an installation: whom a rule of movement holds where they are."""
    steps: tuple[Step, ...]
    moved: tuple[Shift, ...]
    """By customer."""
    not_read: tuple[str, ...] = ()
    """Customers of an installation whose facts could not be folded."""
    following: str | None = None
    """Of a part of an installation: the customer after whom to go on; None: that was all."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True, tag="comparison", array_like=True):
    """Which versions are compared, and over whom."""

    before: tuple[str, str]
    """Method and version."""
    after: tuple[str, str]
    members: list[tuple[str, dict[str, MeasureValue]]] | None = None
    """Customers and their given measures; None: the customers of the installation."""
    as_of: date | None = None
    behind: str = ""
    """Of the installation: the customers whose ids come after this one."""
    limit: int = 0


def compared(before: Policy, after: Policy, members: Iterable[Member], words: Mapping[str, Title]) -> Compared:
    """Grade every member under both, by the rules alone: movement needs a history, and given measures have none."""
    old_ranks, new_ranks = before.ranks, after.ranks
    counts: tuple[dict[str, int], dict[str, int]] = {}, {}
    steps: dict[tuple[str, str], int] = {}
    moved, number, up, down = [], 0, 0, 0
    for member in members:
        old, new = evaluate(before, member.before), evaluate(after, member.after)
        number += 1
        for count, one in zip(counts, (old, new), strict=True):
            count[one.grade or NONE] = count.get(one.grade or NONE, 0) + 1
        if old.grade == new.grade:
            continue
        was, now = old_ranks.get(old.grade or "", -1), new_ranks.get(new.grade or "", -1)
        up, down = up + (now > was), down + (now < was)
        step = (old.grade or NONE, new.grade or NONE)
        steps[step] = steps.get(step, 0) + 1
        why = in_words(after, new.refusal and str(new.refusal), new.reasons, changed_lines(old, new), words)
        moved.append(Shift(member.customer, old.grade, new.grade, new.grade, why))
    return Compared(
        customers=number,
        before=counts[0],
        after=counts[1],
        up=up,
        down=down,
        steps=_in_order(steps, before, after),
        moved=tuple(sorted(moved, key=lambda one: one.customer)),
    )


def of_installation(effect: Effect, before: Policy, after: Policy, words: Mapping[str, Title]) -> Compared:
    """Tell *effect* in the form of `compared`. Who waits is named with those who move, and is no step."""
    steps: dict[tuple[str, str], int] = {}
    for one in effect.moved:
        if one.before == one.after:
            continue
        step = (one.before or NONE, one.after or NONE)
        steps[step] = steps.get(step, 0) + 1
    shifts = [
        Shift(one.customer, one.before, one.after, one.underlying_after, why(after, one, words)) for one in effect.moved
    ]
    return Compared(
        customers=effect.customers,
        before=effect.before,
        after=effect.after,
        up=effect.up,
        down=effect.down,
        waiting=effect.waiting,
        steps=_in_order(steps, before, after),
        moved=tuple(sorted(shifts, key=lambda one: one.customer)),
        not_read=tuple(sorted(effect.unread)),
    )


def shifted(found: Compared) -> Decimal | None:
    """PSI of the grades, after against before: below 0.10 stable, above 0.25 shifted. None where nobody holds one of them."""
    names = sorted({*found.before, *found.after})
    before, after = ([Decimal(counts.get(name, 0)) for name in names] for counts in (found.before, found.after))
    if not found.customers:
        return None
    return stability([one / found.customers for one in after], [one / found.customers for one in before])


def why(policy: Policy, moved: Moved, words: Mapping[str, Title]) -> tuple[Told, ...]:
    """What the rules of *policy* say of one who moves, in words."""
    return in_words(policy, moved.refusal, moved.reasons, moved.changed, words)


def in_words(
    policy: Policy, refusal: str | None, codes: Iterable[str], lines: Sequence[Changed], words: Mapping[str, Title]
) -> tuple[Told, ...]:
    """The refusal and *codes* with what they mean, then the *lines* that give something else, by the titles of their measures."""
    given = (refusal, *codes) if refusal else codes
    known = {**words, **policy.words}
    said = [Told(one.code, one.en, one.zh) for one in (told(code, known) for code in dict.fromkeys(given))]
    read = {card.id: card.measure for card in policy.cards}
    for line in lines:
        called = title(policy, read.get(line.characteristic, line.characteristic))
        change = f"{line.before or '–'} → {line.after or '–'}"
        said.append(Told(line.characteristic, f"{called.en}: {change}", f"{called.zh}：{change}"))
    return tuple(said) if lines or refusal else (*said, SAME_LINES)


def comparable(before: Policy, after: Policy) -> None:
    """Raise Malformed where an installation cannot try *after* in the place of *before*."""
    if before.method != after.method:
        raise Malformed(
            f"{before.method} and {after.method} are two methods; on an installation two versions of one are compared",
            pointer="/other",
            rule="choice",
        )


def _in_order(steps: Mapping[tuple[str, str], int], before: Policy, after: Policy) -> tuple[Step, ...]:
    old, new = (*before.grades, NONE), (*after.grades, NONE)
    known = [(one, other) for one in old for other in new if (one, other) in steps]
    rest = sorted(set(steps) - set(known))
    return tuple(Step(one, other, steps[one, other]) for one, other in (*known, *rest))
