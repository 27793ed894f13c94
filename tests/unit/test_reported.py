"""Measures that only another system knows reach a method as reported, and a method of any shape is lived like the others."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from gradeline.shapes import load_template
from services.rating.adapters.proving import unfounded
from services.rating.core.brain import RatingBrain
from services.rating.core.path import walk
from services.rating.core.show import show
from services.rating.core.told import Told
from shared.core.customer.state import Setting
from shared.core.events.rating import GradeChanged
from shared.core.policy.methods import Applies, Methods, Order
from shared.core.policy.policy import Book, Reference, sealed
from shared.core.policy.rulebook import Rulebook
from shared.edge import codec
from tests.support.customer import RULES, Customer, day


def brain(shape: str) -> RatingBrain:
    """Rates everybody by a template, from 2020 on."""
    (policy,) = load_template(shape).versions
    early = sealed(msgspec.structs.replace(policy, effective=date(2020, 1, 1), approved=date(2020, 1, 1)))
    order = Order(date(2000, 1, 1), date(2000, 1, 1), Reference("test"), {"credit": (Applies(shape),)})
    return RatingBrain(Rulebook(Methods((order,), {shape: Book(shape, (early,))}), RULES.warnings), Setting())


def decided(rating: RatingBrain, book: Customer, on: str) -> GradeChanged:
    """The first grade decision about *book* on *on*."""
    state = rating.initial(book.subject)
    for event in book.events:
        rating.evolve(state, event)
    made = rating.decide(state, day(on), book.context, cause="fact").decisions
    (found,) = [one.data for one in made if isinstance(one.data, GradeChanged)]
    return found


def customer(on: str, **reports: str) -> Customer:
    book = Customer()
    book.registered("2024-01-01")
    for name, value in reports.items():
        book.reports(name, value, on)
    return book


@pytest.mark.parametrize(
    ("kind", "value", "seen"),
    [
        ("points", "81.5", Decimal("81.5")),
        ("count", "3", Decimal(3)),
        ("flag", "yes", True),
        ("flag", "false", False),
        ("flag", "perhaps", None),
        ("code", "dealer", "dealer"),
        ("ratio", "one_third", None),
        ("ratio", "NaN", None),
    ],
)
def test_a_report_is_read_as_what_it_is_measured_in(kind: str, value: str, seen: Any) -> None:
    book = customer("2025-03-01", odd_measure=value)
    assert book.at("2025-03-01").read("reported:odd_measure", kind=kind) == seen


def test_the_newest_report_holds_until_it_is_too_old() -> None:
    book = customer("2025-01-31", score="70")
    book.reports("score", "60", "2025-03-15")
    read = {"kind": "points", "valid_months": 2}
    seen = [
        book.at(on).read("reported:score", **read) for on in ("2025-01-30", "2025-01-31", "2025-03-14", "2025-03-15")
    ]
    assert seen == [None, 70, 70, 60]
    assert [book.at(on).read("reported:score", **read) for on in ("2025-05-15", "2025-05-16")] == [60, None]
    assert book.at("2029-01-01").read("reported:score", kind="points") == 60


GOOD = {"payment_score": "85", "region_risk": "3", "industry_risk": "3", "sanctioned": "no"}


def test_a_label_is_said_with_the_grade_and_the_decision_proves_itself() -> None:
    rating = brain("p13")
    found = decided(rating, customer("2025-03-01", **GOOD), "2025-03-10")
    assert (found.to, found.score, found.parts["laundering"], found.parts["arrears"]) == ("A", 85, "high", "low")
    assert list(unfounded("C1", "1", found, rating)) == []
    other = msgspec.structs.replace(found, score=Decimal(84))
    assert len(list(unfounded("C1", "1", other, rating))) == 1


@pytest.mark.parametrize(("score", "written"), [("0", b'"score":"0"'), ("0.000000001", b'"score":"0.000000001"')])
def test_a_score_of_nothing_or_nearly_is_written_so_that_it_can_be_read_again(score: str, written: bytes) -> None:
    found = decided(brain("p13"), customer("2025-03-01", **GOOD | {"payment_score": score}), "2025-03-10")
    raw = codec.encode_data(found)
    assert written in raw
    assert codec.decode_data(found.TYPE, raw) == found


def test_a_code_that_no_table_lists_is_not_known_and_the_decision_still_proves_itself() -> None:
    rating = brain("p7")
    book = customer("2025-03-01", figures_score="90", judgement_score="90", agency_rating="three_stars")
    found = decided(rating, book, "2025-03-10")
    assert (found.to, found.measures["agency"] if found.measures else None) == ("BBB", "three_stars")  # unaudited
    assert list(unfounded("C1", "1", found, rating)) == []


@pytest.mark.parametrize("shape", ["p2", "p5", "p7", "p10", "p13", "p14"])
def test_the_path_that_skips_days_equals_the_daily_one(shape: str) -> None:
    rating, book = brain(shape), Customer()
    book.registered("2024-01-01")
    reports = {
        reading.measure.removeprefix("reported:"): str(reading.params["kind"])
        for reading in rating.rulebook.books[shape].versions[0].measures.values()
        if reading.measure.startswith("reported:")
    }
    values = {"flag": ("no", "yes"), "code": ("firm", "person")}
    for month in (1, 3, 4, 8):
        for place, (name, kind) in enumerate(reports.items()):
            book.reports(name, values.get(kind, ("90", "30"))[(month + place) % 2], f"2024-{month:02}-1{place % 9}")
    book.months("2024-01-03", 9, late=12)
    engine = rating.engine(book.context)
    paths: list[Any] = []
    for daily in (True, False):
        state, path = rating.initial(book.subject), []
        for event in book.events:
            rating.evolve(state, event)
        walk(state, path, state.first, day("2024-12-31").toordinal(), engine, daily=daily)
        paths.append(path)
    assert paths[0] == paths[1]
    assert len(paths[0]) > 1


def test_conditions_and_labels_are_shown_as_lines() -> None:
    rating, told = brain("p13"), Told()
    book = customer("2025-03-01", **GOOD)
    state = rating.initial(book.subject)
    for event in book.events:
        rating.evolve(state, event)
        told.hear(event)
    view = show(state, day("2025-03-10").toordinal(), 0, rating.engine(book.context), told)
    (explanation,) = view.explanations
    lines = {line.characteristic: (line.letter, line.points, line.band) for line in explanation.lines}
    assert lines["payment"][1:] == ("85", "0 -> 100")
    assert lines["laundering"] == ("high", None, "laundering_risk in [60, inf)")
    assert lines["arrears"] == ("low", None, "score in [75, inf)")
