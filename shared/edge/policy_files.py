"""YAML → rulebook. Everything is checked here, and every refusal names file, line and remedy (errors.Misconfigured)."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

from shared.core.errors import Misconfigured
from shared.core.policy.card import Card
from shared.core.policy.measure import Reading
from shared.core.policy.methods import Applies, Methods, Order
from shared.core.policy.movement import FromWorst, Movement, Rise
from shared.core.policy.policy import Book, Grade, Letters, Policy, sealed
from shared.core.policy.rulebook import Rulebook
from shared.edge.policy_cards import CardReader, Shared, read_shared
from shared.edge.policy_head import in_order, read_dates, read_file, read_head, version_files
from shared.edge.policy_rules import (
    RuleReader,
    attribute_kinds,
    kinds_of,
    read_assumed,
    read_condition,
    read_readings,
)
from shared.edge.policy_warnings import load_warnings
from shared.edge.policy_yaml import Section, read_flag, read_number, read_section, read_sections, read_text, read_whole


def load_rules(folder: Path) -> Rulebook:
    """Return the rules under *folder*: `methods.yaml`, `tables.yaml`, one folder a method, `warnings/`.

    Raises Misconfigured, naming file, line and remedy.
    """
    shared = read_shared(read_file(folder / "tables.yaml"), "tables.yaml")
    books = {}
    for place in sorted(folder.iterdir()):
        if place.is_dir() and place.name != "warnings":
            books[place.name] = load_book(place, shared)
    orders = read_orders(read_file(folder / "methods.yaml"), "methods.yaml", books)
    return Rulebook(Methods(orders, books), load_warnings(folder / "warnings"))


def load_book(folder: Path, shared: Shared) -> Book:
    """Return the versions of one method: each YAML file of *folder* is one whole version."""
    versions = []
    for file in version_files(folder):
        name = f"{folder.name}/{file.name}"
        policy = read_policy(read_file(file), name, shared)
        if (policy.method, policy.version) != (folder.name, file.stem):
            raise Misconfigured(
                f"{name}, line 1: it states {policy.method} version {policy.version}; file and folder must agree"
            )
        versions.append((name, policy))
    if not versions:
        raise Misconfigured(f"{folder.name}: no version of the method; add a file such as 1.yaml")
    return Book(folder.name, in_order(versions))


def read_policy(text: str, file: str, shared: Shared) -> Policy:
    """Return the policy that *text* states, with its sha256. Raises Misconfigured."""
    top = read_section(text, file)
    readings = read_readings(top.section("measures"))
    kinds = kinds_of(readings)
    lettered = "letters" in top
    scale = _scale(top.sections("scale"), top, lettered)
    grades = tuple(step.grade for step in scale)
    sector, sectors = _sectors(top, kinds)
    reader = CardReader(kinds, grades, shared, sectors, lettered)
    cards = tuple(reader.read(section, sector) for section in top.sections("cards"))
    parts = frozenset(card.part for card in cards if card.part)
    policy = Policy(
        method=top.take("method", read_text),
        purpose=top.choice("purpose", ("credit", "service", "compliance", "usage")),
        scale=scale,
        measures=readings,
        cards=cards,
        rules=RuleReader(kinds, grades, parts, shared.rules).read(top),
        movement=_movement(top.section("movement"), grades),
        letters=_letters(top.section("letters"), cards, grades) if lettered else None,
        known_at_least=top.maybe("known_at_least", read_number),
        **read_head(top),
    )
    top.close()
    _check_cards(top, policy)
    _check_readings(top, policy, readings, sector)
    return sealed(policy)


def read_orders(text: str, file: str, books: dict[str, Book]) -> tuple[Order, ...]:
    """Return the dated orders of methods. Raises Misconfigured."""
    orders = []
    for top in read_sections(text, file):
        purposes = top.section("purposes")
        order = Order(
            **read_dates(top),
            purposes={purpose: _applies(purposes, purpose, books) for purpose in purposes.names()},
        )
        top.close()
        orders.append((f"{file} {top.path}", order))
    if not orders:
        raise Misconfigured(f"{file}, line 1: no order of methods; add one")
    return in_order(orders)


def _applies(purposes: Section, purpose: str, books: dict[str, Book]) -> tuple[Applies, ...]:
    found: list[Applies] = []
    for item in purposes.sections(purpose):
        method = item.choice("method", tuple(books))
        if any(policy.purpose != purpose for policy in books[method].versions):
            item.wrong(f"{method} has another purpose than {purpose}", "method")
        if found and not found[-1].applies_to:
            item.wrong(f"{found[-1].method} applies to everybody, so nothing after it is ever reached; put it last")
        kinds = attribute_kinds()
        conditions = tuple(read_condition(c, kinds, key="attribute") for c in item.sections("applies_to"))
        found.append(Applies(method, conditions))
        item.close()
    return tuple(found)


def _scale(sections: tuple[Section, ...], top: Section, lettered: bool) -> tuple[Grade, ...]:
    if len(sections) < 2:
        top.wrong("`scale` needs at least two grades, best first")
    steps: list[Grade] = []
    for place, section in enumerate(sections):
        last = place == len(sections) - 1
        start = None
        if not lettered:
            text = section.take("from", read_text)
            start = None if text == "-inf" else section.again().take("from", read_number)
            if (start is None) != last:
                section.wrong("the last grade, and no other, must be open: from: -inf", "from")
        step = Grade(
            section.take("grade", read_text),
            section.take("rank", read_whole),
            start,
            section.take("meaning", read_text, ""),
        )
        section.close()
        if steps and (step.rank >= steps[-1].rank or _not_below(step.start, steps[-1].start)):
            section.wrong("grades stand best first: rank and edge must fall from one to the next")
        steps.append(step)
    return tuple(steps)


def _not_below(start: Decimal | None, before: Decimal | None) -> bool:
    return start is not None and before is not None and start >= before


def _sectors(top: Section, kinds: dict[str, Any]) -> tuple[str | None, dict[str, str]]:
    section = top.maybe_section("sectors")
    if section is None:
        return None, {}
    measure = section.take("measure", read_text)
    if measure not in kinds:
        section.wrong(f"{measure!r} is not declared under `measures`; declare it", "measure")
    return measure, section.section("marks").scalars(read_text)


def _letters(section: Section, cards: tuple[Card, ...], grades: tuple[str, ...]) -> Letters:
    veto = section.take("veto", read_text)
    reason = section.take("reason", read_text)
    combinations = section.section("combinations")
    table: dict[str, str] = {}
    assumed: dict[str, str] = {}
    for written in combinations.names():
        key = "".join(sorted(written))
        if key in table:
            combinations.wrong(f"{written} stands twice, in another order; keep one", written)
        if combinations.is_scalar(written):
            table[key] = combinations.choice(written, grades)
            continue
        entry = combinations.section(written)
        table[key] = entry.choice("grade", grades)
        told = read_assumed(entry)
        if told["assumed"]:
            assumed[key] = told["why"]
        entry.close()
    section.close()
    alphabet = sorted({item.letter or "" for card in cards for item in card.outcomes} - {veto})
    needed = {"".join(letters) for letters in combinations_with_replacement(alphabet, len(cards))}
    if missing := sorted(needed - set(table)):
        combinations.wrong(f"the table is not complete: add {', '.join(missing)}")
    if surplus := sorted(set(table) - needed):
        combinations.wrong(f"these letters cannot occur: {', '.join(surplus)}; remove them")
    return Letters(veto, reason, table, tuple(assumed), "; ".join(f"{key}: {why}" for key, why in assumed.items()))


def _movement(section: Section, grades: tuple[str, ...]) -> Movement:
    rise = section.section("rise")
    from_worst = rise.section("from_worst")
    movement = Movement(
        fall=section.choice("fall", ("at_once",)),  # type: ignore[arg-type] # choice has just checked it
        rise=Rise(
            only_at=rise.choice("only_at", ("monthly_review", "any_day")),  # type: ignore[arg-type] # likewise
            max_steps=rise.take("max_steps", read_whole),
            cooldown_days=rise.take("cooldown_days", read_whole),
            from_worst=FromWorst(from_worst.take("approval", read_flag), from_worst.take("clean_months", read_whole)),
        ),
        review_months=_by_grade(section, "review_months", grades),
        valid_months=_by_grade(section, "valid_months", grades),
        reference=section.take("reference", read_text),
        **read_assumed(section),
    )
    for part in (from_worst, rise, section):
        part.close()
    return movement


def _by_grade(section: Section, key: str, grades: tuple[str, ...]) -> dict[str, int]:
    months = section.section(key).scalars(read_whole)
    if tuple(months) != grades:
        section.wrong(f"write one number for each of {', '.join(grades)}, in this order", key)
    return months


def _check_cards(top: Section, policy: Policy) -> None:
    if not policy.cards:
        top.wrong("`cards` is missing; add at least one")
    ids = [card.id for card in policy.cards]
    if len(set(ids)) != len(ids):
        top.wrong("two cards have the same id; rename one", "cards")
    total = sum((card.points or Decimal(0) for card in policy.cards), Decimal(0))
    if policy.letters is None and total != 100:
        top.wrong(f"the points of the cards add up to {total}; they must give 100", "cards")


def _check_readings(top: Section, policy: Policy, readings: dict[str, Reading], sector: str | None) -> None:
    read = {card.measure for card in policy.cards} | {c.measure for rule in policy.rules for c in rule.when} | {sector}
    if idle := sorted(set(readings) - read):
        top.wrong(f"no card and no rule reads {', '.join(idle)}; remove it", "measures")
