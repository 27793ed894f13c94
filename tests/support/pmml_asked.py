"""Write methods as PMML, and random customers to ask about, for another program to score: `python -m tests.support.pmml_asked FOLDER`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from gradeline.commands.policy_scorecards import write_scorecard
from gradeline.scorecards.pmml_out import pmml_of
from gradeline.shapes import load_template
from shared.core.policy.edges import edges
from shared.core.policy.policy import Policy
from shared.edge.policy_cards import NOTHING_SHARED
from shared.edge.policy_files import load_book

SAMPLES = Path(__file__).parents[1] / "samples" / "scorecards"
TEMPLATES = ("p6", "p7", "p8")
"""Whose score is a sum of cards."""
ASKED = 200


def imported(file: Path, grades: str = "A:560,B:520,C:480,D") -> Policy:
    """The method that `gradeline policy import` makes of *file*."""
    with TemporaryDirectory() as folder:
        write_scorecard(Path(folder), file, "fitted", grades, date(2026, 1, 1))
        return load_book(Path(folder) / "fitted", NOTHING_SHARED).versions[0]


def exported() -> dict[str, Policy]:
    """The methods that are written as PMML, by name."""
    found = {shape: load_template(shape).versions[0] for shape in TEMPLATES}
    return found | {"optbinning": imported(SAMPLES / "optbinning.csv")}


def customers(policy: Policy, random: Random) -> Iterator[dict[str, Any]]:
    """Random values of what the cards read, every edge among them."""
    cards = [card for card in policy.cards if card.points is not None]
    marks: dict[str, list[Any]] = {}
    for edge in edges(policy):
        marks.setdefault(edge.measure, []).append(edge.value)
    for _ in range(ASKED):
        yield {card.measure: _value(marks[card.measure], random, code=bool(card.lookup)) for card in cards}


def _value(marks: list[Any], random: Random, *, code: bool) -> Any:
    known = [mark for mark in marks if mark is not None]
    if code:
        return random.choice([*known, None, "unheard of"])
    low, high = min(known), max(known)
    if random.random() < 0.3:
        return random.choice([*known, None])
    return round(Decimal(random.uniform(float(low) - 1, float(high) + 1)), 4)


def write(folder: Path) -> None:
    """Write each document and its customers, and those for the sample of the specification."""
    random = Random(11)
    for name, policy in exported().items():
        (folder / f"{name}.pmml").write_text(pmml_of(policy), "utf-8")
        _write(folder / f"{name}.inputs.json", list(customers(policy, random)))
    sample = [
        {
            "department": random.choice(["marketing", "engineering", "human resources", "business", "law", None]),
            "age": random.choice([None, 18, 29, 39, round(random.uniform(10, 60), 2)]),
            "income": random.choice([None, 1000, 1500, round(random.uniform(500, 2500), 2)]),
        }
        for _ in range(ASKED)
    ]
    (folder / "dmg.pmml").write_text((SAMPLES / "dmg.pmml").read_text("utf-8"), "utf-8")
    _write(folder / "dmg.inputs.json", sample)


def _write(file: Path, told: list[dict[str, Any]]) -> None:
    rows = [{"values": {k: float(v) if isinstance(v, Decimal) else v for k, v in one.items()}} for one in told]
    file.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
