"""What is wrong with the methods of a folder, or with a draft: findings with file, line and remedy, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from shared.core.errors import Misconfigured
from shared.core.policy.flaws import Finding, Flaw, flaws, untried, untried_edge
from shared.core.policy.policy import Book, Policy
from shared.edge import codes
from shared.edge.approval_chains import Versions
from shared.edge.policy_cards import NOTHING_SHARED, Shared, read_shared
from shared.edge.policy_cases import Case, load_cases, read_cases
from shared.edge.policy_chains import check_chains
from shared.edge.policy_files import load_book, load_rules, read_policy
from shared.edge.policy_head import read_file
from shared.edge.refusals import in_chinese

FLAWS = codes.read("flaws.yaml")
DRAFT, DRAFT_CASES = "draft.yaml", "cases.yaml"
"""What the texts of a draft are called in findings."""
_WHERE = re.compile(r"^(?P<file>[^,]+\.yaml)(?:, line (?P<line>\d+))?: (?P<says>.*)$", re.DOTALL)


def check_folder(folder: Path, methods: tuple[str, ...], chains: Versions) -> list[Finding]:
    """Return what is wrong under *folder*: with *methods*, or with all of them and what stands around them.

    *chains*: those that a method may name.
    """
    found: list[Finding] = []
    shared = _shared(folder, found)
    for place in _methods(folder, methods):
        found += check_method(place, shared)
    if not methods and not any(finding.grave for finding in found):
        try:
            check_chains(load_rules(folder), chains)
        except Misconfigured as error:
            found.append(_refused(error))
    return list(dict.fromkeys(found))


def check_method(folder: Path, shared: Shared) -> list[Finding]:
    """Return what is wrong with the method of *folder* and with its cases."""
    try:
        book = load_book(folder, shared)
        cases = load_cases(folder, book)
    except Misconfigured as error:
        return [_refused(error)]
    found: list[Finding] = []
    for policy in book.versions:
        file = f"{folder.name}/{policy.version}.yaml"
        found += _version(policy, file, read_file(folder / f"{policy.version}.yaml"), cases)
    return found


def check_draft(text: str, cases: str, shared: Shared) -> tuple[Policy | None, list[Finding]]:
    """Return the version that *text* states, None where it cannot be read, and what is wrong with it and its *cases*."""
    try:
        policy = read_policy(text, DRAFT, shared)
    except Misconfigured as error:
        return None, [_refused(error)]
    try:
        told = tuple(read_cases(cases, DRAFT_CASES, Book(policy.method, (policy,)))) if cases.strip() else ()
    except Misconfigured as error:
        return policy, [_refused(error)]
    return policy, list(_version(policy, DRAFT, text, told))


def _version(policy: Policy, file: str, text: str, cases: Iterable[Case]) -> Iterator[Finding]:
    mine = [case for case in cases if case.policy is policy]
    for flaw in flaws(policy):
        yield _finding(file, text, flaw)
    for case in mine:
        _, answer = case.found()
        if answer != case.expected:
            differs = [
                {"key": key, "found": str(answer[key]), "expected": str(case.expected[key])}
                for key in answer
                if answer[key] != case.expected[key]
            ]
            yield _case(case, differs)
    for edge in untried(policy, [case.values for case in mine]):
        yield _finding(file, text, untried_edge(edge), method=policy.method)


def _finding(file: str, text: str, flaw: Flaw, **more: str) -> Finding:
    return _said(file, _line(text, flaw), flaw.rule, grave=flaw.grave, at=flaw.at, **flaw.about, **more)


def _case(case: Case, differs: list[dict[str, str]]) -> Finding:
    words = FLAWS["case-differs"]
    en = "; ".join(words.en.format(**one) for one in differs)
    zh = "；".join(words.zh.format(**one) for one in differs)
    sentence = FLAWS["case"]
    return Finding(
        case.file,
        case.line,
        "case",
        sentence.en.format(name=case.name, differs=en),
        sentence.zh.format(name=case.name, differs=zh),
    )


def _said(file: str, line: int, rule: str, *, grave: bool = True, **about: str) -> Finding:
    words = FLAWS[rule]
    return Finding(file, line, rule, words.en.format(**about), words.zh.format(**about), grave)


def _methods(folder: Path, methods: tuple[str, ...]) -> list[Path]:
    known = sorted(
        place for place in folder.iterdir() if place.is_dir() and place.name not in ("warnings", "__pycache__")
    )
    if not methods:
        return known
    names = {place.name: place for place in known}
    if wrong := [method for method in methods if method not in names]:
        raise Misconfigured(f"there is no method {wrong[0]!r}; choose one of {', '.join(names)}")
    return [names[method] for method in methods]


def _shared(folder: Path, found: list[Finding]) -> Shared:
    if not folder.is_dir():
        raise Misconfigured(f"{folder}: there is no such folder; name one that holds methods")
    try:
        return read_shared(read_file(folder / "tables.yaml"), "tables.yaml")
    except Misconfigured as error:
        found.append(_refused(error))
        return NOTHING_SHARED


def _refused(error: Misconfigured) -> Finding:
    """What a refusal of the reader says: it names file and line itself."""
    match = _WHERE.match(error.message)
    file, line, says = (match["file"], int(match["line"] or 1), match["says"]) if match else ("", 1, error.message)
    words = FLAWS["file"]
    return Finding(file, line, "file", words.en.format(says=says), words.zh.format(says=in_chinese(says)))


def _line(text: str, flaw: Flaw) -> int:
    """The first line of *text* that names what the flaw is about; the first of all where none does."""
    name = re.escape(flaw.at.removeprefix("part."))
    naming = re.compile(rf"^(?:\s*-?\s*\{{?\s*(?:id|use|grade|part|measure|by):\s*{name}(?:[.\s,}}]|$)|\s*{name}:)")
    return next((number for number, line in enumerate(text.splitlines(), 1) if naming.search(line)), 1)
