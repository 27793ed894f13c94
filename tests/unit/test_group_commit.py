"""Group commit: nobody is forgotten, whatever moment he comes at, and what breaks a group breaks that one only."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import pytest

from shared.core.errors import Unavailable
from shared.edge import clock
from shared.edge.group_commit import GroupCommit, Ticket

Tickets = Sequence[Ticket[int, int]]


@pytest.mark.parametrize("at_once", [1, 2])
async def test_one_that_comes_as_a_group_ends_is_carried_out(at_once: int) -> None:
    """The last moment at which somebody under way would still have looked, and every one around it."""
    carried: list[int] = []

    async def carry(tickets: Tickets) -> None:
        await asyncio.sleep(0)
        carried.append(len(tickets))
        for one in tickets:
            one.end(one.asked)

    for turns_of_the_loop in range(12):
        grouped = GroupCommit(carry, most=8, at_once=at_once)
        first = asyncio.create_task(grouped(1))
        for _ in range(turns_of_the_loop):
            await asyncio.sleep(0)
        second = asyncio.create_task(grouped(2))
        assert await asyncio.wait_for(asyncio.gather(first, second), 5) == [1, 2]
    assert sum(carried) == 24


async def test_who_waits_is_in_the_next_group_and_no_group_is_too_large() -> None:
    sizes: list[int] = []

    async def carry(tickets: Tickets) -> None:
        sizes.append(len(tickets))
        await asyncio.sleep(0.01)
        for one in tickets:
            one.end(one.asked)

    grouped = GroupCommit(carry, most=4)
    asked = [asyncio.create_task(grouped(number)) for number in range(10)]
    await asyncio.sleep(0)
    assert len(grouped) == 10
    assert await asyncio.gather(*asked) == list(range(10))
    assert sizes == [4, 4, 2]
    assert len(grouped) == 0


async def test_another_group_begins_beside_one_for_several_only() -> None:
    sizes: list[int] = []
    gate = asyncio.Event()

    async def carry(tickets: Tickets) -> None:
        sizes.append(len(tickets))
        await gate.wait()
        for one in tickets:
            one.end(one.asked)

    grouped = GroupCommit(carry, most=8, at_once=2, several=3)
    asked: list[asyncio.Task[int]] = []
    begun = []
    for number in range(6):
        asked.append(asyncio.create_task(grouped(number)))
        for _ in range(5):
            await asyncio.sleep(0)
        begun.append(list(sizes))
    assert begun == [[1], [1], [1], [1, 3], [1, 3], [1, 3]], "the last two wait: no more than two are under way"
    gate.set()
    assert await asyncio.wait_for(asyncio.gather(*asked), 5) == list(range(6))
    assert sizes == [1, 3, 2]


async def test_what_breaks_a_group_is_told_to_all_that_it_left_and_the_next_goes_on() -> None:
    async def carry(tickets: Tickets) -> None:
        await asyncio.sleep(0)
        tickets[0].end(tickets[0].asked)
        if len(tickets) > 1:
            raise ConnectionError("gone")

    grouped = GroupCommit(carry, most=8)
    ended = await asyncio.gather(*[grouped(number) for number in range(5)], return_exceptions=True)
    assert ended[0] == 0
    assert [type(one) for one in ended[1:]] == [ConnectionError] * 4
    assert await asyncio.wait_for(grouped(7), 5) == 7


async def test_who_goes_away_stops_nobody_and_is_carried_out_all_the_same() -> None:
    done: list[int] = []

    async def carry(tickets: Tickets) -> None:
        await asyncio.sleep(0.01)
        for one in tickets:
            done.append(one.asked)
            one.end(one.asked)

    grouped = GroupCommit(carry, most=8)
    first, second = [asyncio.create_task(grouped(number)) for number in (1, 2)]
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 2
    assert done == [1, 2]


async def test_a_group_that_is_stopped_with_the_process_says_so() -> None:
    async def carry(tickets: Tickets) -> None:
        raise asyncio.CancelledError

    with pytest.raises(Unavailable, match="stopping"):
        await GroupCommit(carry, most=8)(1)


async def test_groups_of_several_keep_their_pace_and_one_after_the_other_waits_for_nobody() -> None:
    begun: list[float] = []

    async def carry(tickets: Tickets) -> None:
        begun.append(clock.monotonic())
        for one in tickets:
            one.end(one.asked)

    grouped = GroupCommit(carry, most=2, pace_seconds=0.05)
    await asyncio.gather(*[grouped(number) for number in range(6)])
    assert len(begun) == 3
    assert all(later - sooner >= 0.045 for sooner, later in itertools.pairwise(begun))
    alone = GroupCommit(carry, most=2, pace_seconds=30.0)
    for number in range(3):
        await asyncio.wait_for(alone(number), 10)
