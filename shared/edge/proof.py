"""What a proof says: does what is kept follow from what was told?"""

from __future__ import annotations

import msgspec

from shared.edge.store.pool import Connection

EVERY = "select stream from streams where stream !~ '^~' order by stream"
SOME = "select stream from streams where stream !~ '^~' order by md5(stream || $2::text), stream limit $1"


class Finding(msgspec.Struct, frozen=True):
    """One difference. *what* is `version N` of the log, a column, `warnings`, `decision`, or the id of a decision."""

    customer: str
    what: str
    kept: str
    computed: str


class Proof(msgspec.Struct):
    """What became of some customers: *skipped* are being swept, or parked, right now."""

    customers: int = 0
    decisions: int = 0
    skipped: int = 0
    findings: list[Finding] = []

    def add(self, other: Proof) -> None:
        """Add what became of others."""
        self.customers += other.customers
        self.decisions += other.decisions
        self.skipped += other.skipped
        self.findings = self.findings + other.findings


async def customers(connection: Connection, sample: int | None, seed: str) -> list[str]:
    """Every customer, or *sample* of them, chosen by *seed*."""
    rows = await connection.fetch(EVERY) if sample is None else await connection.fetch(SOME, sample, seed)
    return [row["stream"] for row in rows]
