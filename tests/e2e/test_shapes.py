"""Sixteen methods, one of each shape, rate live customers: facts over HTTP in, grades on Kafka out, each computed twice.

Every sentence of the templates is a customer: what it gives as measures is told as facts, and the grade that is heard is
compared with one worked out from these facts by plain arithmetic (`tests.support.shapes`).
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from gradeline.commands.policy import SHIPPED
from gradeline.main import build
from gradeline.shapes import SHAPES, load_template
from shared.core.events import ReferencePublished
from shared.core.policy.edges import edges, seen_in, stands_on
from shared.core.policy.evaluate import evaluate
from shared.edge import clock
from shared.edge.policy_cases import load_cases
from shared.edge.policy_values import read_measures
from tests.support.covers import covers
from tests.support.downstream import Subscriber, subscribed
from tests.support.instance import RunningInstance, up
from tests.support.shapes.books import Books, Fact
from tests.support.shapes.facts import facts, report
from tests.support.shapes.grades import GRADED, Rated

covers(
    "P1",
    "P2",
    "P3",
    "P4",
    "P5",
    "P6",
    "P7",
    "P8",
    "P9",
    "P10",
    "P11",
    "P12",
    "P13",
    "P14",
    "P15",
    "P16",
    "RM-01",
    "RM-02",
    "RM-04",
    "RM-05",
    "RM-08",
    "RM-09",
    "RM-13",
    "RM-15",
    "RM-18",
    "RM-20",
    "RM-21",
    "RM-23",
    "RM-31",
    "RM-33",
    "RM-35",
    "G-02",
    "LT-57",
    "LT-60",
)

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

GRADE = "credit.grade.changed.v1"
ORDER = """- effective: {day}
  approved: {day}
  reference: {{title: one method of each shape}}
  purposes:
    credit:
