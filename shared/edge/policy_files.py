"""YAML → rulebook. Everything is checked here, and every refusal names file, line and remedy (errors.Misconfigured)."""

from __future__ import annotations

from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import msgspec

from shared.core.errors import Misconfigured
from shared.core.policy.card import Card
from shared.core.policy.methods import Applies, Methods, Order
from shared.core.policy.parts import late_labels
from shared.core.policy.policy import Book, Letters, Policy, Title, sealed
from shared.core.policy.rulebook import Rulebook
from shared.core.policy.shape import Shape
from shared.edge.policy_cards import CardReader, Frame, Shared, read_marks, read_shared
from shared.edge.policy_head import in_order, read_dates, read_file, read_head, version_files
from shared.edge.policy_movement import read_movement
from shared.edge.policy_names import Names
from shared.edge.policy_readings import read_readings
from shared.edge.policy_rules import (
    RuleReader,
    attribute_kinds,
    kinds_of,
    read_assumed,
    read_condition,
)
from shared.edge.policy_scale import check_sums, read_parts, read_scale
from shared.edge.policy_shapes import read_derived, read_labels, read_shape
from shared.edge.policy_warnings import load_warnings
from shared.edge.policy_yaml import Section, read_number, read_section, read_sections, read_text


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
    shared = _with_own(top, shared)
    readings = read_readings(top.section("measures"))
    names = Names(kinds_of(readings))
    by_points = not any(key in top for key in ("letters", "lists", "grid"))
    scale = read_scale(top, by_points=by_points)
    grades = tuple(step.grade for step in scale)
    derived = read_derived(top, names)
    parts, declared = read_parts(top)
    labels = read_labels(top, names, parts)
    late = late_labels(labels)
    sector, sectors = _sectors(top, names)
    shape = read_shape(top, names, grades, parts, labels)
    frame = Frame(
        names=names,
        grades=grades,
        shared=shared,
        late=late,
        sector=sector,
        sectors=sectors,
        parts=declared,
        templates=shape.templates.names if shape and shape.templates else (),
        letters="letters" in top,
        own_total=bool(shape and shape.total),
    )
    cards = tuple(CardReader(frame).read(section) for section in top.sections("cards"))
    policy = Policy(
        method=top.take("method", read_text),
        purpose=top.choice("purpose", ("credit", "service", "compliance", "usage")),
        scale=scale,
        measures=readings,
        cards=cards,
        rules=RuleReader(names.with_scores(parts), grades, parts, shared.rules, late).read(top),
        movement=read_movement(top.section("movement"), grades),
        letters=_letters(top.section("letters"), cards, grades) if frame.letters else None,
        known_at_least=top.maybe("known_at_least", read_number),
        derived=derived,
        shape=shape,
        words=_words(top),
        **read_head(top),
    )
    top.close()
    check_sums(top, policy)
    _check_readings(top, policy, sector)
    return sealed(policy)


def _with_own(top: Section, shared: Shared) -> Shared:
    """*shared* with the marks of the method itself."""
    marks = top.maybe_section("marks")
    if marks is None:
        return shared
    why = top.take("marks_why", read_text, "")
    return msgspec.structs.replace(shared, marks=shared.marks | read_marks(marks), why=why)


def _words(top: Section) -> dict[str, Title]:
    section = top.maybe_section("words")
    found: dict[str, Title] = {}
    for code in section.names() if section else ():
        assert section is not None
        said = section.section(code)
        found[code] = Title(said.take("en", read_text), said.take("zh", read_text))
        said.close()
    return found


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


def _check_readings(top: Section, policy: Policy, sector: str | None) -> None:
    """Whatever is declared is read by something."""
    shape = policy.shape or Shape()
    read = {card.measure for card in policy.cards} | {c.measure for rule in policy.rules for c in rule.when} | {sector}
    lists = (shape.lists,) if shape.lists else ()
    read |= {alias for one in (*policy.derived.values(), *shape.labels.values(), *lists) for alias in one.reads}
    read |= {shape.templates.by} if shape.templates else set()
    read |= {alias for quota in shape.quotas for alias in quota.rank_by}
    for section, declared in (("measures", policy.measures), ("derived", policy.derived)):
        if idle := sorted(set(declared) - read):
            top.wrong(f"no card and no rule reads {', '.join(idle)}; remove it", section)
