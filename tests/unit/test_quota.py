"""A population review keeps the quota of every region, in any order of the customers, and says why to each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gradeline.shapes import load_template
from shared.core.policy.quota import Member, review
from shared.core.policy.shape import Quota
from tests.support.covers import covers

covers("P8", "RM-01", "LT-60")

POLICY = load_template("p8").versions[0]
assert POLICY.shape is not None
(QUOTA,) = POLICY.shape.quotas
LEVELS = POLICY.grades


def urban(number: int, held: str, due: str = "large", score: int = 50, **more: Any) -> Member:
    return Member(f"C{number:04}", "urban", held, due, (score, 10, 10), **more)


def crowd(large: int, total: int = 1000) -> list[Member]:
    return [urban(n, "large" if n < large else "ordinary", "large" if n < large else "ordinary") for n in range(total)]


def of(members: list[Member], quota: Quota = QUOTA) -> tuple[dict[str, tuple[str, str]], dict[str, Any]]:
    placed, regions = review(quota, LEVELS, members)
    return {one.customer: (one.gets, one.why) for one in placed}, {one.region: one for one in regions}


def test_of_1000_urban_customers_28_may_be_large() -> None:
    placed, regions = of([*crowd(27, 999), urban(9998, "medium", score=80)])
    assert (regions["urban"].places, regions["urban"].taken, placed["C9998"]) == (28, 28, ("large", "place"))


def test_a_candidate_without_a_place_stays_where_it_was() -> None:
    placed, regions = of([*crowd(28, 998), urban(9998, "medium"), urban(9999, "", score=99)])
    assert placed["C9998"] == ("medium", "no_place")
    assert placed["C9999"] == ("medium", "no_place")  # who holds nothing yet begins below
    assert not regions["urban"].exceeded


def test_29_of_1000_are_over_the_quota_and_nobody_is_pushed_down_and_nobody_comes_in() -> None:
    placed, regions = of([*crowd(29, 999), urban(9999, "medium", score=99)])
    assert regions["urban"].exceeded
    assert sum(gets == "large" for gets, _ in placed.values()) == 29
    assert placed["C9999"] == ("medium", "no_place")


def test_the_last_of_the_ranking_is_pushed_out_where_the_quota_says_so() -> None:
    strict = msgspec.structs.replace(QUOTA, exceeded="lower", above="lower")
    members = [urban(n, "large", score=100 - n) for n in range(29)] + crowd(0, 971)
    placed, _ = of([msgspec.structs.replace(m, customer=f"M{place:04}") for place, m in enumerate(members)], strict)
    assert placed["M0028"] == ("medium", "pushed_out")
    assert sum(why == "keeps" for _, why in placed.values()) == 28


def test_the_next_value_decides_a_tie_and_what_is_not_known_comes_last() -> None:
    members = [
        Member("A", "urban", "medium", "large", (None, 99, 99)),
        Member("B", "urban", "medium", "large", (50, 10, 10)),
        Member("C", "urban", "medium", "large", (50, 20, 5)),
        Member("D", "urban", "medium", "large", (Decimal("50.5"), 0, 0)),
    ]
    two = msgspec.structs.replace(QUOTA, shares={"urban": Decimal("0.5"), "default": Decimal(0)})
    placed, _ = review(two, LEVELS, members)
    assert {one.customer: one.place for one in placed} == {"D": 1, "C": 2, "B": 3, "A": 4}
    assert [one.customer for one in placed if one.why == "place"] == ["C", "D"]


def test_who_no_longer_qualifies_goes_where_it_is_due_and_frees_its_place() -> None:
    placed, _ = of([*crowd(28, 998), urban(9997, "large", "medium"), urban(9998, "medium")][1:])
    assert placed["C9997"] == ("medium", "as_due")


def test_regions_are_apart_and_a_region_that_is_not_named_has_the_default() -> None:
    members = [Member(f"R{n}", "hills", "medium", "large", (n, 0, 0)) for n in range(100)]
    members += [Member(f"N{n}", None, "medium", "large", (n, 0, 0)) for n in range(100)]
    placed, regions = of(members)
    assert set(regions) == {"default"}
    assert (regions["default"].active, regions["default"].places) == (200, 3)
    assert sorted(name for name, (gets, _) in placed.items() if gets == "large") == ["N98", "N99", "R99"]


def test_only_active_customers_count_in_the_population() -> None:
    members = [urban(n, "medium", active=n < 40) for n in range(100)]
    assert of(members)[1]["urban"].places == 1


members = st.lists(
    st.builds(
        Member,
        customer=st.uuids().map(str),
        region=st.sampled_from(["urban", "hills", None]),
        held=st.sampled_from(["large", "medium", "ordinary", ""]),
        due=st.sampled_from(["large", "medium", "ordinary"]),
        ranks=st.tuples(*[st.none() | st.integers(0, 9)] * 3),
        active=st.booleans(),
    ),
    unique_by=lambda member: member.customer,
    max_size=60,
)
quotas = st.builds(
    lambda a, b, above, exceeded: msgspec.structs.replace(
        QUOTA, shares={"urban": a, "default": b}, above=above, exceeded=exceeded
    ),
    st.decimals(0, 1, places=2),
    st.decimals(0, 1, places=2),
    st.sampled_from(["stay", "lower"]),
    st.sampled_from(["keep", "lower"]),
)


@given(members, quotas, st.randoms())
def test_the_quota_is_kept_everybody_is_placed_once_and_the_order_given_does_not_matter(
    population: list[Member], quota: Quota, random: Any
) -> None:
    placed, regions = review(quota, LEVELS, population)
    assert [one.customer for one in placed] == sorted(member.customer for member in population)
    for region in regions:
        assert region.taken <= region.places or (region.exceeded and quota.exceeded == "keep")
    by = {one.customer: one for one in placed}
    for member in population:
        if member.due != "large":
            assert by[member.customer].gets == member.due
        elif by[member.customer].gets == "large":
            assert by[member.customer].why in ("keeps", "place")
    shuffled = list(population)
    random.shuffle(shuffled)
    assert review(quota, LEVELS, shuffled) == (placed, regions)
