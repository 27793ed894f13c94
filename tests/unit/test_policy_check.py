"""`gradeline policy check` finds what is wrong with a method that loads, and says where and what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gradeline.commands import policy
from gradeline.commands.policy import SHIPPED
from gradeline.commands.policy_new import write_new
from gradeline.shapes import SHAPES, load_template
from shared.core.errors import Misconfigured
from shared.core.policy import reach
from shared.core.policy.card import Band
from shared.core.policy.flaws import Finding
from shared.core.policy.policy import Grade, Policy
from shared.edge.policy_cards import NOTHING_SHARED
from shared.edge.policy_check import check_method

app = typer.Typer()
policy.register(app)


@app.callback()
def root() -> None:
    """Keeps `policy` a command of its own."""


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["policy", *arguments])


def run_with(given: str, *arguments: str) -> Any:
    """Run the command with *given* on its standard input."""
    return CliRunner().invoke(app, ["policy", *arguments], input=given)


Check = Callable[[str, str, str], list[Finding]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Checks a template after one change."""

    def checked(shape: str, old: str, new: str) -> list[Finding]:
        folder = Path(shutil.copytree(SHAPES[shape], tmp_path / shape))
        file = folder / "1.yaml"
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")
        return check_method(folder, NOTHING_SHARED)

    return checked


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_wrong_with_a_template(shape: str) -> None:
    assert check_method(SHAPES[shape], NOTHING_SHARED) == []


def test_nothing_is_wrong_with_what_is_shipped() -> None:
    result = run("check")
    assert (result.exit_code, result.stdout) == (0, "nothing is wrong\n")


@pytest.mark.parametrize(
    ("shape", "old", "new", "rule", "says"),
    [
        ("p1", "from: 80,", "from: 101,", "unreachable-grade", "nobody can get the grade A"),
        ("p8", "from: 50}", "from: 101}", "unreachable-grade", "nobody can get the grade large"),
        ("p4", "BBC: C\n    BCC: C\n    CCC: C", "BBC: B\n    BCC: B\n    CCC: B", "case", "grade is B, not C"),
        ("p5", "- grade: A\n    any:", "- grade: B\n    any:", "unreachable-grade", "nobody can get the grade A"),
        ("p16", "{high: serve cheaply, low: let go}", "{high: serve cheaply, low: serve cheaply}", "unreachable-grade",
         "the grade let go"),
        ("p1", "{is: medium, percent: 70}\n      - {is: small, percent: 40}",
         "{is: medium, percent: 100}\n      - {is: small, percent: 100}", "idle-card", "size_class gives the same whatever"),
        ("p1", "{from: 5, percent: 60}", "{from: 5, percent: 80}", "idle-edge", "the same on both sides of 5"),
        ("p1", "cap: C\n", "cap: A\n", "idle-cap", "allows the best grade"),
        ("p14", "floor: C", "floor: D", "idle-floor", "is the worst grade, so it does nothing"),
        ("p14", "factor: 0.9", "factor: 1", "idle-factor", "is 1, so it does nothing"),
        ("p7", "words:", "  - {id: twin, when: [{measure: statement_alr, above: 1}], cap: CCC, reason: X}\n\nwords:",
         "twin-rules", "negative_equity and twin say the same"),
        ("p5", "      - id: C2\n", "      - id: C1b\n        when:\n          - {measure: new_customer, is: yes}\n"
         "          - {measure: head_count, at_most: 50}\n      - id: C2\n", "shadowed-list", "C1b never decides, for C1.new"),
        ("p8", "holds: large", "holds: ordinary", "quota-on-worst", "no grade below it"),
        ("p8", "    review: half_yearly", "    review: half_yearly\n    why: none\n  - {of: grade, holds: large, by: region, "
         "shares: {default: 1}, rank_by: [score], above: stay, exceeded: keep, review: yearly, reference: none}\n  -",
         "file", ""),
        ("p8", "    review: half_yearly", "    review: quarterly", "quota-reviews", "places are given at quarterly reviews, but a grade rises"),
        ("p1", "valid_months: {A: 12,", "valid_months: {A: 6,", "cadence", "valid for 6 months but reviewed after 12"),
        ("p1", "words:  #", "words:\n  MOON: {en: moon, zh: 月亮}\n  #", "words", "no rule gives the reason MOON"),
        ("p1", "{from: 10, percent: 30}", "{from: 11, percent: 30}", "untried-edge", "no case stands on days_beyond_terms 11"),
        ("p7", "{is: investment, cap: AAA}", '{is: "triple A", cap: AAA}', "unreportable", "agency is never 'triple A'"),
        ("p5", "is: weak}", 'is: "rather weak"}', "unreportable", "funds is never 'rather weak'"),
        ("p1", "points: 40\n", "points: 41\n", "file", "add up to 101; they must give 100"),
    ],
)  # fmt: skip
def test_a_flaw_is_found_with_its_file_and_line(
    check: Check, shape: str, old: str, new: str, rule: str, says: str
) -> None:
    found = [finding for finding in check(shape, old, new) if finding.rule == rule and says in finding.says]
    assert found != []
    assert found[0].file.startswith(f"{shape}/")
    assert found[0].line > 1


