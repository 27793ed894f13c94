"""Whatever happens in whatever order: headroom is never given twice, what others know is true, replay gives the same."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.exposure.core import holds, snapshot
from services.exposure.core.figures import Figures
from shared.core.events.limit import (
    LimitBreached,
    LimitChanged,
    LimitRestored,
    OrderHeld,
    OrderReleased,
    ReservationCommitted,
    ReservationExpired,
    ReservationMade,
    ReservationReleased,
)
from shared.core.ledger.documents import units
from tests.support.credit_desk import BRAIN, CreditDesk

K = 10_000
ORDERS = [f"SO-{n}" for n in range(6)]


class Life:
    """A customer to whom anything may happen."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.desk = CreditDesk()
        self.desk.customer.registered("2024-01-02")
        self.desk.hears()
        self.desk.graded("A")
        self.desk.granted("20000", "policy")
        self.number = 0
        self.over = False
        """Whether people let something go beyond the limit, or facts or limits came that nobody asked about."""

    def step(self) -> None:
        """One thing happens."""
        happens: list[Any] = [self.checks] * 8 + [
            self.books,
            self.delivers,
            self.pays,
            self.waits,
            self.opens,
            self.commits,
        ]
        happens += [self.gives_back, self.sweeps, self.amends, self.grades, self.grants, self.lets_go, self.invoices]
        self.random.choice(happens)()

    def checks(self) -> None:
        """An order is checked; whatever is approved for its own sake fits."""
        order = self.random.choice(ORDERS)
        point = self.random.choice(["order", "order", "order", "delivery"])
        answer = self.desk.asks(order, f"{self.random.randint(1, 8000)}.00", at=point)
        judged = answer.judged
        if judged.decision == "approved" and judged.exclusion is None:
            figures = self.desk.figures
            assert judged.exposed <= figures.effective.amount
            own = figures.own(frozenset({order}))
            kept = self.desk.account.reservations.get(order)
            mine = own + (figures.counted(kept) if kept else 0)
            others = figures.total - own + figures.reserved(without=frozenset({order}))
            assert others + max(mine, 0) <= max(figures.effective.amount, others + own), (
                "what it has is what it was given"
            )
        assert (judged.decision == "held") == (order in self.desk.account.holds)

    def books(self) -> None:
        self._tell("order", self.random.choice(ORDERS), self.random.randint(1, 8000))

    def delivers(self) -> None:
        order = self.random.choice(ORDERS)
        amount = f"{self.random.randint(1, 3000)}.00"
        self.number += 1
        self.desk.customer.books("delivery", f"D{self.number}", amount, self.desk.today, takes={order: amount})
        self.desk.hears()

    def invoices(self) -> None:
        self.number += 1
        due = self.desk.today + timedelta(days=self.random.randint(0, 20))
        self.desk.customer.invoice(f"I{self.number}", f"{self.random.randint(1, 2000)}.00", self.desk.today, due=due)
        self.desk.hears()

    def pays(self) -> None:
        open_ = [line for line in self.desk.figures.lines if line.category in {"not_due", "overdue"}]
        if open_:
            one = self.random.choice(open_)
            self.number += 1
            amount = f"{max(1, one.units // K)}.00"
            self.desk.customer.pays(f"P{self.number}", amount, self.desk.today, for_={one.document: amount})
            self.desk.hears()

    def amends(self) -> None:
        self.desk.customer.amends(self.random.choice(ORDERS), f"{self.random.randint(1, 8000)}.00", self.desk.today)
        self.desk.hears()

    def waits(self) -> None:
        self.desk.waits(self.random.choice([1, 24, 50, 80]))

    def opens(self) -> None:
        later = self.desk.now.date() - self.desk.today
        self.desk.opens(self.desk.today + max(later, timedelta(days=self.random.randint(1, 4))))

    def commits(self) -> None:
        order = self.random.choice(ORDERS)
        held = self.desk.account.answers.get(order)
        if held is not None:
            self.desk.asks(order, f"{held.amount // K}.00", self.random.choice(["commit", "extend"]))

    def gives_back(self) -> None:
        order = self.random.choice(ORDERS)
        self.desk.asks(order, "1.00", "release")
        assert order not in self.desk.account.reservations
        assert order not in self.desk.account.holds

    def sweeps(self) -> None:
        before = self.desk.figures.reserved()
        made = self.desk.sweeps()
        if not [one for one in made if not isinstance(one.data, ReservationExpired)]:
            assert self.desk.figures.reserved() >= before or not made, "writing it down frees nothing that was not free"

    def grades(self) -> None:
        self.desk.graded(self.random.choice(["A", "A", "B", "C", "D", None]))

    def grants(self) -> None:
        kind = self.random.choice(["policy", "management", "temporary", "insured"])
        more: dict[str, Any] = {"share": "0.9"} if kind == "insured" else {}
        self.desk.granted(
            f"{self.random.randint(0, 20000)}", kind, valid_to=self.desk.today + timedelta(days=9), **more
        )

    def lets_go(self) -> None:
        waiting = list(self.desk.account.holds)
        if waiting:
            order = self.random.choice(waiting)
            assert isinstance(self.desk.releases(order, "general_manager"), holds.LetGo)
            assert order not in self.desk.account.holds

    def _tell(self, kind: str, id: str, amount: int) -> None:
        self.desk.customer.books(kind, id, f"{amount}.00", self.desk.today)
        self.desk.hears()


