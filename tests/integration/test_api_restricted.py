"""What methods of purpose `compliance` say is read by few, wherever it is read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.rating.core import view as v
from shared.core.envelope import Event
from shared.core.events.rating import DecisionCorrected, FactRef, GradeChanged, PolicyRef, ReviewDue
from shared.core.policy.methods import Methods
from shared.core.policy.policy import Book
from shared.core.policy.rulebook import Rulebook
from shared.edge.kafka.partition import partition_of
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from shared.edge.store.rows import COLUMNS, DECISION, row_of
from tests.support.covers import covers
from tests.support.rating_api import RM_22, VIEW, bearer, client, running, wired

covers("AL-14")

PARTITION = partition_of("C-1", 12)
LABEL = v.Rating(method="label", purpose="compliance", grade="high")


def decisions() -> list[Event]:
    """The same three decisions under two purposes."""
    made: list[Any] = []
    for purpose, method in (("credit", "rm-22"), ("compliance", "label")):
        common: dict[str, Any] = {"as_of": date(2026, 2, 1), "cause": "fact", "purpose": purpose}
        policy = PolicyRef(id=method, version="1", sha256="ab" * 32)
        made += [
            GradeChanged(**common, method=method, from_=None, to="B", direction="first", policy=policy),
            ReviewDue(**common, review_id=f"{method}/2026-02-01", method=method, due_on=date(2026, 2, 1)),
            DecisionCorrected(**common, fact=FactRef(source="/erp", id="1"), from_=date(2026, 1, 1), decisions=()),
        ]
    at = datetime(2026, 2, 1, tzinfo=UTC)
    return [
        Event(id=f"C-1/{n}", source="/gradeline/main/rating", type=one.TYPE, subject="C-1", time=at, data=one)
        for n, one in enumerate(made, 1)
    ]


@pytest.mark.parametrize(("role", "sees"), [("risk_analyst", False), ("compliance_officer", True)])
async def test_compliance_is_seen_with_its_own_scope_only(database: str, tmp_path: Path, role: str, sees: bool) -> None:
    await upgraded(database, "rating")
    await stored(database)
    app = wired(database, tmp_path)

    async def view(*_: Any) -> v.View:
        step = msgspec.structs.replace(VIEW.history[0], method="label", purpose="compliance")
        said = msgspec.structs.replace(VIEW.explanations[0], method="label", purpose="compliance")
        return msgspec.structs.replace(
            VIEW,
            ratings=(*VIEW.ratings, LABEL),
            history=(*VIEW.history, step),
            explanations=(*VIEW.explanations, said),
        )

    app.state.ports.view = view
    async with running(app), client(app, bearer(tmp_path, role)) as api:
        found = (await api.get("/v1/customers/C-1")).json()
        assert [one["purpose"] for one in found["ratings"]] == ["service", "credit", *["compliance"] * sees]
        assert found["grade"] == "B"
        history = (await api.get("/v1/customers/C-1/ratings")).json()["ratings"]
        assert {one["purpose"] for one in history} == {"credit", *["compliance"] * sees}
        why = await api.get("/v1/customers/C-1/explanation", params={"method": "label"})
        assert why.status_code == (200 if sees else 404)
        pages = [(await api.get("/v1/customers/C-1/events", params={"limit": 2})).json()]
        while pages[-1]["next"]:
            asked = {"limit": 2, "after": pages[-1]["next"]}
            pages.append((await api.get("/v1/customers/C-1/events", params=asked)).json())
        versions = [one["version"] for page in pages for one in page["events"]]
        assert versions == ([1, 2, 3, 4, 5, 6] if sees else [1, 2, 3])


@pytest.mark.parametrize(("role", "status"), [("risk_analyst", 403), ("compliance_officer", 404)])
async def test_a_customer_is_tried_under_compliance_with_its_own_scope_only(
    database: str, tmp_path: Path, role: str, status: int
) -> None:
    await upgraded(database, "rating")
    app = wired(database, tmp_path)
    label = msgspec.structs.replace(RM_22, method="label", purpose="compliance")
    loaded = app.state.ports.rules
    books = {**loaded.books, "label": Book("label", (label,))}
    app.state.ports.rules = Rulebook(Methods(loaded.methods.orders, books), loaded.warnings)
    async with running(app), client(app, bearer(tmp_path, role)) as api:
        found = await api.post("/v1/policies/label/trials", json={"customer_id": "C-1"})
        assert found.status_code == status, "the trials of this wiring do not know the method"


async def test_the_export_leaves_compliance_out_without_its_scope(database: str, tmp_path: Path) -> None:
    await upgraded(database, "rating")
    await stored(database)
    app = wired(database, tmp_path)
    async with running(app), client(app, bearer(tmp_path, "auditor")) as api:
        page = (await api.get("/v1/events/export", params={"partition": PARTITION})).json()
    assert [one["id"] for one in page["events"]] == ["C-1/1", "C-1/2", "C-1/3"]


async def stored(database: str) -> None:
    """Put the decisions into the log of C-1, in one commit."""
    pool = await open_pool(database, schema="rating", size=1)
    at = datetime(2026, 2, 1, tzinfo=UTC)
    rows = [
        row_of(one, stream="C-1", version=n, kind=DECISION, partition=PARTITION, recorded_at=at)
        for n, one in enumerate(decisions(), 1)
    ]
    async with pool.acquire() as connection:
        await connection.copy_records_to_table("events", records=rows, columns=COLUMNS)
        await connection.execute(
            "insert into commits values ($1, 1, $2, array['C-1'], array[1], array[6])", PARTITION, at
        )
    await pool.close()
