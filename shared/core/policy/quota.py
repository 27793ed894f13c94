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
    """Its code of the attribute that divides the population; None counts with `default`."""
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
        name = member.region if member.region is not None and member.region in quota.shares else "default"
        groups.setdefault(name, []).append(member)
    placed: list[Placed] = []
    regions: list[Region] = []
    for name in sorted(groups):
        found, region = _region(quota, codes, name, groups[name])
        placed += found
        regions.append(region)
    return sorted(placed, key=lambda one: one.customer), regions


def _region(quota: Quota, codes: Sequence[str], name: str, members: list[Member]) -> tuple[list[Placed], Region]:
    active = sum(member.active for member in members)
    places = int((quota.shares[name] * active).to_integral_value(ROUND_FLOOR))
    wanting = sorted((member for member in members if member.due == quota.holds), key=_rank)
    holders = [member for member in wanting if member.held == quota.holds]
    candidates = [member for member in wanting if member.held != quota.holds]
    kept = holders if quota.exceeded == "keep" else holders[:places]
    granted = candidates[: max(0, places - len(kept))]
    order = {member.customer: place for place, member in enumerate(wanting, 1)}
    below = codes[min(codes.index(quota.holds) + 1, len(codes) - 1)]
    placed = [Placed(member.customer, member.due, "as_due") for member in members if member.due != quota.holds]
    placed += [Placed(member.customer, quota.holds, "keeps", order[member.customer]) for member in kept]
    placed += [Placed(member.customer, below, "pushed_out", order[member.customer]) for member in holders[len(kept) :]]
    placed += [Placed(member.customer, quota.holds, "place", order[member.customer]) for member in granted]
    for member in candidates[len(granted) :]:
        gets = member.held if quota.above == "stay" and member.held in codes else below
        placed.append(Placed(member.customer, gets, "no_place", order[member.customer]))
    taken = len(kept) + len(granted)
    return placed, Region(name, active, places, taken, exceeded=len(holders) > places)


def _rank(member: Member) -> tuple[object, ...]:
    """Sorts the greatest first, what is not known last, and equals by the customer's id."""
    return (*((value is None, -(value or 0)) for value in member.ranks), member.customer)