"""
INDUSTRIES = {name: name for name in ("support", "neutral", "control", "reduce")}


class Told(NamedTuple):
    """A customer, what is told of it, and what must be heard."""

    name: str
    shape: str
    sentence: str
    facts: list[Fact]
    expected: Rated


@pytest.fixture(scope="module")
def today() -> date:
    return clock.today("Asia/Shanghai")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory, today: date) -> Path:
    """The shipped rules with one method of each shape, which `gradeline policy new` writes; a segment is rated by each."""
    folder = tmp_path_factory.mktemp("shapes") / "rules"
    shutil.copytree(SHIPPED, folder)
    order = ORDER.format(day=today)
    for shape in SHAPES:
        words = ["policy", "new", shape, "--shape", shape, "--policies", str(folder), "--effective", f"{today}"]
        assert CliRunner().invoke(build(), words).exit_code == 0
        file = folder / shape / "1.yaml"
        text = re.sub(r"^purpose: \w+", "purpose: credit", file.read_text("utf-8"), flags=re.M)
        # what a population review gives places for is another test's: here a sentence is one customer's
        text, quotas = re.subn(r"^quotas:\n(?:[ -].*\n)+", "", text, flags=re.M)
        if quotas:  # and what only ranks
            text = re.sub(r"^  (half_year_score|relationship_months):.*\n", "", text, flags=re.M)
        file.write_text(text, "utf-8")
        order += f"      - {{method: {shape}, applies_to: [{{attribute: segment, is: {shape}}}]}}\n"
    # the first order: what a later one brings in would wait for its activation
    (folder / "methods.yaml").write_text(order + "      - {method: rm-32}\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def shaped(tmp_path_factory: pytest.TempPathFactory, rules: Path) -> Iterator[RunningInstance]:
    with up(tmp_path_factory.mktemp("instance"), policies=rules) as running:
        yield running


@pytest.fixture(scope="module")
def customers(today: date) -> list[Told]:
    """One customer for each sentence of each template."""
    found = []
    for shape, folder in SHAPES.items():
        book = load_template(shape)
        for number, case in enumerate(load_cases(folder, book)):
            name = f"{shape.upper()}-{number}"
            told = facts(name, book.versions[0], case.values, today)
            found.append(Told(name, shape, case.name, told, GRADED[shape](Books(told, today))))
    return found


@pytest.fixture(scope="module")
def heard(shaped: RunningInstance, customers: list[Told], today: date) -> Iterator[Subscriber]:
    """Whatever was published once every customer was told of, and graded."""
    shaped.publish(ReferencePublished(series="industry_list", as_of=today, values=INDUSTRIES))
    with subscribed(shaped.kafka) as subscriber:
        shaped.post([one for customer in customers for one in customer.facts])
        shaped.until_applied({customer.name: len(customer.facts) for customer in customers})
        must = {customer.name: customer.expected.grade for customer in customers}
        subscriber.until(lambda: {name: last(subscriber, name).get("to") for name in must} == must, seconds=30)
        yield subscriber


@pytest.fixture(scope="module")
def explained(heard: Subscriber, shaped: RunningInstance, customers: list[Told]) -> dict[str, dict[str, Any]]:
    """What the API says of each, once everything was heard."""
    with ThreadPoolExecutor(4) as asking:
        said = asking.map(lambda one: shaped.get(f"/v1/customers/{one.name}/explanation"), customers)
        return {customer.name: one for customer, one in zip(customers, said, strict=True)}


def test_every_sentence_is_a_grade_change_that_plain_arithmetic_confirms(
    heard: Subscriber, customers: list[Told], explained: dict[str, dict[str, Any]]
) -> None:
    assert [found for customer in customers if (found := wrong(customer, heard, explained[customer.name]))] == []
    assert {customer.shape for customer in customers} == set(SHAPES)
    for customer in customers:
        if customer.expected.grade is not None:
            first = heard.about(customer.name, GRADE)[0]["data"]
            assert (first["method"], first["direction"]) == (customer.shape, "first")


def wrong(customer: Told, heard: Subscriber, said: dict[str, Any]) -> tuple[Any, ...] | None:
    """*customer*, what was heard and is said of it, and what must be; None where they are the same."""
    expected = customer.expected
    codes = {line["characteristic"]: line["letter"] for line in said["lines"]}
    labels = {name: codes[name] for name, _ in expected.labels}
    score = None if said["score"] is None or expected.score is None else Decimal(said["score"])
    found = (last(heard, customer.name).get("to"), said["grade"], said["refusal"], score, labels)
    wanted_score = None if expected.score is None else cut(expected.score)
    wanted = (expected.grade, expected.grade, expected.refusal, wanted_score, dict(expected.labels))
    return None if found == wanted else (customer.name, customer.sentence, found, wanted)


def last(heard: Subscriber, name: str) -> dict[str, Any]:
    """What was last said of the grade of *name*; nothing where it never had one."""
    said = heard.about(name, GRADE)
    return said[-1]["data"] if said else {}


def cut(score: Fraction) -> Decimal:
    """A score as it is shown: cut to nine decimals."""
    return Decimal(score.numerator * 10**9 // score.denominator).scaleb(-9)


NEVER_SEEN = {
    "p2": {("days_past_due", None)},
    "p6": {("violations", None)},
}
"""Edges on which no facts can put a customer: measures that are always known."""


@pytest.mark.parametrize("shape", SHAPES)
def test_a_live_customer_stands_on_every_edge(
    shape: str, customers: list[Told], explained: dict[str, dict[str, Any]]
) -> None:
    policy = load_template(shape).versions[0]
    seen = []
    for customer in customers:
        if customer.shape == shape:
            measures = read_measures(json.dumps(explained[customer.name]["measures"]), policy, any_code=True)
            seen.append(seen_in(policy, evaluate(policy, measures)))
    tried = [edge for edge in edges(policy) if any(stands_on(edge, policy, one) for one in seen)]
    untried = {(edge.measure, edge.value) for edge in edges(policy) if edge not in tried}
    assert untried == NEVER_SEEN.get(shape, set())


def test_worse_news_on_the_next_day_is_a_fall_that_is_heard(
    heard: Subscriber, customers: list[Told], shaped: RunningInstance, today: date
) -> None:
    """The best customer of each shape hears what was told of another and falls at once; P8 by the cap of its method.

    Another of P8 sells less: its method lets it fall at its quarterly review only.
    """
    day = today + timedelta(days=1)
    shaped.open_day(day)
    falls = {shape: falling([one for one in customers if one.shape == shape], day) for shape in SHAPES}
    assert [shape for shape, (best, _, after) in falls.items() if best.expected.grade == after] == []
    waits = [one for one in customers if one.shape == "p8" and one.expected.grade == "large"][-1]
    sells_less = report(waits.name, "monthly_sales_last_quarter", "10", day) | {"id": "less"}
    shaped.post([one for _, news, _ in falls.values() for one in news] + [sells_less])
    facts_of = {best.name: len(best.facts) + len(news) for best, news, _ in falls.values()}
    shaped.until_applied(facts_of | {waits.name: len(waits.facts) + 1})
    must = {best.name: after for best, _, after in falls.values()}
    heard.until(lambda: {name: last(heard, name)["to"] for name in must} == must, seconds=30)
    assert {name: last(heard, name)["to"] for name in must} == must
    assert {last(heard, best.name)["direction"] for best, _, _ in falls.values()} == {"down"}
    assert {last(heard, best.name)["as_of"] for best, _, _ in falls.values()} == {f"{day}"}
    said = shaped.get(f"/v1/customers/{waits.name}/explanation")
    assert (said["grade"], said["underlying"], said["movement"]) == ("large", "ordinary", ["FALL_AT_REVIEW_ONLY"])
    assert said["because"][-1] == {"code": "FALL_AT_REVIEW_ONLY", "words": "falls at a review only"}
    assert last(heard, waits.name)["to"] == "large"


def falling(customers: list[Told], day: date) -> tuple[Told, list[Fact], str]:
    """The best of *customers*, the news of *day* that bring it down furthest, and where to."""
    shape = customers[0].shape
    grades = load_template(shape).versions[0].grades
    graded = [one for one in customers if one.expected.grade is not None]
    best = min(graded, key=lambda one: grades.index(one.expected.grade or ""))
    found = []
    for other in graded:
        news = [report_of(one, best.name, day) for one in other.facts if one["type"] in NEWS]
        after = GRADED[shape](Books([*best.facts, *news], day)).grade
        ruled = any(one["data"].get("value") == "yes" for one in news)
        found.append((grades.index(after or grades[0]), ruled, news))
    place, _, news = max(found, key=lambda one: one[:2])
    return best, news, grades[place]


NEWS = {"credit.measure.reported.v1": "period_end", "credit.signal.reported.v1": "on"}


def report_of(told: Fact, name: str, day: date) -> Fact:
    """The same of *name*, on *day*."""
    data = told["data"] | {NEWS[told["type"]]: f"{day}"}
    return told | {"subject": name, "id": f"{name}:later:{told['id']}", "time": f"{day}T09:00:00+08:00", "data": data}
