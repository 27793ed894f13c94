"""What a policy says, as titled tables and sentences: one account for the terminal and for the pages of the documents."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gradeline.language import say
from shared.core.policy.assessment import plain
from shared.core.policy.card import Band, Card, Entry, band_text
from shared.core.policy.condition import Condition, Rule, against_text
from shared.core.policy.derived import Derived
from shared.core.policy.label import Label
from shared.core.policy.policy import Policy
from shared.core.policy.shape import Quota, Shape

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
    yield Part(say("Derived values"), _head("value", "is", "reference"), derived)
    labels = tuple(row for name, label in shape.labels.items() for row in _label(name, label))
    yield Part(say("Labels"), _head("label", "code", "where"), labels)
    yield Part(
        say("Conditions of the grades"),
        _head("grade", "id", "when", "reason"),
        _lists(shape.lists),
        _otherwise(shape.lists),
    )
    cards = tuple(_card(card) for card in policy.cards)
    yield Part(
        say("Cards"),
        _head("characteristic", "points", "table", "not known", "reference"),
        cards,
        _combined(policy, shape),
    )
    rules = tuple((r.id, _when(r.when), _effect(r), r.reason) for r in policy.rules)
    yield Part(
        say("Guards, vetoes, caps, floors, factors, corrections, notes"),
        _head("rule", "when", "effect", "reason"),
        rules,
    )
    quotas = tuple(map(_quota, shape.quotas))
    yield Part(say("Quotas"), _head("of", "population", "share", "ranked by", "review"), quotas)
    yield Part(say("Movement"), (), (), tuple(_movement(policy)))
    words = tuple((code, title.en, title.zh) for code, title in policy.words.items())
    yield Part(say("Reasons"), ("code", "English", "中文"), words)
    yield Part(say("Assumed, to be replaced by your own"), _head("what", "why"), tuple(_assumed(policy, shape)))


def _scale(policy: Policy, shape: Shape) -> Part:
    rated = any(step.pd is not None for step in policy.scale)
    rows = tuple(
        (step.grade, str(step.rank), "" if step.start is None else plain(step.start),
         *([] if not rated else ["" if step.pd is None else f"{plain(step.pd * 100)} %"]), step.meaning)
        for step in policy.scale
    )  # fmt: skip
    head = _head("grade", "rank", "from", *(["default within a year"] if rated else []), "meaning")
    default = next((step.grade for step in policy.scale if step.default), None)
    said = (
        (say("{grade} says that a default has happened: points never give it, a veto does.", grade=default),)
        if default
        else ()
    )
    start = (
        (say("The total starts at {start} and is not scaled.", start=plain(shape.total.start)),) if shape.total else ()
    )
    return Part(say("Scale"), head, rows, (*said, *start))


def _derived(derived: Derived) -> str:
    terms = ", ".join(f"{plain(weight)} x {alias}" if weight != 1 else alias for alias, weight in derived.of.items())
    over = f" ÷ ({' + '.join(derived.over)})" if derived.over else ""
    said = say("{how} of {terms}", how=say(derived.how), terms=terms + over)
    return (
        said
        if derived.missing == "unknown"
        else say("{value}; not known: {missing}", value=said, missing=say(derived.missing))
    )


def _label(name: str, label: Label) -> Iterator[Row]:
    for clause in label.first:
        yield name, clause.gives, _when(clause.when)
    for place, band in enumerate(label.bands):
        yield name, str(band.letter), say("{value} in {band}", value=label.of, band=band_text(label.bands, place))
    for entry in label.lookup:
        yield name, str(entry.letter), say("{value} is {code}", value=label.of, code=entry.code)
    if label.otherwise:
        yield name, label.otherwise, say("otherwise")


def _lists(lists: Label | None) -> tuple[Row, ...]:
    clauses = lists.first if lists else ()
    return tuple((c.gives, c.id, _when(c.when), c.reason) for c in clauses)


def _otherwise(lists: Label | None) -> tuple[str, ...]:
    return (
        (say("The first list that holds decides, in this order; otherwise {grade}.", grade=lists.otherwise),)
        if lists
        else ()
    )


def _card(card: Card) -> Row:
    points = "" if card.points is None else plain(card.points)
    marked = {"bonus": say("at most +"), "deduction": say("at most -")}.get(card.counts, "")
    only = say(" ({templates} only)", templates=", ".join(card.only)) if card.only else ""
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
    said += [say("at best {grade}", grade=item.cap)] if item.cap else []
    return ", ".join(said) or say("no limit")


def _missing(card: Card) -> str:
    missing = card.missing
    share = plain(missing.points) if missing.points is not None else f"{plain(missing.percent or 0)} %"
    what = {"letter": say("letter {letter}", letter=missing.letter), "neutral": share}
    said = what.get(missing.then) or say(missing.then.replace("_", " "))
    return f"{said}, {say('at best {grade}', grade=missing.cap)}" if missing.cap else said


def _combined(policy: Policy, shape: Shape) -> tuple[str, ...]:
    said = []
    if policy.letters is not None:
        combinations = ", ".join(f"{key} = {grade}" for key, grade in sorted(policy.letters.table.items()))
        said.append(
            say(
                "Letters, in any order: {combinations}; any {veto} = {worst}.",
                combinations=combinations,
                veto=policy.letters.veto,
                worst=policy.grades[-1],
            )
        )
    if shape.weakest:
        said.append(say("Each part gets a grade from its own percentage; the lowest decides."))
    if shape.grid is not None:
        cells = "; ".join(
            say("{row} and {column} = {grade}", row=row, column=column, grade=grade)
            for row, line in shape.grid.cells.items()
            for column, grade in line.items()
        )
        said.append(
            say(
                "{rows} and {columns} give the grade: {cells}.",
                rows=shape.grid.rows,
                columns=shape.grid.columns,
                cells=cells,
            )
        )
    if shape.templates is not None:
        names = list(shape.templates.names)
        if shape.templates.otherwise:
            names.append(say("otherwise {name}", name=shape.templates.otherwise))
        said.append(say("{label} chooses the cards: {names}.", label=shape.templates.by, names=", ".join(names)))
    return tuple(said)


def _effect(rule: Rule) -> str:
    if rule.refuse is not None:
        return say("no grade: {refusal}", refusal=rule.refuse)
    effects = [f"{rule.part or say('score')} x {plain(rule.factor)}"] if rule.factor is not None else []
    effects += [say("at best {grade}", grade=rule.cap)] if rule.cap else []
    effects += [say("at least {grade}", grade=rule.floor)] if rule.floor else []
    effects += [say("{steps} on the scale", steps=f"{rule.notches:+d}")] if rule.notches else []
    return ", ".join(effects) or say("note")


def _quota(quota: Quota) -> Row:
    shares = ", ".join(f"{code} {plain(share * 100)} %" for code, share in quota.shares.items())
    review = say(quota.review.replace("_", "-"))
    what = {"review": review, "above": say(quota.above), "beyond": say(quota.exceeded)}
    said = say("{review}; without a place: {above}; beyond: {beyond}", **what)
    return quota.holds, say("by {code}", code=quota.by), shares, ", ".join(quota.rank_by), said


def _movement(policy: Policy) -> Iterator[str]:
    movement, rise, falls = policy.movement, policy.movement.rise, policy.movement.falls
    if falls:
        yield say("Falls at a {review} by at most {steps}.", review=_moment(falls.only_at), steps=falls.max_steps)
    else:
        yield say("Falls at once.")
    if falls and falls.at_once_on:
        yield say("Falls at once on the day of: {facts}.", facts=", ".join(falls.at_once_on))
    moment = _moment(rise.only_at)
    when = say("on {moment}", moment=moment) if rise.only_at == "any_day" else say("at a {moment}", moment=moment)
    yield say("Rises by at most {steps} {when}.", steps=rise.max_steps, when=when)
    if rise.never_at:
        yield say("Never rises at a {review}.", review=_moment(rise.never_at))
    yield say("No rise within {days} days of a fall.", days=rise.cooldown_days)
    leaving = "From the worst grade after {months} clean months" + (
        " and by approval." if rise.from_worst.approval else "."
    )
    yield say(leaving, months=rise.from_worst.clean_months)
    months = ", ".join(f"{grade} {number}" for grade, number in movement.review_months.items())
    yield say("Reviewed every (months): {months}.", months=months)
    if movement.lapse is not None:
        left = say("at best {grade}", grade=movement.lapse.cap) if movement.lapse.cap else say("no grade")
        yield say(
            "{days} days after its validity ended without a review: {left}.", days=movement.lapse.after_days, left=left
        )
    for grade, below in rise.only_from.items():
        yield say("{grade} is reached from {grades} only.", grade=grade, grades=", ".join(below))
    for one in movement.approvals:
        to = ", ".join(one.to) or say("any grade")
        roles = ", ".join(one.by) or say("the chain {name}", name=one.chain)
        told = {"what": say(one.of.capitalize()), "grades": to, "roles": roles}
        if one.through == "review":
            yield say("{what} to {grades}: approved by {roles} with a completed review.", **told)
        else:
            yield say("{what} to {grades}: approved by {roles}.", **told)


def _moment(name: str) -> str:
    return say(name.replace("_", " "))


def _head(*names: str) -> Row:
    return tuple(map(say, names))


def _when(conditions: tuple[Condition, ...]) -> str:
    return say(" and ").join(map(_condition, conditions))


def _condition(condition: Condition) -> str:
    """In words of the file, whatever the language."""
    text = f"{condition.measure} {condition.operator} {against_text(condition)}"
    return text + say(" or not known") if condition.unknown_holds else text


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
