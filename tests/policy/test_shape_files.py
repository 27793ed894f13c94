"""Every way a construct beyond plain cards can be wrong is refused, naming file, line and remedy."""

from __future__ import annotations

import re

import pytest

from gradeline.shapes import SHAPES
from shared.core.errors import Misconfigured
from shared.edge.policy_cards import NOTHING_SHARED
from shared.edge.policy_files import read_policy

TRADE = """labels:
  NAME: {of: monthly_sales, bands: [{from: -inf, is: seldom}, {from: 60, is: often}], otherwise: seldom, reference: r}
quotas:
  - of: grade
    holds: large
    by: NAME"""
WRONG = [
    # template, text, becomes, what the refusal says
    ("p1", "{reported: months_with_orders,", "{reported: overdue_ratio,", "computed here; write `from: overdue_ratio`"),
    ("p1", "{reported: months_with_orders,", "{reported: legal_representative,", "personal and sealed"),
    ("p1", "kind: months, valid", "kind: moons, valid", "write one of ratio, days"),
    ("p1", "    points: 40\n", "", "'points' is missing"),
    ("p1", "line: {zero: 0.80, full: 0.50}", "line: {zero: 0.80, full: 0.80}", "must differ"),
    ("p1", "{from: 3, points: 6}", "{from: 3, percent: 60}", "every one gives points; complete it"),
    ("p1", "{from: 3, points: 6}", "{from: 3, points: 6, percent: 60}", "percent or points, not both"),
    ("p1", "points: 10\n    bands", "points: 11\n    bands", "the best band gives 10, but the card has 11"),
    ("p1", "{from: -inf, points: 0}", "{from: -inf, points: -1}", "points are not negative"),
    ("p1", "{then: neutral, percent: 50, task", "{then: neutral, task", "goes with `percent`, 0 to 100, or with `points`"),
    ("p2", "counts: bonus", "counts: malus", "write one of bonus, deduction"),
    ("p2", "points: 40", "points: 39", "add up to 89, with bonuses to 99; they must give 100"),
    ("p2", "cap: SM1", "cap: SM9", "write one of N1, N2"),
    ("p2", "{events: 3, controls: 2}", "{event: 3, controls: 2}", "did you mean 'events'"),
    ("p2", "{events: 3, controls: 2}", "{guarantee: 3, controls: 2}", "'guarantee' is a code"),
    ("p2", "    missing: zero  #", "    missing: rescale  #", "write one of unknown, zero"),
    ("p2", "  bonus:  #", "  cover:  #", "'cover' already means something here"),
    ("p2", "  bonus:  #", "  score:  #", "'score' already means something here"),
    ("p3", "combine: weakest", "combine: strongest", "write one of sum, weakest"),
    ("p3", "combine: weakest", "combine: weakest\ntotal: {start: 600}", "exclude each other"),
    ("p3", "  - id: integrity\n    part", "  - id: integrity\n    counts: bonus\n    part",
     "the part 'integrity' has no points of its own"),
    ("p5", "is: yes}\n        reason: NEW", "above: 1}\n        reason: NEW", "a flag cannot be compared with `above`"),
    ("p5", "- id: C1.small", "- id: C1.new", "the condition 'C1.new' stands twice"),
    ("p5", "otherwise: B  # no list holds", "", "'otherwise' is missing"),
    ("p5", "- grade: A\n    any:", "- grade: E\n    any:", "write one of A, B, C"),
    ("p6", "    otherwise: ordinary  #", "    otherwise: ordinary\n    bands: []  #", "the key 'bands' stands twice"),
    ("p6", "of: monthly_sales", "of: yearly_sales", "did you mean 'monthly_sales'"),
    ("p6", "    of: monthly_sales\n", "", "a table needs `of`"),
    ("p6", "id: influence\n", "id: influence\n    measure: level\n", "a code needs a lookup"),
    ("p7", "default: yes, meaning", "default: no, meaning", "the last grade that points can give"),
    ("p7", "pd: 0.0009", "pd: 0.0004", "the chance of a default must rise"),
    ("p7", "pd: 0.32", "pd: 32", "a chance lies between 0 and 1"),
    ("p7", "from: 90,", "from: 90.00000000001,", "compared to 9 decimals"),
    ("p7", "grade: AA, rank", "grade: AAA, rank", "'AAA' stands twice"),
    ("p7", "{is: investment, cap: AAA}\n      - {is: speculative, cap: BB+, reason: AGENCY_SPECULATIVE}\n"
           "      - {is: distressed, cap: CCC, reason: AGENCY_DISTRESSED}",
     "{is: investment}", "the table gives nothing; write percent, points or cap"),
    ("p8", "shares: {urban: 0.028, default", "shares: {urban: 2.8, default", "a share from 0 to 1"),
    ("p8", "default: 0.018}", "rural: 0.018}", "and `default` for every other"),
    ("p8", "by: region", "by: name", "write one of currency"),
    ("p8", "quotas:\n  - of: grade\n    holds: large\n    by: region", TRADE.replace("NAME", "trade"),
     "the label 'trade' is never 'urban'; choose one of seldom, often"),
    ("p8", "quotas:\n  - of: grade\n    holds: large\n    by: region", TRADE.replace("NAME", "region"),
     "'region' is an attribute and a label; give the label another name"),
    ("p8", "holds: large", "holds: huge", "write one of large, medium, ordinary"),
    ("p8", "[half_year_score,", "[half_year,", "rank by `score` or by a declared number"),
    ("p8", "only_at: quarterly_review", "only_at: weekly_review", "write one of monthly_review, quarterly_review"),
    ("p8", "max_steps: 1\n    at_once", "max_steps: 0\n    at_once", "falls by at least one step"),
    ("p8", "at_once_on: [conduct]", "at_once_on: [gossip]", "'gossip' is no such fact; choose among conduct"),
    ("p8", "only_at: half_yearly_review", "only_at: half_yearly_review\n    never_at: quarterly_review", "name a rarer review"),
    ("p8", "{large: [medium]}", "{large: [large]}", "'large' does not lie below 'large'"),
    ("p8", "{large: [medium]}", "{huge: [medium]}", "'huge' is no grade"),
    ("p8", "by: [service_head, deputy_sales_manager, sales_director]", "by: [finance, king]", "'king' is no role; choose among"),
    ("p8", "by: [service_head, deputy_sales_manager, sales_director]", "by: [sales]", "'sales' may grant nothing"),
    ("p8", "by: [service_head, deputy_sales_manager, sales_director]", "by: []", "name the roles that approve"),
    ("p8", "to: [large], by", "to: [huge], by", "'huge' is no grade"),
    ("p9", "mean: {last_month: 50", "mean: {last_month: -50", "weights of a mean are not negative"),
    ("p9", "known: no", "known: maybe", "write yes or no"),
    ("p9", "measure: third_month, known", "measure: part.moon, known", "'part.moon' is not declared"),
    ("p10", "only: [person]", "only: [persons]", "there is no template 'persons'; choose among firm, person"),
    ("p10", "points: 60", "points: 50", "of the template 'person' add up to 90"),
    ("p10", "by: kind_of_customer", "by: main_share", "'main_share' is no code"),
    ("p10", "otherwise: firm", "otherwise: shop", "write one of firm, person"),
    ("p10", "below: 0.6, unknown: holds}", "is: yes, unknown: holds}", "a ratio cannot be compared with `is`"),
    ("p11", "over: [exposure]", "over: [exposures]", "did you mean 'exposure'"),
    ("p12", "  median:\n    median: [", "  median:\n    average: [", "write exactly one of mean, sum, median"),
    ("p12", "measure: spread, above", "measure: spreads, above", "'spreads' is not declared"),
    ("p13", "    of: score", "    of: part.pay", "'part.pay' is not declared above"),
    ("p13", "- id: payment\n    part", "- id: payment\n    measure: arrears\n    part", "known only after the cards"),
    ("p14", "notches: -1", "notches: 0", "write a whole number of steps"),
    ("p14", "floor: C", "floor: E", "write one of A, B, C, D"),
    ("p14", "    factor: 0.9", "    factor: 0.9\n    part: moon", "part is 'moon': write one of customer"),
    ("p14", "{measure: audited, is: no, unknown: holds}\n    factor", "{measure: score, below: 50}\n    factor",
     "a factor changes the score, so it cannot read the score"),
    ("p16", "share: 60", "share: 50", "the cards of the part 'value.now' share 90 % of its points"),
    ("p16", "value.now: 50", "value.then: 50", "state the points of 'value.now' under `parts`"),
    ("p16", "middle: {high: grow, low: develop}", "middle: {high: grow}", "'low' is missing; add it"),
    ("p16", "    low: {high: serve cheaply, low: let go}\n", "", "'low' is missing; add it"),
    ("p16", "low: let go}", "low: let go, none: keep}", "'none' is not known here"),
    ("p16", "rows: value_class", "rows: value", "write one of value_class, loyalty_class"),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "old", "new", "says"), WRONG, ids=[f"{w[0]}: {w[3]}" for w in WRONG])
def test_a_wrong_construct_is_refused_by_name_line_and_remedy(shape: str, old: str, new: str, says: str) -> None:
    text = (SHAPES[shape] / "1.yaml").read_text("utf-8")
    assert old in text
    with pytest.raises(Misconfigured, match=re.escape(says)) as refusal:
        read_policy(text.replace(old, new, 1), f"{shape}/1.yaml", NOTHING_SHARED)
    assert refusal.match(rf"^{shape}/1\.yaml, line \d+: ")


def test_a_code_that_a_label_never_gives_is_refused() -> None:
    text = (SHAPES["p6"] / "1.yaml").read_text("utf-8")
    added = "caps:\n  - {id: x, when: [{measure: level, is: huge}], cap: B, reason: X}\n\nwords:"
    with pytest.raises(Misconfigured, match="level is never 'huge'; choose one of ordinary, medium, large"):
        read_policy(text.replace("words:", added, 1), "p6/1.yaml", NOTHING_SHARED)
