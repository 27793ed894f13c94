"""Two simulated years with the real worker and database: reviews under a quota, falls at once, an activation, a preview."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from gradeline.commands import policy_limits, policy_live
from services.rating.adapters import activating, catalogue, previewing, proving, rebuilding, reviewing
from services.rating.adapters.deciding import Deciding
from services.rating.adapters.populations import Run, reviewed
from services.rating.adapters.projecting import CustomerProjector
from services.rating.core.activating import Wanted
from services.rating.core.brain import RatingBrain
from services.rating.core.preview import with_trial
from shared.core.customer.state import Setting
from shared.core.envelope import Event
from shared.core.errors import Conflict, Malformed
from shared.core.events.approval import OverrideSet
from shared.core.events.rating import GradeChanged, PolicyActivated
from shared.core.policy.policy import Policy
from shared.core.policy.quota import Member, Region, review
from shared.edge.proof import customers as chosen
from shared.edge.store.days import open_days
from shared.edge.store.keys import SubjectKeys
from tests.integration.test_deciding_races import setting
from tests.support.covers import covers
from tests.support.house import (
    AT,
    BRAIN,
    FIRST,
    LAST,
    LOADED,
    REVIEW_DAYS,
    SECOND,
    SHARE,
    STRICT,
    TOLD,
    House,
    customers,
    imported,
)
from tests.support.machine import PARTITIONS, SETTINGS, store
from tests.support.several import BLOCKS, LEVELS, level, rules

covers("P8", "RM-01", "LT-60", "DP-22")

pytestmark = pytest.mark.slow


def places(active: int, region: str) -> int:
    return active * int(SHARE["urban" if region == "urban" else "default"].removeprefix("0.")) // 10


async def test_upgrades_wait_for_reviews_downgrades_come_at_once_and_quotas_hold_for_two_years(database: str) -> None:
    async with store(database) as pool:
        house, told = House(pool), customers(7, 60)
        waiting = sorted(itertools.chain(*told.values()), key=lambda event: event.order)
        activated = date(2025, 4, 10)
        for day in sorted({FIRST, LAST, activated, *REVIEW_DAYS, *(event.business_date for event in waiting)}):
            if day == activated:
                wanted = Wanted("level", "2", activated)
                await activating.activate(pool, LOADED, wanted, TOLD, by="li.wei", approval=None, now=AT)
            await house.opens(day)
            house.log.add(*[event for event in waiting if event.business_date == day])
            await house.runs()

        held = [await reviewed(pool, Run(SECOND, SECOND.capped[0], day)) for day in REVIEW_DAYS]
        assert sum(one.told for one in held) > 5
        for region in itertools.chain(*(one.regions for one in held)):
            assert region.places == places(region.active, region.region)
            assert region.taken <= region.places
        moved = [e.data for e in await house.said() if isinstance(e.data, GradeChanged) and e.data.purpose == "service"]
        rank = {grade: -at for at, grade in enumerate(LEVELS)}
        ups = [m for m in moved if m.direction == "up"]
        downs = [m for m in moved if m.direction == "down"]
        assert ups
        assert {(m.as_of.month, m.as_of.day) for m in ups} <= {(1, 1), (7, 1)}
        assert {m.cause for m in ups} == {"review"}
        assert len({m.as_of for m in downs}) > 5
        assert any(m.as_of.day != 1 and m.cause == "fact" for m in downs)
        assert all(m.to != "large" for m in moved if m.direction == "first")
        assert all(rank[m.to] > rank[m.from_] for m in ups)
        assert {m.policy.version for m in moved if m.as_of >= activated} == {"2"}
        assert {m.policy.version for m in moved if m.as_of < activated} == {"1"}
        announced = [e for e in await house.said() if isinstance(e.data, PolicyActivated)]
        assert [(e.subject, e.data.effective, e.data.version) for e in announced] == [("~policy", activated, "2")]

        await proves(database, pool)
        await agrees(pool)


async def proves(database: str, pool: asyncpg.Pool) -> None:
    """Everything follows from the facts, places included: from the first event on, and in a rebuild."""
    async with pool.acquire() as connection:
        streams = await chosen(connection, None, "")
    proof = await proving.prove(database, BRAIN, streams)
    assert (proof.findings, proof.skipped, proof.customers) == ([], 0, 60)
    place = await rebuilding.REBUILD.begin(database)
    await rebuilding.REBUILD.build(database, BRAIN, place.schema, streams)
    for one in await rebuilding.REBUILD.compare(database, place):
        assert (one.table, one.different) == (one.table, ())
    assert {one.table for one in await rebuilding.REBUILD.compare(database, place)} >= {"ratings"}


async def agrees(pool: asyncpg.Pool, policy: Policy = SECOND, brain: RatingBrain = BRAIN) -> list[Region]:
    """What the database ranks is what the pure review says of the same customers, on whatever day it is tried."""
    run = Run(policy, policy.capped[0], date(2025, 7, 1))
    regions, placed = await reviewing.tried(pool, brain, run)
    async with pool.acquire() as connection, connection.transaction():
        await reviewing.stood(connection, brain, run.on, lambda done, of, what: None)
        rows = await connection.fetch(f"select * from {reviewing.THEN} where method = 'level'")
    members = [
        Member(
            r["customer_id"], r["populations"][0], r["grade"] or "", r["due"] or r["grade"] or "", tuple(r["ranks"]),
            r["active"],
        )
        for r in rows
    ]  # fmt: skip
    pure, counted = review(run.quota, LEVELS, members)
    assert sorted(placed, key=lambda one: one.customer) == [one for one in pure if one.why != "as_due"]
    assert regions == counted
    assert placed
    return regions


LABELLED = level(
    "1",
    shares="{often: 0.5, default: 0.1}",
    fall="  fall: at_once\n",
    by="    by: trade\n",
    words="""labels:
  trade:
    of: monthly_sales
    bands:
      - {from: -inf, is: seldom}
      - {from: 60, is: often}
    otherwise: seldom
    reference: test

