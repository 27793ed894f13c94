"""A credit check with a reservation, 200 a second over 100,000 customers, with the exposure worker saturated beside it.

Lower rates go first: how many checks a second a machine of its size answers within how long.

Every customer has an open invoice. Those who are asked about have a limit, each is asked once, so that what is timed is a
fold from the log, eighteen steps, and an append with its version checked. What keeps the worker busy is today's traffic of
all customers, more than it can take in meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

import asyncpg
import httpx2

from shared.core.envelope import Event
from shared.core.events.calendar import BusinessDayRated
from shared.edge import clock, codec
from shared.edge.embedded.process import Child, free_port, spawn
from shared.edge.http import tokens
from shared.edge.kafka.producer import Publisher
from shared.edge.kafka.profile import EMBEDDED
from shared.edge.kafka.record import Outgoing
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import connect
from tests.bench import traffic
from tests.bench.openloop import Load, Posted
from tests.bench.parts import PARTITIONS, STOP, ZONE, Parts, cpu_seconds, started
from tests.bench.report import Report
from tests.bench.scale import Scale

RATE = 200
"""Checks a second (architecture, §6)."""
SLOWER = (50, 100)
SLOWER_SECONDS = 10.0
WARM_SECONDS = 2.0
PATIENCE_SECONDS = 400.0
START_SECONDS = 60.0
LIMIT = "1000000.00"
ROWS = 200
ORDER = '{"customer_id":"%s","order_id":"O-%s","amount":"%s.00","currency":"CNY"}'


async def checked(scale: Scale, folder: Path, report: Report) -> None:
    """Tell everybody's open invoice, grant limits, then ask while the worker is behind."""
    today = clock.today(ZONE)
    spans = dict.fromkeys(SLOWER, min(SLOWER_SECONDS, scale.seconds)) | {RATE: scale.seconds}
    counts = {rate: int(rate * (seconds + WARM_SECONDS)) for rate, seconds in spans.items()}
    numbers = Random(2).sample(range(scale.large), min(sum(counts.values()), scale.large))
    async with started(folder, report) as parts:
        await upgraded(parts.postgres.dsn, "exposure")
        session = await connect(parts.postgres.dsn, schema="exposure")
        await rated(parts, today)
        known = await parts.produce(_open(scale.large, today))
        try:
            with running(parts, "work") as (worker, _), running(parts, "serve") as (api, url):
                await until(session, known + PARTITIONS, worker, api)
                await granted(parts, url, today, [traffic.subject_of(number) for number in numbers])
                total = known + PARTITIONS + await parts.produce(traffic.live(scale.large, scale.backlog, today))
                for rate in SLOWER:
                    asked, numbers = numbers[: counts[rate]], numbers[counts[rate] :]
                    quantiles(report, scale, await _asked(parts, url, asked, rate), rate, f"_{rate}")
                before = await reading(session, worker, api, parts)
                posted = await _asked(parts, url, numbers, RATE)
                after = await reading(session, worker, api, parts)
                if after[0] >= total:
                    raise RuntimeError("the worker was not behind all the time; take a longer backlog")
        finally:
            session.terminate()
    tell(report, scale, posted, before, after)


def tell(report: Report, scale: Scale, posted: list[Posted], before: list[float], after: list[float]) -> None:
    """The quantiles, and what kept the machine busy."""
    waits = quantiles(report, scale, posted, RATE)
    report.figure("check_max", "the same, slowest", waits[-1], "ms", f"{len(waits):,} checks")
    span = posted[-1].answered - posted[0].due
    report.figure("check_worker", "facts that the exposure worker committed meanwhile", (after[0] - before[0]) / span,
                  "events/s")  # fmt: skip
    for at, part in enumerate(("the worker", "the API", "the database"), 1):
        used = (after[at] - before[at]) / span
        report.figure(f"check_cpu_{part[4:].lower()}", f"cores that {part} took meanwhile", used, "cores")


