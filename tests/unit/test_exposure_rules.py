"""The rules of exposure are read strictly: what is wrong is named with its file and line, and what to write instead."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from services.exposure.adapters.rule_files import CHAINS, FOLDER, load
from services.exposure.core.steps import STEPS
from shared.core.errors import Misconfigured
from shared.core.events.approval import ABOUT_LIMITS
from shared.core.ledger.documents import Place
from shared.edge.codes import MEANINGS, REASONS
from tests.support.covers import covers

WRONG = [
    ("checks.yaml", "strengths: {order: hold}\n", "strengths: {order: stop}\n", "write one of off, warn, hold, refuse"),
    ("checks.yaml", "- step: document", "- step: paperwork", "write one of standing"),
    ("checks.yaml", "numbers: {share: 0.40}", "numbers: {part: 0.40}", "'share' is missing; add it"),
    (
        "checks.yaml",
        "numbers: {share: 0.40}",
        "numbers: {share: 0.40, part: 1}",
        "not known here; correct or remove it",
    ),
    ("checks.yaml", "- step: insurer", "- step: limit", "stands twice; keep one"),
    ("checks.yaml", "- step: limit\n", "- step: rate\n", "stands twice; keep one"),
    ("checks.yaml", "reserve_hours: 72", "reserve_hours: 0", "write at least 1"),
    ("checks.yaml", "[lowers_exposure, prepaid, released]", "[prepaid, friends]", "choose among lowers_exposure"),
    ("terms.yaml", "down_payment: 0.30", "down_payment: 30", "write a share between 0 and 1"),
    ("terms.yaml", "grade: B", "grade: A", "a grade stands twice; keep one"),
    ("terms.yaml", "at: 0.90, clear: 0.85", "at: 0.70, clear: 0.65", "marks must grow"),
    ("terms.yaml", "at: 0.90, clear: 0.85", "at: 0.90, clear: 0.90", "each is cleared below itself"),
    ("authority.yaml", "up_to: 1000000,", "up_to: 100000,", "tiers must grow"),
    ("authority.yaml", "by: [credit_supervisor]", "by: [the_boss]", "unknown role 'the_boss'"),
    (
        "authority.yaml",
        "role: finance_director, share: 0.20,",
        "role: finance_director,",
        "only the last may have none",
    ),
    ("advances.yaml", "half_days: 30", "half_days: 60", "half must be gone before all is"),
    ("authority.yaml", "- DUNNED", "- DUNED", "is the code of no rule"),
    ("authority.yaml", "- DUNNED", "- NO_LIMIT", "may not be excepted"),
    ("authority.yaml", "- DUNNED", "- GRADE_WORST", "may not be excepted"),
    ("authority.yaml", "by: [credit_supervisor]", "by: [auditor]", "may grant nothing"),
    ("authority.yaml", "resume: [credit_manager,", "resume: [the_boss,", "unknown role 'the_boss'"),
    ("advances.yaml", "reference: LT-21", "reference: LT-21, to: 1", "not known here"),
    ("portfolio.yaml", "members: 100", "members: 1", "a group has at least 2 members"),
    ("portfolio.yaml", "watch: 0.85, breach: 0.95", "watch: 0.95, breach: 0.85", "lies below what is too much"),
    ("advances.yaml", "total: {amount: 1000000", "total: {amount: much", "write a number"),
    ("terms.yaml", "term_days: 60", "term_days: 91", "B has a better term_days than A"),
    ("terms.yaml", "down_payment: 1,", "down_payment: 0.2,", "D pays less down than C"),
    ("sectors.yaml", "textiles: reduce", "textiles: ban", "write one of support, control, reduce"),
    ("sectors.yaml", "segment: rural_retail", "segment: rural", "a segment stands twice"),
    ("credit_policies.yaml", 'segment: "*"', "segment: other", "no policy is for every segment"),
    ("credit_policies.yaml", "segment: retail", "segment: dealer", "two versions of a segment have the same effective"),
    ("credit_policies.yaml", "grades: [A, B]}", "grades: [A, E]}", "'E' has no terms"),
    ("credit_policies.yaml", "{share: 0.01, days: 10}", "{share: 0.01, days: 60}", "who pays before the period ends"),
    ("credit_policies.yaml", "letters: [1, 7, 15]", "letters: [1, 15, 7]", "letters follow one another"),
    ("granting.yaml", "papers: [management_opinion]", "papers: [horoscope]", "'horoscope' is not known here"),
    ("granting.yaml", "C: 0.10, D: 0.25", "C: 0.10", "'D' has no chance of default"),
    ("granting.yaml", "insured_share: 0.90", "insured_share: 0", "an insurer covers something"),
]


def test_the_rules_that_ship_are_read_and_name_only_roles_and_kinds_that_there_are() -> None:
    rules = load()
    assert {step.name for step in rules.checks.steps} == STEPS.keys()
    assert rules.chains[0].chains.keys() <= ABOUT_LIMITS
    assert [terms.grade for terms in rules.limits.terms] == ["A", "B", "C", "D"]
    assert all(step.reference for step in rules.checks.steps), "every step says where it comes from"


@pytest.mark.parametrize(("name", "old", "new", "said"), WRONG)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, name: str, old: str, new: str, said: str) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(FOLDER, folder)
    text = (folder / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(Misconfigured) as caught:
        load(folder, CHAINS)
    assert said in caught.value.message
    assert f"{folder / name}, line " in caught.value.message


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"terms\.yaml"):
        load(tmp_path, CHAINS)


def test_a_segment_may_have_strengths_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(FOLDER, folder)
    text = (folder / "checks.yaml").read_text("utf-8")
    changed = text.replace(
        "strengths: {order: hold}\n", "strengths: {order: hold}\n    segments: {export: {order: warn}}\n", 1
    )
    (folder / "checks.yaml").write_text(changed, "utf-8")
    (step,) = [one for one in load(folder, CHAINS).checks.steps if one.name == "document"]
    assert (step.strength("order", None), step.strength("order", "export")) == ("hold", "warn")
    assert step.strength("delivery", "export") == "off"
    assert load(folder, CHAINS).fingerprint != load().fingerprint


def test_companies_that_observe_are_named_or_all_are() -> None:
    rules = load().checks
    assert not rules.observes(Place(company="1000"))


def test_every_reason_of_a_step_has_its_words() -> None:
    core = Path(__file__).parents[2] / "services/exposure/core"
    text = "".join((core / name).read_text("utf-8") for name in ("steps.py", "sectors.py"))
    codes = set(re.findall(r'"([A-Z]{4,}(?:_[A-Z]+)*)"', text)) - {"OVERDUE"}
    assert len(codes) > 12
    assert codes <= MEANINGS.keys() | REASONS.keys()


@covers("AP-07")
def test_a_committee_may_approve_limits_and_advances_where_every_version_of_the_chains_has_it(tmp_path: Path) -> None:
    folder, chains = tmp_path / "policies", tmp_path / "approvals.yaml"
    shutil.copytree(FOLDER, folder)
    for name, old, new in (
        (
            "authority.yaml",
            "by: [credit_manager, finance_director, deputy_general_manager, general_manager]",
            "by: [board]",
        ),
        ("advances.yaml", "beyond: {by: [customer_service, legal,", "beyond: {by: [board, legal,"),
    ):
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), "utf-8")
    chains.write_text(CHAINS.read_text("utf-8"), "utf-8")
    with pytest.raises(Misconfigured, match="unknown role 'board'"):
        load(folder, chains)
    board = "  committees:\n    board: {members: [credit_manager, finance_director, legal], grant: 2, refuse: 2}\n"
    chains.write_text(CHAINS.read_text("utf-8").replace("  committees:\n", board), "utf-8")
    rules = load(folder, chains)
    assert rules.authority.approvers(10**15) == ("board",)
    assert rules.advances.beyond[0] == "board"
    later = CHAINS.read_text("utf-8").replace("effective: 2000-01-01", "effective: 2030-01-01")
    chains.write_text(chains.read_text("utf-8") + later, "utf-8")
    with pytest.raises(Misconfigured, match="unknown role 'board'"):
        load(folder, chains)
