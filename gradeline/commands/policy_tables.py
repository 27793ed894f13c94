"""Rules and assessments for people: tables on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from gradeline.policy_sections import parts
from shared.core.policy.assessment import Assessment, plain
from shared.core.policy.policy import Policy
from shared.core.refusal import SENTENCES


def print_policy(policy: Policy) -> None:
    """Print what a policy reads, its tables, its rules and its assumptions."""
    console = Console()
    console.print(f"[bold]{policy.method}[/] version {policy.version}: {policy.title.en} {policy.title.zh}")
    console.print(f"in force from {policy.effective}, approved {policy.approved}, owner {policy.owner}")
    console.print(f"source: {policy.reference.title} {policy.reference.href}".rstrip())
    console.print(f"sha256 {policy.sha256}")
    for part in parts(policy):
        if part.rows:
            table = Table(*part.head, title=part.title)
            for row in part.rows:
                table.add_row(*row)
            console.print(table)
        for sentence in part.sentences:
            console.print(sentence)


def print_assessment(policy: Policy, assessment: Assessment, *, lines: bool = True) -> None:
    """Print a grade or a refusal, with its lines unless these are told elsewhere."""
    console = Console()
    if assessment.refusal is not None:
        console.print(f"[bold]no grade[/] ({assessment.refusal}): {assessment.refusal_detail}")
        if assessment.plan is None:
            console.print(SENTENCES[assessment.refusal])
    else:
        score = "" if assessment.score is None else f", score {plain(assessment.score)}"
        console.print(f"[bold]{assessment.grade}[/]{score}")
    console.print(f"{policy.method} version {assessment.version}, sha256 {assessment.sha256[:12]}")
    table = Table("characteristic", "value", "band", "result", "reasons")
    for line in assessment.lines:
        result = line.letter or ("left out" if line.left_out else "")
        if line.points is not None and line.max_points is not None:
            result = f"{plain(line.points)} of {plain(line.max_points)}"
        value = "not known" if line.value is None else str(line.value)
        table.add_row(line.characteristic, value, line.band, result, ", ".join(line.reasons))
    if assessment.lines and lines:
        console.print(table)
    for name, code in assessment.labels.items():
        console.print(f"{name}: {code}")
    for name, texts in (("reasons", assessment.reasons), ("capped by", assessment.caps), ("to do", assessment.tasks)):
        if texts:
            console.print(f"{name}: {', '.join(texts)}")
