"""Every way a policy file can be wrong is refused, naming file, line and remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gradeline.commands.policy import SHIPPED
from shared.core.errors import Misconfigured
from shared.core.policy.measure import Reading
from shared.core.policy.rulebook import Rulebook
from shared.edge.policy_files import load_rules
from tests.support.covers import covers

covers("DP-20", "DP-22", "RM-26")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "policies"))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


WRONG = [
    # file, text, becomes, what the refusal says
    ("rm-22/1.yaml", "{from: 0.95, letter: B", "{from: 0.85, letter: B", "rm-22/1.yaml, line 47: .*bands must rise"),
    ("rm-22/1.yaml", "{from: 0.95, letter: B", "{from: 0.90, letter: B", "bands must rise"),
    ("rm-22/1.yaml", "{from: -inf, letter: D", "{from: 0, letter: D", "rm-22/1.yaml, line 45: .*must be open"),
    ("rm-22/1.yaml", "{from: 1, letter: A}", "{from: -inf, letter: A}", "must be open"),
    ("rm-22/1.yaml", "owner: credit-policy", "owner: credit-policy\ncolour: red", "'colour' is not known here"),
    ("rm-22/1.yaml", "letter: D, reason", "letter: D, raeson", "'raeson' is not known here"),
    ("rm-22/1.yaml", "    reference: RM-22, payment", "    comment: RM-22, payment", "'reference' is missing"),
    ("rm-22/1.yaml", "reference:\n  title: RM-22", "source:\n  title: RM-22", "'reference' is missing"),
    ("rm-22/1.yaml", "purpose: credit", "purpose: credit\npurpose: credit", "line 5: the key 'purpose' stands twice"),
    (
        "rm-22/1.yaml",
        "effective: 2000-01-01",
        "effective: 2000-13-01",
        "line 5: effective is '2000-13-01': write a date",
    ),
    ("rm-22/1.yaml", "effective: 2000-01-01", "effective: 20000101", "write a date"),
    ("rm-22/1.yaml", "approved: 2000-01-01", "approved: 2001-01-01", "cannot bind before it is approved"),
    ("rm-22/1.yaml", "    BCC: C\n", "", "the table is not complete: add BCC"),
    ("rm-22/1.yaml", "    BCC: C\n", "    BCC: C\n    CBC: C\n", "CBC stands twice, in another order"),
    ("rm-22/1.yaml", "    BCC: C\n", "    BCC: C\n    BCD: C\n", "cannot occur: BCD"),
    ("rm-22/1.yaml", "AAA: A\n", "AAA: E\n", "write one of A, B, C, D"),
    ("rm-22/1.yaml", "{use: G-24}", "{use: G-99}", "no shared rule 'G-99'"),
    ("rm-22/1.yaml", "{use: G-24}", "{use: G-21.new_customer}", "stands twice"),
    ("rm-22/1.yaml", "{from: rival_goods_class}", "{from: legal_representative}", "personal and sealed"),
    ("rm-22/1.yaml", "{from: rival_goods_class}", "{from: moon_phase}", "'moon_phase' is not a measure"),
    ("rm-22/1.yaml", "{from: rival_goods_class}", "{from: dsoo_12m}", "perhaps dso"),
    ("rm-22/1.yaml", "{from: rival_goods_class}", "{from: dso_12y}", "takes no such window; perhaps dso"),
    (
        "rm-22/1.yaml",
        "{from: rival_goods_class}",
        "{from: exposure, with: {window: 12m}}",
        "'exposure_12m' is not a measure, or takes no such window",
    ),
    (
        "rm-22/1.yaml",
        "{from: rival_goods_class}",
        "{from: ageing}",
        "several amounts, one a bucket; no rule can compare it",
    ),
    (
        "rm-22/1.yaml",
        "{from: rival_goods_class}",
        "{from: bucket_ratio, with: {bucket: 1_20}}",
        "write one of not_due, 1_30",
    ),
    (
        "rm-22/1.yaml",
        "{from: rival_goods_class}",
        "{from: satisfaction, with: {weights: 1/2}}",
        "write 5 numbers, as in 100/80/60/30/0",
    ),
    (
        "rm-22/1.yaml",
        "{from: rival_goods_class}",
        "{from: decayed_sales, with: {decay: half}}",
        "write numbers such as 50/30/20",
    ),
    ("rm-22/1.yaml", "{from: rival_goods_class}", "{from: signals_12m, with: {kind: a b}}", "write one word"),
    (
        "rm-22/1.yaml",
        "{from: rival_goods_class}",
        "{from: dso_91d, with: {grace_days: 1}}",
        "takes no parameter 'grace_days'; it takes window",
    ),
    (
        "rm-22/1.yaml",
        "{from: rival_goods_class}",
        "{reported: violations_6m, kind: count}",
        "is computed here; write `from: violations_6m`",
    ),
    (
        "rm-22/1.yaml",
        "{from: rival_goods_class}",
        "{from: rival_goods_class, with: {due_roll: yes}}",
        "takes no parameter 'due_roll'",
    ),
    ("rm-22/1.yaml", "min_amount: G-06", "min_amount: 1000", "write one of G-06"),
    ("rm-22/1.yaml", "due_roll: yes", "due_roll: maybe", "write yes or no"),
    (
        "rm-22/1.yaml",
        "  early_payment_note: {",
        "  sector: {from: sector}\n  early_payment_note: {",
        "no card and no rule reads sector",
    ),
    ("rm-22/1.yaml", "early_payment_note, is: yes", "early_payment_note, at_least: 1", "a flag cannot be compared"),
    ("rm-22/1.yaml", "early_payment_note, is: yes", "early_payment_note, is: yes, in: [a]", "exactly one of at_least"),
    (
        "rm-22/1.yaml",
        "    assumed: true\n    why: only a change",
        "    assumed: true\n    note: only a change",
        "`assumed: true` needs its reason",
    ),
    ("rm-22/1.yaml", "{then: letter, letter: C,", "{then: letter, letter: E,", "one that the card can give"),
    ("rm-22/1.yaml", "{then: refuse}", "{then: neutral, percent: 50}", "is refused or takes a letter"),
    ("rm-22/1.yaml", "{grade: B, rank: 67", "{grade: B, rank: 100", "best first"),
    ("rm-22/1.yaml", "fall: at_once", "fall: slowly", "write one of at_once"),
    (
        "rm-22/1.yaml",
        "review_months: {A: 12, B: 6, C: 3, D: 1}",
        "review_months: {A: 12, B: 6, C: 3}",
        "one number for each of A, B, C, D",
    ),
    ("rm-22/1.yaml", "cooldown_days: 90", "cooldown_days: -1", "write a whole number"),
    ("rm-22/1.yaml", "method: rm-22", "method: rm-23", "file and folder must agree"),
    ("rm-22/1.yaml", "method: rm-22", "method: [rm-22", "this is not YAML"),
    ("rm-32/1.yaml", "points: 15", "points: 14", "add up to 99; they must give 100"),
    ("rm-32/1.yaml", "points: 15", "points: nan", "write a finite number"),
    ("rm-32/1.yaml", "table: P1", "table: P99", "no shared table 'P99'"),
    ("rm-32/1.yaml", "table: P1", "table: SIZE", "a days needs bands"),
    ("rm-32/1.yaml", "marks: alr", "marks: abc", "have no ratio 'abc'"),
    ("rm-32/1.yaml", "    default: R-8\n", "", "with a default"),
    ("rm-32/1.yaml", "rank: 67, from: 65", "rank: 67, from: 80", "best first"),
    ("rm-32/1.yaml", "rank: 0, from: -inf", "rank: 0, from: 10", "must be open"),
    ("rm-32/1.yaml", "id: overdue_ratio", "id: days_beyond_terms", "two cards have the same id"),
    ("rm-32/1.yaml", "part: financial\n    cap: B", "part: moon\n    cap: B", "write one of"),
    ("tables.yaml", "{from: 10, percent: 40}", "{from: 10, percent: 140}", "tables.yaml, line 10: .*between 0 and 100"),
    ("tables.yaml", "{is: large, percent: 80}", "{is: listed, percent: 80}", "'listed' stands twice"),
    ("tables.yaml", "{zero: 0.80, full: 0.50}", "{zero: 0.80, full: 0.80}", "must differ"),
    ("methods.yaml", "attribute: segment", "attribute: name", "personal and sealed"),
    ("methods.yaml", "attribute: segment", "attribute: colour", "'colour' is not declared"),
    ("methods.yaml", "method: rm-32", "method: rm-99", "write one of rm-22, rm-32"),
    (
        "methods.yaml",
        "\n        applies_to:\n          - {attribute: segment, is: dealer}",
        "",
        "rm-22 applies to everybody",
    ),
    ("warnings/mn-01/1.yaml", "best: 1\n", "", "needs `best`"),
    ("warnings/mn-01/1.yaml", "{below: 0.90}", "{below: 0.96}", "more serious"),
    ("warnings/mn-01/1.yaml", "kind: transaction", "kind: gossip", "write one of legal_person"),
    ("warnings/mn-02/1.yaml", "{above: 0}", "{above: -1}", "may not be negative"),
    ("warnings/al-15/1.yaml", "again: complaints", "again: paid", "is a count or an amount"),
    ("warnings/mn-02/1.yaml", "{at_least: 5}", "{at_least: 5, unknown: holds}", "neither raises nor clears"),
    ("warnings/mn-02/1.yaml", "recent_days_late:", "arrears_days_24m:", "in another way"),
    (
        "warnings/mn-05/1.yaml",
        "  info:\n    - {measure: arrears_days_24m, above: 0}\n    - {measure: breaches_24m, above: 0}",
        "  info: []",
        "write at least one condition",
    ),
    ("warnings/mn-05/1.yaml", "at: 0.9,", "at: 1.1,", "above 0 and at most 1"),
    ("warnings/mn-07/1.yaml", "id: MN-07", "id: MN-08", "file and folder must agree"),
]


@pytest.mark.parametrize(("file", "old", "new", "says"), WRONG, ids=[f"{w[0]}: {w[3]}" for w in WRONG])
def test_a_wrong_file_is_refused_by_name_line_and_remedy(
    folder: Path, file: str, old: str, new: str, says: str
) -> None:
    change(folder / file, old, new)
    with pytest.raises(Misconfigured, match=says) as refusal:
        load_rules(folder)
    assert refusal.match(r"\.yaml, line \d+: ")


def test_versions_out_of_order_are_refused(folder: Path) -> None:
    shutil.copy(folder / "rm-22/1.yaml", folder / "rm-22/2.yaml")
    change(folder / "rm-22/2.yaml", 'version: "1"', 'version: "2"')
    with pytest.raises(Misconfigured, match=r"rm-22/2.yaml, line 1: versions are out of order"):
        load_rules(folder)


def test_ten_comes_after_nine(folder: Path) -> None:
    for number in range(2, 11):
        file = folder / f"rm-22/{number}.yaml"
        shutil.copy(folder / "rm-22/1.yaml", file)
        change(file, 'version: "1"', f'version: "{number}"')
        change(file, "effective: 2000-01-01", f"effective: {2000 + number}-01-01")
    assert [policy.version for policy in load_rules(folder).books["rm-22"].versions] == [str(n) for n in range(1, 11)]


def test_a_version_without_a_number_is_refused(folder: Path) -> None:
    (folder / "rm-22/1.yaml").rename(folder / "rm-22/first.yaml")
    with pytest.raises(Misconfigured, match=r"named by its number"):
        load_rules(folder)


def test_a_missing_file_is_refused(folder: Path) -> None:
    (folder / "methods.yaml").unlink()
    with pytest.raises(Misconfigured, match=r"methods.yaml: the file is missing"):
        load_rules(folder)


def test_an_empty_file_is_refused(folder: Path) -> None:
    (folder / "rm-22/1.yaml").write_text("", encoding="utf-8")
    with pytest.raises(Misconfigured, match=r"the file is empty"):
        load_rules(folder)


def sha256_of(rules: Rulebook) -> str:
    return rules.books["rm-22"].versions[0].sha256


def test_words_for_people_and_cases_do_not_change_the_sha256(folder: Path) -> None:
    before = sha256_of(load_rules(folder))
    change(folder / "rm-22/1.yaml", "owner: credit-policy", "owner: somebody else  # and a comment")
    change(folder / "rm-22/1.yaml", "Hard indicators", "Harder indicators")
    change(folder / "rm-22/1.yaml", "{from: 0.90, letter", "{letter: C, from: 0.900, reason: COLLECTION_BELOW_95}\n#")
    shutil.rmtree(folder / "rm-22/cases")
    assert sha256_of(load_rules(folder)) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("rm-22/1.yaml", "{from: 0.90, letter", "{from: 0.91, letter"),
        ("rm-22/1.yaml", "cooldown_days: 90", "cooldown_days: 91"),
        ("rm-22/1.yaml", "exclude_disputed: 60", "exclude_disputed: 61"),
        ("tables.yaml", "{measure: due_documents, below: 3", "{measure: due_documents, below: 4"),
    ],
)
def test_every_number_of_the_rules_changes_the_sha256(folder: Path, file: str, old: str, new: str) -> None:
    before = sha256_of(load_rules(folder))
    change(folder / file, old, new)
    assert sha256_of(load_rules(folder)) != before


IN_FORCE = {
    ("rm-22", "1"): "08be686c8e8c70b61f29a52ffe4a7b76f0705315471f202051603dc4b2194d4f",
    ("rm-32", "1"): "c42a4f9abbda358f9cb8a31bc572b7031cda2d5a03cee224160773fddac18f67",
}
"""What grades that were published name as their rules."""


def test_a_published_version_keeps_its_sha256_whatever_the_language_learns() -> None:
    rules = load_rules(SHIPPED)
    found = {
        (policy.method, policy.version): policy.sha256 for book in rules.books.values() for policy in book.versions
    }
    assert found == IN_FORCE


@pytest.mark.parametrize("written", ["{from: worst_days_late_18m}", "{from: worst_days_late, with: {window: 18m}}"])
def test_a_window_may_stand_in_the_name_or_beside_it(folder: Path, written: str) -> None:
    file = folder / "rm-22" / "1.yaml"
    change(file, "early_payment_note: {from: early_payment_note}", f"early_payment_note: {written}")
    change(file, "early_payment_note, is: yes", "early_payment_note, at_least: 1")
    policy = load_rules(folder).books["rm-22"].versions[0]

    assert policy.measures["early_payment_note"] == Reading("worst_days_late_18m")
