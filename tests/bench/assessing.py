"""One customer with many documents and one with few: what a fold, an assessment and a decision cost, in one process."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median
from time import process_time
from typing import Any

from services.rating.core.brain import RatingBrain
from services.rating.core.engine import Engine
from services.rating.core.standing import step
from services.rating.core.state import State
from services.rating.worker import brain
from shared.core.envelope import Event
from shared.core.events.payment import Allocation, PaymentRecorded
from shared.core.events.transaction import TransactionRecorded
from shared.edge import clock
from shared.edge.worker.assembly import GC_THRESHOLD
from tests.bench.parts import ZONE
from tests.bench.report import Report
from tests.bench.scale import Scale

REPEATS = 7
DAYS = 700
"""Over which the closed documents lie."""
MANY, FEW = (200, 2_000), (20, 200)
"""Documents that are open, and closed."""
MICROSECONDS = 1_000_000


class Customer:
    """A customer with a past up to *today*, folded and decided once."""

    def __init__(self, rating: RatingBrain, opened: int, closed: int, today: date) -> None:
        self.rating, self.today, self.context = rating, today, rating.context()
        self.state: State = rating.initial("B1")
        self._told = 0
        random = Random(opened)
        for number in range(closed):
            on = today - timedelta(days=DAYS - number * (DAYS - 45) // closed)
            amount = Decimal(random.randint(100_000, 1_000_000)) / 100
            self.hear(_invoice(f"C{number}", amount, on))
            paid = min(on + timedelta(days=30 + random.randint(-10, 5)), today)
            self.hear(_payment(f"C{number}", amount, paid))
        for number in range(opened):
            self.hear(
                _invoice(
                    f"O{number}", Decimal(random.randint(100_000, 1_000_000)) / 100, today - timedelta(days=number % 28)
                )
            )
        self.decide()

    def hear(self, data: Any) -> None:
        """Fold one fact."""
        self._told += 1
        on = data.business_date
        time = datetime(on.year, on.month, on.day, 2, tzinfo=clock.now().tzinfo)
        event = Event(id=f"e{self._told}", source="/bench", type=data.TYPE, subject="B1", time=time, data=data)
        self.rating.evolve(self.state, event)

    def decide(self) -> None:
        """Decide today, and fold what was decided, as the worker does."""
        now = clock.now()
        for decided in self.rating.decide(self.state, self.today, self.context, cause="fact").decisions:
            self._told += 1
            event = Event(id=f"B1/{self._told}", source="/gradeline/bench/rating", type=decided.data.TYPE, subject="B1",
                          time=now, data=decided.data)  # fmt: skip
            self.rating.evolve(self.state, event)


async def assessed(scale: Scale, folder: Path, report: Report) -> None:
    """Time each of them for many documents and for few."""
    gc.set_threshold(*GC_THRESHOLD)
    rating, today = brain("CNY"), clock.today(ZONE)
    cost: dict[str, float] = {}
    for name, (opened, closed) in (("few", FEW), ("many", MANY)):
        customer = Customer(rating, opened, closed, today)
        grade = customer.state.path[-1][1].grade
        engine = rating.engine(customer.context)
        what = f"{opened} open and {closed:,} closed documents"
        cost[name] = timed(scale.rounds, _assessment(customer, engine))
        report.figure(f"assessment_{name}", f"an assessment with its measures, {what}", cost[name], "µs",
                      f"grade {grade}")  # fmt: skip
        fresh = iter(range(10 * scale.rounds * REPEATS))
        invoices = [_invoice(f"N{next(fresh)}", Decimal(100), today) for _ in range(scale.rounds * REPEATS)]
        taken = iter(invoices)
        report.figure(f"evolve_{name}", f"fold of an invoice of today, {what}",
                      timed(scale.rounds, lambda c=customer, t=taken: c.hear(next(t))), "µs")  # type: ignore[misc]  # fmt: skip
        report.figure(f"decide_{name}", f"decision after such a fact, {what}",
                      timed(scale.rounds, _decision(customer)), "µs")  # fmt: skip
    report.figure("assessment_growth", "an assessment with ten times the documents costs", cost["many"] / cost["few"],
                  "times as much")  # fmt: skip


def timed(rounds: int, work: Callable[[], object]) -> float:
    """The median over REPEATS of the mean of *rounds* calls, in µs of this process on its CPU."""
    found = []
    for _ in range(REPEATS):
        since = process_time()
        for _ in range(rounds):
            work()
        found.append((process_time() - since) / rounds * MICROSECONDS)
    return median(found)


def _assessment(customer: Customer, engine: Engine) -> Callable[[], object]:
    state, day = customer.state, customer.today.toordinal()
    standing = state.path[-1][1]
    return lambda: step(state, standing, engine.sheet(state), day)


def _decision(customer: Customer) -> Callable[[], object]:
    """As after a fact of today: the path is walked again from today."""
    day = customer.today.toordinal()

    def decide() -> object:
        customer.state.seen(day, "/bench", "e1", TransactionRecorded.TYPE)
        return customer.rating.decide(customer.state, customer.today, customer.context, cause="fact")

    return decide


def _invoice(id_: str, amount: Decimal, on: date) -> TransactionRecorded:
    return TransactionRecorded(
        transaction_id=id_, kind="invoice", amount=amount, currency="CNY", booked_on=on, due_on=on + timedelta(days=30)
    )


def _payment(id_: str, amount: Decimal, on: date) -> PaymentRecorded:
    return PaymentRecorded(
        payment_id=f"P{id_}",
        amount=amount,
        currency="CNY",
        paid_on=on,
        allocations=(Allocation(transaction_id=id_, amount=amount),),
    )