def quantiles(report: Report, scale: Scale, posted: list[Posted], rate: int, key: str = "") -> list[float]:
    """How long a check took, in milliseconds, in order. Raises RuntimeError where one was not answered."""
    wrong = [one.status for one in posted if one.status != 200]
    if wrong:
        raise RuntimeError(f"{len(wrong)} of {len(posted)} checks were not answered, the first with {wrong[0]}")
    waits = sorted(1000 * (one.answered - one.due) for one in posted[int(WARM_SECONDS * rate) :])
    note = f"{rate} checks/s over {scale.large:,} customers, the worker behind all the time"
    for share in (50, 99):
        found = waits[min(len(waits) * share // 100, len(waits) - 1)]
        report.figure(f"check_p{share}{key}", f"credit check with reservation, p{share}", found, "ms", note)
    return waits


async def rated(parts: Parts, day: date) -> None:
    """Rating has rated *day*: that is the day of exposure."""
    data = BusinessDayRated(as_of=day, cause="day", date=day)
    publisher = Publisher(parts.broker.address, EMBEDDED)
    try:
        await publisher.publish(
            [Outgoing("credit.ratings", number, b"~day", codec.encode(_rated(data, day, number))) for number in range(PARTITIONS)]
        )  # fmt: skip
    finally:
        await publisher.close()


def _rated(data: BusinessDayRated, day: date, partition: int) -> Event:
    return Event(
        id=f"~day/{partition}/{day}",
        source="/gradeline/main/rating",
        type=data.TYPE,
        subject="~day",
        time=clock.now(),
        data=data,
    )


def _open(customers: int, today: date) -> Iterator[traffic.Keyed]:
    for number in range(customers):
        yield traffic.invoice(traffic.subject_of(number), *traffic.opening(number), today - timedelta(days=10))


@contextlib.contextmanager
def running(parts: Parts, what: str) -> Iterator[tuple[Child, str]]:
    """`gradeline serve|work exposure` and its address."""
    port = free_port()
    words = [sys.executable, "-m", "gradeline", what, "exposure", *(("--port", str(port)) if what == "serve" else ())]
    child = spawn(words, log=parts.folder / f"{what}.log", die_with=signal.SIGTERM, environment=parts.environment())
    try:
        yield child, f"http://127.0.0.1:{port}"
    finally:
        child.stop(*STOP)


async def until(session: asyncpg.Connection, count: int, *children: Child) -> None:
    """Wait until *count* records are committed. Raises RuntimeError where that takes far too long."""
    patience = clock.monotonic() + PATIENCE_SECONDS
    while (reached := await _reached(session)) < count:
        for child in children:
            if not child.alive:
                raise RuntimeError(f"a process ended: {child.output().strip()[-300:]}")
        if clock.monotonic() > patience:
            raise RuntimeError(f"{reached:,} of {count:,} records after {PATIENCE_SECONDS:.0f} s")
        await asyncio.sleep(0.1)


async def granted(parts: Parts, url: str, today: date, customers: Sequence[str]) -> None:
    """Take limits of another system over for *customers*."""
    headers = {"authorization": f"Bearer {_token(parts, 'risk_manager')}"}
    rows = [
        {"customer_id": one, "kind": "management", "amount": LIMIT, "currency": "CNY", "valid_from": today.isoformat()}
        for one in customers
    ]
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=120, trust_env=False) as client:
        await _listening(client)
        for at in range(0, len(rows), ROWS):
            body = {"rows": rows[at : at + ROWS], "evidence": "bench"}
            answer = await client.post("/v1/limits/migrations", json=body, headers={"idempotency-key": f"bench-{at}"})
            answer.raise_for_status()
            refused = [one for one in answer.json()["results"] if one["state"] != "granted"]
            if refused:
                raise RuntimeError(f"a limit was not granted: {refused[0]}")


async def _listening(client: httpx2.AsyncClient) -> None:
    patience = clock.monotonic() + START_SECONDS
    while clock.monotonic() < patience:
        with contextlib.suppress(httpx2.TransportError):
            if (await client.get("/readyz")).is_success:
                return
        await asyncio.sleep(0.1)
    raise RuntimeError(f"the API does not answer after {START_SECONDS:.0f} s")


async def reading(session: asyncpg.Connection, worker: Child, api: Child, parts: Parts) -> list[float]:
    """Records committed, and CPU seconds of worker, API and database."""
    used = [cpu_seconds(pid) for pid in (worker.pid, api.pid, parts.postgres.pid)]
    return [await _reached(session), *used]


async def _reached(session: asyncpg.Connection) -> int:
    return int(await session.fetchval("select coalesce(sum(next_offset), 0) from positions"))


async def _asked(parts: Parts, url: str, numbers: Sequence[int], rate: int) -> list[Posted]:
    load = Load(url, path="/v1/credit-checks", token=_token(parts, "order_system"), content_type="application/json")
    bodies = [(ORDER % (traffic.subject_of(number), number, 100 + number % 900)).encode() for number in numbers]
    return await load.post(bodies, rate)


def _token(parts: Parts, role: str) -> str:
    return tokens.issue(data=parts.folder, role=role, subject=f"{role}-bench", ttl=timedelta(hours=1))
