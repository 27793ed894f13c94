"""Records the activation of a policy: one transaction in which no day opens, announced once, recorded in `~policy`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import asyncpg

from services.rating.adapters.context import activations
from services.rating.core.activating import Wanted, decided
from services.rating.core.policy_requests import SUBJECT
from shared.core.envelope import Event
from shared.core.errors import Conflict
from shared.core.events.base import Decision
from shared.core.policy.activation import Activation
from shared.core.policy.rulebook import Rulebook
from shared.edge import codec
from shared.edge.kafka.partition import partition_of
from shared.edge.store.append import append
from shared.edge.store.days import last_opened, no_day_opens
from shared.edge.store.pool import Connection
from shared.edge.store.rows import DECISION, row_of, sequence_of, stream_of
from shared.edge.store.write import Sent, StreamWrite, Write

VERSION = "select version from streams where stream = $1"
RECORD = """
insert into activations (number, method, version, sha256, effective, activated_at, activated_by, approval)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""


class Told(Protocol):
    """What of the settings is needed."""

    @property
    def partitions(self) -> int:
        """How many partitions there are."""

    @property
    def instance(self) -> str:
        """What the installation is called in our sources."""


async def activate(
    pool: asyncpg.Pool, rules: Rulebook, wanted: Wanted, told: Told, *, by: str, approval: str | None, now: datetime
) -> tuple[Activation, bool]:
    """Put *wanted* in force; *approval* names what allowed it. Returns it, and whether that was recorded just now.

    Raises NotFound, Conflict, Malformed; asyncpg errors.
    """
    async with pool.acquire() as connection, connection.transaction():
        return await record(connection, rules, wanted, told, by=by, approval=approval, now=now)


async def record(
    connection: Connection,
    rules: Rulebook,
    wanted: Wanted,
    told: Told,
    *,
    by: str,
    approval: str | None,
    now: datetime,
) -> tuple[Activation, bool]:
    """As `activate`, in the transaction of the caller, so that it stands or falls with the approval."""
    await no_day_opens(connection)
    today = await last_opened(connection)
    if today is None:
        raise Conflict("no business day has been opened yet; start the service first")
    before = await activations(connection)
    data = decided(wanted, rules, before, today)
    if data is None:
        named = (wanted.method, wanted.version, wanted.effective)
        last = [one for one in before if (one.method, one.version) == named[:2]]
        return next((one for one in last if one.effective == wanted.effective), last[-1]), False
    stream = stream_of(SUBJECT, partition_of(SUBJECT, told.partitions))
    number = 1 + (await connection.fetchval(VERSION, stream) or 0)
    await say(connection, [data], told, number - 1, now)
    await connection.execute(RECORD, number, data.method, data.version, data.sha256, data.effective, now, by, approval)
    return Activation(data.effective, number, data.method, data.version, data.sha256), True


async def say(connection: Connection, decisions: Sequence[Decision], told: Told, version: int, now: datetime) -> None:
    """Append *decisions* to `~policy` after *version*, and publish them. Raises Moved where that is not its version."""
    partition = partition_of(SUBJECT, told.partitions)
    stream = stream_of(SUBJECT, partition)
    write = Write(generation="")
    for number, data in enumerate(decisions, version + 1):
        event = Event(
            id=f"{stream}/{number}",
            source=f"/gradeline/{told.instance}/rating",
            type=data.TYPE,
            subject=SUBJECT,
            time=now,
            data=data,
            recordedtime=now,
            sequence=sequence_of(number),
        )
        row = row_of(event, stream=stream, version=number, kind=DECISION, partition=partition, recorded_at=now)
        write.events.append(row)
        write.outbox.append(Sent(partition, data.topic, SUBJECT, event.id, codec.encode(event)))
    write.streams[stream] = StreamWrite(partition, version, version + len(decisions), None, False)
    await append(connection, write, now=now, projector=None)
