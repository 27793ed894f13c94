"""Rules and assessments for people: tables on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from gradeline.language import both, language, say
from gradeline.policy_sections import parts
from shared.core.policy.assessment import Assessment, plain
from shared.core.policy.policy import Policy
from shared.edge.codes import REASONS


def print_policy(policy: Policy) -> None:
    """Print what a policy reads, its tables, its rules and its assumptions."""
    console = Console()
    named = {"method": f"[bold]{policy.method}[/]", "version": policy.version, "title": both(policy.title)}
    console.print(say("{method} version {version}: {title}", **named))
    dates = {"effective": policy.effective, "approved": policy.approved, "owner": policy.owner}
    console.print(say("in force from {effective}, approved {approved}, owner {owner}", **dates))
    console.print(say("source: {source}", source=f"{policy.reference.title} {policy.reference.href}").rstrip())
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
        console.print(f"[bold]{say('no grade')}[/] ({assessment.refusal}): {_refused(assessment)}")
    else:
        score = "" if assessment.score is None else say(", score {score}", score=plain(assessment.score))
        console.print(f"[bold]{assessment.grade}[/]{score}")
    console.print(
        say(
            "{method} version {version}, sha256 {sha}",
            method=policy.method,
            version=policy.version,
            sha=policy.sha256[:12],
        )
    )
    table = Table(*map(say, ("characteristic", "value", "band", "result", "reasons")))
    for line in assessment.lines:
        result = line.letter or (say("left out") if line.left_out else "")
        if line.points is not None and line.max_points is not None:
            result = say("{points} of {most}", points=plain(line.points), most=plain(line.max_points))
        value = say("not known") if line.value is None else str(line.value)
        table.add_row(line.characteristic, value, line.band, result, ", ".join(line.reasons))
    if assessment.lines and lines:
        console.print(table)
    for name, code in assessment.labels.items():
        console.print(f"{name}: {code}")
    for name, texts in (("reasons", assessment.reasons), ("capped by", assessment.caps), ("to do", assessment.tasks)):
        if texts:
            console.print(f"{say(name)}: {', '.join(texts)}")


def _refused(assessment: Assessment) -> str:
    """Why there is no grade; the measures that are missing stand behind the sentence."""
    if language() == "en":
        return assessment.refusal_detail
    missing = assessment.refusal_detail.partition(": ")[2]
    words = REASONS[str(assessment.refusal)].zh
    return f"{words}：{missing}" if missing else words
