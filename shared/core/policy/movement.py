"""When a grade may move, as data: plain values that the walk of the grade path reads. The first grade moves freely."""

from __future__ import annotations

from typing import Literal

import msgspec

ReviewDay = Literal["monthly_review", "quarterly_review", "half_yearly_review", "yearly_review"]
"""The first day of a month, of a quarter, of a half-year, of a year."""
When = Literal["any_day", "monthly_review", "quarterly_review", "half_yearly_review", "yearly_review"]

REVIEWS: tuple[ReviewDay, ...] = ("monthly_review", "quarterly_review", "half_yearly_review", "yearly_review")
"""Each of them is also one of those before it."""
MONTHS: dict[str, int] = {"monthly_review": 1, "quarterly_review": 3, "half_yearly_review": 6, "yearly_review": 12}
"""Months from one review to the next, counted from January."""
EVENTS = ("conduct", "dunning", "signal", "assessment", "promise")
"""Facts that may let a grade fall at once where it otherwise falls at a review only."""


class FromWorst(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a customer leaves the worst grade."""

    approval: bool
    clean_months: int
    """Months without any reason for the worst grade."""


class Rise(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a grade rises."""

    only_at: When
    max_steps: int
    cooldown_days: int
    """No rise within so many days after a fall."""
    from_worst: FromWorst
    never_at: Literal["", "quarterly_review", "half_yearly_review", "yearly_review"] = ""
    """A review at which nothing rises, though others of its kind let it."""
    only_from: dict[str, tuple[str, ...]] = {}
    """Grade → the grades from which alone it can be reached."""


class Fall(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a grade falls where it does not do so at once. What a veto or a cap demands is done at once all the same."""

    only_at: ReviewDay
    max_steps: int
    at_once_on: tuple[str, ...] = ()
    """Kinds of facts on whose day it falls at once, by any number of steps."""


class Lapse(msgspec.Struct, frozen=True, omit_defaults=True):
    """What becomes of a grade whose validity ended without a completed review. Without it the grade goes on.

    The validity counts from the day on which the grade began, or from the last completed review of it.
    """

    then: Literal["no_grade", "cap"]
    after_days: int
    """Days of grace after the last day of validity."""
    cap: str = ""
    """The best grade that is left, where it is capped."""


class Approval(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who must approve what. Approvals of one kind add up: each of them is needed."""

    of: Literal["first", "rise", "override", "exception"]
    by: tuple[str, ...]
    """Roles, in the order in which they approve; none: those of *chain*."""
    to: tuple[str, ...] = ()
    """The grades it takes approval to reach; none: every one."""
    through: Literal["request", "review"] = "request"
    """How a rise is approved: by a request that the roles grant, or by a completed review with an approving outcome."""
    chain: str = ""
    """The chain of the installation that grants it, by its name in `approvals.yaml`."""


class Movement(msgspec.Struct, frozen=True, omit_defaults=True):
    """Falls, rises, reviews and validity. Steps are counted in the order of the method's scale."""

    fall: Literal["at_once", "at_reviews"]
    """at_once: on any event or day, by any number of steps. at_reviews: as `falls` says."""
    rise: Rise
    review_months: dict[str, int]
    """Months between two full reviews, by grade."""
    valid_months: dict[str, int]
    """Months a grade is valid without a review, by grade."""
    reference: str = ""
    assumed: bool = False
    why: str = ""
    falls: Fall | None = None
    approvals: tuple[Approval, ...] = ()
    lapse: Lapse | None = None

    def approvers(self, of: str, grade: str) -> tuple[str, ...]:
        """The roles, or chains, that must grant *grade* as the first, a rise to it and so on; none: nobody need."""
        needed = [one for one in self._needed(of, grade) if one.through == "request"]
        found = [role for one in needed for role in one.by or (one.chain,)]
        return tuple(dict.fromkeys(found))

    def through_review(self, grade: str) -> bool:
        """Whether it takes a completed review with an approving outcome to rise to *grade*."""
        return any(one.through == "review" for one in self._needed("rise", grade))

    def _needed(self, of: str, grade: str) -> list[Approval]:
        return [one for one in self.approvals if one.of == of and (not one.to or grade in one.to)]


def is_review(month: int, day: int, review: str) -> bool:
    """Whether the *day* of the *month* is a *review*."""
    return day == 1 and (month - 1) % MONTHS[review] == 0
