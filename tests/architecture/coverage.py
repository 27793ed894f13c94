"""Writes docs/coverage.md from docs/coverage.yaml and from what tests say they show: `python -m tests.architecture.coverage`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tests.architecture.tree import ROOT, python

PAGE, LIST = ROOT / "docs" / "coverage.md", ROOT / "docs" / "coverage.yaml"
SEEDS = ROOT.parent / "shared" / "spec"
PROVEN = ("works", "partly")
EACH = ("P", "RM", "G", "MN")
"""Families of which each rule that works is shown by a test that names it, not by a file as a whole."""
HEAD = """# Coverage

Every rule of the sources by its id: whether it stands, where, and which tests show it. *Works*: as the source or our stated
assumption says. *Partly*: what is missing is said. *Not yet*: the reason is said. *Out of scope*: it rates or concerns
something other than a customer's credit.

This page is written by `make docs` from `docs/coverage.yaml` and from the tests, each of which names with `covers("…")` the
rules that it shows; change those instead. A rule of the families P, RM, G and MN that works is named by the test itself. Facts and decisions of the contracts: `tests/golden/events` holds one of each.
"""


class Rule(msgspec.Struct, frozen=True):
    """One rule of the sources."""

    id: str
    title: str
    state: str
    where: tuple[str, ...]
    why: str


def family_of(id_: str) -> str:
    """`RM` of `RM-22`, `P` of `P16`."""
    return re.sub(r"-?\d+$", "", id_)


def rules(listed: Mapping[str, Any] | None = None) -> list[Rule]:
    """Every rule of the list, with what its family says where it says nothing itself."""
    listed = listed or document()
    found = []
    for id_, said in listed["rules"].items():
        family, own = listed["families"][family_of(id_)], {"title": said} if isinstance(said, str) else said
        state = own.get("state", family["state"])
        where = own.get("where", family.get("where", []) if state in PROVEN else [])
        why = own.get("why", "" if state == "works" else family.get("why", ""))
        found.append(Rule(id_, own["title"], state, (where,) if isinstance(where, str) else tuple(where), why))
    return found


def document() -> dict[str, Any]:
    """The list as it is written."""
    found: dict[str, Any] = yaml.load(LIST.read_text("utf-8"), yaml.BaseLoader)
    return found


def shown() -> dict[str, list[str]]:
    """Id → the tests that say they show it, in order: `file::test`, or the file where its tests together do."""
    found: dict[str, list[str]] = {}
    for file in python("tests"):
        own = {
            id(mark): f"{file.path}::{node.name}"
            for node in file.nodes
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for mark in node.decorator_list
        }
        for node in file.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "covers":
                for one in node.args:
                    assert isinstance(one, ast.Constant), f"{file.path}:{node.lineno}: name the rules as texts"
                    found.setdefault(str(one.value), []).append(own.get(id(node), file.path))
    return {id_: sorted(set(paths)) for id_, paths in found.items()}


def wrong(all_: list[Rule], tests: Mapping[str, list[str]], states: tuple[str, ...]) -> Iterator[str]:
    """What the list and the tests say that cannot be."""
    known = {rule.id for rule in all_}
    yield from (
        f"{id_}: {', '.join(paths)} covers what is not on the list" for id_, paths in tests.items() if id_ not in known
    )
    for rule in all_:
        if rule.state not in states:
            yield f"{rule.id}: {rule.state} is no state; write one of {', '.join(states)}"
        if rule.state in PROVEN and rule.id not in tests:
            yield f"{rule.id}: it is said to stand ({rule.state}), and no test covers it"
        elif rule.state == "works" and family_of(rule.id) in EACH and not any("::" in one for one in tests[rule.id]):
            yield f"{rule.id}: it is said to work; name it above the test that shows it"
        if rule.state in PROVEN and not rule.where:
            yield f"{rule.id}: say where it lives"
        if rule.state not in PROVEN and rule.id in tests:
            yield f"{rule.id}: {', '.join(tests[rule.id])} shows it, and it is said to be {rule.state}"
        if rule.state != "works" and not rule.why:
            yield f"{rule.id}: say why it is {rule.state}"
        yield from (f"{rule.id}: {path} is not there" for path in rule.where if not (ROOT / path).exists())


def page() -> str:
    """The page as it should be."""
    listed, tests = document(), shown()
    all_ = rules(listed)
    counts = [(state, sum(rule.state == state for rule in all_)) for state in listed["states"]]
    text = [HEAD, f"{len(all_)} rules: {', '.join(f'{count} {state}' for state, count in counts)}.\n"]
    for name, family in listed["families"].items():
        text.append(
            f"## {name}: {family['title']}\n\n| id | what | state | where | shown by | why |\n|---|---|---|---|---|---|"
        )
        text += [_row(rule, tests.get(rule.id, [])) for rule in all_ if family_of(rule.id) == name]
        text.append("")
    return "\n".join(text)


def _row(rule: Rule, tests: list[str]) -> str:
    where, by = (", ".join(f"`{path}`" for path in paths) for paths in (rule.where, tests))
    return f"| {rule.id} | {rule.title} | {rule.state} | {where} | {by} | {rule.why} |"


def ids_of_the_sources(folder: Path) -> set[str]:
    """Every id that the digest of the sources and the table of defaults state, in rows and headings; spans filled in."""
    digest = (folder / "seed-systems.md").read_text("utf-8")
    found = set(re.findall(r"^(?:\| |### |- \*\*)((?:RM|LT|MN|DN|RO|AL|AP|CF|DP)-\d\d)\b", digest, re.MULTILINE))
    found |= {f"P{number}" for number in re.findall(r"^\| P(\d+) ", digest, re.MULTILINE)}
    defaults = (folder / "assumed-defaults.md").read_text("utf-8")
    return found | set(re.findall(r"^\| (G-\d\d) ", defaults, re.MULTILINE))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")