words:
""",
)


async def test_a_label_may_divide_the_population_and_each_part_has_its_own_places(database: str) -> None:
    """Who sells 60 or more trades often: of them a half may be large, of the others a tenth."""
    brain = RatingBrain(rules(LABELLED), Setting())
    async with store(database) as pool:
        house = await imported(pool, 30, brain)
        rows = await pool.fetch("select populations, ranks, active from ratings where method = 'level'")
        assert {row["populations"][0] for row in rows} == {"often", "seldom"}
        for row in rows:
            assert (row["ranks"][1] >= 60) == (row["populations"][0] == "often"), (
                "what the rules said, not an attribute"
            )
        regions = {one.region: one for one in await agrees(pool, LABELLED, brain)}
        assert regions.keys() == {"often", "default"}
        assert regions["often"].places == regions["often"].active // 2 > 0
        assert regions["default"].places == regions["default"].active // 10
        await reviewing.hold(pool, brain, Run(LABELLED, LABELLED.capped[0], date(2025, 7, 1)), TOLD)
        await house.runs()
        large = await pool.fetch("select populations from ratings where method = 'level' and grade = 'large'")
        assert 0 < len(large) <= regions["often"].places + regions["default"].places


async def test_reviews_of_days_that_are_past_are_held_in_order_and_moved_by_nobody_who_was_not_told(
    database: str,
) -> None:
    async with store(database) as pool:
        house = await imported(pool)
        before = await pool.fetch(
            "select customer_id, grade from ratings where purpose = 'service' and grade = 'large'"
        )
        assert before == []
        assert await reviewing.to_hold(pool, LOADED) == []  # before the first day that was opened: on demand only
        async with pool.acquire() as connection:
            runs = [(await reviewing.runs_of(connection, BRAIN, "level", day))[0] for day in REVIEW_DAYS]
            for day, says in ((date(2024, 8, 1), "half-yearly"), (date(2026, 7, 1), "not been opened")):
                with pytest.raises(Malformed, match=says):
                    await reviewing.runs_of(connection, BRAIN, "level", day)
        for run in runs:
            await reviewing.hold(pool, BRAIN, run, TOLD)
            await house.runs()
        told = await pool.fetchval("select count(*) from intake")
        await reviewing.hold(pool, BRAIN, runs[0], TOLD)
        assert await pool.fetchval("select count(*) from intake") == told  # told again, unheard
        large = await pool.fetchval("select count(*) from ratings where purpose = 'service' and grade = 'large'")
        assert large > 0
        assert [
            e.data.as_of for e in await house.said() if isinstance(e.data, GradeChanged) and e.data.to == "large"
        ] == [LAST] * large


async def test_a_preview_says_who_would_move_and_the_activation_moves_exactly_them(database: str) -> None:
    async with store(database) as pool:
        house = await imported(pool)
        async with pool.acquire() as connection:
            streams = await chosen(connection, None, "")
        brain = RatingBrain(with_trial(LOADED, SECOND), Setting())
        effect = await previewing.preview(database, brain, SECOND, streams, None)
        limits = policy_limits.Limits("CNY", why=policy_limits.PURPOSE)
        told = policy_live.record(SECOND, effect, limits)
        assert (told["customers"], sum(told["before"].values()), told["limit_moved"]) == (30, 30, None)
        assert effect.moved
        assert all(one["why"] for one in told["moved"])
        assert policy_live.lines(SECOND, effect, limits)

        tomorrow = LAST + timedelta(days=1)
        wanted = Wanted("level", "2", tomorrow)
        found, new = await activating.activate(pool, LOADED, wanted, TOLD, by="li.wei", approval=None, now=AT)
        assert (found.version, new) == ("2", True)
        assert (await activating.activate(pool, LOADED, wanted, TOLD, by="li.wei", approval=None, now=AT))[1] is False
        with pytest.raises(Conflict, match="in force"):
            await activating.activate(
                pool, LOADED, Wanted("level", "2", tomorrow + timedelta(days=1)), TOLD, by="", approval=None, now=AT
            )
        with pytest.raises(Malformed, match="has been opened"):
            await activating.activate(pool, LOADED, Wanted("level", "1", LAST), TOLD, by="", approval=None, now=AT)
        await open_days(pool, tomorrow, now=AT, partitions=PARTITIONS, instance="main")
        await house.runs()
        underlying = await levels(pool, tomorrow)
        expected = {one.customer: one.underlying_after for one in effect.moved}
        assert {who: now for who, now in underlying.items() if who in expected} == expected
        announced = [e for e in await house.said() if isinstance(e.data, PolicyActivated)]
        assert len(announced) == 1

        api = Deciding(
            BRAIN, CustomerProjector(), SETTINGS, catalogue.chains(), lambda pool: SubjectKeys(pool, b"w" * 64)
        )
        for who in expected:
            await api(pool, who, setting("OV-1", "D"))
        assert await levels(pool, tomorrow) == underlying, "who decides for people goes by the activated version, too"
        assert await pool.fetchval(
            "select count(distinct stream) from events where type = $1", OverrideSet.TYPE
        ) == len(expected)


DECIDED = "select * from events where type = 'credit.grade.changed.v1' order by stream, version"


async def levels(pool: asyncpg.Pool, day: date) -> dict[str, str | None]:
    """What was last said on *day* of each customer under purpose `service`, before rules of movement."""
    said = [row_event(row) for row in await pool.fetch(DECIDED)]
    return {e.subject: e.data.underlying for e in said if e.data.as_of == day and e.data.purpose == "service"}


def row_event(row: Any) -> Event:
    from shared.edge.store.rows import event_of

    return event_of(row)


def test_the_blocks_that_a_test_replaces_are_in_the_template() -> None:
    assert set(STRICT) <= set(BLOCKS)
