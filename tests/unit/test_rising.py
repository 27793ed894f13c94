"""Rises that people must approve: the machine asks when the rules would let the grade rise, and a grant lets it rise."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradeline.shapes import load_template
from services.alerts.adapters import staff_policy
from services.rating.core.brain import RatingBrain
from services.rating.core.path import Path, at, walk
from services.rating.core.requests import Found, Kind, Why, effect, policies_of
from shared.core.approval.chain import Bounds, Chains, Limits
from shared.core.approval.commands import Actor, Approve, Desk, Refuse
from shared.core.approval.deciding import decide
from shared.core.brain import Decided
from shared.core.envelope import Event
from shared.core.events.approval import ApprovalDecision, ApprovalRequested, ApprovalWithdrawn
from shared.core.events.rating import GradeChanged
from shared.core.policy.movement import Approval
from tests.support import customer
from tests.support.covers import covers
from tests.support.customer import Customer, Day, day
from tests.support.dealer import SECOND, THIRD, WORST, dealer, told
from tests.support.histories import ZONE
from tests.unit.test_moving import brain

covers("AP-05", "AP-01")

CHAINS = Chains(date(2000, 1, 1), Limits(1, 2, 10), {}, Bounds(1, 90, 2), {"risk_manager": ("general_manager",)})
RULES = brain(approvals=(Approval("rise", ("sales", "risk_manager"), ("A",)),))
RULES.chains = (CHAINS,)


class Office:
    """A customer that is decided day by day, and people who answer what the machine asks."""

    def __init__(self, book: Customer, rules: RatingBrain = RULES, opened: Day = "2025-05-31") -> None:
        self.book, self.rules = book, rules
        waiting = [event for event in book.events if event.business_date > day(opened)]
        book.events[:] = [event for event in book.events if event.business_date <= day(opened)]
        self.desk = customer.Desk(book, opened=opened, brain=rules)
        book.events += waiting
        self.people: list[Event] = []

    def lives(self, until: Day) -> list[Decided]:
        return self.desk.lives(until)

    @property
    def today(self) -> date:
        assert self.desk.today is not None
        return self.desk.today

    @property
    def asked(self) -> list[ApprovalRequested]:
        found: list[ApprovalRequested] = self.desk.said(ApprovalRequested, published=True)
        return found

    def grade(self) -> str | None:
        return self.desk.standing(self.today).grade

    def found(self) -> Found:
        state = self.desk.state
        desk = Desk(self.today, CHAINS, lambda _: False, {}, {"cause": "override", "labels": {}})
        return Found(state, desk, policies_of(state, self.rules.rulebook))

    def says(self, command: Approve | Refuse) -> list[Decided]:
        """A person answers, as the API does it: what was decided is appended and the customer decided again."""
        found = self.found()
        made = decide(command, found.state.approvals[command.approval_id], found.desk)
        assert isinstance(made, tuple), made
        for one in made:
            self.hears(one)
        return self.desk.decides(self.today, "override")

    def hears(self, data: ApprovalDecision) -> None:
        time = datetime(self.today.year, self.today.month, self.today.day, 9, tzinfo=ZONE)
        event = Event(
            id=f"C1/p{len(self.people)}",
            source="/gradeline/test/rating",
            type=data.TYPE,
            subject="C1",
            time=time,
            data=data,
        )
        self.people.append(event)
        self.rules.evolve(self.desk.state, event)

    def grants(self, asked: ApprovalRequested) -> list[Decided]:
        sha256 = asked.payload_sha256
        self.says(Approve(asked.approval_id, sha256, Actor("chen", "chen", frozenset({"sales"}))))
        return self.says(Approve(asked.approval_id, sha256, Actor("wang", "wang", frozenset({"risk_manager"}))))


def third() -> Office:
    """At best C in March, so that it may rise to B on 1 June and to A on 1 July, with approval."""
    book = dealer()
    told(book, THIRD, "2025-03-03", "2025-03-10")
    return Office(book)


def changes(made: list[Decided]) -> list[tuple[str, str | None, str | None, str]]:
    return [(d.data.cause, d.data.from_, d.data.to, d.data.direction) for d in made if isinstance(d.data, GradeChanged)]


def scratch(office: Office, *, daily: bool) -> Path:
    """The path as it comes out of the log, of which the order does not matter."""
    state = office.rules.initial("C1")
    for event in [*office.book.events[: office.desk.heard], *(e for _, e in _said(office)), *office.people]:
        office.rules.evolve(state, event)
    path: Path = []
    walk(state, path, state.first, office.today.toordinal(), office.rules.engine(office.book.context), daily=daily)
    return path


def _said(office: Office) -> list[tuple[str, Event]]:
    return [
        (name, Event(id=name, source="/gradeline/test/rating", type=d.data.TYPE, subject="C1",
                     time=datetime(2025, 7, 1, tzinfo=ZONE), data=d.data))
        for name, d in office.desk.log if isinstance(d.data, ApprovalDecision)
    ]  # fmt: skip


def test_the_machine_asks_on_the_day_on_which_the_grade_would_rise_and_once() -> None:
    office = third()
    office.lives("2025-06-30")
    assert (office.grade(), office.asked) == ("B", []), "B needs nobody"
    office.lives("2025-07-08")
    (asked,) = office.asked
    assert (str(asked.as_of), asked.by, asked.kind, asked.roles) == (
        "2025-07-01",
        "~rating",
        "rise",
        ("sales", "risk_manager"),
    )
    assert msgspec.json.decode(asked.payload or "") == {
        "customer_id": "C1", "method": "rm-22", "from": "B", "to": "A", "asked_on": "2025-07-01",
    }  # fmt: skip
    assert asked.lapses_on is not None
    assert asked.deputies == {"risk_manager": ("general_manager",)}
    assert office.grade() == "B"


def test_the_last_grant_lets_it_rise_that_day_review_or_not_and_the_path_knows() -> None:
    office = third()
    office.lives("2025-07-09")
    made = office.grants(office.asked[0])
    assert changes(made) == [("review", "B", "A", "up")]
    assert office.grade() == "A"
    office.lives("2025-09-10")
    assert office.grade() == "A"
    assert len(office.asked) == 1
    assert scratch(office, daily=True) == scratch(office, daily=False) == office.desk.state.path
    again = office.rules.load(office.rules.dump(office.desk.state))
    assert again.rises == office.desk.state.rises != []


def test_who_said_no_is_asked_again_at_a_review_after_the_cooldown() -> None:
    office = third()
    office.lives("2025-07-02")
    office.says(Refuse(office.asked[0].approval_id, Actor("chen", "chen", frozenset({"sales"})), "not yet"))
    office.lives("2025-09-30")
    assert [str(one.as_of) for one in office.asked] == ["2025-07-01"]
    office.lives("2025-10-01")
    assert [str(one.as_of) for one in office.asked] == ["2025-07-01", "2025-10-01"]
    assert office.grade() == "B"


def test_what_the_rules_give_no_more_is_taken_back_and_cannot_be_granted() -> None:
    office = third()
    told(office.book, SECOND, "2025-07-04", "2026-01-01")
    office.lives("2025-07-03")
    before = office.found()
    office.lives("2025-07-04")
    (gone,) = office.desk.said(ApprovalWithdrawn, published=True)
    assert (gone.by, gone.reason, gone.approval_id) == ("~rating", "RISE_NOT_DUE", office.asked[0].approval_id)
    assert office.desk.state.approvals[gone.approval_id].place == "withdrawn"
    approval = office.desk.state.approvals[gone.approval_id]
    assert approval.kind == Kind.RISE
    assert effect(approval, before._replace(state=office.desk.state)) is Why.NOT_DUE


def test_a_grant_from_before_the_grade_began_opens_nothing() -> None:
    office = third()
    office.lives("2025-07-02")
    office.grants(office.asked[0])
    assert office.grade() == "A"
    told(office.book, THIRD, "2025-07-10", "2025-07-12")
    office.lives("2025-12-01")
    assert office.grade() == "B"
    assert [str(one.as_of) for one in office.asked] == ["2025-07-01", "2025-12-01"]
    assert scratch(office, daily=True) == office.desk.state.path


def test_a_fact_that_comes_late_keeps_the_grant_and_takes_the_rise_where_it_was_not_due() -> None:
    office = third()
    office.lives("2025-07-09")
    office.grants(office.asked[0])
    office.lives("2025-07-20")
    told(office.book, SECOND, "2025-07-05", "2026-01-01")
    office.desk.decides("2025-07-20")
    assert office.grade() == "B"
    assert scratch(office, daily=True) == scratch(office, daily=False) == office.desk.state.path


def test_out_of_the_worst_grade_a_grant_is_an_approval_where_the_method_names_who_grants() -> None:
    book = dealer()
    told(book, WORST, "2025-02-03", "2025-02-10")
    rules = brain(approvals=(Approval("rise", ("risk_manager",)),))
    office = Office(book, rules, "2025-07-31")
    office.lives("2025-09-01")
    (asked,) = office.asked
    assert (office.grade(), msgspec.json.decode(asked.payload or "")["to"]) == ("D", "C")
    office.says(Approve(asked.approval_id, asked.payload_sha256, Actor("wang", "wang", frozenset({"risk_manager"}))))
    assert office.grade() == "C"


def test_where_the_method_says_review_nobody_is_asked() -> None:
    book = dealer()
    told(book, THIRD, "2025-03-03", "2025-03-10")
    office = Office(book, brain(approvals=(Approval("rise", ("risk_manager",), ("A",), "review"),)))
    office.lives("2025-08-19")
    assert (office.grade(), office.asked) == ("B", [])
    office.book.reviewed("V", "2025-08-20")
    office.lives("2025-09-01")
    assert office.grade() == "A"


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.integers(0, 90), st.sampled_from([SECOND, THIRD, WORST]), st.booleans())
def test_the_path_that_skips_days_is_the_daily_one_whenever_it_is_granted(
    wait: int, falls: int, kind: str, late: bool
) -> None:
    office = third()
    office.lives("2025-07-01")
    (asked,) = office.asked
    signal = date.fromordinal(day("2025-07-02").toordinal() + falls)
    if not late:
        told(office.book, kind, signal, date.fromordinal(signal.toordinal() + 5))
    granted = date.fromordinal(day("2025-07-02").toordinal() + wait)
    office.lives(granted)
    if office.desk.state.approvals[asked.approval_id].open:
        office.grants(asked)
    office.lives("2025-10-05")
    if late:
        told(office.book, kind, signal, date.fromordinal(signal.toordinal() + 5))
        office.desk.decides("2025-10-05")
    assert scratch(office, daily=True) == scratch(office, daily=False) == office.desk.state.path
    standing = at(office.desk.state.path, office.today.toordinal())
    assert standing is not None


@pytest.mark.parametrize("text", ["through: review", "through: nothing"])
def test_a_method_says_how_a_rise_is_approved(text: str) -> None:
    from shared.core.errors import Misconfigured
    from shared.edge.policy_cards import NOTHING_SHARED
    from shared.edge.policy_files import read_policy
    from tests.support.several import SHAPES

    source = (SHAPES["p8"] / "1.yaml").read_text("utf-8")
    source = source.replace("sales_director]}", f"sales_director], {text}}}")

    def read() -> Any:
        return read_policy(source, "p8", NOTHING_SHARED).movement

    if text.endswith("nothing"):
        with pytest.raises(Misconfigured, match="request"):
            read()
        return
    assert read().through_review("large")
    assert read().approvers("rise", "large") == ()


@covers("RO-12")
def test_a_rise_to_the_best_level_is_granted_by_the_posts_of_the_source_in_their_order() -> None:
    (template,) = load_template("p8").versions
    (shipped,) = (one for one in template.movement.approvals if one.of == "rise")
    posts = ("service_head", "deputy_sales_manager", "sales_director")
    assert (shipped.by, shipped.to) == (posts, ("large",))
    assert all(staff_policy.policy().posts[one].source == "RO-12" for one in posts)
