"""Rules and assessments for people: tables on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from shared.core.policy.aside import condition_text
from shared.core.policy.assessment import Assessment, plain
from shared.core.policy.card import Card, band_text
from shared.core.policy.condition import Rule
from shared.core.policy.policy import Policy
from shared.core.refusal import SENTENCES


def print_policy(policy: Policy) -> None:
    """Print what a policy reads, its tables, its rules and its assumptions."""
    console = Console()
    console.print(f"[bold]{policy.method}[/] version {policy.version}: {policy.title.en} {policy.title.zh}")
    console.print(f"in force from {policy.effective}, approved {policy.approved}, owner {policy.owner}")
    console.print(f"source: {policy.reference.title} {policy.reference.href}".rstrip())
    console.print(f"sha256 {policy.sha256}")
    scale = Table("grade", "rank", "from", "meaning", title="Scale")
    for step in policy.scale:
        scale.add_row(step.grade, str(step.rank), "" if step.start is None else plain(step.start), step.meaning)
    cards = Table("characteristic", "points", "table", "not known", "reference", title="Cards")
    for card in policy.cards:
        points = "" if card.points is None else plain(card.points)
        cards.add_row(card.id, points, _card(card), _missing(card), card.reference)
    rules = Table("rule", "when", "effect", "reason", title="Guards, vetoes, caps, factors, notes")
    for rule in policy.rules:
        rules.add_row(rule.id, " and ".join(map(condition_text, rule.when)), _effect(rule), rule.reason)
    for table in (scale, cards, rules):
        console.print(table)
    if policy.letters is not None:
        combinations = ", ".join(f"{key} = {grade}" for key, grade in sorted(policy.letters.table.items()))
        console.print(f"Letters, in any order: {combinations}; any {policy.letters.veto} = {policy.grades[-1]}")
    _print_movement(console, policy)
    _print_assumptions(console, policy)


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


def _card(card: Card) -> str:
    if card.marks:
        return "\n".join(f"{sector}: {plain(m.zero)} -> {plain(m.full)}" for sector, m in card.marks.items())
    names = [entry.code for entry in card.lookup] or [band_text(card.bands, place) for place in range(len(card.bands))]
    return "\n".join(
        f"{name}: {item.letter or f'{plain(item.percent or 0)} %'}"
        for name, item in zip(names, card.outcomes, strict=True)
    )


def _missing(card: Card) -> str:
    missing = card.missing
    what = {"letter": f"letter {missing.letter}", "neutral": f"{plain(missing.percent or 0)} %"}
    cap = f", at best {missing.cap}" if missing.cap else ""
    return what.get(missing.then, missing.then.replace("_", " ")) + cap


def _effect(rule: Rule) -> str:
    if rule.refuse is not None:
        return f"no grade: {rule.refuse}"
    effects = [f"{rule.part} x {rule.factor}"] if rule.factor is not None else []
    effects += [f"at best {rule.cap}"] if rule.cap else []
    return ", ".join(effects) or "note"


def _print_movement(console: Console, policy: Policy) -> None:
    rise = policy.movement.rise
    months = ", ".join(f"{grade} {number}" for grade, number in policy.movement.review_months.items())
    falls, steps = policy.movement.falls, "step" if rise.max_steps == 1 else "steps"
    fall = f"at a {falls.only_at.replace('_', ' ')} by at most {falls.max_steps}" if falls else "at once"
    never = f", never at a {rise.never_at.replace('_', ' ')}" if rise.never_at else ""
    console.print(
        f"Falls {fall}. Rises at most {rise.max_steps} {steps} at a {rise.only_at.replace('_', ' ')}{never}, not within"
        f" {rise.cooldown_days} days of a fall; from the worst grade after {rise.from_worst.clean_months} clean months"
        f"{' and by approval' if rise.from_worst.approval else ''}. Reviewed every (months): {months}."
    )
    for grade, below in rise.only_from.items():
        console.print(f"{grade} is reached from {', '.join(below)} only.")
    for one in policy.movement.approvals:
        console.print(f"{one.of.capitalize()} to {', '.join(one.to) or 'any grade'}: approved by {', '.join(one.by)}.")


def _print_assumptions(console: Console, policy: Policy) -> None:
    table = Table("what", "why", title="Assumed, to be replaced by your own")
    told = [(card.id, card.why) for card in policy.cards if card.assumed]
    told += [(rule.id, rule.why) for rule in policy.rules if rule.assumed]
    for name, why in told:
        table.add_row(name, why)
    if policy.letters is not None and policy.letters.assumed:
        table.add_row("letters", policy.letters.why)
    if policy.movement.assumed:
        table.add_row("movement", policy.movement.why)
    console.print(table)