def test_two_quotas_on_the_same_grade_are_at_odds(check: Check) -> None:
    second = (
        "quotas:\n  - {of: grade, holds: large, by: kind, shares: {default: 1}, rank_by: [score], above: stay,"
        " exceeded: keep, review: yearly, reference: none}\n"
    )
    found = check("p8", "quotas:\n", second)
    assert [finding.rule for finding in found] == ["quota-twice"]
    assert "two quotas cap grade large" in found[0].says


def test_the_line_is_that_of_the_card(check: Check) -> None:
    found = check("p1", "{from: 10, percent: 30}", "{from: 11, percent: 30}")
    lines = (SHAPES["p1"] / "1.yaml").read_text("utf-8").splitlines()
    untried = next(finding for finding in found if finding.rule == "untried-edge")
    assert lines[untried.line - 1].strip() == "days_beyond_terms:"


def test_a_score_that_nothing_can_come_to_needs_no_case(check: Check) -> None:
    found = check("p4", "rank: 100, meaning", "rank: 99, meaning")
    assert found == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "policies"))


@pytest.mark.parametrize("shape", [name.upper() for name in SHAPES])
def test_a_new_method_of_every_shape_passes_its_check_and_is_listed(folder: Path, shape: str) -> None:
    made = run("new", "my-method", "--shape", shape, "--policies", str(folder), "--effective", "2026-07-01")
    assert made.exit_code == 0
    assert all(Path(line).is_file() for line in made.stdout.splitlines())
    assert run("check", "my-method", "--policies", str(folder)).exit_code == 0
    assert run("check", "--policies", str(folder)).exit_code == 0
    listed = json.loads(run("list", "--json", "--as-of", "2026-06-30", "--policies", str(folder)).stdout)
    mine = next(one for one in listed if one["id"] == "my-method")
    assert (mine["state"], mine["effective"], mine["version"]) == ("loaded", "2026-07-01", "1")


def test_a_new_method_is_never_written_over_another(folder: Path) -> None:
    for method, shape, says in (
        ("rm-22", "P1", "is there already"),
        ("Rm 99", "P1", "small letters, digits and hyphens"),
        ("rm-99", "P17", "choose one of P1"),
    ):
        result = run("new", method, "--shape", shape, "--policies", str(folder))
        assert (result.exit_code, says in result.stderr) == (2, True)


def test_one_bad_file_does_not_hide_what_is_wrong_with_another(folder: Path) -> None:
    for method, old, new in (("rm-22", "owner:", "oner:"), ("rm-32", "cap: C\n", "cap: A\n")):
        file = folder / method / "1.yaml"
        file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    result = run("check", "--json", "--policies", str(folder))
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {finding["file"] for finding in found} >= {"rm-22/1.yaml", "rm-32/1.yaml"}
    assert run("check", "rm-99", "--policies", str(folder)).exit_code == 2
    assert run("check", "--policies", "/nowhere/at/all").exit_code == 2


def test_a_version_after_the_first_waits_for_its_activation_whatever_its_date(folder: Path) -> None:
    text = (folder / "rm-22/1.yaml").read_text("utf-8").replace('version: "1"', 'version: "2"')
    (folder / "rm-22/2.yaml").write_text(text.replace("effective: 2000-01-01", "effective: 2026-07-01"), "utf-8")

    def states(day: str) -> list[str]:
        listed = json.loads(run("list", "--json", "--as-of", day, "--policies", str(folder)).stdout)
        return [one["state"] for one in listed if one["id"] == "rm-22"]

    assert states("1999-06-30") == ["activated", "draft"]
    assert states("2026-07-01") == ["in_force", "draft"]


def test_a_method_that_no_order_names_rates_nobody(folder: Path) -> None:
    run("new", "my-method", "--shape", "P1", "--policies", str(folder), "--effective", "2026-01-01")
    listed = json.loads(run("list", "--json", "--as-of", "2026-07-01", "--policies", str(folder)).stdout)
    assert [one["state"] for one in listed if one["id"] == "my-method"] == ["loaded"]


