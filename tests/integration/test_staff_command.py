"""`gradeline staff` on a real database: files carried into every service all or nothing, shown, and written back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from typer.testing import CliRunner, Result

import gradeline
from gradeline.main import build
from gradeline.staffing.reading import read
from shared.edge.store import pool
from shared.edge.store.migrate import upgrade
from tests.support.covers import covers

pytestmark = [pytest.mark.parts, pytest.mark.timeout(180)]

SAMPLES = sorted((Path(gradeline.__file__).parent / "demo" / "staff").glob("*.csv"))
PEOPLE = "person,name_zh,name_en,posts,contacts\nboss,王总,Boss,general_manager,email:boss@example.com\n"
T = TypeVar("T")


@pytest.fixture
def services(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The three schemas, and the settings that name their database."""
    for service in ("rating", "exposure", "alerts"):
        upgrade(database, service)
    monkeypatch.setenv("GRADELINE_POSTGRES", database)
    monkeypatch.setenv("GRADELINE_DATA", str(tmp_path))
    return database


def staff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(build(), ["staff", *map(str, arguments)])


def in_schema(dsn: str, schema: str, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    async def run() -> T:
        connection = await pool.connect(dsn, schema=schema)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


def rows(dsn: str, schema: str, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in in_schema(dsn, schema, lambda connection: connection.fetch(query, *arguments))]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


@covers("RO-01", "DP-05")
def test_the_samples_go_into_all_three_services_and_a_second_time_change_nothing(services: str) -> None:
    first = staff("import", *SAMPLES, "--by", "hr", "--reason", "demo", "--json")
    assert first.exit_code == 0, first.output
    said = json.loads(first.stdout)
    assert said["changes"]["person"] == 30
    for service in ("rating", "exposure"):
        register = dict(rows(services, service, "select person, roles from staff"))
        assert (register["wu.fang"], register["li.na"]) == (["credit_manager"], ["sales"]), (
            "the fallback is no role of tokens"
        )
        assert len(register) == 30
    assert rows(services, "alerts", "select distinct by, reason from staff_journal") == [("hr", "demo")]
    journal = rows(services, "alerts", "select count(*) from staff_journal")
    assert staff("import", SAMPLES[0], "--first").exit_code == 0
    again = staff("import", *SAMPLES, "--json")
    assert json.loads(again.stdout) == {"changes": {}, "registered": [], "faults": []}
    assert rows(services, "alerts", "select count(*) from staff_journal") == journal


def test_a_dry_run_says_what_would_change_and_changes_nothing(services: str) -> None:
    told = staff("import", *SAMPLES, "--dry-run")
    assert told.exit_code == 0
    assert "person: 30" in told.stdout
    assert "dry run" in told.stdout
    assert rows(services, "alerts", "select count(*) from people") == [(0,)]
    assert rows(services, "rating", "select count(*) from staff") == [(0,)]


def test_everything_that_is_wrong_is_said_by_row_and_column_and_nothing_is_changed(
    services: str, tmp_path: Path
) -> None:
    bad = written(
        tmp_path, "people.csv",
        "工号,中文姓名,岗位,联系方式,免打扰开始,免打扰结束\nboss,王总,general_manager,email:b@example.com,,\n"
        "a,,sales,email:a@example.com,,\nb,乙,sales,b@example.com,,\nc,丙,sales,email:c@example.com,25:00,08:00\n",
    )  # fmt: skip
    told = staff("import", bad, "--json")
    assert told.exit_code == 2
    faults = json.loads(told.stdout)["faults"]
    assert [(one["row"], one["column"]) for one in faults] == [(3, "name_zh"), (4, "contacts"), (5, "quiet_from")]
    assert faults[0]["message_zh"] == "请填写姓名"
    assert rows(services, "alerts", "select count(*) from people") == [(0,)]


@covers("AP-08", "RO-17")
def test_posts_that_must_differ_are_refused_with_the_rule(
    services: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = written(tmp_path, "people.csv", PEOPLE + "li,李,Li,disbursement;credit_manager,email:li@example.com\n")
    told = staff("import", both)
    assert told.exit_code == 2
    assert "people.csv · row 3 · posts · li may not be disbursement and credit_manager at once (AP-08" in told.output
    monkeypatch.setenv("GRADELINE_LANGUAGE", "zh")
    assert "li 不得同时担任" in staff("import", both).output
    monkeypatch.setenv("GRADELINE_LANGUAGE", "en")
    apart = written(tmp_path, "first.csv", PEOPLE + "li,李,Li,disbursement,email:li@example.com\n")
    assert staff("import", apart).exit_code == 0
    more = written(tmp_path, "more.csv", "person,name_zh,posts\nli,李,collector;finance\n")
    assert "collector and finance" in staff("import", more).output, "also one after the other"
    assert rows(services, "alerts", "select role from posts where person = 'li'") == [("disbursement",)]


def test_what_is_written_is_what_is_read(services: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert staff("import", *SAMPLES).exit_code == 0
    for language in ("en", "zh"):
        monkeypatch.setenv("GRADELINE_LANGUAGE", language)
        folder = tmp_path / language
        assert staff("export", folder).exit_code == 0
        files = sorted(folder.glob("*.csv"))
        assert {repr(one) for one in read(files).records} == {repr(one) for one in read(SAMPLES).records}
        again = staff("import", *files, "--json")
        assert json.loads(again.stdout)["changes"] == {}, again.output


def test_who_left_loses_posts_and_roles_and_their_customers_go_up(services: str, tmp_path: Path) -> None:
    assert staff("import", *SAMPLES).exit_code == 0
    gone = written(tmp_path, "people.csv", "person,name_zh,unit,codes,posts,gone\nli.na,李娜,east,m01,,yes\n")
    assert staff("import", gone).exit_code == 0
    assert rows(services, "rating", "select roles from staff where person = 'li.na'") == [([],)]
    shown = json.loads(staff("show", "li.na", "--json").stdout)
    assert shown["today"].startswith("Shen Yan")
    assert "li.na" not in staff("list").stdout
    kept = rows(services, "alerts", "select channel from contacts where person = 'li.na'")
    assert kept == [("email",)], "what the file has no column for stays"


def test_list_and_show_speak_both_languages(services: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert staff("import", *SAMPLES).exit_code == 0
    assert staff("list", "--role", "collector").stdout.splitlines() == [
        "jiang.nan  江南  Jiang Nan  hq  collector, inspector", "people: 1",
    ]  # fmt: skip
    english = staff("show", "li.na").stdout
    assert "led by: Shen Yan (shen.yan)" in english
    monkeypatch.setenv("GRADELINE_LANGUAGE", "zh")
    chinese = staff("show", "li.na").stdout
    assert "上级: 沈燕 (shen.yan)" in chinese
    assert "岗位: 客户经理" in chinese
    assert staff("show", "nobody").exit_code == 2


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("people.csv", "person,shoe_size\nli,43\n", "is that of no table of staff"),
        (
            "absences.csv",
            "person,from,to,deputy\nboss,2026-02-30,2026-03-01,\n",
            "row 2 · from · '2026-02-30' is no day",
        ),
        (
            "absences.csv",
            "person,from,to,deputy\nboss,2026-03-02,2026-03-01,\n",
            "row 2 · to · it ends before it begins",
        ),
        (
            "absences.csv",
            "person,from,to,deputy\nboss,2026-03-02,2026-03-04,ghost\n",
            "row 2 · deputy · there is no person ghost",
        ),
        (
            "portfolio.csv",
            "customer,person,from,to\nC1,ghost,2026-03-02,\n",
            "row 2 · person · there is no person ghost",
        ),
        ("people.csv", "person,name_zh,posts\nli,李,king\n", "row 2 · posts · there is no post king"),
        ("people.csv", "person,name_zh,posts\nli,李,sales@moon:1\n", "'sales@moon:1' is no post"),
        ("people.csv", "person,name_zh,contacts\nli,李,pigeon:1\n", "row 2 · contacts · there is no channel pigeon"),
        ("people.csv", "person,name_zh,leader\nli,李,li\n", "row 2 · leader · nobody leads themselves"),
        ("people.csv", "person,name_zh\nli,李\nli,李\n", "row 3 · person · it was said in row people.csv 2 already"),
        ("units.csv", "unit,level,parent\na,team,b\nb,team,a\n", "the units lie in a circle"),
        ("units.csv", "unit,level\na,galaxy\n", "row 2 · level · 'galaxy' is not known"),
    ],
)
def test_each_fault_says_where_and_what_to_write(
    services: str, tmp_path: Path, name: str, text: str, message: str
) -> None:
    assert staff("import", written(tmp_path, "first.csv", PEOPLE)).exit_code == 0
    told = staff("import", written(tmp_path, name, text))
    assert (told.exit_code, message in told.output) == (2, True), told.output


def test_without_a_fallback_nothing_is_taken_and_gb18030_is_read(services: str, tmp_path: Path) -> None:
    lonely = written(tmp_path, "people.csv", "person,name_zh,posts\nli,李,sales\n")
    assert "nobody would hear what nobody else hears" in staff("import", lonely).output
    path = tmp_path / "gb.csv"
    path.write_bytes(PEOPLE.encode("gb18030"))
    assert staff("import", path).exit_code == 0
    assert rows(services, "alerts", "select name_zh from people") == [("王总",)]


@covers("AP-14")
def test_who_has_more_customers_than_one_may_have_is_said(services: str) -> None:
    assert staff("import", *SAMPLES).exit_code == 0
    customers = [(f"C{n}", "m01" if n < 81 else "m02" if n < 120 else "m99", n != 80) for n in range(121)]

    async def told(connection: asyncpg.Connection) -> None:
        await connection.executemany(
            "insert into rating.customers (customer_id, version, as_of, currency, manager, receivable_balance) "
            "values ($1, 1, '2026-03-02', 'CNY', $2, case when $3 then 10 else 0 end)", customers,
        )  # fmt: skip
        await connection.executemany(
            "insert into exposure.limits (customer_id, limit_id, kind, amount, currency, granted_on, valid_from, share) "
            "values ($1, 'L', 'credit', $2, 'CNY', '2026-01-01', '2026-01-01', 'shared')",
            [(f"C{n}", 1_000_001 if n < 112 else 1_000_000) for n in range(81, 120)],
        )

    in_schema(services, "rating", told)
    found = {
        one["person"]: (one["active"], one["large"], one["over"]) for one in json.loads(staff("load", "--json").stdout)
    }
    assert found == {"li.na": (80, 0, False), "wang.wei": (39, 31, True), "": (1, 0, True)}
    assert "wang.wei: 39 that owe, 31 with a large limit  too many" in staff("load").stdout


@covers("AL-14")
def test_the_way_of_an_alert_names_the_people_and_why_each_of_them(services: str) -> None:
    asked = ["routes", "test", "--kind", "grade_worse", "--severity", "warning", "--at", "2026-03-04T12:00+08:00"]
    before = CliRunner().invoke(build(), [*asked, "--json"])
    assert json.loads(before.output)["routes"][0]["people"] == {}, "nobody works here yet"
    assert staff("import", *SAMPLES).exit_code == 0
    people = json.loads(staff("list", "--role", "credit_supervisor", "--json").output)
    (post,) = (one for one in people[0]["posts"] if one["role"] == "credit_supervisor")
    label = ["--label", f"{post['scope'] or 'region'}={post['of']}"]
    said = CliRunner().invoke(build(), [*asked, *label]).output
    assert people[0]["name_en"] in said
    assert "holds the post" in said
