"""The glossary has every noun of the code, in both languages, with the words the code uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from services.rating.core.measures.catalogue import CATALOGUE
from shared.core.events import EVENTS
from shared.core.refusal import SENTENCES
from tests.architecture.tree import ROOT

PAGE = ROOT / "docs" / "glossary.md"
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|(?: ([^|]+) \|)?$")
HEADING = re.compile(r"^#+ (.+)$")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
Words = dict[str, dict[str, tuple[str, str, str]]]


def words(text: str) -> Words:
    """Section → word → (English, Chinese, meaning or unit). Fails for a word that is twice in one section."""
    found: Words = {}
    section = ""
    for line in text.splitlines():
        if heading := HEADING.match(line):
            section = heading[1]
        elif row := ROW.match(line):
            assert row[1] not in found.setdefault(section, {}), f"{section}: {row[1]} is twice there"
            found[section][row[1]] = (row[2].strip(), row[3].strip(), (row[4] or "").strip())
    return found


def missing(given: Words) -> list[str]:
    """What the code has and the glossary has not, or has otherwise: the rows to write."""
    events, measures = given.get("Events", {}), given.get("Measures", {})
    wanted = [f"| `{name}` | …" for name in _events() if name not in events]
    wanted += [f"| `{name}` | (no such event)" for name in events if name not in _events()]
    for name, measure in CATALOGUE.items():
        if measures.get(name) != (measure.en, measure.zh, measure.unit):
            wanted.append(f"| `{name}` | {measure.en} | {measure.zh} | {measure.unit} |")
    wanted += [f"| `{name}` | (no such measure)" for name in measures if name not in CATALOGUE]
    for refusal, sentence in SENTENCES.items():
        if given.get("Refusals", {}).get(str(refusal), ("", "", ""))[2] != sentence:
            wanted.append(f"| `{refusal}` | … | … | {sentence} |")
    tables = {tuple(table) for table in given.values()}
    return wanted + [f"a table with exactly {list(codes)}" for codes in _closed_lists() if codes not in tables]


def _events() -> list[str]:
    return [cls.TYPE.removeprefix("credit.").removesuffix(".v1") for cls in EVENTS]


def _closed_lists() -> set[tuple[str, ...]]:
    return {codes for cls in EVENTS for codes in _codes_of(cls)}


def _codes_of(kind: Any) -> Iterator[tuple[str, ...]]:
    """Yield the members of every closed list in the fields of *kind*."""
    if get_origin(kind) is Literal:
        yield get_args(kind)
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        for name in kind.__struct_fields__:
            yield from _codes_of(hints[name])
    else:
        for inner in getattr(kind, "__args__", ()):
            yield from _codes_of(inner)


def test_every_event_measure_refusal_and_code_is_in_the_glossary() -> None:
    assert missing(words(PAGE.read_text("utf-8"))) == []


def test_every_word_has_a_chinese_and_an_english_side() -> None:
    for section, table in words(PAGE.read_text("utf-8")).items():
        for word, (english, chinese, meaning) in table.items():
            assert CHINESE.search(chinese), f"{section}: {word}"
            assert not CHINESE.search(english), f"{section}: {word}"
            assert meaning or section not in {"Nouns", "Events", "Measures", "Refusals"}, f"{section}: {word}"


def test_every_row_is_read() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ") and "中文" not in line]
    assert len(rows) == sum(len(table) for table in words(PAGE.read_text("utf-8")).values())
    assert len(rows) > 200


def test_the_events_of_one_page_are_called_differently() -> None:
    table = words(PAGE.read_text("utf-8"))["Events"]
    assert len({chinese for _, chinese, _ in table.values()}) == len(table)


@pytest.mark.parametrize(
    "line", ["| `grade.changed` |", "| `dso` |", "| `TOO_THIN` |", "| `cross_region_sale` |", "| `critical` |"]
)
def test_a_row_that_is_missing_is_seen(line: str) -> None:
    text = PAGE.read_text("utf-8")
    kept = "\n".join(each for each in text.splitlines() if not each.startswith(line))
    assert len(set(missing(words(kept))) - set(missing(words(text)))) == 1


def test_a_row_that_says_something_else_is_seen() -> None:
    text = PAGE.read_text("utf-8")
    other = text.replace("| 逾期率 |", "| 坏账率 |").replace("`grade.changed`", "`grade.invented`")
    assert set(missing(words(other))) - set(missing(words(text))) == {
        "| `grade.changed` | …",
        "| `grade.invented` | (no such event)",
        "| `overdue_ratio` | overdue share of the balance | 逾期率 | ratio |",
    }
