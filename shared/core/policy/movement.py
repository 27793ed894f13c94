"""When a grade may move, as data: plain values that the walk of the grade path reads. The first grade moves freely."""

from __future__ import annotations

from typing import Literal

import msgspec


class FromWorst(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a customer leaves the worst grade."""

    approval: bool
    clean_months: int
    """Months without any reason for the worst grade."""


class Rise(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a grade rises."""

    only_at: Literal["monthly_review", "any_day"]
    max_steps: int
    cooldown_days: int
    """No rise within so many days after a fall."""
    from_worst: FromWorst


class Movement(msgspec.Struct, frozen=True, omit_defaults=True):
    """Falls, rises, reviews and validity. Steps are counted in the order of the method's scale."""

    fall: Literal["at_once"]
    """On any event or day, by any number of steps."""
    rise: Rise
    review_months: dict[str, int]
    """Months between two full reviews, by grade."""
    valid_months: dict[str, int]
    """Months a grade is valid without a review, by grade."""
    reference: str = ""
    assumed: bool = False
    why: str = ""
