"""Reads of customers are computed apart: a long one holds up nobody, is bounded, and is ended where it takes too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import httpx2
import msgspec
import psutil
import pytest

from services.rating.adapters.viewers import Viewers
from services.rating.main import application, wired
from shared.core import limits
from shared.core.envelope import Event
from shared.edge import clock
from shared.edge.http import trust
from shared.edge.store import rows
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.support.machine import invoice
from tests.support.rating_api import bearer, client, fact, running, settings

pytestmark = pytest.mark.parts
DAY = date(2026, 3, 2)
LONG, VERY_LONG = 3_000, 8_000
SECONDS = 60.0


def invoices(customer: str, count: int) -> list[Event]:
    """As many invoices over two years, none of them paid. The first has a number on its paper and a seller."""
    made = [invoice(customer, n, due=DAY - timedelta(days=n % 730)) for n in range(count)]
    made[0] = msgspec.structs.replace(
        made[0], data=msgspec.structs.replace(made[0].data, document_no="DN-7", company="CN01")
    )
    return made


@asynccontextmanager
async def serving(database: str, folder: Path, *, documents: int, **told: float) -> AsyncIterator[httpx2.AsyncClient]:
    """The real API, as an analyst asks it, over one customer of few documents and one of *documents*."""
    await upgraded(database, "rating")
    pool = await open_pool(database, schema="rating", size=2)
    await pool.executemany("insert into partitions (partition, day) values ($1, $2)", [(n, DAY) for n in range(12)])
    for customer, count in (("C-short", 3), ("C-long", documents)):
        kept = [
            rows.row_of(
                one, stream=customer, version=version, kind=0, partition=0, recorded_at=clock.now(), content=None
            )
            for version, one in enumerate(invoices(customer, count), 1)
        ]
        async with pool.acquire() as connection:
            await connection.copy_records_to_table("events", records=kept, columns=rows.COLUMNS)
    await pool.close()
    chosen = settings(database, folder, readers=1, **told)
    reads = Viewers(chosen)
    app = application(chosen, verifier=trust.verifier(chosen), ports=wired(chosen, reads), reads=reads)
    async with running(app), client(app, bearer(folder, "risk_analyst")) as api:
        yield api


async def answered(api: httpx2.AsyncClient) -> httpx2.Response:
    """The short customer, as soon as a process is free to compute it."""
    until = clock.monotonic() + SECONDS
    while True:
        found = await api.get("/v1/customers/C-short")
        if found.status_code == 200:
            return found
        assert found.status_code in {503, 504}, found.text
        assert clock.monotonic() < until, found.text
        await asyncio.sleep(0.05)


async def test_posts_go_on_while_a_long_history_is_read(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path, documents=LONG, read_seconds=SECONDS) as api:
        await answered(api)
        began = clock.monotonic()
        reading = asyncio.create_task(api.get("/v1/customers/C-long", params={"as_of": "2031-03-02"}))
        headers, latencies = bearer(tmp_path, "integrator"), []
        while not reading.done():
            asked = clock.monotonic()
            taken = await api.post("/v1/events", json=fact(len(latencies)), headers=headers | {
                "content-type": "application/cloudevents+json"})  # fmt: skip
            assert taken.status_code == 202, taken.text
            latencies.append(clock.monotonic() - asked)
        took = clock.monotonic() - began
        assert reading.result().status_code == 200, reading.result().text
        assert len(latencies) > 5
        assert max(latencies) < took / 3, (max(latencies), took)


async def test_a_read_that_takes_too_long_is_ended_and_the_next_one_is_answered(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path, documents=VERY_LONG, read_seconds=1) as api:
        await answered(api)
        long = await api.get("/v1/customers/C-long", params={"as_of": "2031-03-02"})
        assert (long.status_code, long.headers["content-type"]) == (504, "application/problem+json")
        assert long.json()["type"] == "/docs/problems/took-too-long"
        await answered(api)


async def test_a_reader_that_dies_is_replaced_and_none_is_left_behind(database: str, tmp_path: Path) -> None:
    def readers() -> list[psutil.Process]:
        return [one for one in psutil.Process().children() if "services.rating.adapters.viewers" in one.cmdline()]

    async with serving(database, tmp_path, documents=3) as api:
        await answered(api)
        (before,) = readers()
        before.kill()
        await answered(api)
        (after,) = readers()
        assert after.pid != before.pid
        ready = (await api.get("/readyz")).json()
        assert ready["checks"]["reads"] == "1 of 1"
    assert readers() == []


async def test_a_day_too_far_ahead_is_refused_with_the_last_one_that_may_be_asked(
    database: str, tmp_path: Path
) -> None:
    last = f"{DAY.year + limits.AHEAD_YEARS}-12-31"
    async with serving(database, tmp_path, documents=3) as api:
        await answered(api)
        for path in ("", "/ratings", "/explanation", "/ledger"):
            far = await api.get(f"/v1/customers/C-short{path}", params={"as_of": "2199-12-31"})
            assert far.status_code == 422, far.text
            (error,) = far.json()["errors"]
            assert (error["pointer"], error["rule"]) == ("?as_of", "range")
            assert f"ask for {last} at the latest" in error["message"]
        near = await api.get("/v1/customers/C-short", params={"as_of": last})
        assert near.status_code == 200, near.text


async def test_an_open_item_names_its_paper_and_the_company_that_sold(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path, documents=3) as api:
        await answered(api)
        items = (await api.get("/v1/customers/C-short/ledger")).json()["items"]
        assert {item["transaction_id"]: (item["document_no"], item["company"]) for item in items} == {
            "T0": ("DN-7", "CN01"), "T1": (None, None), "T2": (None, None),
        }  # fmt: skip
        (first, *_) = (await api.get("/v1/customers/C-short/ratings")).json()["ratings"]
        assert (first["lived"], first["cause"], first["score"]) == (False, None, None)
