"""Population reviews: who of those that qualify finds a place under a quota, region by region. Pure, for any order given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

import msgspec

from shared.core.policy.shape import Quota


class Member(msgspec.Struct, frozen=True):
    """One customer of the population."""

    customer: str
    region: str | None
    """Its code of what divides the population, an attribute or a label; None counts with `default`."""
    held: str
    """The grade or code it holds; empty: none yet."""
    due: str
    """The grade or code that the rules give it now."""
    ranks: tuple[Decimal | int | None, ...]
    """Its values of `rank_by`: the greater comes first, what is not known last."""
    active: bool = True
    """Whether it counts in the population of which a share is taken."""


class Placed(msgspec.Struct, frozen=True):
    """What the review says of one customer."""

    customer: str
    gets: str
    why: Literal["as_due", "place", "no_place", "keeps", "pushed_out"]
    """as_due: the quota has nothing to say. place, no_place: of a candidate. keeps, pushed_out: of one that holds one."""
    place: int = 0
    """Its place in the ranking of those that hold or want one, from 1; 0 where it is not ranked."""


class Crowd(msgspec.Struct, frozen=True):
    """The population of one region, counted."""

    region: str
    active: int
    holders: int
    """How many hold a place and still qualify."""


class Region(msgspec.Struct, frozen=True):
    """One region after the review."""

    region: str
    active: int
    places: int
    """floor(share × active): never above the quota."""
    taken: int
    exceeded: bool
    """Whether more held a place, and still qualified, than there are places."""


def review(quota: Quota, codes: Sequence[str], members: Iterable[Member]) -> tuple[list[Placed], list[Region]]:
    """Return what *quota* makes of *members*, by customer, and the regions by name. *codes* stand best first.

    Who does not qualify moves as it is due. Who holds a place and still qualifies comes before candidates. A candidate
    without a place stays where it was, or goes to the next code below the capped one, as the quota says.
    """
    groups: dict[str, list[Member]] = {}
    for member in members:
        groups.setdefault(name_of(quota, member.region), []).append(member)
    placed: list[Placed] = []
    regions: list[Region] = []
    for name, group in sorted(groups.items()):
        wanting = sorted((member for member in group if member.due == quota.holds), key=_rank)
        holders = sum(member.held == quota.holds for member in wanting)
        ranking = Ranking(quota, codes, Crowd(name, sum(member.active for member in group), holders))
        placed += [Placed(member.customer, member.due, "as_due") for member in group if member.due != quota.holds]
        placed += [ranking.next(member) for member in wanting]
        regions.append(ranking.region)
    return sorted(placed, key=lambda one: one.customer), regions


def name_of(quota: Quota, code: str | None) -> str:
    """The region that a customer with *code* counts in."""
    return code if code is not None and code in quota.shares else "default"


class Ranking:
    """Goes through those of one region that hold or want a place, in their order, and says what becomes of each.

    Nothing is kept of those that went by, so a region may be as large as it likes.
    """

    def __init__(self, quota: Quota, codes: Sequence[str], crowd: Crowd) -> None:
        """Nobody has been placed yet. *codes* stand best first."""
        self._quota, self._codes, self._crowd = quota, codes, crowd
        self._places = int((quota.shares[crowd.region] * crowd.active).to_integral_value(ROUND_FLOOR))
        self._kept = crowd.holders if quota.exceeded == "keep" else min(crowd.holders, self._places)
        self._free = max(0, self._places - self._kept)
        self._below = codes[min(codes.index(quota.holds) + 1, len(codes) - 1)]
        self._seen = self._taken = 0

    def next(self, member: Member) -> Placed:
        """What the review says of *member*, who comes after all those before."""
        self._seen += 1
        holds, name = self._quota.holds, member.customer
        if member.held == holds:
            if not self._kept:
                return Placed(name, self._below, "pushed_out", self._seen)
            self._kept -= 1
            self._taken += 1
            return Placed(name, holds, "keeps", self._seen)
        if self._free:
            self._free -= 1
            self._taken += 1
            return Placed(name, holds, "place", self._seen)
        codes = self._codes
        stays = self._quota.above == "stay" and member.held in codes and codes.index(member.held) > codes.index(holds)
        return Placed(name, member.held if stays else self._below, "no_place", self._seen)

    @property
    def region(self) -> Region:
        """The region, when everybody went by."""
        crowd = self._crowd
        exceeded = crowd.holders > self._places
        return Region(crowd.region, crowd.active, self._places, self._taken, exceeded=exceeded)


def _rank(member: Member) -> tuple[object, ...]:
    """Sorts the greatest first, what is not known last, and equals by the customer's id."""
    return (*((value is None, -(value or 0)) for value in member.ranks), member.customer)
