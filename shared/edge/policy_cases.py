"""The cases beside a policy: given measures → what must come out. Sentences in YAML, read like the rules themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from shared.core.policy.assessment import Assessment, plain
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

    def found(self) -> tuple[Assessment, dict[str, Any]]:
        """Evaluate; return the assessment, and as much of it as the case speaks of."""
        assessment = evaluate(self.policy, self.values)
        points = {line.characteristic: line for line in assessment.lines}
        record = assessment.record()
        answer: dict[str, Any] = {}
        for key, expected in self.expected.items():
            if key == "letters":
                answer[key] = {name: points[name].letter for name in expected}
            elif key == "points":
                answer[key] = {name: plain(points[name].points or 0) for name in expected}
            else:
                answer[key] = record[key]
        return assessment, answer


def load_cases(folder: Path, book: Book) -> tuple[Case, ...]:
    """Return the cases under *folder*`/cases` for the versions of *book*. Raises Misconfigured."""
    cases: list[Case] = []
    for file in sorted((folder / "cases").glob("*.yaml")):
        name = f"{folder.name}/cases/{file.name}"
        top = read_section(read_file(file), name)
        version = top.take("version", read_text)
        policy = next((policy for policy in book.versions if policy.version == version), None)
        if policy is None:
            top.wrong(f"{book.method} has no version {version!r}", "version")
        readers = value_readers(kinds_of(policy.measures))
        base_section = top.maybe_section("base")
        base = read_values(base_section, readers) if base_section else {}
        for section in top.sections("cases"):
            values = base | read_values(section.section("values"), readers)
            cases.append(Case(section.take("name", read_text), policy, values, _expected(section.section("expect"))))
            section.close()
        top.close()
    return tuple(cases)


def _expected(section: Section) -> dict[str, Any]:
    expected: dict[str, Any] = {}
    for key in ("grade", "refusal", "score"):
        if key in section:
            text = section.take(key, read_text)
            expected[key] = None if text == "null" else text
    for key in ("letters", "points"):
        if key in section:
            expected[key] = section.section(key).scalars(read_text)
    for key in ("reasons", "caps", "tasks"):
        if key in section:
            expected[key] = list(section.texts(key))
    section.close()
    if not expected:
        section.wrong("a case must expect something")
    return expected
