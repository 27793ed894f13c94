"""The bugs: what each is, how it is planted, and which tests must notice it. Imports are inside, for only one is planted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NamedTuple

from tests.planted.grafting import graft

MODEL = (
    "tests/model/test_model.py::test_whatever_happens_every_fact_counts_once_and_what_is_said_follows_from_the_facts"
)
PATH = "tests/unit/test_path.py::test_the_live_path_equals_the_path_from_scratch_for_any_arrival_order"
SLOW = (MODEL, PATH)
"""Tests that are not run again for a bug in every run of the tests, only by `python -m tests.planted`."""


class Bug(NamedTuple):
    """A bug under its *name*. *says* is what goes wrong; each of *tests* must fail."""

    name: str
    says: str
    plant: Callable[[], None]
    tests: tuple[str, ...]

    @property
    def quick(self) -> tuple[str, ...]:
        """The tests that take no longer than a few seconds."""
        return tuple(test for test in self.tests if test not in SLOW)


BUGS: dict[str, Bug] = {}


def bug(name: str, says: str, *tests: str) -> Callable[[Callable[[], None]], None]:
    """Declare a bug by the function that plants it."""

    def declare(plant: Callable[[], None]) -> None:
        BUGS[name] = Bug(name, says, plant, tests)

    return declare


@bug(
    "ack before commit",
    "the position of a partition is saved before what its records led to is committed",
    "tests/integration/test_worker_races.py::test_a_write_that_fails_is_done_again_from_the_database[before_db_commit:raise:2]",
    MODEL,
)
def _ack_before_commit() -> None:
    from shared.edge.store import append
    from shared.edge.store.write import Span
    from shared.edge.worker.committing import Committer

    async def commit(self: Any, prepared: Any) -> None:
        write = prepared.write
        async with self.pool.acquire() as connection, connection.transaction():
            await append._positions(connection, write)
        write.positions = {place: Span(span.upto, span.upto) for place, span in write.positions.items()}
        await right(self, prepared)

    right = graft(Committer, "commit", commit)


@bug(
    "no inbox",
    "a fact that is delivered again is taken for a new one",
    "tests/integration/test_worker_batch.py::test_the_same_fact_again_changes_nothing",
    "tests/integration/test_worker_batch.py::test_the_same_fact_in_two_batches_under_way_at_once_is_kept_once",
    MODEL,
)
def _no_inbox() -> None:
    from shared.edge.store import rows
    from shared.edge.worker import deciding, sifting

    async def nothing_is_known(*asked: Any) -> tuple[dict[int, Any], dict[int, Any]]:
        kept, waiting = await known(*asked)
        return {}, kept | waiting

    def row_of(event: Any, *, version: int, **about: Any) -> Any:
        row = rows.row_of(event, version=version, **about)
        return (*row[:2], row[2][:8] + version.to_bytes(8, "big"), *row[3:])  # nor does the table know it again

    known = graft(sifting, "_kept", nothing_is_known)
    graft(sifting, "_first", lambda places, key: None)
    deciding.row_of = row_of


@bug(
    "cursor by id",
    "facts are numbered when they are written, not when they are committed, and the relay reads on after the last number",
    "tests/contract/test_relay_race.py::test_what_was_begun_first_and_committed_last_leaves_too[intake]",
)
def _cursor_by_id() -> None:
    from shared.edge.store import intake

    numbers = count(1, 1_000)  # each post takes the next ones at once, as a sequence would give them

    async def take_numbers(connection: Any, partitions: Sequence[int]) -> dict[int, int]:
        return {partition: next(numbers) for partition in partitions}

    graft(intake, "_lock", take_numbers)


@bug(
    "lag from end offsets",
    "how far a consumer is behind is asked of the broker by end offsets, which count batches and not records",
    "tests/integration/test_kafka_source.py::test_the_high_watermark_counts_records_however_they_were_batched[embedded]",
)
def _lag_from_end_offsets() -> None:
    from shared.edge.kafka.poller import Poller

    def watch(self: Any, consumer: Any) -> None:
        ends = consumer.end_offsets(list(self._epochs), timeout_ms=5_000) if self._epochs else {}
        self.highwaters.update({(place.topic, place.partition): end for place, end in ends.items()})

    graft(Poller, "_watch_highwater", watch)


@bug(
    "float money",
    "amounts are multiplied as binary fractions on their way into the ledger",
    "tests/unit/test_ledger_money.py::test_an_amount_that_no_binary_fraction_holds_is_kept_to_the_last_cent",
    MODEL,
)
def _float_money() -> None:
    from services.rating import worker  # so that every module that imports it is there
    from shared.core.ledger import documents

    assert worker
    graft(documents, "units", lambda amount: round(float(amount) * 10**documents.UNIT))


@bug(
    "forgotten fence",
    "a position is set without looking whether it is still the one that was read",
    "tests/integration/test_worker_races.py::test_of_two_workers_of_one_partition_the_loser_writes_nothing",
    MODEL,
)
def _forgotten_fence() -> None:
    from shared.edge.store import append

    async def set_positions(connection: Any, write: Any) -> None:
        for (topic, partition), span in write.positions.items():
            query = "update positions set next_offset = $3 where topic = $1 and partition = $2"
            await connection.execute(query, topic, partition, span.upto)

    graft(append, "_positions", set_positions)


@bug(
    "stale snapshot",
    "a state that comes back from its snapshot misses the events that came after it",
    "tests/integration/test_worker_races.py::test_states_that_left_memory_come_back_as_they_were[with a tail]",
    MODEL,
)
def _stale_snapshot() -> None:
    from shared.edge.worker import states

    async def load(*asked: Any, **how: Any) -> dict[str, Any]:
        found = await right(*asked, **how)
        for one in found.values():
            if one.snapshot is not None:
                one.tail.clear()
        return found

    right, states.load = states.load, load


@bug(
    "lost late fact",
    "a fact of a day that was decided already is kept, and the days since are not looked at again",
    PATH,
    "tests/unit/test_announce.py::test_late_knowledge_is_never_punished",
    "tests/unit/test_announce.py::test_a_warning_is_withdrawn_when_a_late_fact_shows_that_its_cause_never_was",
    MODEL,
)
def _lost_late_fact() -> None:
    from services.rating.core import brain

    graft(brain, "restart", lambda state, context: state.head + 1 if state.head else state.first)


@bug(
    "double publish on redelivery",
    "a fact that is delivered again publishes the last decision about its customer again",
    "tests/integration/test_worker_batch.py::test_the_same_fact_again_changes_nothing",
    MODEL,
)
def _double_publish() -> None:
    from shared.edge.worker.committing import Committer

    again = """
    with last as (select * from outbox where key = $1 order by position desc limit 1),
         next as (update partitions p set outbox_position = outbox_position + 1 from last
                  where p.partition = last.partition returning p.partition, outbox_position)
    insert into outbox (partition, position, topic, key, event_id, value, recorded_at)
    select last.partition, next.outbox_position, topic, key, event_id, value, recorded_at from last, next
    """

    async def commit(self: Any, prepared: Any) -> None:
        await right(self, prepared)
        for record in prepared.records if prepared.duplicates else ():
            await self.pool.execute(again, record.key.decode())

    right = graft(Committer, "commit", commit)


@bug(
    "day counted twice",
    "the record that opens a day opens it once more when it is delivered again",
    "tests/integration/test_worker_days.py::test_a_day_record_that_comes_again_is_no_new_day",
    MODEL,
)
def _day_counted_twice() -> None:
    from shared.core.events.calendar import BusinessDayOpened
    from shared.edge.worker import sifting
    from shared.edge.worker.partition import Part

    def open_again(event: Any, partition: int, memory: Any, sifted: Any, settings: Any) -> None:
        if isinstance(event.data, BusinessDayOpened) and event.data.date >= memory.parts[partition].day:
            sifted.opening[partition] = event.data.date

    def swept(self: Any) -> bool:
        right(self)
        return True

    graft(sifting, "_open", open_again)
    right = graft(Part, "swept", swept)


@bug(
    "unallocated cash lost",
    "money that was said to be for no document counts as received and is nowhere",
    "tests/unit/test_ledger_money.py::test_a_later_settlement_uses_unallocated_cash_and_its_undoing_gives_it_back",
    MODEL,
)
def _unallocated_cash_lost() -> None:
    from services.rating import worker  # so that every module that imports it is there
    from shared.core.ledger import lots, reading
    from shared.core.ledger.position import SCALAR

    def postings(payment: Any, voids: Any = ()) -> list[Any]:
        kept = right(payment, voids)
        return kept if payment.allocations else [one for one in kept if one[1] != SCALAR]

    assert worker
    assert reading
    right = graft(lots, "payment_postings", postings)


@bug(
    "time zone of the day",
    "the date of a moment is taken in UTC, on the clock and in facts that name no day",
    "tests/unit/test_clock.py::test_today_is_the_date_of_the_zone",
    "tests/unit/test_codec.py::test_a_fact_that_names_no_day_counts_from_the_date_on_the_clock_of_who_said_it",
    MODEL,
)
def _time_zone_of_the_day() -> None:
    from datetime import UTC

    from shared.core.envelope import Event
    from shared.edge import clock

    graft(clock, "today", lambda zone: clock.now().date())
    graft(Event, "business_date", property(lambda self: self.data.business_date or self.time.astimezone(UTC).date()))


@bug(
    "one refusal for all",
    "commands that wait at the same time share a transaction, and all of them are refused with the first that is",
    "tests/integration/test_commands_together.py::test_who_is_refused_or_not_known_takes_nobody_along",
)
def _one_refusal_for_all() -> None:
    from shared.edge.group_commit import Ticket

    raised: list[object] = []

    def end(self: Any, outcome: Any) -> None:
        if isinstance(outcome, Exception) and outcome not in raised:
            raised.append(outcome)
            raise outcome
        right(self, outcome)

    right = graft(Ticket, "end", end)
