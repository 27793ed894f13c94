"""Three purposes at once: the shipped methods for `credit`, a level under a quota for `service`, a label for `compliance`."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from gradeline.shapes import SHAPES
from shared.core.envelope import Event
from shared.core.policy.methods import Methods
from shared.core.policy.policy import Book, Policy
from shared.core.policy.rulebook import Rulebook
from shared.edge.policy_cards import NOTHING_SHARED
from shared.edge.policy_files import read_orders, read_policy
from tests.support.customer import RULES, day
from tests.support.histories import Story

LEVELS = ("large", "medium", "ordinary")

LABEL = """
method: label
version: "1"
purpose: compliance
effective: 2000-01-01
approved: 2000-01-01
owner: compliance
title: {en: Risk of money laundering, zh: 洗钱风险}
reference: {title: RM-13}
scale:
  - {grade: low, rank: 100, from: 60}
  - {grade: medium, rank: 50, from: 30}
  - {grade: high, rank: 0, from: -inf}
measures:
  safety: {reported: safety, kind: points, valid_months: 36}
cards:
  - {id: safety, part: safety, points: 100, line: {zero: 0, full: 100}, missing: {then: refuse}, reference: RM-13.01}
movement:
  fall: at_once
  rise: {only_at: any_day, max_steps: 2, cooldown_days: 0, from_worst: {approval: no, clean_months: 0}}
  lapse: {then: no_grade, after_days: 30}
  review_months: {low: 24, medium: 12, high: 6}
  valid_months: {low: 24, medium: 12, high: 6}
  reference: RM-13.05
"""


def level(version: str = "1", **replaced: str) -> Policy:
    """The template of a level under a quota, in force ever since, without approvals; *replaced*: lines of it."""
    text = (
        (SHAPES["p8"] / "1.yaml")
        .read_text("utf-8")
        .replace("2026-01-01", "2000-01-01")
        .replace("2025-12-15", "2000-01-01")
    )
    text = text.replace("method: p8", "method: level").replace('version: "1"', f'version: "{version}"')
    text = text.replace(
        "{of: rise, to: [large], by: [service_head, deputy_sales_manager, sales_director]}  # in this order",
        "{of: override, by: [finance]}",
    )
    text = text.replace("    - {of: override, by: [risk_manager]}\n", "")
    for old, new in replaced.items():
        before = BLOCKS[old]
        assert before in text, old
        text = text.replace(before, new)
    return read_policy(text, "level", NOTHING_SHARED)


BLOCKS = {
    "shares": "{urban: 0.028, default: 0.018}",
    "exceeded": "exceeded: keep ",
    "above": "above: stay ",
    "fall": """  fall:  # or `at_once`: on any day by any number of steps. What a veto or a cap demands is done at once all the same
    only_at: quarterly_review  # monthly, quarterly, half_yearly or yearly; each is the first day of its period
    max_steps: 1
    at_once_on: [conduct]  # facts on whose day it falls at once
""",
    "bands": "{grade: large, rank: 100, from: 50}",
    "by": "    by: region\n",
    "words": "words:\n",
    "middle": "{grade: medium, rank: 50, from: 20}",
}


ORDER = """
- effective: 2000-01-01
  approved: 2000-01-01
  reference: {title: test}
  purposes:
    credit:
      - method: rm-22
        applies_to:
          - {attribute: segment, is: dealer}
      - method: rm-32
    service:
      - method: level
    compliance:
      - method: label
        applies_to:
          - {attribute: kind, is: company}
"""


def rules(*levels: Policy) -> Rulebook:
    """Everything that is loaded; *levels* are the versions of the level."""
    books = dict(RULES.methods.books)
    books["level"] = Book("level", levels or (level(),))
    books["label"] = Book("label", (read_policy(LABEL, "label", NOTHING_SHARED),))
    return Rulebook(Methods(read_orders(ORDER, "methods.yaml", books), books), RULES.warnings)


def sold(story: Story, on: str | date, sales: int, score: int | None = None) -> None:
    """Another system reports the sales of a customer, and its score."""
    told: list[tuple[str, int]] = [("monthly_sales_last_quarter", sales)]
    told += [("half_year_score", score)] if score is not None else []
    for name, value in told:
        story.tell("measure.reported", day(on), name=name, value=str(value), period_end=day(on))


def placed(story: Story, on: str | date, outcome: str, method: str = "level", holds: str = "large") -> Event:
    """Our own population review says *outcome* of the customer."""
    told: dict[str, Any] = {"review_id": f"{method}/{holds}/{on}", "completed_on": day(on), "outcome": outcome}
    event = story.tell("review.completed", day(on), **told)
    story.events[-1] = msgspec.structs.replace(event, source="/gradeline/main/rating")
    return story.events[-1]
