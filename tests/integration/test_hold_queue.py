"""The queue of held orders as a workbook, and the form on which one is let go: in both languages, and nobody sees more than his own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
import python_calamine
from typer.testing import CliRunner

from gradeline.main import build
from services.exposure.api.hold_sheet import WORDS
from services.exposure.api.telling import hold_id
from services.exposure.core import release_form
from services.exposure.core.steps import STEPS
from shared.edge.http.roles import roles
from shared.edge.sheets import MEDIA_TYPE
from tests.integration.test_exposure_api import DAY, Office, opened
from tests.support.covers import covers
from tests.support.rating_api import bearer, client

covers("LT-03")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(240)]


@pytest.fixture
async def office(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """C-1 in the east has two orders that wait, C-2 in the west one."""
    monkeypatch.setenv("GRADELINE_POSTGRES", database)
    async with opened(database, tmp_path) as one:
        await one.has_a_limit("20000.00")
        await one.checks("SO-1", "30000.00", company="1000", salesperson="li")
        await one.checks("=SO-2", "9000.50")
        await one.checks("SO-3", "10.00", customer_id="C-2")
        yield one


async def asks(office: Office, path: str, *, accept: str = "*/*", language: str = "en", **more: Any) -> Any:
    headers = {**bearer(office.folder, "sales", who="li", **more), "Accept": accept, "Accept-Language": language}
    async with client(office.app, headers) as api:
        return await api.get(f"/v1/{path}")


def table(body: bytes) -> list[list[Any]]:
    found: list[list[Any]] = python_calamine.load_workbook(BytesIO(body)).get_sheet_by_index(0).to_python()
    return found


async def test_the_queue_is_a_workbook_with_real_numbers_and_dates(office: Office) -> None:
    for answer in (await asks(office, "holds?format=xlsx"), await asks(office, "holds", accept=MEDIA_TYPE)):
        assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE)
        head, *rows, total = table(answer.content)
        assert head[:6] == ["customer", "order", "amount", "currency", "above the limit by", "why it waits"]
        assert [row[:5] for row in rows] == [
            ["C-1", "=SO-2", 9000.5, "CNY", 0.0],
            ["C-1", "SO-1", 30000.0, "CNY", 20000.0],
            ["C-2", "SO-3", 10.0, "CNY", 10010.0],
        ]
        assert rows[1][6:9] == [DAY, "order", "1000"]
        assert "above the credit limit" in rows[1][5] or "limit" in rows[1][5]
        assert total[:4] == ["total", "", 39010.5, "CNY"]
    assert (await asks(office, "holds")).json()["holds"], "JSON is still what is answered to everybody else"


async def test_it_speaks_chinese_and_is_filtered_by_rights_and_reason(office: Office) -> None:
    answer = await asks(
        office, "holds?format=xlsx&reason=LIMIT_EXCEEDED", language="zh-CN", limits={"regions": ["east"]}
    )
    head, first, *rest = table(answer.content)
    assert head[:3] == ["客户", "订单", "金额"]
    assert "超过信用额度" in first[5]
    assert [row[0] for row in (first, *rest)] == ["C-1", "合计"]
    assert (await office.does("GET", "holds?format=xlsx", role="order_system")).status_code == 403


def words(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", page.partition("<body>")[2]))


async def test_the_form_says_what_is_let_go_why_not_and_who_may(office: Office) -> None:
    name = hold_id("C-1", "SO-1")
    english, chinese = [await asks(office, f"holds/{name}/form", language=language) for language in ("en", "zh-CN")]
    assert english.headers["content-type"].startswith("text/html")
    said = words(english.text)
    for text in ("SO-1", "30,000.00 CNY", "20,000.00 CNY", "1000", "li", "40000", "8000"):
        assert text in said, text
    may = re.findall(r"<td>([a-z ]+)</td><td>([^<]*)</td><td>(\d+)</td><td>(yes|no)</td>", english.text)
    assert [(role, reach, answer) for role, reach, _, answer in may] == [
        ("credit manager", "10 % of the limit", "no"),
        ("finance director", "20 % of the limit", "no"),
        ("deputy general manager", "50 % of the limit", "no"),
        ("general manager", "any excess", "yes"),
    ]
    for text in ("订单特批放行单", "总经理", "加上本单后占用额超过信用额度", "姓名及签字"):
        assert text in words(chinese.text), text
    assert "@page{size:A4" in chinese.text
    assert (await asks(office, f"holds/{name}/form", limits={"regions": ["west"]})).status_code == 404
    assert (await asks(office, f"holds/{hold_id('C-1', 'SO-9')}/form")).status_code == 404


POINT = 72 / 25.4
"""Points of a millimetre."""
LONG = 76
"""Letters of a reason that stand in one line of its column, where a letter is half as wide as it is high."""


def height(page: str) -> float:
    """How much of a sheet of A4 *page* takes between its margins, in points."""

    def css(pattern: str) -> float:
        found = re.search(pattern, page)
        assert found, pattern
        return float(found[1])

    size, line = css(r"body{font:([\d.]+)pt/"), css(r"body{font:[\d.]+pt/([\d.]+)")
    row = size * line + POINT * (2 * css(r"td,th{[^}]*padding:([\d.]+)mm") + css(r"border:([\d.]+)mm"))
    heads = page.count("<h2>") * (
        css(r"h2{font-size:([\d.]+)pt") * line + POINT * (css(r"margin:([\d.]+)mm 0 .5mm") + 0.5)
    )
    title = css(r"h1{font-size:([\d.]+)pt") * line + POINT * 4
    signs = page.partition('class="sign"')[2].count("<tr>") - 1
    signs_add = max(0.0, POINT * css(r"\.sign td{height:([\d.]+)mm") - row) * signs
    wrapped = sum(len(unescape(cell)) > LONG for cell in re.findall(r"<td>([^<]*)</td>", page))
    return title + heads + row * page.count("<tr>") + size * line * (wrapped + 2) + POINT * 2 + signs_add


async def test_the_form_is_one_page_whatever_speaks_against_the_order(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a sheet of A4 with margins of 12 mm: as it is, and where every step fails, some for long reasons."""
    path = f"holds/{hold_id('C-1', 'SO-1')}/form"
    page = (await asks(office, path)).text
    room = POINT * (297 - 2 * 12)
    assert "@page{size:A4;margin:12mm}" in page
    assert height(page) < room
    assert "<script" not in page
    made = release_form.judge

    def all_fail(*given: Any) -> Any:
        judged = made(*given)
        step = msgspec.structs.replace(judged.steps[0], value="1,000,000.00", threshold="900,000.00", verdict="hold")
        reasons = [
            "CONTRACT_INCOMPLETE",
            "GROUP_NOT_KNOWN",
            "TOTAL_NOT_KNOWN",
            *["TOO_CONCENTRATED"] * (len(STEPS) - 3),
        ]
        return msgspec.structs.replace(
            judged, steps=tuple(msgspec.structs.replace(step, reason=reason) for reason in reasons)
        )

    monkeypatch.setattr(release_form, "judge", all_fail)
    full = (await asks(office, path)).text
    assert full.count("<tr>") > page.count("<tr>") + 20
    assert height(full) < room


