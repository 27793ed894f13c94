"""What is told, in two languages: every kind has words, figures are written as readers expect, a grade is internal."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from services.alerts.adapters import wording
from services.alerts.adapters.channels.mail import is_mail_address
from services.alerts.adapters.channels.sending import linked
from services.alerts.adapters.channels.webhook import BODY_BYTES, thin
from services.alerts.core import rendering, writing
from services.alerts.core.composing import Composed, compose
from services.alerts.core.message import Message
from tests.support.covers import covers
from tests.support.receivers import CONSOLE, message, notice

WORDS = wording.words()
SHAPES = (
    rendering.text,
    rendering.html,
    lambda told: json.dumps(rendering.dingtalk(told), ensure_ascii=False),
    lambda told: json.dumps(rendering.wecom(told), ensure_ascii=False),
    lambda told: json.dumps(rendering.feishu(told), ensure_ascii=False),
)


def told(*messages: Message, console: str = CONSOLE) -> Composed:
    return compose(messages, WORDS[messages[0].language], link=linked(console))


def one(kind: str, language: str = "en", sees_grades: bool = True, **changes: Any) -> Message:
    return message(1, language=language, sees_grades=sees_grades, notices=(notice(1, kind=kind, **changes),))


def test_both_languages_say_the_same_things() -> None:
    english, chinese = WORDS["en"], WORDS["zh"]
    for name in ("kinds", "what", "severity", "codes", "available"):
        assert getattr(english, name).keys() == getattr(chinese, name).keys(), name
    for name, kind in english.kinds.items():
        assert kind.open == chinese.kinds[name].open, name


@pytest.mark.parametrize(
    ("language", "title"), [("en", "C-1: grade fell from A to D"), ("zh", "C-1：信用等级由 A 降为 D")]
)
def test_a_fall_is_told_with_its_figures(language: str, title: str) -> None:
    figures = {"from": "A", "to": "D", "worse": "3", "score": "41.5", "reasons": "PAYS_LATE"}
    said = told(one("grade_worse", language, figures=figures, severity="critical"))
    assert said.entries[0].title == title
    assert WORDS[language].codes["PAYS_LATE"] in said.entries[0].text
    assert said.link == f"{CONSOLE}/alerts/A-1"


@pytest.mark.parametrize(
    ("name", "value", "english", "chinese"),
    [
        ("amount", "1234567.50", "CNY 1,234,567.50", "1,234,567.50 元"),
        ("valid_to", "2026-03-05", "5 Mar 2026", "2026年3月5日"),
        ("utilisation", "1.0525", "105.2%", "105.2%"),
        ("days", "12", "12", "12"),
        ("score", "41.5", "41.5", "41.5"),
        ("to", "2026-13-45", "2026-13-45", "2026-13-45"),
    ],
)
def test_figures_are_written_as_readers_expect(name: str, value: str, english: str, chinese: str) -> None:
    assert writing.written(name, value, currency="CNY", language="en") == english
    assert writing.written(name, value, currency="CNY", language="zh") == chinese


def test_money_of_another_currency_keeps_its_code_and_its_decimals() -> None:
    assert writing.written("amount", "1200", currency="JPY", language="zh") == "1200"
    assert writing.written("amount", "1200.00", currency="USD", language="zh") == "USD 1,200.00"
    assert writing.written("amount", "1200.00", currency="", language="zh") == "1200.00"


def test_a_kind_without_words_and_a_figure_that_is_missing_are_told_all_the_same() -> None:
    assert told(one("something_new")).entries[0].title == "C-1: something new"
    said = told(one("limit_breached", figures={"exposure": "10.00", "currency": "CNY"}))
    assert said.entries[0].title == "C-1: limit exceeded"
    assert writing.MISSING not in said.entries[0].text


@covers("AL-14")
@pytest.mark.parametrize("kind", [*WORDS["en"].kinds, "something_new"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_who_may_not_see_grades_reads_none(kind: str, language: str) -> None:
    internal = {
        "from",
        "to",
        "grade",
        "cap",
        "score",
        "underlying",
        "worse",
        "better",
        "refusal",
        "reasons",
        "reason",
        "direction",
    }
    if kind in {"collection_stage", "service_changed"}:  # their `from` and `to` are stages and levels of service
        internal -= {"from", "to"}
    figures = dict.fromkeys(internal, "CANARY") | {"credit_available": "no"}
    said = told(one(kind, language, sees_grades=False, figures=figures))
    for shape in SHAPES:
        assert "CANARY" not in shape(said)
        if kind not in WORDS[language].kinds or not WORDS[language].kinds[kind].of_nobody:
            assert WORDS[language].available["no"] in shape(said)
    assert b"CANARY" not in thin(one(kind, language, sees_grades=False, figures=figures), CONSOLE)


def test_several_are_told_worst_first_with_their_counts() -> None:
    grave = ["info", "critical", "warning", "info"]
    notices = tuple(notice(number, severity=one) for number, one in enumerate(grave))
    said = told(message(1, form="digest", notices=notices))
    assert said.subject == "[Critical] Daily digest, 4 alerts: 1 Critical, 1 Warning, 2 For information"
    assert [one.severity for one in said.entries] == ["critical", "warning", "info", "info"]
    assert said.link == f"{CONSOLE}/alerts"
    together = told(*(message(number) for number in range(3)))
    assert together.subject == "[Warning] 3 alerts at once: 3 Warning"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_storm_fits_every_chat_and_says_how_many_more(language: str) -> None:
    said = told(*(message(number, language=language) for number in range(300)))
    card = json.dumps(rendering.wecom(said)["markdown"], ensure_ascii=False).encode()
    assert len(rendering.wecom(said)["markdown"]["content"].encode()) <= 4096
    assert len(json.dumps(rendering.dingtalk(said), ensure_ascii=False).encode()) <= 20_000
    assert len(json.dumps(rendering.feishu(said), ensure_ascii=False).encode()) <= 20_000
    assert "300" in said.subject
    shown = card.decode().count("C-")
    assert WORDS[language].more.format(count=300 - shown, kinds="limit_breached " + str(300 - shown)) in card.decode()


def test_nothing_that_a_name_holds_becomes_markup() -> None:
    bad = "<script>x</script>[a](http://evil)@all `**\u202e"
    said = told(one("limit_breached", subject=bad))
    assert "<script>" not in rendering.html(said)
    assert "[a](" not in rendering.dingtalk(said)["actionCard"]["text"]
    assert "@all" not in rendering.wecom(said)["markdown"]["content"]
    assert "\u202e" not in said.subject
    assert "\n" not in told(one("limit_breached", subject="a\r\nBcc: x@y.example")).subject


def test_the_day_by_which_and_another_way_are_said() -> None:
    said = told(message(1, instead_of="M-0", notices=(notice(1, kind="review_due", due_on=date(2026, 3, 5)),)))
    assert "due 5 Mar 2026" in rendering.text(said)
    assert WORDS["en"].instead in rendering.text(said)


def test_a_webhook_stays_thin() -> None:
    many = message(1, notices=tuple(notice(number) for number in range(1000)))
    body = thin(many, CONSOLE)
    assert len(body) <= BODY_BYTES
    data = json.loads(body)["data"]
    assert data["more"] + len(data["alerts"]) == 1000


@pytest.mark.parametrize(
    "text", ["a@b", "", "a b@c.example", "a@b.example,c@d.example", "A <a@b.example>", "a@b.example\nBcc: x@y"]
)
def test_an_address_of_mail_is_one_address(text: str) -> None:
    assert is_mail_address("li.na@example.com")
    assert is_mail_address(text) == (text == "a@b")


def test_where_there_is_no_console_nothing_is_linked() -> None:
    said = told(one("limit_breached"), console="")
    assert rendering.dingtalk(said)["msgtype"] == "markdown"
    assert "href" not in rendering.html(said)
