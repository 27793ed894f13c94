"""Every code that the shipped rules can give has words in both languages, and a change is told by what changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from gradeline.demo import words
from gradeline.demo.words import DIRECTIONS, ENDINGS, REASONS, WARNINGS, Words, alerted, explain, warned
from services.rating.core.announce import DATA_RULE
from shared.core.events.rating import Direction
from shared.core.refusal import SENTENCES, Refusal

SERVICE = Path(__file__).parents[2] / "services" / "rating"
HELD = re.compile(r'"((?:RISE_|FALL_|QUOTA_|OVERRIDE)[A-Z_]*)"')


def reasons_in(node: Any) -> Iterator[str]:
    """Every `reason:` of a policy file, at any depth."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "reason" and isinstance(value, str):
                yield value
            else:
                yield from reasons_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from reasons_in(value)


def shipped_codes() -> set[str]:
    files = [file for file in (SERVICE / "policies").rglob("*.yaml") if "cases" not in file.parts]
    assert len(files) >= 4
    found = {code for file in files for code in reasons_in(yaml.load(file.read_text("utf-8"), yaml.BaseLoader))}
    said = [(SERVICE / "core" / name).read_text("utf-8") for name in ("moving.py", "overriding.py")]
    return found | {code for text in said for code in HELD.findall(text)}


def test_every_shipped_reason_has_words_and_no_words_are_left_over() -> None:
    codes = shipped_codes()
    assert len(codes) > 40
    assert codes | set(Refusal) == REASONS.keys()


def test_every_refusal_direction_and_warning_rule_has_words() -> None:
    assert {code: REASONS[str(code)].en for code in Refusal} == SENTENCES
    assert set(get_args(Direction)) == DIRECTIONS.keys()
    rules = {folder.name.upper() for folder in (SERVICE / "policies" / "warnings").iterdir() if folder.name != "cases"}
    assert rules | {DATA_RULE} == WARNINGS.keys()


@pytest.mark.parametrize("book", [REASONS, WARNINGS, DIRECTIONS, ENDINGS])
def test_words_are_english_and_chinese(book: dict[str, Words]) -> None:
    for code, both in book.items():
        assert both.en.isascii(), code
        assert re.search(r"[\u4e00-\u9fff]", both.zh), code
        assert len(both.en) <= 80, code
        assert not f"{both.en}{both.zh}".endswith((".", "。")), code


def change(direction: str, *reasons: str, score: str | None = None, **more: Any) -> dict[str, Any]:
    return {"direction": direction, "reasons": list(reasons), "score": score, "cause": "fact", **more}


def test_a_fall_is_told_by_the_reasons_that_are_new() -> None:
    before = change("first", "PAYS_LATE", "STATEMENTS_MISSING")
    fell = explain(change("down", "JUDGMENT_DEBTOR", "PAYS_LATE", "STATEMENTS_MISSING"), before)
    assert fell == REASONS["JUDGMENT_DEBTOR"]


def test_a_rise_is_told_by_the_reasons_that_are_gone() -> None:
    rose = explain(change("up", "PAYS_LATE"), change("down", "IN_DEFAULT", "PAYS_LATE"))
    assert rose == Words("no longer: is in default", "已消除：已违约")
    assert explain(change("up", "PAYS_LATE", cause="review"), change("down", "PAYS_LATE")) == words.AT_REVIEW


def test_where_no_reason_changed_the_score_is_told_rounded_half_to_even() -> None:
    before = change("first", "PAYS_LATE", score="65.050000000")
    fell = explain(change("down", "PAYS_LATE", score="64.966666666"), before)
    assert fell == Words("its score fell from 65.0 to 65.0", "评分由 65.0 降至 65.0")


def test_a_lost_grade_is_told_by_its_refusal() -> None:
    lost = explain(change("lost", "FEW_DUE_DOCUMENTS", refusal="TOO_FEW_FACTS"), None)
    assert lost.en == f"no grade any more; {REASONS['TOO_FEW_FACTS'].en}"
    assert lost.zh == f"不再评级；{REASONS['TOO_FEW_FACTS'].zh}"


def test_the_veto_is_told_by_the_indicator_that_cast_it_and_rules_that_hold_a_rise_are_not_told() -> None:
    first = explain(change("first", "ONE_VOTE_VETO", "LATE_10_DAYS", "RISE_COOLDOWN"), None)
    assert first.en == "first grade; paid 10 days late or more"


def test_at_most_two_reasons_are_told_and_none_is_good_news() -> None:
    told = explain(change("down", "IN_DEFAULT", "PAYS_LATE", "OVERDUE_HIGH"), None)
    assert told.en == "is in default; pays many days beyond terms"
    assert explain(change("first"), None).en == "first grade; nothing speaks against it"


def test_a_correction_says_that_a_fact_came_late() -> None:
    told = explain(change("down", "IN_DEFAULT", cause="correction"), None)
    assert told == Words("is in default; a fact came late", "已违约；补记事实")


def test_a_code_without_words_is_shown_as_it_is() -> None:
    assert explain(change("down", "BRAND_NEW"), None) == Words("BRAND_NEW", "BRAND_NEW")
    assert warned("XX-99") == Words("XX-99", "XX-99")


def test_an_alert_is_told_with_its_figures_as_its_mail_writes_them() -> None:
    told = alerted("limit_watched", {"utilisation": "0.9586527", "currency": "CNY"}, "C-1")
    assert told == Words("limit used to 95.9%", "信用额度使用率达 95.9%")
    assert alerted("of_another_release", {}, "C-1").en == "of another release"
