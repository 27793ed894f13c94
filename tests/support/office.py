"""The rating API on a real database with two customers, and persons who come to it: who asks, who grants, who is refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
from fastapi import FastAPI

from shared.core.envelope import Event
from shared.core.policy.rulebook import Rulebook
from shared.edge import clock
from shared.edge.store import rows
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.support.customer import Customer
from tests.support.rating_api import RULES, bearer, client, running, wired

DAY = date(2026, 3, 2)
ASKED = {"grade": "C", "reason": "a guarantor failed", "evidence": "DOC-7"}


def facts(subject: str, **profile: Any) -> list[Event]:
    """A dealer with two years of good history."""
    one = Customer(subject)
    one.registered("2024-01-02", opened_on="2024-01-02", segment="dealer", **profile)
    one.months("2024-01-05", 25)
    one.visited("2026-02-20")
    return list(one.events)


async def kept(pool: asyncpg.Pool, subject: str, told: list[Event]) -> None:
    """Append *told* as a worker would, without deciding anything."""
    made = [
        rows.row_of(one, stream=subject, version=at, kind=0, partition=0, recorded_at=clock.now(), content=None)
        for at, one in enumerate(told, 1)
    ]
    async with pool.acquire() as connection, connection.transaction():
        await connection.copy_records_to_table("events", records=made, columns=rows.COLUMNS)
        await connection.execute("insert into streams values ($1, 0, $2, null, false)", subject, len(made))


class Office:
    """The API, and who comes to it."""

    def __init__(self, app: FastAPI, folder: Path, pool: asyncpg.Pool) -> None:
        self.app, self.folder, self.pool = app, folder, pool

    async def does(
        self, method: str, path: str, body: Any = None, *, role: str = "risk_analyst", who: str = "li", **more: Any
    ) -> httpx2.Response:
        headers = bearer(self.folder, role, who=who, **{k: v for k, v in more.items() if k in {"limits", "claims"}})
        headers |= {"Idempotency-Key": more["key"]} if "key" in more else {}
        headers |= {"Accept-Language": more["language"]} if "language" in more else {}
        async with client(self.app, headers) as api:
            return await api.request(method, f"/v1/{path}", json=body)

    async def asks(self, customer: str = "C-1", key: str = "k1", **changes: Any) -> dict[str, Any]:
        answer = await self.does("POST", f"customers/{customer}/overrides", {**ASKED, **changes}, key=key)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def approves(
        self, asked: dict[str, Any], *, role: str = "risk_manager", who: str = "wang", **more: Any
    ) -> Any:
        body = {"payload_sha256": asked["payload_sha256"], **more.pop("body", {})}
        return await self.does("POST", f"approvals/{asked['approval_id']}/approve", body, role=role, who=who, **more)

    async def decisions(self, customer: str = "C-1") -> list[tuple[str, dict[str, Any]]]:
        found = await self.pool.fetch(
            "select type, data from events where stream = $1 and kind = 1 order by version", customer
        )
        return [(row["type"].split(".", 1)[1].removesuffix(".v1"), json.loads(row["data"])) for row in found]

    async def published(self, customer: str = "C-1") -> list[str]:
        found = await self.pool.fetch("select value from outbox where key = $1 order by partition, position", customer)
        return [json.loads(row["value"])["type"].split(".", 1)[1].removesuffix(".v1") for row in found]


@asynccontextmanager
async def opened(database: str, folder: Path, rules: Rulebook = RULES) -> AsyncIterator[Office]:
    await upgraded(database, "rating")
    pool = await open_pool(database, schema="rating", size=4)
    await pool.executemany(
        "insert into partitions (partition, day, rated) values ($1, $2, $2)", [(n, DAY) for n in range(12)]
    )
    await pool.execute("insert into business_days (date, opened_at) values ($1, now())", DAY)
    await kept(pool, "C-1", facts("C-1", region="east", manager="S-1"))
    await kept(pool, "C-2", facts("C-2", region="west", manager="S-2"))
    app = wired(database, folder, rules=rules)
    try:
        async with running(app):
            yield Office(app, folder, pool)
    finally:
        await pool.close()


def rule(answer: httpx2.Response) -> str:
    return str(answer.json()["errors"][0]["rule"])
