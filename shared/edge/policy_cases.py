"""The cases beside a policy: given measures → what must come out. Sentences in YAML, read like the rules themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from shared.core.policy.assessment import Assessment, Line, plain, wire
from shared.core.policy.edges import seen_in
from shared.core.policy.evaluate import evaluate
from shared.core.policy.measure import Value
from shared.core.policy.policy import Book, Policy
from shared.edge.policy_head import read_file
from shared.edge.policy_rules import kinds_of, value_readers
from shared.edge.policy_yaml import Section, read_section, read_text, read_values


class Case(msgspec.Struct, frozen=True):
    """One sentence: *values* under *policy* must give *expected*."""

    name: str
    policy: Policy
    values: dict[str, Value]
    expected: dict[str, Any]
    file: str = ""
    line: int = 1

    def under(self, policy: Policy) -> Case:
        """The same sentence about *policy*."""
        return msgspec.structs.replace(self, policy=policy)

    def found(self) -> tuple[Assessment, dict[str, Any]]:
        """Evaluate; return the assessment, and as much of it as the case speaks of."""
        assessment = evaluate(self.policy, self.values)
        return assessment, {key: self._answer(key, expected, assessment) for key, expected in self.expected.items()}

    def _answer(self, key: str, expected: Any, assessment: Assessment) -> Any:
        """What *assessment* says of *key*, in the form of a case."""
        if key in ("letters", "points"):
            lines = {line.characteristic: line for line in assessment.lines}
            return {name: _of_line(lines.get(name), key) for name in expected}
        if key == "labels":
            return {name: assessment.labels.get(name) for name in expected}
        if key == "seen":
            seen = seen_in(self.policy, assessment)
            return {name: _told(seen.get(name)) for name in expected}
        said = getattr(assessment, key)
        if key == "score":
            return None if said is None else plain(said)
        return list(said) if isinstance(said, tuple) else said


def _of_line(line: Line | None, key: str) -> str | None:
    if line is None:
        return None
    return line.letter if key == "letters" else plain(line.points or 0)


def load_cases(folder: Path, book: Book) -> tuple[Case, ...]:
    """Return the cases under *folder*`/cases` for the versions of *book*. Raises Misconfigured."""
    files = sorted((folder / "cases").glob("*.yaml"))
    return tuple(
        case for file in files for case in read_cases(read_file(file), f"{folder.name}/cases/{file.name}", book)
    )


def read_cases(text: str, name: str, book: Book) -> Iterator[Case]:
    """Yield the cases that *text* states, of the file *name*, for the versions of *book*. Raises Misconfigured."""
    top = read_section(text, name)
    version = top.take("version", read_text)
    policy = next((policy for policy in book.versions if policy.version == version), None)
    if policy is None:
        top.wrong(f"{book.method} has no version {version!r}", "version")
    readers = value_readers(kinds_of(policy.measures))
    base_section = top.maybe_section("base")
    base = read_values(base_section, readers) if base_section else {}
    for section in top.sections("cases"):
        values = base | read_values(section.section("values"), readers)
        expected = _expected(section.section("expect"), policy)
        yield Case(section.take("name", read_text), policy, values, expected, name, section.line)
        section.close()
    top.close()


def _told(value: Value) -> str:
    """*value* as a case writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "null" if value is None else str(wire(value))


def _expected(section: Section, policy: Policy) -> dict[str, Any]:
    expected: dict[str, Any] = {}
    for key in ("grade", "refusal", "score"):
        if key in section:
            text = section.take(key, read_text)
            expected[key] = None if text == "null" else text
    for key in ("letters", "points", "labels", "seen"):
        if key in section:
            expected[key] = section.section(key).scalars(read_text)
    for key in ("letters", "points"):
        if unknown := sorted(set(expected.get(key, ())) - {card.id for card in policy.cards}):
            section.wrong(f"{policy.method} has no card {unknown[0]!r}; correct the name", key)
    for key in ("reasons", "caps", "tasks"):
        if key in section:
            expected[key] = list(section.texts(key))
    section.close()
    if not expected:
        section.wrong("a case must expect something")
    return expected
