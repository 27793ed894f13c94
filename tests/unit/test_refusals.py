"""Whatever a reader of rules or of given measures refuses is said in Chinese too: with file, line, place and remedy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from typer.testing import CliRunner

from gradeline.main import build
from gradeline.shapes import SHAPES
from shared.core.errors import Malformed, Misconfigured
from shared.core.policy.policy import Policy
from shared.edge.policy_cards import NOTHING_SHARED
from shared.edge.policy_check import check_draft
from shared.edge.policy_files import read_policy
from shared.edge.policy_values import read_measures
from shared.edge.refusals import catalogue, in_chinese
from tests.architecture.tree import python
from tests.support.sentences import refusals

HAN = re.compile("[\u4e00-\u9fff]")
READERS = [file for file in python("shared") if file.path.startswith("shared/edge/policy_")]
PARTS = {
    ", with bonuses to {a}", "; did you mean {a}?", "; choose one of {a}", " of the template {a}", "; perhaps {a}",
    "things counted",
}  # fmt: skip
"""What is put together before it is filled in."""
TEXT = (SHAPES["p1"] / "1.yaml").read_text("utf-8")


def test_every_sentence_has_its_chinese_and_none_is_left_over() -> None:
    said = refusals(READERS) | PARTS
    assert len(said) > 140
    assert said - catalogue().keys() == set()
    assert catalogue().keys() - said == set()


def test_no_reader_refuses_with_a_sentence_from_elsewhere() -> None:
    """Parts are few and listed; each stands in the code as it is listed."""
    text = "\n".join(file.text for file in READERS)
    for part in PARTS:
        assert part.partition("{")[0] in text, part


@pytest.mark.parametrize("english", catalogue())
def test_a_sentence_is_found_by_its_own_template_and_names_the_same_things(english: str) -> None:
    chinese = catalogue()[english]
    names = [name for _, name, _, _ in Formatter().parse(english) if name]
    assert sorted(names) == sorted(name for _, name, _, _ in Formatter().parse(chinese) if name)
    assert HAN.search(chinese)
    filled = {name: f"'x{name}'" for name in names}
    assert in_chinese(english.format(**filled)) == chinese.format(**filled)


def bent(old: str, new: str) -> str:
    assert old in TEXT, old
    return TEXT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (bent("owner:", "oner:"), "缺少键 'owner'；请补上"),
        (bent("rank: 67", "rank: soon"), "scale[1].rank 为 'soon'：请写"),
        (bent("points: 40", "points: 41"), "cards：评分项的分值合计为 101；须为 100"),
        (bent("max_steps: 1", "max_step: 1"), "缺少键 'max_steps'；请补上"),
        (bent("fall: at_once", "fall: sometimes"), "movement.fall 为 'sometimes'：请填写其中之一：at_once"),
        (bent("  months_with_orders: {reported", "  months_wth_orders: {reported"), "下没有声明"),
        ("cards: [", "不是有效的 YAML"),
        ("", "文件为空"),
        ("[1]", "须为键值对"),
        ("a: &a [1]\nb: *a", "*a 引用了另一部分；请完整写出"),
    ],
)  # fmt: skip
def test_a_spoiled_file_is_refused_in_chinese_with_file_line_and_remedy(text: str, says: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_policy(text, "rules/p1/1.yaml", NOTHING_SHARED)
    said = in_chinese(refused.value.message)
    line = re.match(r"rules/p1/1\.yaml(, line \d+)?: ", refused.value.message)
    assert line is not None
    assert said.startswith("rules/p1/1.yaml" + (f" 第 {line[1].split()[-1]} 行：" if line[1] else "：")), said
    assert says in said


def policy() -> Policy:
    return read_policy(TEXT, "p1", NOTHING_SHARED)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"moon": 1}, "'moon' 不是 p1 的指标；它读取 "),
        ({"months_with_orders": "soon"}, "months_with_orders 为 'soon'：请写数字，例如 0.95"),
        ({"months_with_orders": -1}, "months_with_orders 为 -1：请写不小于 0 的整数（months）"),
        ({"size_class": "huge"}, "size_class 为 'huge'：请填写其中之一：large, medium, small"),
    ],
)
def test_given_measures_are_refused_in_chinese(given: dict[str, Any], says: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_measures(json.dumps(given), policy())
    assert says in in_chinese(refused.value.message)


def test_what_nobody_refuses_so_stays_as_it_is() -> None:
    for sentence in ("a sentence of another module", "已经是中文", "", "C-1: moves"):
        assert in_chinese(sentence) == sentence


def test_a_draft_that_cannot_be_read_is_found_in_both_languages() -> None:
    _, (found,) = check_draft(bent("owner:", "oner:"), "", NOTHING_SHARED)
    assert (found.says, found.says_zh) == (
        "the file: the key 'owner' is missing; add it",
        "无法读取：文件：缺少键 'owner'；请补上",
    )


def test_commands_refuse_in_the_language_of_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADELINE_LANGUAGE", "zh")
    rules = tmp_path / "rules"
    assert CliRunner().invoke(build(), ["policy", "init", str(rules)]).exit_code == 0
    broken = rules / "rm-22" / "1.yaml"
    broken.write_text(broken.read_text("utf-8").replace("owner:", "oner:", 1), "utf-8")
    asked = ["--policies", str(rules)]
    shown = CliRunner().invoke(build(), ["policy", "show", "rm-22", *asked])
    assert shown.exit_code == 2
    assert "缺少键 'owner'；请补上" in shown.stderr
    checked = CliRunner().invoke(build(), ["policy", "check", *asked])
    assert "rm-22/1.yaml 第 " in checked.stdout
    assert "缺少键 'owner'；请补上" in checked.stdout
    given = CliRunner().invoke(build(), ["policy", "evaluate", "rm-22", "--measures", "-"], input='{"moon": 1}')
    assert (given.exit_code, "'moon' 不是 rm-22 的指标；它读取 " in given.stderr) == (2, True), given.stderr
    people = '{"customer_id": "C-1", "measures": {"moon": 1}}'
    moved = CliRunner().invoke(build(), ["policy", "diff", "rm-22", "rm-32", "--population", "-"], input=people)
    assert moved.stderr.startswith("- 第 1 行：C-1: 'moon' 不是 rm-22 and rm-32 的指标"), moved.stderr
