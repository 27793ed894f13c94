"""Delivers what lies in the queues: each channel in a room of its own, so that what is slow in one holds up no other.

At least once: a message is leased, sent, and settled with what the provider said; where the process died in between, the lease
ends and it is sent again, under the same id. Nothing here decides who hears of what.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import asyncpg
import msgspec
import structlog

from services.alerts.adapters import endpoints, queue
from services.alerts.adapters.channels.sending import Channel, Parcel
from services.alerts.adapters.delivery_rules import Room
from services.alerts.adapters.endpoints import Endpoint, Endpoints
from services.alerts.adapters.outbound import Refused
from services.alerts.adapters.queue import PEOPLE, SYSTEMS, Leased, Queue, Settled
from services.alerts.core.composing import AVAILABLE
from services.alerts.core.message import Message, Receipt
from services.alerts.core.schedule import Next, after
from shared.core.errors import GradelineError
from shared.edge import clock, metrics
from shared.edge.store.bell import Bell, idle
from shared.edge.store.pool import LOST
from shared.edge.worker.jitter import part_of

SUBSCRIPTION = "subscription"
PUT_TOGETHER = 300
"""Waiting messages of one robot that go as one digest at most."""
IDLE_SECONDS, ROUNDS = 1.0, 10_000
DRAIN_SECONDS = 8.0
"""How long a process that is to stop waits for answers."""
SETTLE_TRIES = 5
"""So often an answer is tried to be kept while the database is away: within the margin of the lease."""
_AWAY: tuple[type[BaseException], ...] = (*LOST, asyncpg.PostgresError, GradelineError)
_MESSAGE = msgspec.json.Decoder(Message)

_HAS_CREDIT = "select alert_id, detail ->> 'has_credit' as has_credit from alerts where alert_id = any($1::text[])"

log = structlog.get_logger(__name__)


class Deliverer:
    """Delivers the messages of one channel."""

    def __init__(
        self,
        pool: Any,
        name: str,
        channel: Channel,
        room: Room,
        known: Endpoints,
        *,
        now: Callable[[], datetime] = clock.now,
        chance: Callable[[], int] = lambda: int((part_of(2.0) - 1.5) * 2_000),
    ) -> None:
        """Of the channel *name*; *now* and *chance* are the clock and the jitter, which a test may play."""
        self._pool, self._name, self._channel, self._room, self._known = pool, name, channel, room, known
        self._queue: Queue = SYSTEMS if name == SUBSCRIPTION else PEOPLE
        self._now, self._chance = now, chance
        self._under_way: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event, woken: asyncio.Event | None = None) -> None:
        """Deliver until *stop* is set; what is under way then is finished. *woken* is set when there are messages.

        Outlives every outage of the database.
        """
        while not stop.is_set():
            begun = 0
            with contextlib.suppress(*_AWAY):
                begun = await self.begin()
            if not begun:
                await idle(stop, part_of(IDLE_SECONDS), woken, *self._tasks)
        await self.finish()

    async def deliver_due(self) -> int:
        """Send everything that is due now, and wait for the answers. Returns how many messages were tried."""
        tried = 0
        for _ in range(ROUNDS):
            begun = await self.begin()
            tried += begun
            if not begun and not self._tasks:
                break
            if self._tasks:
                await asyncio.wait(set(self._tasks), return_when="FIRST_COMPLETED")
        return tried

    async def finish(self) -> None:
        """Wait for what is under way, but not for a receiver that stands still: that is sent again when its lease ends."""
        if self._tasks:
            _, slow = await asyncio.wait(set(self._tasks), timeout=DRAIN_SECONDS)
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)

    async def begin(self) -> int:
        """Lease what is due and begin to send it, as far as there is room. Returns how many messages."""
        free = self._room.at_once - len(self._tasks)
        if free <= 0:
            return 0
        leased = await (self._by_robot(free) if self._room.rate else self._one_by_one(free))
        for together in leased:
            self._under_way[together[0].address] += 1
            task = asyncio.create_task(self._deliver(together))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return sum(map(len, leased))

    async def _one_by_one(self, free: int) -> list[list[Leased]]:
        going, counted, over = list[list[Leased]](), Counter(self._under_way), list[Leased]()
        async with self._pool.acquire() as connection:
            for one in await self._lease(connection, free, busy=self._busy()):
                counted[one.address] += 1
                if counted[one.address] <= self._room.at_once_to_one:
                    going.append([one])
                else:
                    over.append(one)  # one address that is slow must not fill the room
            await queue.give_back(connection, self._queue, over)
        return going

    def _busy(self) -> list[str]:
        return [address for address, count in self._under_way.items() if count >= self._room.at_once_to_one]

    async def _by_robot(self, free: int) -> list[list[Leased]]:
        """One parcel for each robot that may be sent to now: what waits there is put together where it is more than one."""
        assert self._room.rate is not None
        now, busy, parcels = self._now(), self._busy(), list[list[Leased]]()
        async with self._pool.acquire() as connection:
            for address, count in (await queue.waiting(connection, self._queue, self._name, now=now)).items():
                if address in busy or len(parcels) >= free:
                    continue
                allowed = await endpoints.may_send(connection, address, self._room.rate, now)
                if not allowed and await self._known.read(connection, address) is not None:
                    continue  # it waits until the minute is over; then it goes with all that came meanwhile
                most = 1 if count <= self._room.rate.messages // 2 else PUT_TOGETHER
                first, *others = _alike(await self._lease(connection, most, address=address)) or [[]]
                parcels += [first] if first else []
                # who reads another language is told at the next turn
                await queue.give_back(connection, self._queue, [one for group in others for one in group])
        return parcels

    async def _lease(
        self, connection: Any, most: int, *, busy: Sequence[str] = (), address: str | None = None
    ) -> list[Leased]:
        return await queue.lease(
            connection,
            self._queue,
            self._name,
            now=self._now(),
            seconds=self._room.lease_seconds,
            most=most,
            busy=busy,
            address=address,
        )

    async def _deliver(self, together: list[Leased]) -> None:
        first, begun = together[0], clock.monotonic()
        try:
            async with self._pool.acquire() as connection:
                endpoint = await self._known.read(connection, first.address)
                told = () if self._queue is SYSTEMS else await _told(connection, together)
            receipt = await self._attempt(together, told, endpoint)
            seconds = clock.monotonic() - begun
            for left in range(SETTLE_TRIES - 1, -1, -1):
                try:
                    await self._settle(together, receipt, seconds=seconds)
                    break
                except _AWAY:
                    if not left:
                        raise
                    await asyncio.sleep(part_of(IDLE_SECONDS))
        except _AWAY as error:
            # the lease ends, and it is sent again
            log.warning("an answer could not be kept", channel=self._name, error=type(error).__name__)
        finally:
            self._under_way[first.address] -= 1

    async def _attempt(
        self, together: list[Leased], told: tuple[Message, ...] | None, endpoint: Endpoint | None
    ) -> Receipt:
        if endpoint is not None and endpoint.state != "active":
            # a person is told another way; a system is owed it and waits
            outcome: Literal["retry", "refused"] = "retry" if self._queue is SYSTEMS else "refused"
            return Receipt(outcome=outcome, status=endpoint.state, detail=endpoint.why)
        first = together[0]
        if told is None:
            return Receipt(outcome="retry", status="error", detail="the message cannot be read")
        try:
            parcel = Parcel(first.message_id, first.address, first.body, told, first.attempt)
            async with asyncio.timeout(self._room.seconds):
                return await self._channel.send(parcel, endpoint, now=self._now(), seconds=self._room.seconds)
        except TimeoutError:
            return Receipt(outcome="retry", status="timeout", detail=f"no answer within {self._room.seconds:g} s")
        except Refused as error:
            return Receipt(outcome="refused", status="not reachable", detail=str(error))
        except OSError as error:
            return Receipt(outcome="retry", status="no connection", detail=str(error)[:200])
        except Exception as error:  # one message that cannot be written must not hold up the others
            log.exception("a message could not be sent", channel=self._name, message_id=first.message_id)
            return Receipt(outcome="retry", status="error", detail=type(error).__name__)

    async def _settle(self, together: list[Leased], receipt: Receipt, *, seconds: float) -> None:
        now = self._now()
        found = [self._settled(one, receipt, now) for one in together]
        async with self._pool.acquire() as connection, connection.transaction():
            off = receipt.disable or (self._queue is SYSTEMS and any(one.state == "undelivered" for one in found))
            if off:
                why = f"{receipt.status} {receipt.detail}".strip()
                await endpoints.change_state(connection, together[0].address, "disabled", why=why, now=now)
                log.warning("an endpoint was switched off", channel=self._name, address=together[0].address)
            if self._queue is SYSTEMS:
                # what systems are owed waits until somebody switches the endpoint on again
                found = [
                    one._replace(state="waiting", next=Next(now)) if one.state == "undelivered" else one
                    for one in found
                ]
            await queue.settle(connection, self._queue, found, now=now, seconds=seconds)
        metrics.ALERT_DELIVERIES.labels(self._name, receipt.outcome).inc(len(together))
        if receipt.outcome == "delivered":
            for one in together:
                metrics.ALERT_DELIVERY_SECONDS.labels(self._name).observe((now - one.created_at).total_seconds())

    def _settled(self, one: Leased, receipt: Receipt, now: datetime) -> Settled:
        if receipt.outcome in {"delivered", "unconfirmed"}:
            return Settled(one, receipt, receipt.outcome, Next(None))
        if receipt.outcome == "refused":
            return Settled(one, receipt, "undelivered", Next(None, f"refused: {receipt.status}"))
        following = after(
            self._room.schedule,
            receipt,
            attempts=one.step,
            made_at=one.created_at,
            severity=one.severity,
            now=now,
            chance=self._chance(),
        )
        return Settled(one, receipt, "waiting" if following.at else "undelivered", following)


async def _told(connection: Any, together: Sequence[Leased]) -> tuple[Message, ...] | None:
    """The messages as they are told; None: one cannot be read.

    Who may not see grades is told whether there is credit now (AL-14), as the alert itself says.
    """
    try:
        told = tuple(_MESSAGE.decode(one.body) for one in together)
    except msgspec.MsgspecError:
        return None
    asked = {notice.alert_id for one in told if not one.sees_grades for notice in one.notices}
    if not asked:
        return told
    rows = await connection.fetch(_HAS_CREDIT, list(asked))
    known = {row["alert_id"]: {AVAILABLE: "yes" if row["has_credit"] == "true" else "no"} for row in rows}
    return tuple(one if one.sees_grades else _saying(one, known) for one in told)


def _saying(message: Message, known: Mapping[str, dict[str, str]]) -> Message:
    notices = tuple(
        msgspec.structs.replace(one, figures=one.figures | known.get(one.alert_id, {})) for one in message.notices
    )
    return msgspec.structs.replace(message, notices=notices)


def _alike(found: Sequence[Leased]) -> list[list[Leased]]:
    """Those that may be put together: one language, and all readers or none may see grades; the gravest group first."""
    groups: dict[tuple[str, bool], list[Leased]] = {}
    order = {severity: at for at, severity in enumerate(("critical", "warning", "info"))}
    for one in sorted(found, key=lambda one: (order[one.severity], one.created_at, one.message_id)):
        try:
            told = _MESSAGE.decode(one.body)
            groups.setdefault((told.language, told.sees_grades), []).append(one)
        except msgspec.MsgspecError:
            groups[one.message_id, False] = [one]  # it will say itself what is wrong with it
    return list(groups.values())


async def keep_delivering(
    pool: Any,
    stop: asyncio.Event,
    *,
    channels: Mapping[str, Channel],
    rooms: Mapping[str, Room],
    known: Endpoints,
    bell: Bell | None = None,
    now: Callable[[], datetime] = clock.now,
) -> None:
    """Deliver by every one of *channels* until *stop* is set; *bell* rings the name of one that has messages."""
    async with asyncio.TaskGroup() as group:
        for name, channel in channels.items():
            woken = bell.hears(name) if bell is not None else None
            group.create_task(Deliverer(pool, name, channel, rooms[name], known, now=now).run(stop, woken))
