"""Limits taken over from another system: each a command on its customer's stream, decided like every other."""

from __future__ import annotations

from collections.abc import Sequence

from services.exposure.core.found import Found
from services.exposure.core.migrating import Became, Migrated, Why
from services.exposure.core.migrating import migrate as migrated
from services.exposure.handlers.ports import Ports
from shared.core.brain import Decided


async def migrate(ports: Ports, wanted: Migrated, by: str, evidence: str, *, dry_run: bool) -> Became | Why:
    """Take *wanted* over in the name of *by*; a dry run only says what would become of it. Raises Unavailable."""
    outcomes: list[Became | Why] = []

    def decide(found: Found) -> Sequence[Decided]:
        outcome, decisions = migrated(found.moment, wanted, by, evidence)
        outcomes.append(outcome)
        return [] if dry_run else [Decided(one, publish=False) for one in decisions]

    await ports.command(ports.database(), wanted.customer_id, decide, cause="override")
    return outcomes[-1]
