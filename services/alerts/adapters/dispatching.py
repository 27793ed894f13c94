"""The dispatcher: notices become messages to people, and what a deliverer could not deliver goes another way.

Each step is one transaction under a lock that the dispatchers of an installation share: two of them at once do no harm, and
one that dies leaves what was before. Memory holds one batch of notices, or what one person waits for.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import msgspec
import structlog

from services.alerts.adapters import grouping, staff, staff_policy
from services.alerts.adapters import hearings as sql
from services.alerts.adapters.hearings import Kept, Settled
from services.alerts.core.absence import standing_in
from services.alerts.core.message import Form, Message
from services.alerts.core.notice import Notice
from services.alerts.core.people import Contact
from services.alerts.core.planning import ENDING, Hearing, Known, arrivals, departures
from services.alerts.core.rerouting import next_way, onward
from services.alerts.core.resolving import Reason, Setting, because, in_place_of
from shared.core.errors import GradelineError
from shared.edge import clock
from shared.edge.store.bell import idle
from shared.edge.store.pool import LOST, Connection
from shared.edge.worker.jitter import part_of

PACE_SECONDS = 0.25
"""From one look at the queue to the next where there was nothing to do."""
NOTICES_AT_ONCE, PERSONS_AT_ONCE, MESSAGES_AT_ONCE, HEARINGS_AT_ONCE = 500, 50, 100, 20_000
INTERVALS = timedelta(days=1)
"""No group interval is longer."""

_AWAY: tuple[type[BaseException], ...] = (*LOST, asyncpg.PostgresError, GradelineError)

Report = Callable[[Notice, Sequence[str], tuple[Reason, ...]], Awaitable[None]]
"""Says that nobody hears of a notice, who was tried, the first meant first, and why: once at least. Raises GradelineError
where that must be tried again."""

log = structlog.get_logger(__name__)


async def keep_dispatching(
    pool: Any,
    stop: asyncio.Event,
    *,
    zone: str,
    report: Report | None = None,
    now: Callable[[], datetime] = clock.now,
    pace: float = PACE_SECONDS,
    woken: asyncio.Event | None = None,
    lacking: Collection[str] = (),
) -> None:
    """Plan what is due until *stop* is set. Outlives every outage of the database. *zone* is that of the installation.

    *woken* is set as soon as there are notices. *lacking*: channels that this installation does not have.
    """
    dispatcher = Dispatcher(pool, zone=zone, report=report, lacking=lacking)
    while not stop.is_set():
        done = 0
        try:
            done = await dispatcher.step(now())
        except _AWAY as error:
            log.warning("the dispatcher tries again", error=type(error).__name__)
        if not done:
            await idle(stop, part_of(pace), woken)


class Dispatcher:
    """One dispatcher of an installation."""

    def __init__(self, pool: Any, *, zone: str, report: Report | None = None, lacking: Collection[str] = ()) -> None:
        """*report* hears of notices that reach nobody. Where nobody has a channel that is not *lacking*, notices wait."""
        self._lacking = frozenset(lacking)
        self._pool, self._zone, self._report = pool, zone, report
        self._staff = staff.Kept()

    async def step(self, now: datetime) -> int:
        """Do everything that is due at *now*, a bounded number of each. Returns how many there were."""
        done = await self._in_turn(self._settle, now)
        done += await self._in_turn(self._arrive, now)
        async with self._pool.acquire() as connection:
            people = [row["person"] for row in await connection.fetch(sql.DUE, now, PERSONS_AT_ONCE)]
        for person in people:
            done += await self._in_turn(partial(self._depart, person=person), now)
        return done + await self._tell(now)

    async def drain(self, now: datetime) -> None:
        """Do everything that is due at *now*."""
        while await self.step(now):
            continue

    async def _in_turn(self, work: Callable[[Connection, datetime], Awaitable[int]], now: datetime) -> int:
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(sql.TURN):
                return 0  # another dispatcher is at it
            return await work(connection, now)

    async def _setting(self, connection: Connection, now: datetime, notices: Sequence[Notice] = ()) -> Setting:
        await self._staff.look(connection, now)
        found = self._staff.organisation
        if notices:
            others = {name for one in notices for name in one.others}
            given = await staff.assigned(connection, {*others, *(one.subject for one in notices)})
            found = found.with_portfolio(given, await grouping.coded(connection, others) if others else {})
        return staff_policy.setting(found, self._zone)

    async def _arrive(self, connection: Connection, now: datetime) -> int:
        """Find who is to hear of notices that are new."""
        notices = await sql.arriving(connection, NOTICES_AT_ONCE)
        if not notices:
            return 0
        setting = await self._setting(connection, now, notices)
        if not setting.organisation.people:
            await connection.execute(sql.HELD, sql.said(because("no_staff")))
            return 0
        if not setting.organisation.channels - self._lacking:
            await connection.execute(sql.HELD, sql.said(because("no_channel")))
            return 0
        ending = {one.alert_id for one in notices if one.what in ENDING or one.what == "acknowledged"}
        known = Known(
            told=await sql.told(connection, {one.alert_id for one in notices if "told" in one.to}),
            waiting=await sql.waiting_of(connection, ending),
            last=await sql.last(connection, {one.group for one in notices}, now - INTERVALS),
        )
        arrived = arrivals(notices, setting, known, now=now)
        quiet = [Kept(one.hearing, "quiet", one.why) for one in arrived.quiet]
        await sql.put(connection, [*quiet, *map(Kept, arrived.hearings)], now=now)
        await connection.execute(sql.RESOLVED, [one.notice_id for one in notices], now)
        await sql.end(connection, [(key, state, sql.said(why)) for key, state, why in arrived.nobody], now=now)
        await sql.restate(connection, {one.hearing.notice_id for one in quiet}, now=now)
        return len(notices)

    async def _depart(self, connection: Connection, now: datetime, *, person: str) -> int:
        """Write the messages to *person* that are due; or find another, where they are away now or have no address."""
        held = await sql.waiting(connection, person, HEARINGS_AT_ONCE)
        setting = await self._setting(connection, now)
        due = [one for one in held if one.due_at <= now]
        instead = standing_in(person, setting.day(now, person), setting.organisation)
        if instead is not None and instead.person != person:
            handed = [one for one in due if setting.may_hear(instead.person, one.only)]
            if handed:
                return await self._hand_over(connection, handed, instead.person, in_place_of(instead), now)
        if setting.organisation.present(person) is None or next_way(person, (), (), setting) is None:
            await self._onward(connection, due, setting, now)
            return len(due)
        minutes = timedelta(minutes=setting.policy.storm.minutes)
        gone = departures(held, await sql.before(connection, person, now - minutes), setting, now=now)
        await sql.put(connection, [Kept(one) for one in gone.moved], now=now)
        for bundle in gone.bundles:
            way = next_way(person, bundle.hearings[0].channels, (), setting)
            assert way is not None, "there was one a moment ago"
            await self._write(connection, bundle.form, bundle.hearings, way, setting, now)
        await sql.restate(connection, {one.notice_id for bundle in gone.bundles for one in bundle.hearings}, now=now)
        return len(gone.bundles) + len(gone.moved)

    async def _write(
        self,
        connection: Connection,
        form: Form,
        hearings: Sequence[Hearing],
        way: Contact,
        setting: Setting,
        now: datetime,
        instead_of: str = "",
    ) -> None:
        ids = [one.notice_id for one in hearings]
        notices = await sql.notices(connection, ids)
        known = setting.organisation.people[way.person]
        text = "\n".join((way.person, way.channel, way.address, instead_of, *ids))
        message = Message(
            message_id=hashlib.sha256(text.encode()).hexdigest()[:32],
            person=way.person,
            channel=way.channel,
            address=way.address,
            language=known.language,
            form=form,
            severity=hearings[0].severity,
            notices=tuple(notices[key] for key in ids),
            created_at=now,
            instead_of=instead_of,
            sees_grades=hearings[0].sees_grades,
        )
        await sql.write(connection, message, now=now)

    async def _settle(self, connection: Connection, now: datetime) -> int:
        """Hear from the deliverers what became of messages."""
        settled = await sql.settled(connection, MESSAGES_AT_ONCE)
        if not settled:
            return 0
        delivered = [one.message.message_id for one in settled if one.delivered]
        rows = await connection.fetch(sql.TOLD_BY, delivered, now)
        await sql.restate(connection, {row["notice_id"] for row in rows}, now=now)
        setting = await self._setting(connection, now)
        for one in settled:
            if not one.delivered:
                await self._again(connection, one, setting, now)
        await connection.execute(sql.PASSED_ON, [one.message.message_id for one in settled])
        return len(settled)

    async def _again(self, connection: Connection, one: Settled, setting: Setting, now: datetime) -> None:
        """Send what was not delivered by the next channel of the person, or to another."""
        lost = one.message
        held = {hearing.notice_id: hearing for hearing in await sql.carried(connection, lost.message_id)}
        hearings = [held[notice.notice_id] for notice in lost.notices if notice.notice_id in held]
        if not hearings:
            return
        ids = [hearing.notice_id for hearing in hearings]
        tried = await sql.tried(connection, lost.person, ids)
        way = next_way(lost.person, hearings[0].channels, tried, setting)
        if way is None or setting.organisation.present(lost.person) is None:
            await self._onward(connection, hearings, setting, now)
        else:
            await self._write(connection, lost.form, hearings, way, setting, now, instead_of=lost.message_id)

    async def _onward(
        self, connection: Connection, hearings: Sequence[Hearing], setting: Setting, now: datetime
    ) -> None:
        """Give what a person cannot be reached with to who leads them, or to the fallback."""
        ids = [one.notice_id for one in hearings]
        found = onward(hearings, await sql.heard(connection, ids), setting, now=now)
        kept = [Kept(one, "passed", because("passed_on", person=other.person)) for one, other in found.passed]
        kept += [Kept(one, "undelivered", why) for one, why in found.ended]
        await sql.put(connection, [*kept, *(Kept(other) for _, other in found.passed)], now=now)
        await sql.restate(connection, ids, now=now)

    async def _hand_over(
        self, connection: Connection, hearings: Sequence[Hearing], person: str, why: Reason, now: datetime
    ) -> int:
        """Give what waits for somebody who is away by now to *person*, unless they hear of it anyway."""
        heard = await sql.heard(connection, [one.notice_id for one in hearings])
        kept = []
        for one in hearings:
            kept.append(Kept(one, "passed", because("passed_on", person=person)))
            if person not in heard[one.notice_id].alive:
                reasons = (why, *one.reasons)
                kept.append(Kept(msgspec.structs.replace(one, person=person, reasons=reasons, due_at=now, waits="")))
        await sql.put(connection, kept, now=now)
        await sql.restate(connection, heard, now=now)
        return len(hearings)

    async def _tell(self, now: datetime) -> int:
        """Report what reaches nobody. That nobody could be told so is not reported again."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(sql.UNREPORTED, MESSAGES_AT_ONCE)
        for row in rows:
            notice = msgspec.json.decode(row["notice"], type=Notice)
            if self._report is not None and notice.what != "undelivered":
                await self._report(notice, row["tried"], sql.reasons(row["why"]))
            async with self._pool.acquire() as connection:
                await connection.execute(sql.REPORTED, [notice.notice_id], now)
        return len(rows)
