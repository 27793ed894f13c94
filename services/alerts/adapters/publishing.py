"""Makes the lists that are due: who gets which rows, kept and told in one transaction, each run once whoever looks.

A list goes out as a notice to one person, so it takes every way that notices take: deputies, quiet hours, channels, another way
where one fails, and the log of deliveries.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import structlog

from services.alerts.adapters import approvals, staff, staff_policy
from services.alerts.core import worklist
from services.alerts.core.lists import LIST, Covered, Listing, Listings, covered, due_at
from services.alerts.core.notice import Notice
from services.alerts.core.resolving import PERSON, Hearer, Setting, resolve
from services.alerts.core.routing import filled
from services.alerts.core.worklist import Ranked, Row, Standing
from services.alerts.core.worktime import Hours
from shared.core.errors import GradelineError
from shared.edge import clock
from shared.edge.store.bell import ring
from shared.edge.store.pool import LOST, Connection

EVERY_SECONDS = 30.0
OWED = frozenset({"overdue", "collection_stage"})
"""Kinds whose figures say what a customer owes, be they on the list or not."""
LAST = "select due_at, last from list_runs where list = $1 order by due_at desc limit 1"
RUN = """
insert into list_runs (list, due_at, first, last, made_at, lists) values ($1, $2, $3, $4, $5, 0)
on conflict do nothing returning list
"""
MADE = "update list_runs set lists = $3 where list = $1 and due_at = $2"
STANDING = """
select subject, kind, severity, labels::text, figures::text, opened_at, detail ->> 'figures_on' as figures_on, owner
from alerts where state not in ('resolved', 'withdrawn') and kind = any($1::text[]) and subject !~ '^(~|g:)'
  and labels ->> 'purpose' is distinct from 'compliance'
order by subject, opened_at
"""
KEEP = """
insert into worklists (worklist_id, list, person, first, last, made_at, count, rows) values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
TELL = """
insert into notices (notice_id, alert_id, subject, notice, at, changed_at) values ($1, $2, $3, $4, $5, $5)
"""

log = structlog.get_logger(__name__)


