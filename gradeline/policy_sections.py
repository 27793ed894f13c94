"""What a policy says, as titled tables and sentences: one account for the terminal and for the pages of the documents."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from shared.core.policy.aside import condition_text
from shared.core.policy.assessment import plain
from shared.core.policy.card import Band, Card, Entry, band_text
from shared.core.policy.condition import Rule
from shared.core.policy.derived import Derived
from shared.core.policy.label import Label
from shared.core.policy.policy import Policy
from shared.core.policy.shape import Shape

Row = tuple[str, ...]


class Part(msgspec.Struct, frozen=True):
    """One titled table, and the sentences below it."""

    title: str
    head: Row
    rows: tuple[Row, ...]
    sentences: tuple[str, ...] = ()


def parts(policy: Policy) -> Iterator[Part]:
    """Yield everything that *policy* says, in the order of a file; no empty tables."""
    shape = policy.shape or Shape()
    yield _scale(policy, shape)
    derived = tuple((name, _derived(one), one.reference) for name, one in policy.derived.items())
    yield Part("Derived values", ("value", "is", "reference"), derived)
    labels = tuple(row for name, label in shape.labels.items() for row in _label(name, label))
    yield Part("Labels", ("label", "code", "where"), labels)
    yield Part(
        "Conditions of the grades", ("grade", "id", "when", "reason"), _lists(shape.lists), _otherwise(shape.lists)
    )
    cards = tuple(_card(card) for card in policy.cards)
    yield Part(
        "Cards", ("characteristic", "points", "table", "not known", "reference"), cards, _combined(policy, shape)
    )
    rules = tuple((r.id, " and ".join(map(condition_text, r.when)), _effect(r), r.reason) for r in policy.rules)
    yield Part("Guards, vetoes, caps, floors, factors, corrections, notes", ("rule", "when", "effect", "reason"), rules)
    quotas = tuple(
        (q.holds, f"by {q.by}", ", ".join(f"{code} {plain(share * 100)} %" for code, share in q.shares.items()),
         ", ".join(q.rank_by), f"{q.review.replace('_', '-')}; without a place: {q.above}; beyond: {q.exceeded}")
        for q in shape.quotas
    )  # fmt: skip
    yield Part("Quotas", ("of", "population", "share", "ranked by", "review"), quotas)
    yield Part("Movement", (), (), tuple(_movement(policy)))
    words = tuple((code, title.en, title.zh) for code, title in policy.words.items())
    yield Part("Reasons", ("code", "English", "中文"), words)
    yield Part("Assumed, to be replaced by your own", ("what", "why"), tuple(_assumed(policy, shape)))


def _scale(policy: Policy, shape: Shape) -> Part:
    rated = any(step.pd is not None for step in policy.scale)
    rows = tuple(
        (step.grade, str(step.rank), "" if step.start is None else plain(step.start),
         *([] if not rated else ["" if step.pd is None else f"{plain(step.pd * 100)} %"]), step.meaning)
        for step in policy.scale
    )  # fmt: skip
    head = ("grade", "rank", "from", *(["default within a year"] if rated else []), "meaning")
    default = next((step.grade for step in policy.scale if step.default), None)
    said = (f"{default} says that a default has happened: points never give it, a veto does.",) if default else ()
    start = (f"The total starts at {plain(shape.total.start)} and is not scaled.",) if shape.total else ()
    return Part("Scale", head, rows, (*said, *start))


def _derived(derived: Derived) -> str:
    terms = ", ".join(f"{plain(weight)} x {alias}" if weight != 1 else alias for alias, weight in derived.of.items())
    over = f" ÷ ({' + '.join(derived.over)})" if derived.over else ""
    return f"{derived.how} of {terms}{over}" + (
        "" if derived.missing == "unknown" else f"; not known: {derived.missing}"
    )


def _label(name: str, label: Label) -> Iterator[Row]:
    for clause in label.first:
        yield name, clause.gives, " and ".join(map(condition_text, clause.when))
    for place, band in enumerate(label.bands):
        yield name, str(band.letter), f"{label.of} in {band_text(label.bands, place)}"
    for entry in label.lookup:
        yield name, str(entry.letter), f"{label.of} is {entry.code}"
    if label.otherwise:
        yield name, label.otherwise, "otherwise"


def _lists(lists: Label | None) -> tuple[Row, ...]:
    clauses = lists.first if lists else ()
    return tuple((c.gives, c.id, " and ".join(map(condition_text, c.when)), c.reason) for c in clauses)


def _otherwise(lists: Label | None) -> tuple[str, ...]:
    return (f"The first list that holds decides, in this order; otherwise {lists.otherwise}.",) if lists else ()


def _card(card: Card) -> Row:
    points = "" if card.points is None else plain(card.points)
    marked = {"bonus": "at most +", "deduction": "at most -"}.get(card.counts, "")
    only = f" ({', '.join(card.only)} only)" if card.only else ""
    return card.id + only, marked + points, _table(card), _missing(card), card.reference


def _table(card: Card) -> str:
    if card.marks:
        lines = {sector: f"{plain(m.zero)} -> {plain(m.full)}" for sector, m in card.marks.items()}
        return lines["default"] if len(lines) == 1 else "\n".join(f"{sector}: {line}" for sector, line in lines.items())
    names = [entry.code for entry in card.lookup] or [band_text(card.bands, place) for place in range(len(card.bands))]
    return "\n".join(f"{name}: {_gives(item)}" for name, item in zip(names, card.outcomes, strict=True))


def _gives(item: Band | Entry) -> str:
    said = [item.letter] if item.letter else []
    said += [f"{plain(item.percent)} %"] if item.percent is not None else []
    said += [plain(item.points)] if item.points is not None else []
    said += [f"at best {item.cap}"] if item.cap else []
    return ", ".join(said) or "no limit"


def _missing(card: Card) -> str:
    missing = card.missing
    share = plain(missing.points) if missing.points is not None else f"{plain(missing.percent or 0)} %"
    what = {"letter": f"letter {missing.letter}", "neutral": share}
    cap = f", at best {missing.cap}" if missing.cap else ""
    return what.get(missing.then, missing.then.replace("_", " ")) + cap


def _combined(policy: Policy, shape: Shape) -> tuple[str, ...]:
    said = []
    if policy.letters is not None:
        combinations = ", ".join(f"{key} = {grade}" for key, grade in sorted(policy.letters.table.items()))
        said.append(f"Letters, in any order: {combinations}; any {policy.letters.veto} = {policy.grades[-1]}.")
    if shape.weakest:
        said.append("Each part gets a grade from its own percentage; the lowest decides.")
    if shape.grid is not None:
        cells = "; ".join(
            f"{row} and {column} = {grade}" for row, line in shape.grid.cells.items() for column, grade in line.items()
        )
        said.append(f"{shape.grid.rows} and {shape.grid.columns} give the grade: {cells}.")
    if shape.templates is not None:
        other = f", otherwise {shape.templates.otherwise}" if shape.templates.otherwise else ""
        said.append(f"{shape.templates.by} chooses the cards: {', '.join(shape.templates.names)}{other}.")
    return tuple(said)


def _effect(rule: Rule) -> str:
    if rule.refuse is not None:
        return f"no grade: {rule.refuse}"
    effects = [f"{rule.part or 'score'} x {plain(rule.factor)}"] if rule.factor is not None else []
    effects += [f"at best {rule.cap}"] if rule.cap else []
    effects += [f"at least {rule.floor}"] if rule.floor else []
    effects += [f"{rule.notches:+d} on the scale"] if rule.notches else []
    return ", ".join(effects) or "note"


def _movement(policy: Policy) -> Iterator[str]:
    movement, rise = policy.movement, policy.movement.rise
    months = ", ".join(f"{grade} {number}" for grade, number in movement.review_months.items())
    falls, steps = movement.falls, "step" if rise.max_steps == 1 else "steps"
    fall = f"at a {falls.only_at.replace('_', ' ')} by at most {falls.max_steps}" if falls else "at once"
    never = f", never at a {rise.never_at.replace('_', ' ')}" if rise.never_at else ""
    yield (
        f"Falls {fall}. Rises at most {rise.max_steps} {steps} {'on' if rise.only_at == 'any_day' else 'at a'}"
        f" {rise.only_at.replace('_', ' ')}{never}, not within {rise.cooldown_days} days of a fall; from the worst grade after"
        f" {rise.from_worst.clean_months} clean months{' and by approval' if rise.from_worst.approval else ''}."
        f" Reviewed every (months): {months}."
    )
    if falls and falls.at_once_on:
        yield f"Falls at once on the day of: {', '.join(falls.at_once_on)}."
    if movement.lapse is not None:
        left = f"at best {movement.lapse.cap}" if movement.lapse.cap else "no grade"
        yield f"{movement.lapse.after_days} days after its validity ended without a review: {left}."
    for grade, below in rise.only_from.items():
        yield f"{grade} is reached from {', '.join(below)} only."
    for one in movement.approvals:
        yield f"{one.of.capitalize()} to {', '.join(one.to) or 'any grade'}: approved by {', '.join(one.by)}."


def _assumed(policy: Policy, shape: Shape) -> Iterator[Row]:
    named = [(card.id, card) for card in policy.cards] + [(rule.id, rule) for rule in policy.rules]
    named += [*policy.derived.items(), *shape.labels.items()]  # type: ignore[list-item] # each has assumed and why
    named += [(clause.id, clause) for clause in (shape.lists.first if shape.lists else ())]  # type: ignore[misc] # likewise
    yield from ((name, one.why) for name, one in named if one.assumed)
    if policy.letters is not None and policy.letters.assumed:
        yield "letters", policy.letters.why
    if shape.grid is not None and shape.grid.assumed:
        yield "grid", shape.grid.why
    yield from (("quotas", quota.why) for quota in shape.quotas if quota.assumed)
    if policy.movement.assumed:
        yield "movement", policy.movement.why
