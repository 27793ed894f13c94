"""`gradeline policy diff` with a population: who moves, from which grade to which, how many, and why in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from gradeline.commands import policy
from gradeline.commands.policy_asked import SHIPPED
from tests.support.covers import covers

app = typer.Typer()
policy.register(app)

AAA = {"net_collection_rate": "1", "worst_days_late": 0, "rival_goods": "ours_only"}
AAB = {"net_collection_rate": "1", "worst_days_late": 3, "rival_goods": "ours_only"}
ADA = {"net_collection_rate": "1", "worst_days_late": 10, "rival_goods": "ours_only"}


@app.callback()
def root() -> None:
    """Keeps `policy` a command of its own."""


def run(*arguments: str, given: str | None = None) -> Any:
    return CliRunner().invoke(app, ["policy", "diff", *arguments], input=given)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The shipped rules with a second version of rm-22: a single B makes B, and 10 days late are no veto any more."""
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "rules"))
    text = (folder / "rm-22/1.yaml").read_text("utf-8").replace('version: "1"', 'version: "2"')
    text = text.replace("effective: 2000-01-01", "effective: 2026-07-01")
    assert "AAB: A" in text
    (folder / "rm-22/2.yaml").write_text(text.replace("AAB: A", "AAB: B"), "utf-8")
    return folder


def told(*customers: tuple[str, dict[str, Any]]) -> str:
    return "\n".join(json.dumps({"customer_id": name, "measures": measures}) for name, measures in customers)


@covers("DP-22")
def test_who_moves_is_named_with_grades_counts_and_reasons(rules: Path) -> None:
    given = told(("C-1", AAB), ("C-3", AAA), ("C-2", AAB), ("C-4", ADA), ("C-5", {}))
    result = run("rm-22@1", "rm-22@2", "--policies", str(rules), "--population", "-", "--json", given=given)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [(one["at"], one["before"], one["after"]) for one in found["changes"] if "AAB" in one["at"]] == [
        ("letters.table.AAB", "A", "B")
    ]
    seen = found["population"]
    assert (seen["customers"], seen["up"], seen["down"], seen["waiting"]) == (5, 0, 2, 0)
    assert seen["before"] == {"A": 3, "D": 1, "none": 1}
    assert seen["after"] == {"A": 1, "B": 2, "D": 1, "none": 1}
    assert seen["steps"] == [{"before": "A", "after": "B", "customers": 2}]
    assert seen["stability"] is None, "nobody held B before"
    assert [(one["customer"], one["before"], one["after"]) for one in seen["moved"]] == [
        ("C-1", "A", "B"),
        ("C-2", "A", "B"),
    ]
    assert [(one["en"], one["zh"]) for one in seen["moved"][0]["why"]] == [
        ("paid a few days late", "付款略有逾期"),
        ("the same lines give another grade", "评分项未变，等级的划分不同"),
    ]


