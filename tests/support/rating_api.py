"""The rating API over a real database, with one customer whose view is written by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import msgspec
from fastapi import FastAPI

from services.rating.adapters import catalogue
from services.rating.adapters.comparing import Comparisons
from services.rating.adapters.keeping import Keeper
from services.rating.adapters.lists import Lists
from services.rating.adapters.log import Log, unsealing
from services.rating.adapters.trials import Trials
from services.rating.adapters.viewing import customer_view
from services.rating.core import view as v
from services.rating.handlers.ports import Ports
from services.rating.main import application, deciding, deciding_policy
from shared.core.policy.rulebook import Rulebook
from shared.edge import settings as edge_settings
from shared.edge.http import tokens, trust
from shared.edge.store.keys import SubjectKeys

RULES = catalogue.shipped()
RM_22 = RULES.books["rm-22"].versions[-1]
POLICY = v.PolicyId(id="rm-22", version=RM_22.version, sha256=RM_22.sha256)
CREDIT = v.Rating(
    method="rm-22", purpose="credit", grade="B", parts={"rival_goods": "A"}, since=date(2026, 2, 1), underlying="B"
)
LINE = v.Line(
    characteristic="net_collection_rate", value="0.95", band="[0.9, 1)", letter="B", reasons=("COLLECTION_LOW",)
)
VIEW = v.View(
    customer_id="C-1", as_of=date(2026, 3, 1), version=7, currency="CNY",
    ratings=(v.Rating(method="star", purpose="service", grade="5", score="91.5"), CREDIT),
    measures={"receivable_balance": "1250.00", "max_days_past_due": 12, "ageing": {"not_due": "1250.00"}, "dso": None},
    warnings=(v.Warning(warning_id="w1", rule="MN-01", kind="transaction", severity="warning", since=date(2026, 2, 3)),),
    history=(
        v.Step(method="rm-22", purpose="credit", grade="B", refusal=None, since=date(2026, 2, 1), until=None, cause="fact",
               lived=True, policy=POLICY),
    ),
    explanations=(
        v.Explanation(method="rm-22", purpose="credit", grade="B", underlying="B", score=None, refusal=None,
                      refusal_detail=None, policy=POLICY, reasons=("COLLECTION_LOW",), caps=(), movement=(),
                      measures={"net_collection_rate": "0.95"}, lines=(LINE,)),
    ),
    items=(
        v.OpenItem(transaction_id="I-1", kind="invoice", document_no=None, booked_on=date(2026, 1, 1), due_on=date(2026, 2, 1),
                   due_derived=False, amount="1500.00", open_amount="1250.00", currency="CNY", days_past_due=28, bucket="1_30",
                   disputed_amount="0.00"),
    ),
    unallocated_cash="0.00",
)  # fmt: skip


async def no_database() -> Any:
    """A trial of given measures needs none."""
    raise AssertionError("a customer was asked for")


class Asked:
    """A view that knows C-1 and remembers what it was asked."""

    def __init__(self) -> None:
        self.questions: list[tuple[str, date | None, datetime | None]] = []

    async def __call__(self, _: Any, customer_id: str, as_of: date | None, known_at: datetime | None) -> v.View | None:
        self.questions.append((customer_id, as_of, known_at))
        if customer_id != "C-1":
            return None
        return msgspec.structs.replace(VIEW, as_of=as_of or VIEW.as_of)


WRAPPING = b"w" * 64


def settings(dsn: str, data: Path, **more: Any) -> edge_settings.Settings:
    return edge_settings.load(postgres=dsn, data=data, embedded=True, **more)


def wired(dsn: str, data: Path, *, keeper: Any = None, rules: Rulebook = RULES, **more: Any) -> FastAPI:
    """The application; `app.state.ports.view` is an Asked."""
    chosen = settings(dsn, data, **more)
    ports = Ports(
        view=Asked(), keep=keeper or Keeper(partitions=12, sealer=lambda pool: SubjectKeys(pool, WRAPPING)), log=Log(unsealing(WRAPPING)), lists=Lists(),
        decide=deciding(chosen, rules, WRAPPING), decide_policy=deciding_policy(chosen, rules), policies=catalogue.summaries(rules),
        partitions=12, attempt=partial(Trials(chosen, rules, catalogue.shared_tables(None), customer_view(chosen, rules)), no_database), compare=partial(Comparisons(chosen, rules), no_database), rules=rules,
    )  # fmt: skip
    return application(chosen, verifier=trust.verifier(chosen), ports=ports)


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[FastAPI]:
    """*app* between start-up and shutdown."""
    async with app.router.lifespan_context(app):
        yield app


def bearer(data: Path, role: str, *, who: str = "", **more: Any) -> dict[str, str]:
    token = tokens.issue(data=data, role=role, subject=who or f"{role}-1", ttl=timedelta(hours=1), **more)
    return {"authorization": f"Bearer {token}"}


def client(app: FastAPI, headers: Mapping[str, str] | None = None) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://test", headers=dict(headers or {}), timeout=30)


def fact(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A posted invoice; *changes* replace attributes of the envelope, or fields of data where they are no attribute."""
    made: dict[str, Any] = {
        "specversion": "1.0", "id": f"e-{number}", "source": "/erp/1", "type": "credit.transaction.recorded.v1", "subject": "C-1",
        "time": "2026-01-01T08:00:00+08:00", "datacontenttype": "application/json",
        "data": {"transaction_id": f"I-{number}", "kind": "invoice", "amount": "1500.00", "currency": "CNY", "booked_on": "2026-01-01",
                 "due_on": "2026-02-01"},
    }  # fmt: skip
    for name, value in changes.items():
        (made if name in made else made["data"])[name] = value
    return made


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def rows(dsn: str, query: str, *arguments: Any) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "rating"}, timeout=20)
    try:
        return [dict(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()