class Publisher:
    """Makes lists of one installation."""

    def __init__(self, listings: Listings, hours: Hours, *, zone: str, currency: str) -> None:
        """*zone* and *currency* are those of the installation."""
        self.listings, self._hours, self._zone, self._currency = listings, hours, zone, currency

    async def step(self, pool: Any, now: datetime) -> int:
        """Make every list that is due at *now*. Returns how many runs there were.

        A list that never ran begins with its next turn: nobody gets one because the installation was set up.
        """
        done = 0
        for listing in self.listings.lists:
            due = due_at(listing, now, self._hours)
            async with pool.acquire() as connection, connection.transaction():
                last = await connection.fetchrow(LAST, listing.list)
                if last is None:
                    await self._begin(connection, listing, due, None, now)
                elif last["due_at"] < due:
                    done += await self._make(connection, listing, due, last["last"], now) is not None
        return done

    async def make(self, pool: Any, listing: Listing, now: datetime) -> list[str]:
        """Make *listing* at *now*, out of turn. Returns the ids of the lists."""
        async with pool.acquire() as connection, connection.transaction():
            last = await connection.fetchrow(LAST, listing.list)
            return await self._make(connection, listing, now, last["last"] if last else None, now) or []

    async def _begin(
        self, connection: Connection, listing: Listing, due: datetime, before: Any, now: datetime
    ) -> Covered | None:
        """What the run is about; None: another process makes it."""
        days = covered(listing, due, before, self._hours)
        begun = await connection.fetchval(RUN, listing.list, due, days.first, days.last, now)
        return days if begun else None

    async def _make(
        self, connection: Connection, listing: Listing, due: datetime, before: Any, now: datetime
    ) -> list[str] | None:
        days = await self._begin(connection, listing, due, before, now)
        if days is None:
            return None
        per_person = await self._per_person(connection, listing, days, now)
        made = []
        for person, rows in sorted(per_person.items()):
            name = f"{LIST}{listing.list}.{due.astimezone(self._hours.zone):%Y%m%dT%H%M%S}.{person}"
            raw = msgspec.json.encode(rows)
            await connection.execute(KEEP, name, listing.list, person, days.first, days.last, now, len(rows), raw)
            notice = _notice(name, listing, person, days, rows, now)
            await connection.execute(
                TELL, notice.notice_id, name, notice.subject, msgspec.json.encode(notice), notice.at
            )
            made.append(name)
        await connection.execute(MADE, listing.list, due, len(made))
        await ring(connection, "notices")
        log.info("a list was made", list=listing.list, people=len(made))
        return made

    async def _per_person(
        self, connection: Connection, listing: Listing, days: Covered, now: datetime
    ) -> Mapping[str, Sequence[Row]]:
        everything, unseen = await self._rows(connection, listing, days)
        kept = staff.Kept()
        await kept.look(connection, now)
        given = await staff.assigned(connection, {one.row.subject for one in everything})
        setting = staff_policy.setting(kept.organisation.with_portfolio(given), self._zone)
        found: dict[str, list[Ranked]] = defaultdict(list)
        for one in everything:
            for hearer in _hearers(listing, one.row, setting, now):
                shown = one if unseen is None or hearer.sees_grades else unseen.get(one.row.subject)
                if shown is not None:
                    found[hearer.person].append(shown)
        return {person: [one.row for one in sorted(held, key=lambda it: it.place)] for person, held in found.items()}

    async def _rows(
        self, connection: Connection, listing: Listing, days: Covered
    ) -> tuple[list[Ranked], Mapping[str, Ranked] | None]:
        """Every row; and by customer what those may see who may not know grades, None where rows say nothing of them."""
        if listing.of == "approvals":
            asked = await approvals.between(connection, days.first, days.last, self._hours.zone)
            return worklist.requests(asked, self._hours.zone), None
        standing = await self._standing(connection, listing)
        every, seen = (
            worklist.customers(
                listing, self.listings, standing, today=days.last, currency=self._currency, grades=grades
            )
            for grades in (True, False)
        )
        return every, {one.row.subject: one for one in seen}

    async def _standing(self, connection: Connection, listing: Listing) -> list[Standing]:
        found = await connection.fetch(STANDING, sorted(listing.kinds | OWED))
        opened = [row["opened_at"].astimezone(self._hours.zone).date() for row in found]
        return [
            Standing(
                subject=row["subject"],
                kind=row["kind"],
                severity=row["severity"],
                labels=msgspec.json.decode(row["labels"]),
                figures=msgspec.json.decode(row["figures"]),
                opened_on=on,
                figures_on=msgspec.convert(row["figures_on"], type(on)) if row["figures_on"] else on,
                owner=row["owner"] or "",
            )
            for row, on in zip(found, opened, strict=True)
        ]


def _hearers(listing: Listing, row: Row, setting: Setting, now: datetime) -> Iterable[Hearer]:
    """Whose list *row* is on. Somebody who is nobody of the house, as the machine that asks by itself, hears nothing."""
    to = filled(listing.to, row.figures | row.labels)
    people = setting.organisation.people
    known = tuple(one for one in to if not one.startswith(PERSON) or one.removeprefix(PERSON) in people)
    asked = Notice(
        notice_id="", alert_id="", subject=row.subject, what="opened", kind=listing.kind, severity="info",
        labels=row.labels, to=known or to, route=listing.list, at=now, group="",
    )  # fmt: skip
    return resolve(asked, setting, now=now, told={})


def _notice(
    name: str, listing: Listing, person: str, days: Covered, rows: Sequence[Row], now: datetime
) -> Notice:  # fmt: skip
    more = len(rows) - listing.shown
    figures = {"title_en": listing.en, "title_zh": listing.zh, "first": f"{days.first}", "last": f"{days.last}"}
    figures |= worklist.summary(rows) | ({"more": str(more)} if more > 0 else {})
    return Notice(
        notice_id=f"{name}/1",
        alert_id=name,
        subject="~lists",
        what="opened",
        kind=listing.kind,
        severity="info",
        figures=figures,
        to=(f"{PERSON}{person}",),
        route=listing.list,
        at=now,
        group=name,
        rows=tuple(one.figures for one in rows[: listing.shown]),
    )


async def keep_publishing(
    pool: asyncpg.Pool, stop: asyncio.Event, publisher: Publisher, *, every: float = EVERY_SECONDS
) -> None:
    """Look every so many seconds, until *stop* is set. Outlives every outage of the database."""
    while not stop.is_set():
        with contextlib.suppress(*LOST, asyncpg.PostgresError, GradelineError):
            await publisher.step(pool, clock.now())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)
