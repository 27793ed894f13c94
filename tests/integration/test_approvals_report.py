"""The report of approvals: which requests were asked for, granted, refused, left to expire, by whom and in what time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from typer.testing import CliRunner

from gradeline.main import build
from services.alerts.adapters import approvals
from services.alerts.core.requests import Act, Request
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.support.alert_desk import HOURS
from tests.support.covers import covers
from tests.support.parts import run_apart

covers("AL-11")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(180)]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HOURS.zone)


def request(name: str, asked: str, *acts: Act, state: Any = "waiting") -> Request:
    changed = max((one.at for one in acts), default=at(asked))
    return Request(
        approval_id=name, kind="limit", labels={}, roles=("credit_manager",), by="li.na", at=at(asked), state=state,
        changed_at=changed, acts=acts,
    )  # fmt: skip


REQUESTS = (
    request(
        "A1", "2026-02-27 16:00", Act("granted", 1, "credit_manager", "zhao", at("2026-03-02 09:30")), state="granted"
    ),
    request(
        "A2",
        "2026-03-03 09:00",
        Act("refused", 1, "credit_manager", "zhao", at("2026-03-03 10:00"), "no security"),
        state="refused",
    ),
    request("A3", "2026-03-31 23:59"),
    request("A4", "2026-04-01 00:00"),
    request("A5", "2026-02-01 09:00", Act("expired", 1, "credit_manager", "", at("2026-02-20 00:00")), state="expired"),
)


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Any]:
    pool = await open_pool(dsn, schema="alerts", size=2)
    try:
        async with pool.acquire() as connection:
            yield connection
    finally:
        await pool.close()


async def kept(dsn: str) -> None:
    await upgraded(dsn, "alerts")
    async with opened(dsn) as connection:
        await approvals.keep(connection, [("C-1", one) for one in REQUESTS])
        older = request("A2", "2026-03-03 09:00")
        await approvals.keep(connection, [("C-1", older)])


@pytest.fixture
def known(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_apart(kept(database))
    monkeypatch.setenv("GRADELINE_POSTGRES", database)


def run(*arguments: str, language: str = "en") -> Any:
    return CliRunner(env={"GRADELINE_LANGUAGE": language}).invoke(build(), ["report", "approvals", *arguments])


def test_a_month_has_what_was_asked_for_or_decided_in_it_and_says_in_what_time(known: None, tmp_path: Path) -> None:
    book = tmp_path / "march.xlsx"
    said = run("--from", "2026-03-01", "--to", "2026-03-31", "--json", "--xlsx", str(book))
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout.splitlines()[0])
    assert [(row["approval_id"], row["state"], row["hours"], row["reason"]) for row in told["rows"]] == [
        ("A1", "granted", 66, None), ("A2", "refused", 1, "no security"), ("A3", "waiting", None, None),
    ]  # fmt: skip
    assert told["about"] == {
        "granted": "1, in 66 hours on average, 66 at most", "refused": "1, in 1 hours on average, 1 at most",
        "waiting": "1", "zhao": "2 steps or votes",
    }  # fmt: skip
    lines = python_calamine.load_workbook(book).get_sheet_by_index(0).to_python()
    assert [line[1] for line in lines] == ["request", "A1", "A2", "A3"]
    assert lines[1][4] == date(2026, 2, 27)


def test_it_speaks_chinese_and_refuses_days_the_wrong_way_round(known: None) -> None:
    said = json.loads(run("--from", "2026-02-01", "--to", "2026-02-28", "--json", language="zh").stdout)
    assert said["title"] == "2026-02-01 至 2026-02-28 审查审批报表"
    assert [(row["approval_id"], row["state"]) for row in said["rows"]] == [("A5", "逾期未决"), ("A1", "批准")]
    wrong = run("--from", "2026-03-02", "--to", "2026-03-01")
    assert wrong.exit_code == 2
    assert "earlier day first" in wrong.output


def test_a_request_is_in_the_month_in_which_it_was_asked_for_and_in_that_of_its_end(known: None, database: str) -> None:
    async def found(first: str, last: str) -> list[str]:
        async with opened(database) as connection:
            days = (date.fromisoformat(first), date.fromisoformat(last))
            return [one.approval_id for _, one in await approvals.between(connection, *days, HOURS.zone)]

    assert run_apart(found("2026-02-27", "2026-02-27")) == ["A1"]
    assert run_apart(found("2026-03-02", "2026-03-02")) == ["A1"]
    assert run_apart(found("2026-03-31", "2026-04-01")) == ["A3", "A4"]
    assert not run_apart(found("2026-03-04", f"{date(2026, 3, 31) - timedelta(days=1)}"))