def test_diff_names_every_place_that_changed(folder: Path) -> None:
    text = (folder / "rm-22/1.yaml").read_text("utf-8").replace('version: "1"', 'version: "2"')
    text = text.replace("effective: 2000-01-01", "effective: 2026-07-01").replace(
        "{from: 0.95, letter: B", "{from: 0.96, letter: B"
    )
    text = text.replace("cooldown_days: 90", "cooldown_days: 120").replace("  - {use: G-24}\n", "")
    text = text.replace("  relationship_months: {from: relationship_months}\n", "")
    (folder / "rm-22/2.yaml").write_text(text, "utf-8")
    result = run("diff", "rm-22", "--json", "--policies", str(folder))
    record = json.loads(result.stdout)
    changed = {change["at"]: (change["before"], change["after"]) for change in record["changes"]}
    assert result.exit_code == 0
    assert changed["movement.rise.cooldown_days"] == ("90", "120")
    assert changed["effective"] == ("2000-01-01", "2026-07-01")
    assert changed["cards[net_collection_rate].bands[0.95].letter"] == ("B", None)
    assert changed["cards[net_collection_rate].bands[0.96].letter"] == (None, "B")
    assert changed["rules[G-24].cap"] == ("B", None)
    assert "120" in run("diff", "rm-22", "--policies", str(folder)).stdout


def test_diff_against_another_folder_tells_words_from_rules(folder: Path) -> None:
    file = folder / "rm-22/1.yaml"
    file.write_text(file.read_text("utf-8").replace("owner: credit-policy", "owner: somebody else", 1), "utf-8")
    record = json.loads(run("diff", "rm-22", "--against", str(folder), "--json").stdout)
    assert [(change["at"], change["words_only"]) for change in record["changes"]] == [("owner", True)]
    assert record["before"]["sha256"] == record["after"]["sha256"]
    assert "words only" in run("diff", "rm-22", "--against", str(folder)).stdout
    assert "nothing changed" in run("diff", "rm-32", "--against", str(folder)).stdout


@pytest.mark.parametrize(
    "arguments", [("rm-22",), ("rm-99",), ("rm-22", "--from", "1", "--to", "9"), ("rm-22", "--from", "0", "--to", "1")]
)
def test_a_diff_of_what_is_not_there_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert run("diff", *arguments).exit_code == 2


def sums(policy: Policy) -> set[Fraction]:
    """Every score of *policy*, by trying all outcomes of all cards."""
    shares = [
        [Fraction(card.points or 0) * Fraction(item.percent or 0) / 100 for item in card.outcomes]
        + ([Fraction(0)] if card.missing.then == "worst" else [])
        for card in policy.cards
    ]
    return {sum(one, Fraction(0)) for one in product(*shares)}


@given(
    st.lists(st.lists(st.integers(0, 100), min_size=2, max_size=4), min_size=1, max_size=4),
    st.lists(st.integers(1, 99), min_size=1, max_size=3, unique=True).map(lambda edges: sorted(edges, reverse=True)),
)
def test_a_grade_is_unreachable_exactly_where_no_outcome_of_the_cards_comes_to_it(
    tables: list[list[int]], edges: list[int]
) -> None:
    (policy,) = load_template("p8").versions
    cards = tuple(
        msgspec.structs.replace(
            policy.cards[0],
            id=f"c{place}",
            points=Decimal(100) / len(tables),
            marks={},
            bands=tuple(Band(None if i == 0 else Decimal(i), percent=Decimal(p)) for i, p in enumerate(table)),
        )
        for place, table in enumerate(tables)
    )
    scale = (*tuple(Grade(f"G{i}", 100 - i, Decimal(edge)) for i, edge in enumerate(edges)), Grade("last", 0))
    tried = msgspec.structs.replace(policy, cards=cards, scale=scale, rules=(), shape=None)
    whole = sum((Fraction(card.points or 0) for card in cards), Fraction(0))
    found = {
        next((s.grade for s in scale if s.start is not None and one * 100 / whole >= s.start), "last")
        for one in sums(tried)
    }
    assert reach.given(tried) == found


def test_a_folder_that_cannot_be_written_is_a_sentence(folder: Path) -> None:
    file = folder / "a-file"
    file.write_text("no folder", "utf-8")
    result = run("new", "my-method", "--shape", "P1", "--policies", str(file))
    assert (result.exit_code, "there is no such folder" in result.stderr) == (2, True)
    with pytest.raises(Misconfigured, match="it cannot be written"):
        write_new(file / "x" / "1.yaml", "")
