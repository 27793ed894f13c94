"""A small brain for tests of the machine: it counts amounts per customer, and asks for a review at every 1,000."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

from shared.core.brain import Decided, Outcome
from shared.core.envelope import Event
from shared.core.events import FactQuarantined, PaymentRecorded, ReferencePublished, ReviewDue, TransactionRecorded

ROWS = """
create table if not exists toy_rows (
    stream text collate "C" primary key, version int, total numeric, facts int, level int, overdue int, rate text, day date
)
"""


class ToyState(msgspec.Struct):
    """What one customer owes, by due date."""

    stream: str
    total: Decimal = Decimal(0)
    facts: int = 0
    level: int = 0
    quarantined: int = 0
    day: date | None = None
    due: list[date] = msgspec.field(default_factory=list)


class ToyRow(msgspec.Struct):
    """The projection of one customer."""

    total: Decimal
    facts: int
    level: int
    overdue: int
    rate: str
    day: date


class ToyBrain:
    """A Brain. Customers in *poison* make `decide` raise, those in *venom* make `evolve` raise."""

    walks = False

    def __init__(
        self, *, poison: frozenset[str] = frozenset(), venom: frozenset[str] = frozenset(), version: str = "1"
    ) -> None:
        self.fold_version = version
        self.poison = poison
        self.venom = venom
        self.folded = 0

    def context(self) -> dict[str, Any]:
        return {}

    def refer(self, context: dict[str, Any], event: Event) -> None:
        assert isinstance(event.data, ReferencePublished)
        context[event.data.series] = event.data.values

    def initial(self, stream: str) -> ToyState:
        return ToyState(stream)

    def evolve(self, state: ToyState, event: Event) -> None:
        if state.stream in self.venom:
            raise ValueError("venom")
        self.folded += 1
        match event.data:
            case TransactionRecorded(amount=amount, due_on=due_on):
                state.total += amount
                state.facts += 1
                if due_on is not None:
                    state.due.append(due_on)
            case PaymentRecorded(amount=amount):
                state.total -= amount
                state.facts += 1
            case ReviewDue(review_id=review_id):
                state.level = int(review_id)
            case FactQuarantined():
                state.quarantined += 1
            case _:
                state.facts += 1

    def decide(
        self, state: ToyState, day: date, context: dict[str, Any], *, cause: str, patience: int | None = None
    ) -> Outcome:
        if state.stream in self.poison:
            raise RuntimeError("poison")
        state.day = day
        level = int(state.total // 1000)
        decisions = []
        if level != state.level:
            due = ReviewDue(as_of=day, cause=cause, review_id=str(level), method="toy", due_on=day)  # type: ignore[arg-type]
            decisions.append(Decided(due, publish=True))
        coming = [due for due in state.due if due >= day]
        overdue = len(state.due) - len(coming)
        rate = str(context.get("rates", {}).get("usd", ""))
        row = ToyRow(state.total, state.facts, level, overdue, rate, day)
        return Outcome(decisions, row, min(coming) + timedelta(days=1) if coming else None)

    def dump(self, state: ToyState) -> bytes:
        return msgspec.json.encode(state)

    def load(self, raw: bytes) -> ToyState:
        return msgspec.json.decode(raw, type=ToyState)

    def weight(self, state: ToyState) -> int:
        return state.facts


class ToyProjector:
    """Writes toy_rows."""

    async def write(self, connection: asyncpg.Connection, rows: Any) -> None:
        await connection.executemany(
            "insert into toy_rows values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (stream) do update set version = $2,"
            " total = $3, facts = $4, level = $5, overdue = $6, rate = $7, day = $8",
            [(stream, version, *msgspec.structs.astuple(row)) for stream, version, row in rows],
        )
