"""A committee that sits: its agenda, whose turn it is, who does not vote, and what is decided at one sitting (AP-07, RO-14)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.core.approval.chain import Bounds, Chain, Chains, Committee, Limits, Sits
from shared.core.approval.commands import Actor, Approve, Command, Desk, Refuse, Request
from shared.core.approval.deciding import Decided, decide
from shared.core.approval.payload import sealed
from shared.core.approval.request import Approval, Approvals, evolve
from shared.core.approval.saying_no import No
from shared.core.approval.timing import due
from shared.core.errors import Misconfigured
from shared.core.events.approval import ApprovalEscalated, ApprovalGranted, ApprovalRefused, ApprovalRequested
from shared.edge.approval_chains import load
from tests.support.covers import covers

covers("AP-07", "RO-14")

MONDAY, TUESDAY, THURSDAY = date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 12)
"""Of calendar week 11, an odd one: A sits."""
NEXT_TUESDAY = date(2026, 3, 17)
SITS = Sits(("tuesday", "thursday"), 1, "14:00", {"A": ("finance", "sales_director"), "B": ("legal", "service_head")})
BOARD = Committee(
    ("credit", "chair", "person:zhao"), grant=3, refuse=3, veto=("credit",), sits=SITS,
    lines={"sales_director": {"segment": ("dealer",)}, "service_head": {"segment": ("retail",)}},
)  # fmt: skip
CHAINS = Chains(
    MONDAY, Limits(1, 2, 10), {"exception": Chain(("board",)), "later": Chain(("head", "board"))}, Bounds(1, 90, 2),
    {"finance": ("deputy",)}, {"board": BOARD},
)  # fmt: skip
PAYLOAD, SHA = sealed({"excepts": "LT-20"})


class Room:
    """One request on one stream, the day, and who votes on it."""

    def __init__(self, day: date = MONDAY, kind: str = "exception", **labels: str) -> None:
        self.approvals: Approvals = {}
        self.day, self.labels, self.holidays = day, labels, set[date]()
        self.asked = self.does(
            Request("AP-1", kind, PAYLOAD, Actor("li", "li", frozenset({"sales"})), "r", "e", CHAINS.of(kind))
        )[0]

    def does(self, command: Command) -> Any:
        desk = Desk(self.day, CHAINS, self.rests, {}, {"cause": "override", "labels": self.labels})
        made: Decided = decide(command, self.approvals.get("AP-1"), desk)
        self.hears(*(made if isinstance(made, tuple) else ()))
        return made

    def rests(self, ordinal: int) -> bool:
        day = date.fromordinal(ordinal)
        return day.weekday() > 4 or day in self.holidays

    def hears(self, *decided: Any) -> None:
        for one in decided:
            evolve(self.approvals, one)

    def opens(self, day: date) -> Any:
        self.day = day
        said = due(self.one, day.toordinal(), {"cause": "day", "labels": {}})
        self.hears(*([said] if said else []))
        return said

    @property
    def one(self) -> Approval:
        return self.approvals["AP-1"]

    def yes(self, person: str, role: str = "") -> Any:
        by = Actor(person, person, frozenset({role} - {""}))
        return self.does(Approve("AP-1", SHA, by, "heard in the meeting"))

    def no(self, person: str, role: str = "") -> Any:
        by = Actor(person, person, frozenset({role} - {""}))
        return self.does(Refuse("AP-1", by, "too much"))


@pytest.mark.parametrize(
    ("asked", "sits_on"),
    [
        (MONDAY, TUESDAY),  # a working day before
        (TUESDAY, THURSDAY),  # too late for today's
        (date(2026, 3, 11), THURSDAY),
        (THURSDAY, NEXT_TUESDAY),
        (date(2026, 3, 13), NEXT_TUESDAY),
    ],
)
def test_a_matter_is_on_the_agenda_of_the_first_sitting_after_the_notice(asked: date, sits_on: date) -> None:
    room = Room(asked)
    assert room.asked.sits_on == sits_on
    assert room.asked.remind_on > sits_on, "it is not overdue before its sitting"
    assert room.asked.deputy_on > sits_on
    assert room.asked.deputy_on.weekday() in {1, 3}


def test_it_does_not_sit_on_a_day_of_rest() -> None:
    room = Room()
    room.holidays = {TUESDAY, THURSDAY}
    again = decide(
        Request(
            "AP-2", "exception", PAYLOAD, Actor("li", "li", frozenset({"sales"})), "r", "e", CHAINS.of("exception")
        ),
        None,
        Desk(MONDAY, CHAINS, room.rests, {}, {"cause": "override", "labels": {}}),
    )
    assert isinstance(again, tuple)
    assert [one.sits_on for one in again if isinstance(one, ApprovalRequested)] == [NEXT_TUESDAY]
    room.day = TUESDAY
    assert room.yes("wang", "credit") is No.NOT_SITTING


def test_nobody_votes_before_the_sitting_or_between_two() -> None:
    room = Room()
    assert room.yes("wang", "credit") is No.NOT_SITTING
    assert room.yes("hou", "head") is No.NOT_YOUR_STEP, "who has no seat hears that, and not when it sits"
    room.day = date(2026, 3, 11)
    assert room.no("wang", "credit") is No.NOT_SITTING
    early = Room(TUESDAY)
    assert early.yes("wang", "credit") is No.NOT_SITTING, "it sits today, and this is not on the agenda"


def test_the_seats_of_a_week_are_those_whose_turn_it_is() -> None:
    room = Room()
    room.day = TUESDAY
    assert room.yes("qian", "legal") is No.OFF_ROTA
    assert room.yes("sun", "service_head") is No.OFF_ROTA
    room.yes("wang", "credit")
    room.yes("chen", "finance")
    *_, granted = room.yes("zhao")
    assert isinstance(granted, ApprovalGranted)
    assert granted.final
    even = Room(THURSDAY)
    even.day = NEXT_TUESDAY
    assert even.yes("chen", "finance") is No.OFF_ROTA
    assert len(even.yes("qian", "legal")) == 1


def test_who_leads_a_line_does_not_vote_on_its_customers_and_the_others_decide() -> None:
    room = Room(segment="dealer")
    assert room.asked.committees["board"].avoiding == ("sales_director",)
    room.day = TUESDAY
    assert room.yes("sun", "sales_director") is No.OWN_LINE
    assert len(room.no("hu", "chair")) == 1
    *_, refused = room.no("chen", "finance")
    assert isinstance(refused, ApprovalRefused), "two votes are left, and it takes three"
    other = Room(segment="retail")
    other.day = TUESDAY
    assert len(other.yes("sun", "sales_director")) == 1


def test_a_sitting_decides_by_its_own_votes_and_the_next_begins_anew() -> None:
    room = Room()
    room.day = TUESDAY
    room.yes("wang", "credit")
    room.yes("chen", "finance")
    assert room.yes("wang", "credit") is No.VOTED
    room.day = THURSDAY
    assert len(room.yes("zhao")) == 1, "the votes of Tuesday do not count on Thursday"
    room.yes("wang", "credit")
    *_, granted = room.yes("hu", "chair")
    assert isinstance(granted, ApprovalGranted)
    assert [(vote.by, vote.on - TUESDAY.toordinal()) for vote in room.one.votes] == [
        ("wang", 0), ("chen", 0), ("zhao", 2), ("wang", 2), ("hu", 2),
    ]  # fmt: skip


def test_what_was_not_decided_is_on_the_agenda_of_the_next_sitting_where_deputies_may_come() -> None:
    room = Room()
    assert room.opens(TUESDAY) is None
    assert room.yes("dai", "deputy") is No.NOT_YOUR_STEP
    reminder = room.opens(date(2026, 3, 11))
    assert isinstance(reminder, ApprovalEscalated)
    assert (reminder.to, room.one.sits_on) == ("reminder", THURSDAY.toordinal())
    assert room.opens(THURSDAY).deputies == ("deputy",)
    (vote,) = room.yes("dai", "deputy")
    assert (vote.seat, vote.acting) == ("finance", "deputy")


def test_a_later_step_is_put_on_the_agenda_when_its_turn_comes() -> None:
    room = Room(kind="later")
    assert room.asked.sits_on is None
    room.day = TUESDAY
    (granted,) = room.yes("hou", "head")
    assert (granted.final, granted.sits_on) == (False, THURSDAY)
    room.day = THURSDAY
    assert len(room.yes("wang", "credit")) == 1


GOOD = """- effective: 2026-01-01
  limits: {remind: 1, deputy: 2, lapse: 10}
  chains: {exception: {by: [board]}}
  committees:
    board:
      members: [risk_manager, finance, "person:zhao"]
      grant: 3
      refuse: 2
      veto: [risk_manager]
      sits: {days: [tuesday], from: "14:00", notice: 1, rota: {A: [legal], B: [service_head]}}
      lines: {service_head: {segment: [retail]}}
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("B: [service_head]", "B: [service_head, finance]", "unlike numbers of seats"),
        ("days: [tuesday]", "days: [sunday]", "Invalid enum value 'sunday'"),
        ("days: [tuesday]", "days: []", "name a weekday"),
        ("notice: 1", "notice: 6", "a request lapses before the sitting"),
        ("{service_head: {segment", "{general_manager: {segment", "lines names general_manager"),
        ("{service_head: {segment", "{risk_manager: {segment", "lines names risk_manager"),
        ("grant: 3\n      refuse: 2", "grant: 4\n      refuse: 1", "without the seats of lines nothing"),
        ("refuse: 2", "refuse: 2\n      joint: true", "write only the members"),
        ("{exception: {by: [board]}}", "{legal: {by: [board]}}", "legal is a role or a committee"),
    ],
)
def test_a_rota_that_could_not_work_is_refused_with_the_remedy(tmp_path: Path, old: str, new: str, says: str) -> None:
    file = tmp_path / "approvals.yaml"
    file.write_text(GOOD)
    assert load(file)[0].committees["board"].seated()[1][-1] == "service_head"
    assert GOOD.replace(old, new) != GOOD
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(Misconfigured, match=says):
        load(file)


def test_the_shipped_committee_sits_on_tuesday_and_thursday_afternoons_by_turns() -> None:
    (shipped,) = load(Path(__file__).parents[2] / "services/exposure/approvals.yaml")
    committee = shipped.committees["credit_committee"]
    assert committee.sits is not None
    assert (committee.sits.days, committee.sits.start, committee.sits.notice) == (("tuesday", "thursday"), "14:00", 1)
    assert list(committee.sits.rota) == ["A", "B"]
    assert [len(turn) for turn in committee.seated()] == [7, 7]
    assert (committee.grant, committee.refuse, committee.veto) == (5, 3, ("credit_manager",))
