"""When so many grades of a method are overridden that the method itself is to be reviewed (G-26)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from services.rating.core.policy_requests import Found
from shared.core.events.rating import ReviewDue


class Share(NamedTuple):
    """How many grades of one method are in force, and how many of them people have put there."""

    method: str
    purpose: str
    grades: int
    overridden: int


def due(found: Found, shares: Iterable[Share]) -> list[ReviewDue]:
    """The reviews of methods that fall due: where the share reaches the mark, once a month as long as it does."""
    day, mark = found.desk.day, found.desk.chains.overrides.share
    made = []
    for one in shares:
        review_id = f"G-26/{one.method}/{day:%Y-%m}"
        if (
            one.grades
            and one.overridden >= mark * one.grades
            and one.overridden
            and review_id not in found.told.reviews
        ):
            common = {**found.desk.common, "cause": "review"}
            made.append(
                ReviewDue(**common, as_of=day, review_id=review_id, method=one.method, due_on=day, purpose=one.purpose)
            )
    return made