def test_a_table_says_it_in_the_language_of_the_terminal(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("rm-22", "--policies", str(rules), "--population", "-")
    result = run(*asked, given=told(("C-1", AAB), ("C-3", AAA)))
    assert "2 customers: 0 up, 1 down" in result.stdout
    assert "C-1: A → B; " in result.stdout
    monkeypatch.setenv("GRADELINE_LANGUAGE", "zh")
    chinese = run(*asked, given=told(("C-1", AAB), ("C-3", AAA))).stdout
    assert "客户 2 个：上调 0 个，下调 1 个" in chinese
    assert "付款略有逾期" in chinese


def test_two_methods_are_compared_by_rank_each_reading_what_it_knows(tmp_path: Path) -> None:
    """Under rm-22 a customer of A; rm-32 has no facts to judge by and refuses."""
    file = tmp_path / "population.csv"
    file.write_text(
        "customer_id,net_collection_rate,worst_days_late,rival_goods\nC-1,1,0,ours_only\nC-2,,0,\n", "utf-8"
    )
    result = run("rm-22", "rm-32", "--population", str(file), "--json")
    assert result.exit_code == 0, result.output
    seen = json.loads(result.stdout)["population"]
    assert seen["steps"] == [{"before": "A", "after": "none", "customers": 1}]
    assert seen["before"]["none"] == 1, "an empty cell is not known"
    assert (seen["up"], seen["down"]) == (0, 1)
    codes = [one["code"] for one in seen["moved"][0]["why"]]
    assert codes[0] in ("MEASURE_MISSING", "TOO_FEW_FACTS")
    assert any("→ –" in one["en"] for one in seen["moved"][0]["why"]), "lines that are no longer there"


def test_a_line_that_gives_other_points_is_named_by_the_title_of_its_measure(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "rules"))
    text = (folder / "rm-22/1.yaml").read_text("utf-8").replace('version: "1"', 'version: "2"')
    text = text.replace("effective: 2000-01-01", "effective: 2026-07-01")
    strict = text.replace("{above: 0, letter: B", "{above: 0, letter: C")
    assert strict != text
    (folder / "rm-22/2.yaml").write_text(strict, "utf-8")
    given = told(("C-1", {**AAB, "rival_goods": "ours_main"}))
    result = run("rm-22", "--policies", str(folder), "--population", "-", "--json", given=given)
    why = json.loads(result.stdout)["population"]["moved"][0]["why"]
    assert why[-1] == {
        "code": "worst_days_late",
        "en": "maximum days late, paid and open: B → C",
        "zh": "最长逾期付款天数：B → C",
    }


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("p.jsonl", told(("C-1", {"moon": 1})), "p.jsonl, line 1: C-1: 'moon' is not a measure of rm-22"),
        ("p.jsonl", told(("C-1", AAA), ("C-1", AAB)), "line 2: C-1 stands twice; keep one line"),
        ("p.jsonl", '{"customer_id": "C-1"}', 'line 1: write {"customer_id": "C-1", "measures": {…}}'),
        ("p.jsonl", "[1]", "line 1: give one JSON object"),
        ("p.jsonl", "\n{", "line 2: "),
        ("p.jsonl", told(("C" * 65, AAA)), "line 1: write a customer_id of 1 to 64 characters"),
        ("p.jsonl", told(("C-1", {"rival_goods": "some"})), "write one of"),
        ("p.csv", "customer,worst_days_late\nC-1,1\n", "line 1: name one column customer_id"),
        ("p.csv", "customer_id,worst_days_late\nC-1\n", "line 2: 1 cells stand under 2 columns"),
        ("p.csv", "customer_id,worst_days_late\nC-1,soon\n", "line 2: C-1: worst_days_late is 'soon'"),
        ("none.csv", None, "none.csv: the file cannot be read (FileNotFoundError)"),
    ],
)
def test_a_population_that_cannot_be_read_is_one_sentence_with_file_line_and_remedy(
    name: str, text: str | None, says: str, tmp_path: Path, rules: Path
) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text, "utf-8")
    result = run("rm-22", "--policies", str(rules), "--population", str(file))
    assert result.exit_code == 2
    assert says in result.stderr


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("rm-22", "--population", "-", "--instance"), "not both"),
        (("rm-22@1", "--from", "1"), "leave out --from and --to"),
        (("rm-22@9", "rm-32"), "has no version '9'"),
        (("rm-22", "rm-98"), "there is no method 'rm-98'"),
        (("rm-22",), "one version only"),
    ],
)
def test_what_does_not_go_together_is_said(asked: tuple[str, ...], says: str) -> None:
    result = run(*asked)
    assert (result.exit_code, says in result.stderr) == (2, True), result.output


def test_a_code_that_only_one_version_lists_may_be_given_to_both(rules: Path) -> None:
    text = (rules / "rm-22/2.yaml").read_text("utf-8").replace("ours_only", "ours_alone")
    (rules / "rm-22/2.yaml").write_text(text, "utf-8")
    asked = ("rm-22", "--policies", str(rules), "--population", "-", "--json")
    given = told(("C-1", AAA), ("C-2", {**AAA, "rival_goods": "ours_alone"}))
    assert json.loads(run(*asked, given=given).stdout)["population"]["customers"] == 2
    assert run(*asked, given=told(("C-1", {**AAA, "rival_goods": "ours_alnoe"}))).exit_code == 2


def test_the_stability_of_the_grades_is_told_where_every_grade_is_held(rules: Path) -> None:
    """Of four customers A 3 and B 1 before, A 2 and B 2 after: −0.25 × ln(2 ÷ 3) + 0.25 × ln 2."""
    bbb = {"net_collection_rate": "0.96", "worst_days_late": 3, "rival_goods": "ours_main"}
    given = told(("C-1", AAB), ("C-2", AAA), ("C-3", AAA), ("C-4", bbb))
    asked = ("rm-22", "--policies", str(rules), "--population", "-")
    seen = json.loads(run(*asked, "--json", given=given).stdout)["population"]
    assert (seen["before"], seen["after"], seen["stability"]) == ({"A": 3, "B": 1}, {"A": 2, "B": 2}, "0.2747")
    assert "stability of the grades (PSI): 0.2747" in run(*asked, given=given).stdout
