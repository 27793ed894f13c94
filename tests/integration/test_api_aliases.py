"""Ids that other systems use are resolved when facts are posted; only an import of history says when it was known."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from services.rating.adapters import aliases
from services.rating.adapters.aliases import resolved
from shared.core.envelope import Event
from shared.edge import clock
from shared.edge.store import intake
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.support.histories import START, Story


def fact(subject: str, *, recorded: datetime | None = None) -> Event:
    story = Story(1, subject)
    event = story.tell("measure.reported", START, name="register_check", value="1", period_end=START)
    return msgspec.structs.replace(event, recordedtime=recorded)


async def test_a_linked_id_means_the_customer_until_it_is_unlinked(database: str) -> None:
    await upgraded(database, "rating")
    pool = await open_pool(database, schema="rating", size=2)
    async with pool.acquire() as connection:
        before = await resolved(connection, [fact("K-0042")])
        await aliases.write(connection, [("/erp", "K-0042", "C1", True), ("/crm", "K-0042", "C9", True)])
        linked = await resolved(connection, [fact("K-0042"), fact("C7")])
        await aliases.write(connection, [("/erp", "K-0042", "C1", False)])
        after = await resolved(connection, [fact("K-0042")])
    await pool.close()

    assert [event.subject for event in before + linked + after] == ["K-0042", "C1", "C7", "K-0042"]


async def test_unlinking_by_a_former_owner_leaves_the_new_link(database: str) -> None:
    await upgraded(database, "rating")
    pool = await open_pool(database, schema="rating", size=2)
    async with pool.acquire() as connection:
        await aliases.write(connection, [("/erp", "K-0042", "C1", True)])
        await aliases.write(connection, [("/erp", "K-0042", "C2", True)])
        await aliases.write(connection, [("/erp", "K-0042", "C1", False)])
        found = await resolved(connection, [fact("K-0042")])
    await pool.close()

    assert found[0].subject == "C2"


async def test_a_fact_that_says_when_it_was_known_is_recorded_then_but_never_in_the_future(database: str) -> None:
    await upgraded(database, "rating")
    pool = await open_pool(database, schema="rating", size=2)
    now = clock.now()
    long_ago, to_come = datetime(2012, 3, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
    for subject, said in (("C1", long_ago), ("C2", to_come), ("C3", None)):
        await intake.accept(pool, [fact(subject, recorded=said)], now=now, partitions=12, sealer=None)
    rows = await pool.fetch("select stream, recorded_at from intake order by stream")
    await pool.close()

    assert [(row["stream"], row["recorded_at"]) for row in rows] == [("C1", long_ago), ("C2", now), ("C3", now)]
