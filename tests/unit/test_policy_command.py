"""`gradeline policy` lists, shows and evaluates, and its exit status is honest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from gradeline.commands import policy

app = typer.Typer()
policy.register(app)


@app.callback()
def root() -> None:
    """Keeps `policy` a command of its own."""


def run(*arguments: str, given: str | None = None) -> Any:
    return CliRunner().invoke(app, ["policy", *arguments], input=given)


AAA = '{"net_collection_rate": "1", "worst_days_late": 0, "rival_goods": "ours_only"}'


def test_a_grade_is_printed_with_every_line_and_ends_with_0() -> None:
    result = run(
        "evaluate",
        "rm-22",
        "--measures",
        "-",
        "--json",
        given='{"net_collection_rate": "0.95", "worst_days_late": 4, "rival_goods": "equal"}',
    )
    record = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (record["method"], record["grade"], record["refusal"], len(record["sha256"])) == ("rm-22", "C", None, 64)
    assert [(line["characteristic"], line["value"], line["letter"]) for line in record["lines"]] == [
        ("net_collection_rate", "0.95", "B"),
        ("worst_days_late", "4", "B"),
        ("rival_goods", "equal", "C"),
    ]
    assert record["lines"][0]["reasons"] == ["COLLECTION_BELOW_100"]


def test_points_are_printed_where_the_method_has_points() -> None:
    result = run(
        "evaluate", "rm-32", "--measures", "-", "--json", given='{"days_beyond_terms": 3, "on_time_ratio": "0.96"}'
    )
    record = json.loads(result.stdout)
    assert (record["lines"][0]["points"], record["lines"][0]["max_points"]) == ("12", "15")


def test_a_refusal_ends_with_3() -> None:
    result = run("evaluate", "rm-22", "--measures", "-", "--json", given='{"worst_days_late": 0}')
    record = json.loads(result.stdout)
    assert (result.exit_code, record["grade"], record["refusal"]) == (3, None, "MEASURE_MISSING")


def test_before_the_first_version_nobody_is_graded() -> None:
    result = run("evaluate", "rm-22", "--measures", "-", "--json", "--as-of", "1999-12-31", given=AAA)
    record = json.loads(result.stdout)
    assert (result.exit_code, record["refusal"], record["lines"]) == (3, "POLICY_NOT_IN_FORCE", [])
    assert (record["method"], record["version"], record["sha256"]) == ("rm-22", None, None)
    said = run("evaluate", "rm-22", "--measures", "-", "--as-of", "1999-12-31", given=AAA)
    assert (said.exit_code, said.stdout) == (3, "")
    assert said.stderr == "no grade (POLICY_NOT_IN_FORCE): rm-22 had no version in force on 1999-12-31\n"


def test_a_mean_of_days_may_have_decimals_and_a_ratio_may_be_negative() -> None:
    given = '{"days_beyond_terms": "2.5", "statement_npm": "-0.1", "relationship_months": 12.0}'
    assert run("evaluate", "rm-32", "--measures", "-", "--json", given=given).exit_code in (0, 3)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("{", "not JSON"),
        ("[]", "one JSON object"),
        ('{"worst_days_late": "many"}', "worst_days_late is 'many': write a number"),
        ('{"worst_days_late": 1.5}', "worst_days_late is 1.5: write a whole number of days, 0 or more"),
        ('{"worst_days_late": -5}', "worst_days_late is -5: write a whole number of days, 0 or more"),
        ('{"worst_days_late": NaN}', "NaN is not a number"),
        ('{"worst_days_late": "Infinity"}', "write a finite number"),
        ('{"worst_days_late": true}', "write a decimal string or a number"),
        ('{"rival_goods": "some"}', "write one of equal, ours_main, ours_only, rivals_main"),
        ('{"in_default": 1}', "write text"),
        ('{"worst_days_lat": 1}', "'worst_days_lat' is not a measure of rm-22"),
        ('{"worst_days_late": 1, "worst_days_late": 2}', "stands twice"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_input_ends_with_2_and_one_sentence(given: str, says: str) -> None:
    result = run("evaluate", "rm-22", "--measures", "-", "--json", given=given)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""


def test_a_number_is_read_exactly_as_written() -> None:
    result = run(
        "evaluate", "rm-22", "--measures", "-", "--json", given=AAA.replace('"1"', "0.94999999999999999999999")
    )
    assert json.loads(result.stdout)["lines"][0]["letter"] == "C"


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "rm-99", "--measures", "-"),
        ("evaluate", "rm-22", "--measures", "/nowhere/at/all.json"),
        ("evaluate", "rm-22", "--measures", "-", "--as-of", "yesterday"),
        ("evaluate", "rm-22", "--measures", "-", "--as-of", "20260701"),
        ("evaluate", "rm-22", "--measures", "-", "--as-of", "2026-W01-1"),
        ("evaluate", "rm-22", "--measures", "-", "--as-of", "2026-7-01 "),
        ("evaluate", "rm-22", "--measures", "-", "--as-of", "2026-02-30"),
        ("evaluate", "rm-22", "--measures", "-", "--policies", "/nowhere/at/all"),
        ("evaluate", "rm-22"),
        ("show", "rm-99"),
    ],
)
def test_a_wrong_command_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments, given=AAA).exit_code == 2


def test_measures_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "measures.json"
    file.write_text(AAA, encoding="utf-8")
    result = run("evaluate", "rm-22", "--measures", str(file))
    assert result.exit_code == 0
    assert result.stdout.startswith("A\n")


def test_the_list_names_every_method_and_warning() -> None:
    listed = json.loads(run("list", "--json").stdout)
    assert [item["id"] for item in listed] == [
        "rm-22",
        "rm-32",
        "AL-06",
        "AL-07",
        "AL-10",
        "AL-15",
        "MN-01",
        "MN-02",
        "MN-05",
        "MN-07",
    ]
    assert "rm-22" in run("list").stdout


@pytest.mark.parametrize("method", ["rm-22", "rm-32"])
def test_a_policy_is_shown_with_its_assumptions(method: str) -> None:
    shown = run("show", method)
    assert shown.exit_code == 0
    assert "Assumed" in shown.stdout
    record = json.loads(run("show", method, "--json").stdout)
    assert record["rules"]["method"] == method
    assert len(record["sha256"]) == 64