async def test_what_strangers_wrote_is_text_on_the_form(office: Office) -> None:
    await office.checks("<b>SO</b>", "30000.00")
    page = (await asks(office, f"holds/{hold_id('C-1', '<b>SO</b>')}/form")).text
    assert "<b>SO</b>" not in page
    assert "&lt;b&gt;SO&lt;/b&gt;" in page


async def test_the_commands_write_the_same(office: Office, tmp_path: Path) -> None:
    book, page = tmp_path / "holds.xlsx", tmp_path / "form.html"
    for path in (["holds", "list", "--xlsx", str(book)], ["holds", "form", "C-1", "SO-1", str(page)]):
        done = await asyncio.to_thread(
            CliRunner().invoke, build(), path, env={"GRADELINE_LANGUAGE": "zh", "COLUMNS": "300"}
        )
        assert done.exit_code == 0, done.output
    rows = table(book.read_bytes())
    assert len(rows) == 5
    assert isinstance(rows[1][6], date)
    assert "订单特批放行单" in page.read_text("utf-8")
    gone = await asyncio.to_thread(CliRunner().invoke, build(), ["holds", "form", "C-1", "SO-9", str(page)])
    assert gone.exit_code == 2


def test_words_are_in_both_languages_and_every_role_that_lets_go_has_some() -> None:
    assert all(one.en and one.zh and re.search("[\u4e00-\u9fff]", one.zh) for one in WORDS.values())
    assert {name for name, scopes in roles().items() if "holds:release" in scopes} <= WORDS.keys()
