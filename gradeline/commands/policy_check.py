"""gradeline policy check: what is wrong with the methods of a folder, each finding with file, line and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from shared.core.errors import Misconfigured
from shared.core.policy.flaws import Flaw, flaws, place_text, untried
from shared.core.policy.policy import Policy
from shared.edge.policy_cards import NOTHING_SHARED, Shared, read_shared
from shared.edge.policy_cases import Case, load_cases
from shared.edge.policy_files import load_book, load_rules
from shared.edge.policy_head import read_file

_WHERE = re.compile(r"^(?P<file>[^,]+\.yaml)(?:, line (?P<line>\d+))?: (?P<says>.*)$", re.DOTALL)


class Finding(msgspec.Struct, frozen=True):
    """One sentence about one place."""

    file: str
    line: int
    rule: str
    says: str
    grave: bool = True


def check_folder(folder: Path, methods: tuple[str, ...]) -> list[Finding]:
    """Return what is wrong under *folder*: with *methods*, or with all of them and what stands around them."""
    found: list[Finding] = []
    shared = _shared(folder, found)
    for place in _methods(folder, methods):
        found += check_method(place, shared)
    if not methods and not any(finding.grave for finding in found):
        try:
            load_rules(folder)
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
    return [finding for policy in book.versions for finding in _version(folder, policy, cases)]


def _version(folder: Path, policy: Policy, cases: tuple[Case, ...]) -> Iterator[Finding]:
    file = f"{folder.name}/{policy.version}.yaml"
    text = read_file(folder / f"{policy.version}.yaml")
    for flaw in flaws(policy):
        yield Finding(file, _line(text, flaw), flaw.rule, flaw.sentence, flaw.grave)
    mine = [case for case in cases if case.policy is policy]
    for case in mine:
        _, answer = case.found()
        if answer != case.expected:
            differs = "; ".join(
                f"{k} is {answer[k]}, not {case.expected[k]}" for k in answer if answer[k] != case.expected[k]
            )
            yield Finding(case.file, case.line, "case", f"{case.name}: {differs}; correct the case or the rule")
    for edge in untried(policy, [case.values for case in mine]):
        at = Flaw(
            "untried-edge", edge.measure, f"no case stands on {place_text(edge)}; add one under {folder.name}/cases"
        )
        yield Finding(file, _line(text, at), at.rule, at.sentence)


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
    if match is None:
        return Finding("", 1, "file", error.message)
    return Finding(match["file"], int(match["line"] or 1), "file", match["says"])


def _line(text: str, flaw: Flaw) -> int:
    """The first line of *text* that names what the flaw is about; the first of all where none does."""
    name = re.escape(flaw.at.removeprefix("part."))
    naming = re.compile(rf"^(?:\s*-?\s*\{{?\s*(?:id|use|grade|part|measure|by):\s*{name}(?:[.\s,}}]|$)|\s*{name}:)")
    return next((number for number, line in enumerate(text.splitlines(), 1) if naming.search(line)), 1)
