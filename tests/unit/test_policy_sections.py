"""What is shown of a method is all of it, on the terminal and as a page."""

from __future__ import annotations

import json
import re

import pytest

from gradeline import policy_page
from gradeline.commands.policy_tables import print_policy
from gradeline.shapes import SHAPES, load_template
from shared.core.policy.flaws import reasons
from shared.core.policy.shape import Shape
from tests.unit.test_policy_check import run


def test_the_pages_of_the_shipped_methods_are_up_to_date() -> None:
    pages = dict(policy_page.method_pages())
    assert {path.stem for path in pages} == {"rm-22", "rm-32"}
    for path, content in pages.items():
        assert path.read_bytes() == content, "run `make docs`"


@pytest.mark.parametrize("shape", SHAPES)
def test_the_page_names_every_card_rule_label_list_and_reason(shape: str) -> None:
    policy = load_template(shape).versions[0]
    said, shaped = policy_page.page(policy), policy.shape or Shape()
    names = (
        {card.id for card in policy.cards}
        | {rule.id for rule in policy.rules}
        | set(policy.derived)
        | set(shaped.labels)
    )
    names |= (
        {clause.id for clause in (shaped.lists.first if shaped.lists else ())} | set(policy.grades) | reasons(policy)
    )
    names |= {quota.holds for quota in shaped.quotas} | {"Falls", "Reviewed every", policy.sha256}
    assert [name for name in sorted(names) if name not in said] == []
    assert all(line.count(" | ") == head.count(" | ") for head, line in _tables(said))


def _tables(page: str) -> list[tuple[str, str]]:
    """Each row of a table with the head of its table."""
    found, head = [], ""
    for line in page.splitlines():
        if not line.startswith("|"):
            head = ""
        elif not head:
            head = line
        elif not line.startswith("|---"):
            found.append((head, line))
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_the_terminal_shows_every_table(
    shape: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    policy = load_template(shape).versions[0]
    print_policy(policy)
    shown = capsys.readouterr().out
    for title in re.findall(r"^## (.*)$", policy_page.page(policy), re.MULTILINE):
        assert title in shown or title == "Movement"


def test_show_prints_tables_a_page_or_json() -> None:
    assert run("show", "rm-22", "--markdown").stdout.startswith("# rm-22 version 1: Hard indicators")
    assert "Cards" in run("show", "rm-22").stdout
    assert json.loads(run("show", "rm-22", "--json").stdout)["rules"]["method"] == "rm-22"
