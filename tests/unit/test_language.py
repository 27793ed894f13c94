"""Commands of authors speak English or Chinese, whole: every sentence in the code has its Chinese, and none is left over."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from typer.testing import CliRunner

from gradeline.commands.policy_list import STATES
from gradeline.language import chinese, language
from gradeline.main import build
from gradeline.shapes import SHAPES
from shared.core.policy.card import Missing
from shared.core.policy.derived import Derived, How
from shared.core.policy.movement import Approval, When
from shared.core.policy.shape import Quota
from shared.edge.policy_check import FLAWS
from tests.architecture.tree import python
from tests.support.literals import choices

HAN = re.compile("[\u4e00-\u9fff]")
LATIN_ALLOWED = re.compile(r"[A-Za-z0-9_.\-]+")
RULES = {one.replace("_", " ") for one in (*get_args(How), *get_args(When), *choices(Derived, "missing"))} - {"unknown"}
RULES |= {one.replace("_", " ") for one in choices(Missing, "then")} - {"neutral", "letter"}
RULES |= {one.replace("_", "-") for one in choices(Quota, "review")}
RULES |= {*choices(Quota, "above"), *choices(Quota, "exceeded"), *(one.capitalize() for one in choices(Approval, "of"))}
RULES |= {
    "credit",
    "service",
    "compliance",
    "usage",
    "warning",
    *STATES.values(),
}
RULES |= {"reasons", "capped by", "to do"}
"""Words of the rules that are said as they stand."""


def sentences() -> set[str]:
    """Every constant text that is handed to `say`, to `_head`, or mapped by `say`."""
    found = set()
    for file in [file for file in python("gradeline") if "from gradeline.language import" in file.text]:
        for node in file.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"say", "_head"}:
                found |= texts(node.args)
            if isinstance(node, ast.Call) and names([node.func, *node.args[:1]]) == ["map", "say"]:
                found |= texts(node.args[1:])
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id in {"said", "leaving"}
            ):
                found |= texts([node.value])
    return found


def names(nodes: list[ast.expr]) -> list[str]:
    return [node.id for node in nodes if isinstance(node, ast.Name)]


def texts(nodes: list[ast.expr]) -> set[str]:
    constants = {one.value for node in nodes for one in ast.walk(node) if isinstance(one, ast.Constant)}
    return {one for one in constants if isinstance(one, str)}


def test_every_sentence_has_its_chinese_and_none_is_left_over() -> None:
    said = sentences() | RULES
    assert len(said) > 100
    assert {one for one in chinese() if one not in said and not joined(one, said)} == set()
    missing = {one for one in said - chinese().keys() if re.search(r"[a-z]{3}", one) and not fragment(one)}
    assert missing == set()


def joined(sentence: str, said: set[str]) -> bool:
    """Whether *sentence* is put together of two constants."""
    return any(sentence.startswith(one) and sentence.removeprefix(one) in said for one in said if one)


def fragment(text: str) -> bool:
    """Whether *text* only begins or ends a sentence, or is a key of what is filled in."""
    return any(text in one and text != one for one in chinese())


@pytest.mark.parametrize("book", [chinese(), {code: words.zh for code, words in FLAWS.items()}])
def test_chinese_is_chinese_and_names_the_same_things(book: dict[str, str]) -> None:
    for english, said in book.items():
        assert HAN.search(said) or (set(Formatter().parse(said)) and "{" in said), english
    for english, said in chinese().items():
        assert fields(english) == fields(said), english


def test_findings_name_the_same_things_in_both_languages() -> None:
    for rule, words in FLAWS.items():
        assert fields(words.en) == fields(words.zh), rule


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "C", "GRADELINE_LANGUAGE": "zh"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "GRADELINE_LANGUAGE": "en"}, "en"),
    ],
)
def test_the_installation_says_its_language_else_the_terminal(
    environment: dict[str, str], spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GRADELINE_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == spoken


ENGLISH = (
    "Scale",
    "Cards",
    "Labels",
    "Falls at",
    "Rises by",
    "Reviewed every",
    "at best ",
    "Derived",
    "in force from",
    "leave out",
)


@pytest.fixture
def zh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADELINE_LANGUAGE", "zh")
    monkeypatch.setenv("COLUMNS", "250")


def run(*words: str, given: str | None = None) -> str:
    result = CliRunner().invoke(build(), ["policy", *words], input=given)
    return result.stdout + result.stderr


@pytest.mark.usefixtures("zh")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_method_of_every_shape_is_shown_in_chinese(shape: str, tmp_path: Path) -> None:
    assert "rules" in run("init", str(tmp_path / "rules"))
    folder = str(tmp_path / "rules")
    assert run("new", "my-card", "--shape", shape, "--policies", folder, "--effective", "2026-01-01")
    shown = run("show", "my-card", "--policies", folder, "--as-of", "2026-07-01")
    assert "等级标尺" in shown
    assert [one for one in ENGLISH if one in shown] == []


@pytest.mark.usefixtures("zh")
def test_what_authors_read_most_is_chinese(tmp_path: Path) -> None:
    assert run("check", "rm-22") == "未发现问题\n"
    assert "生效中" in run("list")
    assert "第 1 版" in run("diff", "rm-22", "--from", "1", "--to", "1")
    assert "没有变化" in run("diff", "rm-22", "--from", "1", "--to", "1")
    said = run(
        "evaluate",
        "rm-22",
        "--measures",
        "-",
        "--explain",
        "--reach",
        "A",
        given='{"net_collection_rate": "0.96", "worst_days_late": 0, "rival_goods": "equal"}',
    )
    assert "净回款率低于 100%" in said
    assert "达到 A 需要的改变" in said
    refused = run("evaluate", "rm-22", "--measures", "-", given='{"worst_days_late": 0}')
    assert "不予评级 (MEASURE_MISSING): 缺少必需的指标：net_collection_rate" in refused
    assert "当日没有生效的版本" in run("show", "rm-22", "--as-of", "1999-01-01")


@pytest.mark.usefixtures("zh")
def test_programs_read_the_same_in_every_language(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("list", "--json", "--as-of", "2026-07-01")
    chinese_ = run(*asked)
    monkeypatch.setenv("GRADELINE_LANGUAGE", "en")
    assert json.loads(run(*asked)) == json.loads(chinese_)
