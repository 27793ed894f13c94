"""Two workers, a relay and an intake on a real database, told anything in any order and killed at any moment.

A dictionary knows what must have become of it (`truth.py`), a few sums what is owed (`money.py`); after every step the tables
are compared with both (`checks.py`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from datetime import timedelta

import msgspec
import pytest
from hypothesis import Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.rating.adapters import catalogue, rebuilding
from services.rating.core.brain import RatingBrain
from shared.core.customer.state import Setting
from shared.core.envelope import Event
from shared.core.errors import Conflict, Unavailable
from shared.edge import clock
from shared.edge.proof import customers as chosen
from shared.edge.rebuilding import Place
from shared.edge.store.intake import clean
from shared.edge.store.migrate import upgraded
from shared.edge.workdays import china
from shared.edge.worker import failpoints
from tests.model import checks
from tests.model.facts import (
    CRM,
    CUSTOMERS,
    SOURCES,
    Said,
    event,
    facts,
    good_past,
    hours,
    offsets,
    other,
    said,
    stories,
)
from tests.model.world import World
from tests.support.machine import DAY, PARTITIONS
from tests.support.parts import DatabaseServer, run_apart

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(3600)]

RULES = catalogue.shipped()
SETTING = Setting(calendar=china())

THOROUGH = settings.get_current_profile_name() == "thorough"
BOUNDS = settings(
    max_examples=1000 if THOROUGH else 40,
    stateful_step_count=50 if THOROUGH else 30,
    phases=tuple(Phase) if THOROUGH else (Phase.generate,),  # shrinking takes minutes: ask for it
    report_multiple_bugs=False,
)

customers = st.sampled_from(CUSTOMERS)
ways = st.sampled_from(("http", "kafka"))
workers = st.sampled_from((0, 1))
others = st.sampled_from(("X7", "X8"))
bounds = st.fixed_dictionaries(
    {
        "batch_records": st.sampled_from((1, 3, 50)),
        "snapshot_every": st.sampled_from((2, 5, 500)),
        "snapshot_on_eviction": st.sampled_from((1, 50)),
        "cache_weight": st.sampled_from((1, 12, 10**6)),
        "walk_days": st.sampled_from((3, 45)),
        "sweep_streams": st.sampled_from((1, 500)),
        "identity_seconds": st.sampled_from((0.0, 3600.0)),
    }
)


class Life(RuleBasedStateMachine):
    """What can happen to an installation."""

    server: DatabaseServer
    template: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.count = 0
        self.rebuilt = False
        self.said: dict[str, Said] = {}
        self.world: World | None = None

    @initialize(told=bounds, known=st.lists(customers, unique=True, min_size=1, max_size=2))
    def begin(self, told: dict[str, int], known: list[str]) -> None:
        """An empty database, two workers, and some customers of whom there is a past."""
        self.name = f"m_{secrets.token_hex(6)}"
        dsn = run_apart(self.server.create_database(self.name, template=self.template))
        self.world = World(dsn, RatingBrain(RULES, SETTING), told)
        self.runner.run(self.world.open())
        for customer in known:
            for what in good_past():
                sent = self._event(what, customer)
                self.world.truth.told(sent)
                self.world.produce(sent)

    def teardown(self) -> None:
        """In the end everything comes to rest, and all of it is looked at."""
        try:
            if self.world is not None:
                self.runner.run(self._rest())
                self.runner.run(self.world.close())
        finally:
            self.runner.close()
            if self.world is not None:
                run_apart(self.server.drop_database(self.name))

    async def _rest(self) -> None:
        await self.world.drain()
        await checks.always(self.world)
        await checks.at_rest(self.world)

    # facts

    @rule(what=facts, customer=customers, source=st.sampled_from(SOURCES), way=ways)
    def tell(self, what: Said, customer: str, source: str, way: str) -> None:
        """A fact, of today or late, in whatever order."""
        self._send(self._event(what, customer, source), way)

    @rule(told=stories(), customer=customers, way=ways)
    def tell_of_a_closed_item(self, told: list[Said], customer: str, way: str) -> None:
        """An item that was closed, reopened by a reversal and closed again, told in any order."""
        for what in told:
            self._send(self._event(what, customer), way)

    @precondition(lambda self: self.world.truth.events)
    @rule(which=st.integers(0, 10**6), way=ways)
    def repeat(self, which: int, way: str) -> None:
        """Something that was told is told again."""
        events = self.world.truth.events
        self._send(events[which % len(events)], way)

    @precondition(lambda self: self.world.truth.events)
    @rule(which=st.integers(0, 10**6), way=ways)
    def contradict(self, which: int, way: str) -> None:
        """The identity of something that was told is used for something else."""
        events = self.world.truth.events
        first = events[which % len(events)]
        assume(first.source != CRM and "linked" not in first.type)
        self._send(self._event(other(self.said[first.id]), first.subject, first.source, id=first.id), way)

    @precondition(lambda self: self.world.truth.events)
    @rule(which=st.integers(0, 10**6), customer=customers)
    def mistake_the_customer(self, which: int, customer: str) -> None:
        """The same identity comes about another customer: both facts count, and staff are told of both."""
        events = self.world.truth.events
        first = events[which % len(events)]
        assume(first.source != CRM and not first.type.endswith(("linked.v1", "merged.v1")))
        self._send(msgspec.structs.replace(first, subject=customer), "kafka")

    @rule(customer=customers)
    def send_garbage(self, customer: str) -> None:
        """A record that nobody can read."""
        self.world.raw(b"{broken", customer)

    # people change their minds about who is who

    @rule(which=st.integers(0, len(CUSTOMERS) - 2), offset=offsets, hour=hours, way=ways)
    def merge(self, which: int, offset: int, hour: int, way: str) -> None:
        """A customer turns out to be another one."""
        on = DAY + timedelta(days=offset)
        what = said("customer.merged", on, hour, into=CUSTOMERS[which + 1])
        self._send(self._event(what, CUSTOMERS[which]), way)

    @rule(customer=customers, other_id=others)
    def link(self, customer: str, other_id: str) -> None:
        """Another system's id means this customer from now on, and no longer the one that it meant."""
        aliases = self.world.truth.aliases
        former = aliases.pop((CRM, other_id), None)
        if former is not None:
            what = said("customer.unlinked", DAY, other_source=CRM, other_id=other_id)
            self._send(self._event(what, former), "http")
        if former != customer:
            what = said("customer.linked", DAY, other_source=CRM, other_id=other_id)
            self._send(self._event(what, customer), "http")
            aliases[CRM, other_id] = customer
        self.runner.run(self.world.drain())

    @rule(what=facts, other_id=others)
    def tell_by_another_id(self, what: Said, other_id: str) -> None:
        """The other system tells of a customer under the id that it knows, linked or not."""
        self._send(self._event(what, other_id, CRM), "http")

    @rule(customer=customers)
    def erase(self, customer: str) -> None:
        """The key of a customer is destroyed: what is personal is gone, the money stays."""
        self.runner.run(self._erase(customer))

    async def _erase(self, customer: str) -> None:
        await self.world.settle()
        rows = await self.world.pool.fetch("select partition, next_offset from positions")
        self.world.truth.erased.setdefault(customer, {row["partition"]: row["next_offset"] for row in rows})
        await self.world.keys.erase(self.world.pool, customer, now=clock.now())

    # the machine goes on

    @rule(crash=st.booleans())
    def carry(self, crash: bool) -> None:
        """The relay carries facts and decisions to the broker; it may die before it noted that they arrived."""
        failpoints.arm("after_broker_ack:raise" if crash else None)
        try:
            with suppress(Unavailable) if crash else nullcontext():
                self.runner.run(self.world.carry())
        finally:
            failpoints.arm(None)

    @rule(at=workers, steps=st.integers(1, 4))
    def work(self, at: int, steps: int) -> None:
        """A worker goes on."""
        for _ in range(steps):
            self.runner.run(self.world.step(at))

    @rule(
        what=facts, customer=customers, place=st.sampled_from((None, "before_db_commit:raise", "after_db_commit:raise"))
    )
    def die(self, what: Said, customer: str, place: str | None) -> None:
        """Whoever has a fact in its hands dies, wherever it is, before its commit, or after it; another takes its place."""
        self._send(self._event(what, customer), "kafka")
        self.runner.run(self.world.die(self.world.owner(customer), place, steps=3))

    @rule(giver=workers, partitions=st.sets(st.integers(0, PARTITIONS - 1), min_size=1))
    def rebalance(self, giver: int, partitions: set[int]) -> None:
        """Partitions move to the other worker."""
        self.runner.run(self.world.rebalance(giver, partitions))

    @rule(what=facts, customer=customers)
    def oversleep(self, what: Said, customer: str) -> None:
        """Whoever has a fact in its hands is stopped, loses all its partitions, wakes up and writes on."""
        self._send(self._event(what, customer), "kafka")
        self.runner.run(self.world.oversleep(self.world.owner(customer)))

    @rule(days=st.sampled_from((1, 1, 2, 9)))
    def open_days(self, days: int) -> None:
        """Days begin."""
        self.runner.run(self.world.open_days(days))

    @rule(customer=customers)
    def snapshot(self, customer: str) -> None:
        """A snapshot is left now."""
        self.runner.run(self.world.snapshot(customer))

    @rule()
    def clean(self) -> None:
        """Intake forgets what is in its stream."""
        self.runner.run(self._clean())

    async def _clean(self) -> None:
        async with self.world.pool.acquire() as connection:
            await clean(connection)

    @rule()
    def rest(self) -> None:
        """Everything comes to rest and is proved."""
        self.runner.run(self._rest())

    @precondition(lambda self: not self.rebuilt)
    @rule(what=facts, customer=customers)
    def rebuild(self, what: Said, customer: str) -> None:
        """The lists are built again from the log while a fact comes in, compared, and put in place: dear, so once."""
        self.rebuilt = True
        self.runner.run(self.world.drain())
        place = self.runner.run(self._built(None))
        self._send(self._event(what, customer), "kafka")
        self.runner.run(self.world.drain())
        self.runner.run(self._built(place))

    async def _built(self, place: Place | None) -> Place:
        dsn, brain = self.world.dsn, self.world.brain
        if place is None:
            place = await rebuilding.REBUILD.begin(dsn)
            async with self.world.pool.acquire() as connection:
                everyone = await chosen(connection, None, "")
            await rebuilding.REBUILD.build(dsn, brain, place.schema, everyone)
            return place
        streams, place = await rebuilding.REBUILD.changed(dsn, place)
        await rebuilding.REBUILD.build(dsn, brain, place.schema, streams)
        compared = await rebuilding.REBUILD.compare(dsn, place)
        assert [one for one in compared if one.different or one.hash != one.live_hash] == []
        assert await rebuilding.REBUILD.switch(dsn, brain, place)
        return place

    @rule(customer=customers, offset=offsets)
    def look(self, customer: str, offset: int) -> None:
        """Somebody looks at a customer as of any day."""
        self.runner.run(checks.shown(self.world, customer, DAY + timedelta(days=offset)))

    @invariant()
    def nothing_is_lost_doubled_or_told_wrongly(self) -> None:
        """After every step."""
        if self.world is not None:
            self.runner.run(checks.always(self.world))

    # what is sent

    def _event(self, what: Said, customer: str, source: str = SOURCES[0], id: str | None = None) -> Event:
        if id is None:
            self.count += 1
            id = f"e{self.count}"
            self.said[id] = what
        return event(what, id=id, subject=customer, source=source)

    def _send(self, sent: Event, way: str) -> None:
        if way == "kafka":
            self.world.truth.told(sent)
            self.world.produce(sent)
            return
        self.runner.run(self.world.settle())
        truth = self.world.truth
        meant = msgspec.structs.replace(sent, subject=truth.aliases.get((sent.source, sent.subject), sent.subject))
        word = truth.told(meant)
        allowed = truth.answers(word, sent.subject, self.runner.run(self.world.positions()))
        try:
            answer = "new" if self.runner.run(self.world.post(sent)) else "duplicate"
        except Conflict:
            answer = "conflict"
        assert answer in allowed
        if answer == "new":
            truth.accepted[word.key] = word.content


@pytest.fixture(scope="module")
def template(postgres_server: DatabaseServer) -> Iterator[str]:
    """A database with the schema, from which that of each example is made."""
    name = f"m_{secrets.token_hex(6)}"
    run_apart(upgraded(run_apart(postgres_server.create_database(name)), "rating"))
    yield name
    run_apart(postgres_server.drop_database(name))


def test_whatever_happens_every_fact_counts_once_and_what_is_said_follows_from_the_facts(
    postgres_server: DatabaseServer, template: str
) -> None:
    class Here(Life):
        pass

    Here.server, Here.template = postgres_server, template
    run_state_machine_as_test(Here, settings=BOUNDS)
