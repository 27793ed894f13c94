"""The days that have been opened: each calendar date once, in order, never backwards."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import asyncpg

from shared.core.envelope import Event
from shared.core.errors import Conflict
from shared.core.events.calendar import BusinessDayOpened
from shared.edge.store import intake
from shared.edge.store.pool import Connection

SUBJECT = "~day"
DAYS_AT_ONCE = 400


async def last_opened(connection: Connection) -> date | None:
    """The latest day, or None before the first."""
    found: date | None = await connection.fetchval("select max(date) from business_days")
    return found


async def open_first(connection: Connection, first: date, *, now: datetime) -> date:
    """Open *first* where no day was ever opened. Returns the latest day, whoever opened it.

    A partition that has no day yet takes the latest one, so the first day of an installation needs no event.
    """
    await no_day_opens(connection)
    last = await last_opened(connection)
    if last is not None:
        return last
    await connection.execute("insert into business_days (date, opened_at) values ($1, $2)", first, now)
    return first


async def open_days(
    pool: asyncpg.Pool, upto: date, *, now: datetime, partitions: int, instance: str, most: int = DAYS_AT_ONCE
) -> list[date]:
    """Open every day after the last one up to *upto*, in order, each in every partition. Returns the new ones.

    One transaction a day; at most *most* days. Nothing to open is no error. Raises Conflict where *upto* is earlier
    than the last day: days never go back.
    """
    opened: list[date] = []
    while len(opened) < most:
        async with pool.acquire() as connection, connection.transaction():
            await no_day_opens(connection)
            last = await last_opened(connection)
            if last is not None and upto < last:
                raise Conflict(f"{last} is open already; {upto} is before it, and days never go back")
            day = upto if last is None else last + timedelta(days=1)
            if day > upto:
                break
            await connection.execute("insert into business_days (date, opened_at) values ($1, $2)", day, now)
            await intake.keep(connection, [opening(day, now=now, instance=instance)], now=now, partitions=partitions)
        opened.append(day)
    return opened


async def no_day_opens(connection: Connection) -> None:
    """Until the end of the transaction nobody else opens a day."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended(current_schema() || '.business_days', 0))")


def opening(day: date, *, now: datetime, instance: str) -> Event:
    """The event that opens *day*; intake writes it to every partition as `<day>/<partition>`."""
    return Event(
        id=day.isoformat(),
        source=f"/gradeline/{instance}/calendar",
        type=BusinessDayOpened.TYPE,
        subject=SUBJECT,
        time=now,
        data=BusinessDayOpened(date=day),
    )
