"""`gradeline measures` lists the library and shows one measure whole, in English and Chinese."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from typer.testing import CliRunner

from gradeline.main import app
from services.rating.core.measures.listing import MeasureSummary, library
from shared.core.measures.declared import PARAMETER_VALUES
from shared.core.measures.library import FAMILIES, LIBRARY
from shared.core.measures.reported import REPORTED_MEASURES
from shared.edge.measure_words import UNITS, VALUES, formulas

HAN = re.compile("[\u4e00-\u9fff]")


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["measures", *arguments], env={"COLUMNS": "400"})


def test_the_list_has_every_measure_and_those_that_others_know() -> None:
    listed = json.loads(run("list", "--json").stdout)

    assert [one["name"] for one in listed] == [*LIBRARY, *(one.name for one in REPORTED_MEASURES)]
    assert all(one["title"] and one["title_zh"] and one["formula"] and one["source"] and one["unit"] for one in listed)
    table = run("list").stdout
    assert all(one.name in table and one.title_zh in table for one in library())


def test_one_family_is_listed_alone_and_another_word_names_them_all() -> None:
    sales = next(one for one in FAMILIES if one.name == "sales")
    listed = json.loads(run("list", "--family", "sales", "--json").stdout)
    wrong = run("list", "--family", "sails")

    assert [one["name"] for one in listed] == [one.name for one in sales.measures]
    assert (wrong.exit_code, "choose one of payment, habits, collection, sales" in wrong.stderr) == (2, True)


@pytest.mark.parametrize("name", ["dso", "dso_91d"])
def test_a_measure_is_shown_whole_with_its_window_or_without(name: str) -> None:
    shown = run("show", name)

    assert shown.exit_code == 0
    for part in ("应收账款回收天数", "days sales outstanding, end balance", "balance ÷ invoiced in the window", "<n>d, <n>m",
                 "features 5.1", "not known 未知 (null)", "days · 天", "应收余额 ÷ 窗口内开票金额 × 窗口天数"):  # fmt: skip
        assert part in shown.stdout
    assert json.loads(run("show", name, "--json").stdout)["name"] == "dso"


def test_parameters_are_shown_with_what_they_are_unless_said() -> None:
    assert "with 参数 basis: amount · count (amount unless said 未写明时)" in run("show", "on_time_ratio").stdout
    assert "with 参数 kind: a word 词语 (all unless said 未写明时)" in run("show", "signals").stdout
    assert "报送系统: meters" in run("show", "consumption").stdout


def test_what_is_not_a_measure_is_said_with_what_it_may_have_been() -> None:
    wrong = run("show", "high_credits_12m")

    assert (wrong.exit_code, "perhaps high_credit" in wrong.stderr) == (2, True)
    assert run("show", "exposure_12m").exit_code == 2


NUMBER = re.compile(r"\d+(?:\.\d+)?|\*\w+\*|[A-Z]+-?\d[\d.]*|`\w+`")
SPELLED = {"ten": "十", "three": "三", "two": "两"}


def test_every_formula_and_unit_is_told_in_chinese_and_none_is_left_over() -> None:
    assert formulas().keys() == LIBRARY.keys()
    assert {one.unit for one in library()} == UNITS.keys()
    assert {p.values for one in library() for p in one.parameters} - VALUES.keys() <= {
        " · ".join(allowed) for allowed in PARAMETER_VALUES.values() if isinstance(allowed, tuple)
    }


@pytest.mark.parametrize("one", [one for one in library() if one.reported_by is None], ids=lambda one: one.name)
def test_a_formula_names_the_same_numbers_and_parameters_in_both_languages(one: MeasureSummary) -> None:
    chinese = formulas()[one.name]
    assert HAN.search(chinese)
    assert set(NUMBER.findall(one.formula)) == set(NUMBER.findall(chinese))
    for sign in ("÷", "Σ", "×"):
        assert one.formula.count(sign) == chinese.count(sign), sign
    for english, said in SPELLED.items():
        if re.search(rf"\b{english} (months|per cent|loss years|periods)\b", one.formula):
            assert said in chinese, english


def test_both_formulas_are_in_what_programs_read() -> None:
    found = json.loads(run("show", "dso", "--json").stdout)
    assert (found["unit_zh"], found["formula_zh"]) == ("天", formulas()["dso"])
    listed = json.loads(run("list", "--json").stdout)
    assert all(HAN.search(one["formula_zh"]) and HAN.search(one["unit_zh"]) for one in listed)
