"""The scale and the parts of a policy file, and whether its points add up."""

from __future__ import annotations

from decimal import Decimal

from shared.core.policy.parts import of_template, part_names
from shared.core.policy.policy import Grade, Policy
from shared.core.policy.shape import Shape
from shared.edge.policy_yaml import Section, read_flag, read_number, read_text, read_whole


def read_scale(top: Section, *, by_points: bool) -> tuple[Grade, ...]:
    """Return the grades, best first. Raises Misconfigured."""
    sections = top.sections("scale")
    if len(sections) < 2:
        top.wrong("`scale` needs at least two grades, best first")
    steps: list[Grade] = []
    last = len(sections) - 1
    if sections[-1].again().take("default", read_flag, False):
        last -= 1
    for place, section in enumerate(sections):
        start = None
        if by_points and place <= last:
            text = section.take("from", read_text)
            start = None if text == "-inf" else section.again().take("from", read_number)
            if (start is None) != (place == last):
                section.wrong("the last grade that points can give, and no other, must be open: from: -inf", "from")
        step = Grade(
            section.take("grade", read_text),
            section.take("rank", read_whole),
            start,
            section.take("meaning", read_text, ""),
            section.maybe("pd", read_number),
            section.take("default", read_flag, False),
        )
        section.close()
        _check_step(section, step, steps, place == len(sections) - 1)
        steps.append(step)
    return tuple(steps)


def _check_step(section: Section, step: Grade, before: list[Grade], last: bool) -> None:
    if step.default and not last:
        section.wrong("only the last grade says that a default has happened", "default")
    if step.pd is not None and not 0 <= step.pd <= 1:
        section.wrong("a chance lies between 0 and 1, e.g. 0.0045 for 0.45 %", "pd")
    if step.start is not None and step.start != round(step.start, 9):
        section.wrong("a score is compared to 9 decimals; shorten the edge", "from")
    if not before:
        return
    if step.rank >= before[-1].rank or not _below(step.start, before[-1].start):
        section.wrong("grades stand best first: rank and edge must fall from one to the next")
    if step.grade in [one.grade for one in before]:
        section.wrong(f"the grade {step.grade!r} stands twice; rename one", "grade")
    if step.pd is not None and before[-1].pd is not None and step.pd <= before[-1].pd:
        section.wrong("grades stand best first: the chance of a default must rise from one to the next", "pd")


def _below(start: Decimal | None, before: Decimal | None) -> bool:
    return start is None or before is None or start < before


def read_parts(top: Section) -> tuple[tuple[str, ...], dict[str, Decimal]]:
    """Return the names of all parts, those that hold others first, and the points of those that are declared."""
    section = top.maybe_section("parts")
    declared = section.scalars(read_number) if section else {}
    for name, points in declared.items():
        if points <= 0:
            top.wrong(f"the part {name!r} needs points above 0", "parts")
    stated = [part for card in top.again().sections("cards") if (part := card.maybe("part", read_text))]
    names = dict.fromkeys(name for part in (*declared, *stated) for name in part_names(part))
    return tuple(names), declared


def check_sums(top: Section, policy: Policy) -> None:
    """Cards have their own ids, and their points give 100: for each template, and in shares of each part."""
    shape = policy.shape or Shape()
    ids = [card.id for card in policy.cards]
    if len(set(ids)) != len(ids):
        top.wrong("two cards have the same id; rename one", "cards")
    if not policy.cards and not (shape.lists or shape.grid):
        top.wrong("`cards` is missing; add at least one")
    if policy.letters is not None or shape.lists:
        return
    for name in shape.templates.names if shape.templates else ("",):
        one = of_template(policy, name) if name else policy
        _check_shares(top, one)
        if shape.weakest or shape.grid:
            _check_axes(top, one)
        elif not shape.total:
            _check_hundred(top, one, f" of the template {name!r}" if name else "")


def _check_axes(top: Section, policy: Policy) -> None:
    axes = dict.fromkeys(part_names(card.part)[0] for card in policy.cards if card.part)
    for axis in axes:
        if not sum(card.most for card in policy.cards if part_names(card.part)[:1] == (axis,)):
            top.wrong(
                f"the part {axis!r} has no points of its own; give its cards points, or leave the part out", "cards"
            )
    if not axes and not (policy.shape and policy.shape.grid):
        top.wrong("no card has points; the parts are graded by the points of their cards", "cards")


def _check_hundred(top: Section, policy: Policy, whose: str) -> None:
    total = sum((card.most for card in policy.cards), Decimal(0))
    bonus = sum((card.points or Decimal(0) for card in policy.cards if card.counts == "bonus"), Decimal(0))
    if total != 100 and total + bonus != 100:
        lifted = f", with bonuses to {total + bonus:f}" if bonus else ""
        top.wrong(f"the points of the cards{whose} add up to {total:f}{lifted}; they must give 100", "cards")


def _check_shares(top: Section, policy: Policy) -> None:
    _, declared = read_parts(top.again())
    for part, points in declared.items():
        given = sum((card.points or Decimal(0) for card in policy.cards if card.part == part), Decimal(0))
        if given != points:
            share = given * 100 / points
            top.wrong(f"the cards of the part {part!r} share {share:f} % of its points; they must share 100 %", "parts")
