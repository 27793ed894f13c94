"""What the relay promises: everything leaves, in order, at least once, under one owner, and again after a loss."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from shared.edge.embedded.broker import EmbeddedBroker
from shared.edge.kafka import relay as relays
from shared.edge.kafka.profile import MAX_RECORD_BYTES
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import connect
from shared.edge.worker import failpoints
from tests.support.relaying import (
    NOW,
    TOPICS,
    content,
    decide,
    eventually,
    relayed,
    relaying,
    take_in,
)

pytestmark = pytest.mark.parts


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "CHECK_S", 0.5)
    monkeypatch.setattr(relays, "BACKOFF_S", (0.1, 0.5))


@pytest.fixture
async def rating(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the schema of rating, freshly made."""
    await upgraded(database, "rating")
    connection = await connect(database, schema="rating", statement_seconds=20)
    yield connection
    await connection.close()


async def test_decisions_leave_in_order_to_the_partition_they_belong_to(
    database: str, rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    async with relaying(database, private_broker.address) as relay:
        for partition in range(3):
            await decide(rating, 2_500, partition=partition)
        await eventually(lambda: relay.stats.published == 7_500)
        got = await content(private_broker.address, "credit.ratings", 7_500)
    for partition in range(3):
        mine = [r for r in got if r.partition == partition]
        assert [int(r.value or b"") for r in mine] == list(range(1, 2_501))
        assert {r.key for r in mine} == {f"c{partition}".encode()}
        assert await relayed(rating, "outbox", partition) == 2_500
    assert dict(got[0].headers)["content-type"] == b"application/cloudevents+json"
    assert got[0].timestamp_ms == int(NOW.timestamp() * 1000)


async def test_a_relay_starts_on_an_empty_broker_of_either_kind(
    database: str, rating: asyncpg.Connection, broker: Any, topic_prefix: str
) -> None:
    topics = [msgspec.structs.replace(topic, name=topic_prefix + topic.name) for topic in TOPICS]
    async with relaying(database, broker.address, names=("outbox",), topics=topics) as relay:
        await decide(rating, 300, topic=f"{topic_prefix}credit.ratings")
        await eventually(lambda: relay.stats.published == 300)
        got = await content(broker.address, f"{topic_prefix}credit.ratings", 300)
    assert [int(r.value or b"") for r in got] == list(range(1, 301))
    assert relay.stats.failures == 0
    async with relaying(database, broker.address, names=("outbox",), topics=topics) as again:
        await decide(rating, 1, topic=f"{topic_prefix}credit.ratings", start=301)
        await eventually(lambda: again.stats.published)
    assert again.stats.published == 1  # the same log: nothing leaves twice


async def test_facts_of_the_intake_leave_under_their_subject_and_are_marked_as_ours(
    database: str, rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    await take_in(rating, "customer-1", 1, partition=2)
    await take_in(rating, "~day/1", 2, partition=1)
    async with relaying(database, private_broker.address):
        got = await content(private_broker.address, "credit.events", 2)
    seen = {(r.partition, r.key, r.value, dict(r.headers)["gradeline-intake"]) for r in got}
    assert seen == {(2, b"customer-1", b"fact 1", b"1"), (1, b"~day", b"fact 2", b"1")}


async def test_a_dead_letter_says_why_in_its_headers(
    database: str, rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    await rating.execute(
        "insert into outbox values (1, 1, 'credit.events.dead', null, 'credit.events/1/7', $1, $2, $3)",
        b"\x00sealed", '[["reason", "不是 JSON"], ["rule", "not-json"]]', NOW,
    )  # fmt: skip
    async with relaying(database, private_broker.address):
        (got,) = await content(private_broker.address, "credit.events.dead", 1)
    assert got.key is None
    assert got.value == b"\x00sealed"
    assert dict(got.headers) == {
        "content-type": b"application/octet-stream",
        "reason": "不是 JSON".encode(),
        "rule": b"not-json",
    }


async def test_a_crash_after_the_acknowledgement_repeats_the_same_rows_and_nothing_else(
    database: str, rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    await decide(rating, 20)
    failpoints.arm("after_broker_ack:raise")
    try:
        async with relaying(database, private_broker.address) as relay:
            await eventually(lambda: relay.stats.published == 20)
    finally:
        failpoints.arm(None)
    assert relay.stats.failures == 1
    values = [int(r.value or b"") for r in await content(private_broker.address, "credit.ratings", 40)]
    assert values == [*range(1, 21), *range(1, 21)]


async def test_of_two_relays_one_publishes_and_the_other_takes_over(
    database: str, rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    async with relaying(database, private_broker.address) as one:
        await eventually(lambda: one.stats.owner)
        async with relaying(database, private_broker.address) as two:
            await decide(rating, 10)
            await eventually(lambda: one.stats.published == 10)
            assert not two.stats.owner
            # the owner's session dies, as with a cut network
            await rating.execute(
                "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid in "
                "(select pid from pg_stat_activity where datname = current_database())"
            )
            await decide(rating, 10, start=11)
            await eventually(lambda: one.stats.published + two.stats.published >= 20)
            assert one.stats.owner + two.stats.owner == 1
    got = await content(private_broker.address, "credit.ratings", 20)
    assert [int(r.value or b"") for r in got] == list(range(1, 21))


async def test_a_row_that_no_broker_takes_does_not_stop_its_partition(
    database: str, rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    await decide(rating, 1)
    await decide(rating, 1, start=2, size=MAX_RECORD_BYTES + 1)
    await decide(rating, 1, start=3)
    async with relaying(database, private_broker.address) as relay:
        await eventually(lambda: relay.stats.published)
        got = await content(private_broker.address, "credit.ratings", 2)
    assert [r.value for r in got] == [b"1", b"3"]
    assert relay.stats.oversize == 1


async def test_old_rows_go_only_when_they_are_relayed(
    database: str, rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    await decide(rating, 5)
    await rating.execute("update outbox set recorded_at = now() - interval '8 days' where position <= 3")
    await rating.execute("update outbox set recorded_at = now() where position > 3")
    async with relaying(database, private_broker.address) as relay:
        await eventually(lambda: relay.stats.pruned)
    assert [r[0] for r in await rating.fetch("select position from outbox order by 1")] == [4, 5]
    assert relay.stats.pruned == 3


async def test_dead_letters_are_dropped_after_ninety_days_whatever_became_of_them(
    database: str, rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    await rating.execute(
        "insert into dead_letters (topic, partition, generation, position, reason, rule, pointer, raw, recorded_at, state)"
        " select 'credit.events', 0, '', n, 'r', 'nul', '/a', 'x', now() - make_interval(days => 85 + n),"
        " case when n % 2 = 0 then 'open' else 'discarded' end from generate_series(1, 9) n"
    )

    async def left() -> bool:
        return [r[0] for r in await rating.fetch("select position from dead_letters order by 1")] == [1, 2, 3, 4]

    async with relaying(database, private_broker.address) as relay:
        await eventually(left)
        assert relay.stats.forgotten == 5


async def test_positions_do_not_move_for_a_log_that_is_gone(rating: asyncpg.Connection) -> None:
    from shared.edge.kafka import tail

    await tail.prepare(rating, "outbox", 3)
    await decide(rating, 3)
    await rating.execute("insert into broker (generation) values ('new')")
    found = await tail.read(rating, ("outbox",), 10)
    assert not await tail.advance(rating, found, "old")
    assert await relayed(rating, "outbox", 0) == 0
    assert await tail.advance(rating, found, "new")
    assert await relayed(rating, "outbox", 0) == 3
    assert not await tail.advance(rating, tail.Tail([], {("outbox", 0): 2}, {("outbox", 0): 3}), "new")
    assert await relayed(rating, "outbox", 0) == 3
