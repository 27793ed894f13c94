"""Mutants of what cases about given measures cannot see: movement, validity, quotas, the scale, and how long reports count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any, get_args

import msgspec

from shared.core.policy.measure import REPORTED
from shared.core.policy.movement import EVENTS, REVIEWS, Lapse, Movement, When
from shared.core.policy.policy import Policy
from shared.core.policy.shape import Quota
from tests.support.literals import choices

Mutant = tuple[str, Policy]
RISING = ("rises", "rises_soon", "rises_without_approval", "rise_after_a_fall")
FALLING = ("falls", "falls_on_a_fact")
SEEN_IN: Mapping[str, tuple[str, ...]] = {
    "rise": RISING,
    "fall": FALLING,
    "review_months": ("reviews",),
    "valid_months": ("reviews", "lapses"),
    "lapse": ("lapses",),
    "approvals": ("approvers", *RISING),
    "quotas": ("quotas", *RISING),
    "scale": ("scale",),
    "measures": ("reported_until",),
}
"""Where a change of each key shows, among the parts of `tests.support.movements`."""
_replace = msgspec.structs.replace


def mutants(policy: Policy) -> Iterator[Mutant]:
    """Every mutant of *policy*, named by its place; the first word of the place is a key of SEEN_IN."""
    move = policy.movement
    for what, movement in chain(_rise(move), _fall(move), _months(move), _lapse(move, policy), _approvals(move)):
        yield what, _replace(policy, movement=movement)
    yield from _quotas(policy)
    yield from _scale(policy)
    yield from _readings(policy)


def _rise(move: Movement) -> Iterator[tuple[str, Movement]]:
    rise = move.rise
    changed: dict[str, Any] = {
        f"only_at {other}": {"only_at": other} for other in get_args(When) if other != rise.only_at
    }
    changed |= {f"max_steps {step:+}": {"max_steps": rise.max_steps + step} for step in (1, -1)}
    changed |= {f"cooldown_days {step:+}": {"cooldown_days": rise.cooldown_days + step} for step in (1, -1)}
    worst = rise.from_worst
    changed["from_worst.approval flipped"] = {"from_worst": _replace(worst, approval=not worst.approval)}
    for step in (1, -1) if worst.clean_months else (1,):
        clean = _replace(worst, clean_months=worst.clean_months + step)
        changed[f"from_worst.clean_months {step:+}"] = {"from_worst": clean}
    for grade in rise.only_from:
        changed[f"only_from.{grade} left out"] = {
            "only_from": {name: one for name, one in rise.only_from.items() if name != grade}
        }
        changed[f"only_from.{grade} nobody"] = {"only_from": {**rise.only_from, grade: ("nobody",)}}
    for what, fields in changed.items():
        if rise.cooldown_days or what != "cooldown_days -1":
            yield f"rise.{what}", _replace(move, rise=_replace(rise, **fields))


def _fall(move: Movement) -> Iterator[tuple[str, Movement]]:
    falls = move.falls
    if falls is None:
        return
    yield "fall at once", _replace(move, fall="at_once", falls=None)
    for other in REVIEWS:
        if other != falls.only_at:
            yield f"fall.only_at {other}", _replace(move, falls=_replace(falls, only_at=other))
    yield "fall.max_steps +1", _replace(move, falls=_replace(falls, max_steps=falls.max_steps + 1))
    for kind in EVENTS:
        kinds = tuple(one for one in (*falls.at_once_on, kind) if kind not in falls.at_once_on or one != kind)
        yield f"fall.at_once_on {kind} flipped", _replace(move, falls=_replace(falls, at_once_on=kinds))


def _months(move: Movement) -> Iterator[tuple[str, Movement]]:
    for key in ("review_months", "valid_months"):
        months: dict[str, int] = getattr(move, key)
        for grade, number in months.items():
            for step in (1, -1):
                yield f"{key}.{grade} {step:+}", _replace(move, **{key: {**months, grade: number + step}})


def _lapse(move: Movement, policy: Policy) -> Iterator[tuple[str, Movement]]:
    lapse = move.lapse
    if lapse is None:
        return
    yield "lapse left out", _replace(move, lapse=None)
    for step in (1, -1):
        yield f"lapse.after_days {step:+}", _replace(move, lapse=_replace(lapse, after_days=lapse.after_days + step))
    other = Lapse("cap", lapse.after_days, policy.grades[-1]) if lapse.then == "no_grade" else None
    yield "lapse.then", _replace(move, lapse=other or Lapse("no_grade", lapse.after_days))


def _approvals(move: Movement) -> Iterator[tuple[str, Movement]]:
    for place, one in enumerate(move.approvals):
        others = (*move.approvals[:place], *move.approvals[place + 1 :])
        yield f"approvals[{place}] left out", _replace(move, approvals=others)
        for role in one.by:
            fewer = _replace(one, by=tuple(other for other in one.by if other != role))
            yield f"approvals[{place}] without {role}", _replace(move, approvals=(fewer, *others))


def _quotas(policy: Policy) -> Iterator[Mutant]:
    shape = policy.shape
    for place, quota in enumerate(shape.quotas if shape else ()):
        assert shape is not None
        others = (*shape.quotas[:place], *shape.quotas[place + 1 :])
        yield f"quotas[{place}] left out", _replace(policy, shape=_replace(shape, quotas=others))
        for what, other in _of_quota(quota, policy):
            yield f"quotas[{place}].{what}", _replace(policy, shape=_replace(shape, quotas=(other, *others)))


def _of_quota(quota: Quota, policy: Policy) -> Iterator[tuple[str, Quota]]:
    for name, share in quota.shares.items():
        for sign, factor in (("+", Decimal("1.02")), ("-", Decimal("0.98"))):
            yield f"shares.{name} {sign}", _replace(quota, shares={**quota.shares, name: share * factor})
    for place, name in enumerate(quota.rank_by):
        if len(quota.rank_by) > 1:
            fewer = (*quota.rank_by[:place], *quota.rank_by[place + 1 :])
            yield f"rank_by without {name}", _replace(quota, rank_by=fewer)
    yield "rank_by turned round", _replace(quota, rank_by=quota.rank_by[::-1])
    for key in ("above", "exceeded", "review"):
        for other in (one for one in choices(Quota, key) if one != getattr(quota, key)):
            yield f"{key} {other}", _replace(quota, **{key: other})
    if quota.of == "grade":
        yield "holds", _replace(quota, holds=policy.grades[policy.grades.index(quota.holds) + 1])
    yield "by", _replace(quota, by="segment" if quota.by != "segment" else "region")


def _scale(policy: Policy) -> Iterator[Mutant]:
    for place, step in enumerate(policy.scale):
        others = list(policy.scale)
        changed: dict[str, Any] = {"rank": step.rank + 1, "default": not step.default}
        changed |= {} if step.pd is None else {"pd": step.pd * Decimal("1.02")}
        for key, value in changed.items():
            others[place] = _replace(step, **{key: value})
            yield f"scale.{step.grade}.{key}", _replace(policy, scale=tuple(others))


def _readings(policy: Policy) -> Iterator[Mutant]:
    for alias, reading in policy.measures.items():
        months = int(reading.params.get("valid_months", 0))
        if not reading.measure.startswith(REPORTED):
            continue
        for step in (1, -1):
            if months + step > 0:
                other = _replace(reading, params={**reading.params, "valid_months": months + step})
                yield (
                    f"measures.{alias}.valid_months {step:+}",
                    _replace(policy, measures={**policy.measures, alias: other}),
                )
