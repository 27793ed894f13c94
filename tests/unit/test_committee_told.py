"""Who asked is told what a committee came to: the votes with their reasons, the reasons to those alone who may know grades."""

from __future__ import annotations

from typing import Any

from services.alerts.adapters import wording
from services.alerts.core.composing import compose
from services.alerts.core.notice import Notice
from shared.core.events.approval import (
    ApprovalExpired,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalVoted,
    Committee,
)
from tests.support.alert_desk import LABELS, MONDAY, Desk
from tests.support.covers import covers
from tests.support.receivers import message

covers("AL-12", "AP-07")

SEATS = {"credit_committee": Committee(members=("risk_manager", "finance", "legal"), grant=2, refuse=2)}


def said(**more: Any) -> dict[str, Any]:
    return {"as_of": MONDAY, "cause": "override", "labels": LABELS, "approval_id": "A1", "kind": "exception",
            "payload_sha256": "0" * 64, "step": 1, "role": "credit_committee"} | more  # fmt: skip


def asked(*roles: str) -> ApprovalRequested:
    return ApprovalRequested(**said(by="li.na", roles=roles, committees=SEATS))


def vote(by: str, choice: Any, reason: str) -> ApprovalVoted:
    return ApprovalVoted(**said(by=by, vote=choice, seat="finance", reason=reason))


def of(desk: Desk) -> list[Notice]:
    return [one for one, quiet in desk.notices.values() if one.kind == "committee_result" and not quiet]


def test_the_votes_and_their_reasons_go_to_who_asked_though_more_steps_are_to_come() -> None:
    desk = Desk()
    desk.hears(asked("credit_committee", "general_manager"), vote("wu", "for", "pays on time"))
    assert not of(desk)
    desk.hears(
        vote("he", "against", "new in the trade"),
        vote("xu", "for", "secured"),
        ApprovalGranted(**said(by="xu", final=False)),
    )
    (one,) = of(desk)
    assert (one.to, one.digest, one.figures["outcome"]) == (("person:li.na", "owner"), False, "granted")
    assert [(row["by"], row["vote"], row["reason"]) for row in one.rows] == [
        ("wu", "for", "pays on time"), ("he", "against", "new in the trade"), ("xu", "for", "secured"),
    ]  # fmt: skip
    assert not [one for one, _ in desk.notices.values() if one.kind == "approval_ended"]
    desk.hears(ApprovalGranted(**said(by="gm", step=2, role="general_manager")))
    assert len(of(desk)) == 1, "the last step is no committee's"
    assert [one.to for one, _ in desk.notices.values() if one.kind == "approval_ended"] == [("person:li.na",)]


def test_a_refusal_and_a_lapse_are_told_as_well_once_each() -> None:
    for end, outcome in ((ApprovalRefused, "refused"), (ApprovalExpired, "expired")):
        desk = Desk()
        desk.hears(asked("credit_committee"), vote("wu", "against", "no security"), end(**said()))
        (one,) = of(desk)
        assert (one.figures["outcome"], one.figures["votes_against"], len(one.rows)) == (outcome, "1", 1)
        assert not [one for one, _ in desk.notices.values() if one.kind == "approval_ended"]


def test_the_reasons_are_for_those_who_may_know_grades_the_votes_for_whoever_asked() -> None:
    desk = Desk()
    desk.hears(asked("credit_committee"), vote("wu", "for", "graded A for two years"), ApprovalGranted(**said(by="wu")))
    words, told = wording.words(), {}
    for language in ("en", "zh"):
        for sees in (True, False):
            made = compose(
                [message(1, language=language, sees_grades=sees, notices=tuple(of(desk)))], words[language], link=str
            )
            told[language, sees] = (made.entries[0].title, made.entries[0].rows)
    assert told["en", True] == (
        "C-1: the committee has decided, exception: granted",
        ("wu: for; graded A for two years",),
    )
    assert told["en", False][1] == ("wu: for",)
    assert told["zh", True] == ("C-1：贷审会已有结论，例外：批准", ("wu：同意；graded A for two years",))
    assert told["zh", False][1] == ("wu：同意",)
