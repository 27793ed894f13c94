"""What is shown follows from what was heard: each decision once, newest on top, money exact."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from gradeline.demo import plain
from gradeline.demo.screen import BAR, last_words, render, time_left
from gradeline.demo.showing import KEPT, Alarm, Change, Rate, Showing
from gradeline.demo.words import Words


def showing() -> Showing:
    return Showing(rating="http://127.0.0.1:8001", kafka="127.0.0.1:9092", data="/data/.gradeline")


def graded(
    customer: str, version: int, was: str | None, now: str | None, direction: str, *reasons: str
) -> dict[str, Any]:
    data = {"from": was, "to": now, "direction": direction, "reasons": reasons, "cause": "fact"}
    return {"id": f"{customer}/{version}", "type": "credit.grade.changed.v1", "subject": customer, "data": data}


def warning(customer: str, version: int, what: str, severity: str = "critical") -> dict[str, Any]:
    data = {"rule": "MN-02", "severity": severity, "kind": "transaction"}
    return {"id": f"{customer}/{version}", "type": f"credit.warning.{what}.v1", "subject": customer, "data": data}


def hear(model: Showing, *events: dict[str, Any], lived: bool = True) -> list[Change | Alarm | None]:
    return [model.decided(event, lived=lived, at="09:30:00", since_start=12.5) for event in events]


def drawn(model: Showing, *, width: int = 190, height: int = 50, now: float = 0.0) -> str:
    console = Console(record=True, width=width, height=height, file=StringIO(), force_terminal=True)
    console.print(render(model, width=width, height=height, now=now))
    return console.export_text()


@pytest.fixture
def full() -> Showing:
    model = showing()
    model.names = {"C1": "华瑞建材有限公司"}
    hear(model, graded("C1", 3, None, "B", "first"), graded("C1", 5, "B", "D", "down", "JUDGMENT_DEBTOR"))
    hear(model, warning("C1", 6, "raised"), warning("C2", 1, "cleared", "info"))
    row = {"customer_id": "C1", "grade": "D", "currency": "CNY", "warnings": 2}
    exact = "12345678901234567.89"
    other = {"customer_id": "C2", "grade": None, "currency": "CNY", "receivable_balance": "0.01"}
    model.counted(
        [
            row | {"receivable_balance": exact, "overdue_amount": None},
            other | {"overdue_amount": "0.01", "warnings": 1},
        ]
    )
    model.waiting = 8
    for second in range(5):
        model.accepted.at(float(second), second * 12)
        model.applied.at(float(second), second * 10)
    return model


def test_the_screen_shows_changes_warnings_grades_rates_and_where_to_go(full: Showing) -> None:
    text = drawn(full, now=4.0)
    for wanted in (
        "B → D ▼",
        "– → B ●",
        "C1 华瑞建材有限公司",
        "is listed as a dishonest judgment debtor",
        "已被列为失信被执行人",
        "MN-02 critical",
        "raised: pays late",
        "cleared: pays late",
        "48 12/s",
        "40 8 wait · 待入账 10/s",
        "http://127.0.0.1:8001/docs",
        "127.0.0.1:9092",
        "gradeline token --role",
        "Ctrl-C stops everything",
    ):
        assert wanted in " ".join(text.split()), wanted


def test_money_is_exact_on_the_screen(full: Showing) -> None:
    assert full.owed["CNY"].receivable == Decimal("12345678901234567.90")
    assert "12,345,678,901,234,567.90" in drawn(full)


def test_bars_are_as_long_as_the_grades_are_frequent(full: Showing) -> None:
    full.grades.clear()
    full.grades.update({"A": 24, "B": 12, None: 1})
    bars = [line.count("█") for line in drawn(full).splitlines() if "█" in line]
    assert bars == [BAR, BAR // 2, 1], "A, B, none; C and D have no bar"


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (200, 60), (60, 15)])
def test_the_screen_fits_the_terminal(full: Showing, width: int, height: int) -> None:
    for number in range(80):
        hear(full, graded(f"C{number}", 100 + number, "A", "B", "down", "PAYS_LATE"))
    console = Console(width=width, height=height, force_terminal=True)
    lines = console.render_lines(render(full, width=width, height=height, now=0.0), pad=False)
    assert len(lines) <= height
    assert all(sum(segment.cell_length for segment in line) <= width for line in lines)


def test_the_newest_change_is_on_top_and_no_more_are_kept_than_needed() -> None:
    model = showing()
    for number in range(KEPT + 5):
        hear(model, graded("C1", number, "A", "B", "down"))
    assert len(model.changes) == KEPT
    text = drawn(model)
    hear(model, graded("C9", 1, "B", "C", "down"))
    assert model.changes[0].customer == "C9"
    assert "C9" not in text
    assert "C9" in drawn(model)


def test_a_decision_that_is_delivered_again_is_shown_once() -> None:
    model = showing()
    first, again = hear(model, graded("C1", 3, None, "B", "first"), graded("C1", 3, None, "B", "first"))
    assert first is not None
    assert again is None
    assert (len(model.changes), model.repeated) == (1, 1)


def test_what_was_decided_in_an_earlier_run_is_not_shown_but_explains_what_follows() -> None:
    model = showing()
    assert hear(model, graded("C1", 3, "B", "D", "down", "IN_DEFAULT", "PAYS_LATE"), lived=False) == [None]
    assert model.first_change_s is None
    hear(model, graded("C1", 4, "D", "B", "up", "PAYS_LATE"))
    assert [change.why for change in model.changes] == [Words("no longer: is in default", "已消除：已违约")]
    assert model.first_change_s == 12.5


def test_the_progress_of_the_history_shows_rate_and_time_left() -> None:
    model = showing()
    for second in range(4):
        model.say(Words("posting", "写入"), history=(second * 1_000, 9_000), at=float(second))
    assert "3,000/9,000 · 1,000/s · 0:06 left" in drawn(model, now=3.0)
    assert "3,000/9,000 at 1,000/s, 0:06 left" in plain.summary(model, now=3.0)


def test_a_rate_speaks_of_the_last_seconds_only_and_falls_when_nothing_more_comes() -> None:
    rate = Rate()
    assert rate.per_second(0.0) == 0.0
    for second in range(60):
        rate.at(float(second), second * (100 if second < 50 else 200))
    assert rate.per_second(59.0) == pytest.approx(200.0)
    assert rate.per_second(118.0) < 50.0


def test_a_new_phase_has_a_rate_of_its_own() -> None:
    model = showing()
    model.say(Words("posting", "写入"), history=(0, 9_000), at=0.0)
    model.say(Words("posting", "写入"), history=(9_000, 9_000), at=9.0)
    for second in (10, 14):
        model.say(Words("grading", "评级"), history=(second, 20), at=float(second))
    assert "14/20 · 1/s · 0:06 left" in drawn(model, now=14.0)


@pytest.mark.parametrize(("speed", "shown"), [(0.0, "–:––"), (10.0, "1:30"), (900.0, "0:01")])
def test_time_left(speed: float, shown: str) -> None:
    assert time_left(100, 1_000, speed) == shown


def test_plain_lines_say_the_same(full: Showing) -> None:
    line = plain.changed(full.changes[0])
    assert line == (
        "grade 09:30:00 C1 华瑞建材有限公司 B -> D down: "
        "is listed as a dishonest judgment debtor / 已被列为失信被执行人"
    )
    text = plain.summary(full, now=4.0)
    assert (
        "accepted 48 (12/s) | applied 40 (10/s), 8 waiting | grades A 0 B 0 C 0 D 1 none 1 | warnings 3 (+1 -1)" in text
    )
    assert "first grade change after 12.5 s" in text
    assert "\n" not in text


def test_what_is_out_of_order_is_said(full: Showing) -> None:
    full.warn("the rating API does not answer")
    assert "! the rating API does not answer" in drawn(full)
    assert "the rating API does not answer" in plain.summary(full, now=4.0)
    full.warn("")
    assert "does not answer" not in drawn(full)


def test_the_last_words_say_what_became_of_it(full: Showing) -> None:
    console = Console(record=True, width=120, file=StringIO())
    console.print(last_words(full))
    text = console.export_text()
    assert "48 facts accepted, 40 applied" in text
    assert "first grade 1, down 1" in text


def alert(what: str, version: int, **more: Any) -> dict[str, Any]:
    told = {"alert_id": "C1.1", "severity": "critical", "kind": "grade_worse"} | more
    return {"id": f"alerts/{version}", "type": f"credit.alert.{what}.v1", "subject": "C1", "data": told}


def test_the_life_of_an_alert_is_shown_from_its_beginning_to_its_end_in_both_languages() -> None:
    model = showing()
    model.names = {"C1": "华瑞建材有限公司"}
    hear(model, alert("opened", 1, figures={"from": "B", "to": "D"}))
    model.mailed("09:30:01", "li.na@example.com", "[严重] C1：信用等级由 B 下调为 D")
    hear(model, alert("acknowledged", 2, by="li.na"), alert("withdrawn", 3))
    text = drawn(model, width=240)
    for said in (
        "grade fell from B to D",
        "mail",
        "li.na@example.com",
        "taken on by li.na",
        "已受理：li.na",
        "withdrawn",
        "已撤销",
    ):
        assert said in text, said
    assert [one.what for one in model.alerts] == ["withdrawn", "acknowledged", "told", "opened"]
    line = plain.line_of(model.alerts[1])
    assert line.startswith(
        "alert 09:30:00 C1 华瑞建材有限公司 critical taken on by li.na 已受理：li.na: grade fell from B to D / "
    )
    assert plain.line_of(model.alerts[2]).startswith("alert 09:30:01 li.na@example.com mail ")
    assert "alerts opened 1 told 1 acknowledged 1" in plain.summary(model, now=0.0)


def test_information_and_history_are_no_alerts_on_the_screen() -> None:
    model = showing()
    hear(model, alert("opened", 1, severity="info"), alert("opened", 2, recorded_only=True), alert("reminded", 3))
    assert not model.alerts