def told(desk: CreditDesk) -> None:
    """What was published tells exactly how the account stands."""
    limit: tuple[Any, bool] = (None, False)
    reserved: set[str] = set()
    held: set[str] = set()
    for one in desk.log:
        data = one.data
        if isinstance(data, LimitChanged):
            limit = (data.to, limit[1])
        elif isinstance(data, LimitBreached | LimitRestored):
            assert isinstance(data, LimitBreached) != limit[1], "said once"
            limit = (limit[0], isinstance(data, LimitBreached))
        elif isinstance(data, ReservationMade):
            reserved.add(data.order_id)
        elif isinstance(data, ReservationReleased | ReservationExpired) or (
            isinstance(data, ReservationCommitted) and data.expires_at is None
        ):
            assert data.order_id in reserved
            reserved.remove(data.order_id)
        elif isinstance(data, OrderHeld):
            held.add(data.order_id)
        elif isinstance(data, OrderReleased):
            held.discard(data.order_id)
        else:
            continue
        assert one.publish
    figures = Figures(desk.moment())
    assert units(limit[0]) == figures.effective.amount
    assert reserved == desk.account.reservations.keys()
    assert held == desk.account.holds.keys()
    assert limit[1] or figures.total <= figures.effective.amount, "above the limit is always a breach that was told"


@pytest.mark.slow
@given(seed=st.integers(0, 1_000_000))
@settings(max_examples=120, deadline=None)
def test_whatever_happens_headroom_is_given_once_and_what_was_told_is_true(seed: int) -> None:
    life = Life(seed)
    for _ in range(40):
        life.step()
    told(life.desk)


@pytest.mark.slow
@given(seed=st.integers(0, 1_000_000), at=st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_a_snapshot_at_any_point_changes_nothing(seed: int, at: int) -> None:
    plain, other = Life(seed), Life(seed)
    for number in range(30):
        plain.step()
        if number == at:
            other.desk.account = BRAIN.load(BRAIN.dump(other.desk.account))
        other.step()
    assert [one.data for one in other.desk.log] == [one.data for one in plain.desk.log]
    assert snapshot.dump(other.desk.account) == snapshot.dump(plain.desk.account)


@given(seed=st.integers(0, 1_000_000))
@settings(max_examples=40, deadline=None)
def test_deciding_again_says_nothing_more(seed: int) -> None:
    life = Life(seed)
    for _ in range(25):
        life.step()
        assert life.desk.decides("fact") == []
