"""A first grade that people must grant: the machine asks, and until then the customer has none (AP-01, AP-06)."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.core.requests import Override, Why, why_not
from shared.core.approval.commands import Actor, Approve, Refuse
from shared.core.events.approval import ApprovalWithdrawn
from shared.core.policy.movement import Approval
from tests.support.covers import covers
from tests.support.customer import day
from tests.support.dealer import SECOND, THIRD, dealer, told
from tests.unit.test_moving import brain
from tests.unit.test_rising import CHAINS, Office, changes, scratch

covers("AP-01", "AP-06")

RATER = Actor("tang", "tang", frozenset({"certified_rater"}))
RULES = brain(approvals=(Approval("first", ("certified_rater",)),))
RULES.chains = (CHAINS,)


def office() -> Office:
    """A dealer of years, whose first day here is 1 June."""
    return Office(dealer(), RULES)


def grants(one: Office) -> list[tuple[str, str | None, str | None, str]]:
    asked = one.asked[-1]
    return changes(one.says(Approve(asked.approval_id, asked.payload_sha256, RATER)))


def test_the_first_grade_waits_for_who_must_grant_it() -> None:
    one = office()
    one.lives("2025-06-10")
    (asked,) = one.asked
    payload = msgspec.json.decode(asked.payload or "")
    assert (asked.roles, payload["from"], payload["to"]) == (("certified_rater",), "", "A")
    assert asked.reason == "GRADE_UNCONFIRMED"
    standing = one.desk.standing(one.today)
    assert (standing.grade, standing.refusal, standing.underlying) == (None, "GRADE_UNCONFIRMED", "A")
    assert grants(one) == [("review", None, "A", "first")]
    one.lives("2025-09-10")
    assert (one.grade(), len(one.asked)) == ("A", 1)
    assert scratch(one, daily=True) == scratch(one, daily=False) == one.desk.state.path


def test_what_follows_the_first_grade_asks_nobody() -> None:
    one = office()
    one.lives("2025-06-10")
    grants(one)
    told(one.book, THIRD, "2025-06-20", "2025-06-25")
    one.lives("2025-12-01")
    assert one.grade() == "A", "it fell and rose by the rules"
    assert len(one.asked) == 1


def test_where_the_rules_change_their_mind_the_other_grade_is_asked_for_at_once() -> None:
    one = office()
    told(one.book, SECOND, "2025-06-05", "2026-01-01")
    one.lives("2025-06-10")
    (gone,) = one.desk.said(ApprovalWithdrawn, published=True)
    assert (gone.reason, str(gone.as_of)) == ("RISE_NOT_DUE", "2025-06-05")
    assert [msgspec.json.decode(asked.payload or "")["to"] for asked in one.asked] == ["A", "B"]
    assert grants(one) == [("review", None, "B", "first")]


def test_a_better_grade_than_was_asked_for_is_asked_for_anew() -> None:
    one = office()
    told(one.book, SECOND, "2025-05-20", "2025-06-05")
    one.lives("2025-06-10")
    assert [msgspec.json.decode(asked.payload or "")["to"] for asked in one.asked] == ["A", "B", "A"]
    assert grants(one) == [("review", None, "A", "first")]


def test_good_news_that_come_late_leave_what_was_granted_and_let_it_rise_by_the_rules() -> None:
    one = office()
    told(one.book, SECOND, "2025-05-20", "2026-01-01")
    one.lives("2025-06-10")
    assert grants(one) == [("review", None, "B", "first")]
    one.lives("2025-06-20")
    one.book.tell(
        "signal.lifted", day("2025-06-20"), signal_id="abnormal_operation 2025-05-20", lifted_on=date(2025, 6, 1)
    )
    one.desk.decides("2025-06-20")
    assert one.grade() == "B", "no better than was granted, and never none"
    one.lives("2025-07-01")
    assert (one.grade(), len(one.asked)) == ("A", 2)
    assert scratch(one, daily=True) == scratch(one, daily=False) == one.desk.state.path


def test_who_said_no_is_asked_again_after_the_cooldown() -> None:
    one = office()
    one.lives("2025-06-02")
    one.says(Refuse(one.asked[0].approval_id, RATER, "papers are missing"))
    refused = one.today
    one.lives(refused + timedelta(days=89))
    assert len(one.asked) == 1
    one.lives(refused + timedelta(days=91))
    assert len(one.asked) == 2
    assert one.grade() is None


def test_what_has_no_grade_yet_is_not_overridden() -> None:
    one = office()
    one.lives("2025-06-10")
    found = one.found()
    policy = found.policy
    assert policy is not None
    wanted = Override(
        customer_id="C1", method=policy.method, expires_on=one.today, reason="r", evidence="e", by="li", grade="B"
    )
    assert why_not(wanted, found.state, policy, one.today, CHAINS.overrides) is Why.NO_GRADE


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 60), st.integers(0, 90), st.booleans())
def test_the_path_that_skips_days_is_the_daily_one_whenever_it_is_granted(wait: int, falls: int, late: bool) -> None:
    one = office()
    one.lives("2025-06-01")
    signal = date.fromordinal(day("2025-06-02").toordinal() + falls)
    if not late:
        told(one.book, SECOND, signal, date.fromordinal(signal.toordinal() + 5))
    one.lives(date.fromordinal(day("2025-06-02").toordinal() + wait))
    if one.desk.state.approvals[one.asked[-1].approval_id].open:
        grants(one)
    one.lives("2025-10-05")
    if late:
        told(one.book, SECOND, signal, date.fromordinal(signal.toordinal() + 5))
        one.desk.decides("2025-10-05")
    assert scratch(one, daily=True) == scratch(one, daily=False) == one.desk.state.path
