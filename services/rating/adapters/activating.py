"""Records the activation of a policy: one transaction in which no day opens, announced once, recorded in `~policy`."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from services.rating.adapters.context import activations
from services.rating.core.activating import Wanted, decided
from shared.core.envelope import Event
from shared.core.errors import Conflict
from shared.core.events.rating import PolicyActivated
from shared.core.policy.activation import Activation
from shared.core.policy.rulebook import Rulebook
from shared.edge import codec
from shared.edge.kafka.partition import partition_of
from shared.edge.settings import Settings
from shared.edge.store.append import append
from shared.edge.store.days import last_opened, no_day_opens
from shared.edge.store.pool import Connection
from shared.edge.store.rows import DECISION, row_of, sequence_of, stream_of
from shared.edge.store.write import Sent, StreamWrite, Write

SUBJECT = "~policy"
RECORD = """
insert into activations (number, method, version, sha256, effective, activated_at, activated_by, approval)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""


async def activate(
    pool: asyncpg.Pool, rules: Rulebook, wanted: Wanted, told: Settings, *, by: str, approval: str | None, now: datetime
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
    told: Settings,
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
    number = 1 + max((one.number for one in before), default=0)
    await append(connection, _write(data, number, told, now), now=now, projector=None)
    await connection.execute(RECORD, number, data.method, data.version, data.sha256, data.effective, now, by, approval)
    return Activation(data.effective, number, data.method, data.version, data.sha256), True


def _write(data: PolicyActivated, number: int, told: Settings, now: datetime) -> Write:
    partition = partition_of(SUBJECT, told.partitions)
    stream = stream_of(SUBJECT, partition)
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
    write = Write(generation="")
    write.events.append(
        row_of(event, stream=stream, version=number, kind=DECISION, partition=partition, recorded_at=now)
    )
    write.streams[stream] = StreamWrite(partition, number - 1, number, None, False)
    write.outbox.append(Sent(partition, data.topic, SUBJECT, event.id, codec.encode(event)))
    return write
