"""Ids that other systems use are resolved when facts are posted; only an import of history says when it was known."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import msgspec

from services.rating.adapters import aliases
from services.rating.adapters.aliases import Claim, resolved
from shared.core.envelope import Event
from shared.edge import clock
from shared.edge.store import intake
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.support.covers import covers
from tests.support.histories import START, Story

covers("DP-09")


def fact(subject: str, *, recorded: datetime | None = None) -> Event:
    story = Story(1, subject)
    event = story.tell("measure.reported", START, name="register_check", value="1", period_end=START)
    return msgspec.structs.replace(event, recordedtime=recorded)


def claim(customer: str, day: int, *, source: str = "/erp", linked: bool = True) -> Claim:
    return Claim(source, "K-0042", customer, (day, 0, "/crm", f"link-{customer}"), linked)


async def test_a_linked_id_means_the_customer_until_it_is_unlinked(database: str) -> None:
    await upgraded(database, "rating")
    pool = await open_pool(database, schema="rating", size=2)
    async with pool.acquire() as connection:
        before = await resolved(connection, [fact("K-0042")])
        await aliases.write(connection, [claim("C1", 1), claim("C9", 1, source="/crm")])
        linked = await resolved(connection, [fact("K-0042"), fact("C7")])
        await aliases.write(connection, [claim("C1", 2, linked=False)])
        after = await resolved(connection, [fact("K-0042")])
    await pool.close()

    assert [event.subject for event in before + linked + after] == ["K-0042", "C1", "C7", "K-0042"]


async def test_of_two_customers_the_greater_claim_holds_in_whatever_order_they_are_written(database: str) -> None:
    await upgraded(database, "rating")
    pool = await open_pool(database, schema="rating", size=2)
    told = [claim("C1", 1), claim("C2", 2), claim("C3", 1), claim("C1", 3, linked=False)]
    async with pool.acquire() as connection:
        found = []
        for order in permutations(range(4)):
            if order.index(3) < order.index(0):
                continue  # a customer's own facts are folded first: its last word is written last
            await connection.execute("delete from aliases")
            for at in order:
                await aliases.write(connection, [told[at]])
            found.append((await resolved(connection, [fact("K-0042")]))[0].subject)
        await aliases.write(connection, [claim("C2", 4, linked=False)])
        fallen_back = await resolved(connection, [fact("K-0042")])
        await aliases.write(connection, told[:3])
        together = await resolved(connection, [fact("K-0042"), fact("K-0042")])
    await pool.close()

    assert set(found) == {"C2"}
    assert [event.subject for event in fallen_back] == ["C3"]
    assert [event.subject for event in together] == ["C2", "C2"]


async def test_links_of_an_older_release_hold_until_a_customer_says_its_own(database: str) -> None:
    await upgraded(database, "rating")
    pool = await open_pool(database, schema="rating", size=2)
    async with pool.acquire() as connection:
        await connection.execute(
            "insert into aliases (other_source, other_id, customer_id) values ('/erp', 'K-0042', 'C9')"
        )
        before = await resolved(connection, [fact("K-0042")])
        await aliases.write(connection, [claim("C1", 1)])
        after = await resolved(connection, [fact("K-0042")])
    await pool.close()

    assert [event.subject for event in before + after] == ["C9", "C1"]


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
