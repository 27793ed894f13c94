"""The peer, `eventsourcing`, on a PostgreSQL of the same kind: a payment per event, an aggregate per customer."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from shared.edge import clock
from shared.edge.embedded.postgres import EmbeddedPostgres
from tests.bench.report import Report
from tests.bench.scale import Scale

IN_ONE = 100
"""Events of one aggregate, and of one batch."""
SINGLE_SHARE = 20
"""Events are appended one at a time for this part of them, because that is slow."""


class Customer(Aggregate):
    """A customer that pays."""

    @event("Registered")
    def __init__(self, name: str) -> None:
        """Begin with nothing."""
        self.name, self.balance, self.payments = name, Decimal(0), 0

    @event("Paid")
    def pay(self, payment_id: str, amount: Decimal, currency: str, paid_on: str) -> None:
        """Take a payment."""
        self.balance -= amount
        self.payments += 1


class Credit(Application[UUID]):
    """Keeps customers."""


async def peer(scale: Scale, folder: Path, report: Report) -> None:
    """Measure append one at a time, append in batches, and replay."""
    with EmbeddedPostgres(folder / "postgres") as postgres:
        report.version("PostgreSQL", await postgres.version())
        await asyncio.to_thread(_measured, postgres.dsn, scale, report)


def _measured(dsn: str, scale: Scale, report: Report) -> None:
    application = Credit(env=_environment(dsn))
    try:
        count = max(scale.peer // SINGLE_SHARE, 1)
        one = Customer("one")
        application.save(one)
        since = clock.monotonic()
        for number in range(count):
            _pay(one, number)
            application.save(one)
        report.figure("peer_single", "peer: append, one event a transaction", count / (clock.monotonic() - since),
                      "events/s", f"{count:,} events")  # fmt: skip
        known, since = list[UUID](), clock.monotonic()
        for number in range(scale.peer // IN_ONE):
            many = Customer(f"many {number}")
            for at in range(IN_ONE - 1):
                _pay(many, number * IN_ONE + at)
            application.save(many)
            known.append(many.id)
        count = len(known) * IN_ONE
        report.figure("peer_batch", f"peer: append, {IN_ONE} events a transaction", count / (clock.monotonic() - since),
                      "events/s", f"{count:,} events")  # fmt: skip
        since = clock.monotonic()
        for id_ in known:
            found: Any = application.repository.get(id_)
            assert found.payments == IN_ONE - 1
        report.figure("peer_replay", "peer: replay of every aggregate", count / (clock.monotonic() - since), "events/s",
                      f"{len(known):,} aggregates")  # fmt: skip
    finally:
        application.close()


def _pay(customer: Customer, number: int) -> None:
    amount = Decimal(1000 + number % 9000) + Decimal(number % 100) / 100
    customer.pay(payment_id=f"P{number}", amount=amount, currency="CNY", paid_on="2026-01-05")


def _environment(dsn: str) -> dict[str, str]:
    parts = urlsplit(dsn)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": parts.hostname or "",
        "POSTGRES_PORT": str(parts.port),
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": parts.password or "",
    }
