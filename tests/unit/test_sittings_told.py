"""Who sits on a committee is told before its sitting, and of the next one where the matter was not decided (AP-07)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.alerts.adapters import wording
from services.alerts.core.composing import compose
from shared.core.approval.chain import Chain, in_force
from shared.core.approval.commands import Actor, Approve, Desk, Request
from shared.core.approval.deciding import decide
from shared.core.approval.payload import sealed
from shared.core.approval.request import Approvals, evolve
from shared.core.approval.timing import due
from shared.edge.approval_chains import load
from tests.support.alert_desk import MONDAY
from tests.support.alert_desk import Desk as Alerts
from tests.support.covers import covers
from tests.support.receivers import CONSOLE, message

covers("AP-07", "RO-14")

WEDNESDAY, FRIDAY = MONDAY + timedelta(days=2), MONDAY + timedelta(days=4)
"""Of calendar week 10, an even one: B sits on Thursday. The next sitting is A's."""
ALWAYS = ("role:credit_manager", "role:credit_supervisor", "role:committee_chair")
A = (*ALWAYS, "role:finance_director", "role:legal", "role:sales_director", "role:committee_member")
B = (*ALWAYS, "role:finance", "role:legal", "role:service_head", "role:committee_member")
SHIPPED = in_force(load(Path(__file__).parents[2] / "services/exposure/approvals.yaml"), MONDAY)
PAYLOAD, SHA = sealed({"kind": "limit"})


class Room:
    """A request that the shipped committee decides, and the alerts that hear of it."""

    def __init__(self, *by: str) -> None:
        self.approvals: Approvals = {}
        self.alerts = Alerts()
        asked = Request("AP-1", "limit", PAYLOAD, Actor("li", "li", frozenset({"sales"})), "r", "e", Chain(by))
        self.says(asked, WEDNESDAY)

    def says(self, command: Any, day: date) -> None:
        common = {"cause": "override", "labels": {}}
        desk = Desk(day, SHIPPED, lambda ordinal: date.fromordinal(ordinal).weekday() > 4, {}, common)
        made = decide(command, self.approvals.get("AP-1"), desk)
        assert isinstance(made, tuple), made
        self.hears(*made)

    def hears(self, *made: Any) -> None:
        for one in made:
            evolve(self.approvals, one)
        self.alerts.hears(*made)

    @property
    def told(self) -> list[tuple[str, str, tuple[str, ...]]]:
        notices = [one for one, quiet in self.alerts.notices.values() if not quiet]
        return [(one.kind, one.figures.get("sits_on", ""), one.to) for one in notices]


def test_who_sits_hears_of_the_sitting_and_others_of_the_next() -> None:
    room = Room("credit_committee")
    assert room.told == [("committee_sits", "2026-03-05", B)]
    reminder = due(room.approvals["AP-1"], FRIDAY.toordinal(), {"cause": "day", "labels": {}})
    assert reminder is not None
    room.hears(reminder)
    assert room.told[1:] == [("committee_sits", "2026-03-10", A)]
    assert room.alerts.only().state == "open"


def test_who_sits_hears_once_the_step_before_is_granted() -> None:
    room = Room("finance_director", "credit_committee")
    assert room.told == [("approval_waits", "", ("role:finance_director",))]
    room.says(Approve("AP-1", SHA, Actor("hou", "hou", frozenset({"finance_director"}))), FRIDAY)
    assert room.told[-1] == ("committee_sits", "2026-03-10", A)


def test_who_has_let_a_step_wait_is_told_and_not_who_comes_after() -> None:
    room = Room("finance_director", "general_manager")
    reminder = due(room.approvals["AP-1"], FRIDAY.toordinal(), {"cause": "day", "labels": {}})
    room.hears(reminder)
    assert room.told[-1] == ("approval_overdue", "", ("role:finance_director", "line"))


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "C-1: on the agenda of the committee of 5 Mar 2026, limit"),
        ("zh", "C-1：列入 2026年3月5日 委员会议程，信用额度"),
    ],
)
@pytest.mark.parametrize("sees_grades", [True, False])
def test_the_day_is_said_in_both_languages_also_to_who_may_not_see_grades(
    language: str, title: str, sees_grades: bool
) -> None:
    ((notice, _),) = Room("credit_committee").alerts.notices.values()
    told = compose(
        (message(1, language=language, sees_grades=sees_grades, notices=(notice,)),),
        wording.words()[language],
        link=lambda _: CONSOLE,
    )
    assert told.entries[0].title == title
