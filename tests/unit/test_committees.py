"""Steps that a committee takes: N of M votes with their reasons, a quota of refusals, and who does not vote (AP-07)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.approval.chain import Bounds, Chain, Chains, Committee, Limits
from shared.core.approval.commands import Actor, Approve, Command, Desk, Refuse, Request
from shared.core.approval.deciding import Decided, decide
from shared.core.approval.payload import sealed
from shared.core.approval.request import Approval, Approvals, evolve
from shared.core.approval.saying_no import No
from shared.core.approval.steps import waiting
from shared.core.errors import Misconfigured
from shared.core.events.approval import ApprovalGranted, ApprovalRefused, ApprovalRequested, ApprovalVoted
from shared.edge.approval_chains import load
from tests.support.covers import covers

covers("AP-07")

DAY = date(2026, 3, 2)
BOARD = Committee(("credit", "finance", "finance", "legal", "person:zhao"), grant=3, refuse=3, veto=("credit",))
CHAINS = Chains(
    DAY,
    Limits(1, 2, 10),
    {"exception": Chain(("board", "head"))},
    Bounds(1, 90, 2),
    {"legal": ("deputy",)},
    {"board": BOARD},
)
PAYLOAD, SHA = sealed({"excepts": "LT-20"})


def actor(person: str, *roles: str, key: str = "") -> Actor:
    return Actor(person, person, frozenset(roles), key=key)


class Room:
    """One request on one stream, and who votes on it."""

    def __init__(self, manager: str = "") -> None:
        self.approvals: Approvals = {}
        self.day = DAY
        self.register: dict[str, frozenset[str]] = {}
        self.labels = {"manager": manager} if manager else {}
        asked = Request("AP-1", "exception", PAYLOAD, actor("li", "sales"), "r", "e", CHAINS.of("exception"))
        (self.asked,) = self.does(asked)

    def does(self, command: Command) -> Any:
        desk = Desk(self.day, CHAINS, lambda day: False, self.register, {"cause": "override", "labels": self.labels})
        made: Decided = decide(command, self.approvals.get("AP-1"), desk)
        for one in made if isinstance(made, tuple) else ():
            evolve(self.approvals, one)
        return made

    @property
    def one(self) -> Approval:
        return self.approvals["AP-1"]

    def yes(self, person: str, *roles: str, reason: str = "pays well", key: str = "") -> Any:
        return self.does(Approve("AP-1", SHA, actor(person, *roles, key=key), reason))

    def no(self, person: str, *roles: str, reason: str = "too much", key: str = "") -> Any:
        return self.does(Refuse("AP-1", actor(person, *roles, key=key), reason))


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_request_keeps_the_committee_as_it_was(room: Room) -> None:
    assert isinstance(room.asked, ApprovalRequested)
    assert (room.asked.role, room.asked.roles) == ("board", ("board", "head"))
    assert room.asked.committees["board"] == BOARD.kept({})
    assert room.asked.deputies == {"legal": ("deputy",)}, "those of the members"


def test_so_many_votes_grant_the_step_and_each_is_kept_with_its_reason(room: Room) -> None:
    (first,) = room.yes("wang", "credit", reason="seen the books")
    assert isinstance(first, ApprovalVoted)
    assert (first.vote, first.seat, first.reason) == ("for", "credit", "seen the books")
    room.yes("chen", "finance")
    assert waiting(room.one, {}) == (1, 2)
    vote, granted = room.yes("zhao")
    assert (vote.seat, granted.step, granted.final) == ("person:zhao", 1, False)
    assert waiting(room.one, {}) == (2,)
    assert [one.reason for one in room.one.votes] == ["seen the books", "pays well", "pays well"]
    (last,) = room.yes("hou", "head")
    assert isinstance(last, ApprovalGranted)
    assert last.final


def test_nothing_is_granted_without_the_credit_department_and_its_no_is_the_end(room: Room) -> None:
    for person, role in (("chen", "finance"), ("liu", "finance"), ("qian", "legal"), ("zhao", "")):
        assert len(room.yes(person, role)) == 1
    assert waiting(room.one, {}) == (1, 2)
    vote, refused = room.no("wang", "credit")
    assert (vote.vote, type(refused)) == ("against", ApprovalRefused)
    assert room.one.place == "refused"


def test_so_many_votes_against_it_refuse(room: Room) -> None:
    room.yes("wang", "credit")
    assert len(room.no("chen", "finance")) == 1
    assert len(room.no("liu", "finance")) == 1
    assert room.one.open
    *_, refused = room.no("qian", "legal")
    assert isinstance(refused, ApprovalRefused)


def test_a_vote_is_given_once_with_a_reason_and_on_a_seat_that_is_free(room: Room) -> None:
    assert room.yes("wang", "credit", reason=" ") is No.REASON_MISSING
    assert room.yes("li", "credit") is No.OWN_REQUEST
    assert room.yes("hou", "head") is No.NOT_YOUR_STEP
    room.yes("wang", "credit", key="k")
    assert room.yes("wang", "credit", key="k") == ()
    assert room.yes("wang", "credit") is No.VOTED
    assert room.no("wang", "credit") is No.VOTED
    assert room.yes("sun", "credit") is No.NOT_YOUR_STEP, "the seat is taken"
    room.no("chen", "finance", key="n")
    assert room.no("chen", "finance", key="n") == ()
    room.yes("liu", "finance")
    assert room.yes("ma", "finance") is No.NOT_YOUR_STEP, "both seats are taken"
    room.yes("qian", "legal")
    assert room.yes("wang", "head") is No.SAME_PERSON


def test_members_do_not_vote_on_customers_of_their_own() -> None:
    room = Room(manager="chen")
    assert room.yes("chen", "finance") is No.OWN_LINE
    assert len(room.yes("liu", "finance")) == 1


def test_a_vote_whose_role_was_lost_counts_no_more_and_frees_its_seat(room: Room) -> None:
    room.yes("wang", "credit")
    room.yes("chen", "finance")
    room.yes("qian", "legal")
    assert waiting(room.one, {}) == (2,)
    room.register["wang"] = frozenset({"sales"})
    assert waiting(room.one, room.register) == (1, 2)
    assert room.yes("hou", "head") is No.NOT_YOUR_STEP
    _, granted = room.yes("sun", "credit")
    assert (granted.step, granted.final) == (1, False)
    del room.register["wang"]
    assert waiting(room.one, room.register) == (2,)
    (last,) = room.yes("hou", "head")
    assert last.final


def test_deputies_take_a_seat_once_the_step_has_waited_too_long(room: Room) -> None:
    assert room.yes("dai", "deputy") is No.NOT_YOUR_STEP
    room.day = date(2026, 3, 4)
    (vote,) = room.yes("dai", "deputy")
    assert (vote.seat, vote.acting) == ("legal", "deputy")


votes = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(BOARD.members[:4]), st.booleans()), max_size=12)


@given(votes)
def test_whatever_the_order_a_committee_never_waits_once_all_have_voted(given_: list[tuple[str, str, bool]]) -> None:
    room = Room()
    for person, role, grants in given_:
        (room.yes if grants else room.no)(person, role)
    (room.yes if len(given_) % 2 else room.no)("zhao")
    for person, role in (("p", "credit"), ("q", "finance"), ("r", "finance"), ("s", "legal")):
        room.yes(person, role)
    seats = [vote.seat for vote in room.one.votes]
    assert all(seats.count(seat) <= BOARD.members.count(seat) for seat in seats)
    fors = sum(vote.grants for vote in room.one.votes)
    if room.one.place == "refused":
        against = [vote for vote in room.one.votes if not vote.grants]
        assert len(against) >= BOARD.refuse or any(vote.seat == "credit" for vote in against)
    else:
        assert waiting(room.one, {}) == (2,)
        assert fors >= BOARD.grant


GOOD = """- effective: 2026-01-01
  limits: {remind: 1, deputy: 2, lapse: 10}
  overrides: {up_steps: 1, days: 90, renewals: 2}
  chains: {exception: {by: [board, legal]}}
  committees: {board: {members: [legal, finance, finance, "person:zhao"], grant: 3, refuse: 2, veto: [legal]}}
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("board, legal]", "nobody, legal]", "unknown role nobody"),
        ("members: [legal", "members: [boss, legal", "boss is no role"),
        ("veto: [legal]", "veto: [risk_manager]", "risk_manager has a veto and no seat"),
        ("members: [legal", "members: [sales, legal", "sales may grant nothing"),
        ("refuse: 2", "refuse: 3", "4 - grant"),
        ("grant: 3, refuse: 2", "grant: 5, refuse: 0", "between 1 and 4"),
        ("committees: {", "committees: {legal: {members: [finance], grant: 1, refuse: 1}, ", "legal is a role"),
    ],
)
def test_a_committee_that_could_not_decide_is_refused_with_the_remedy(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    file = tmp_path / "approvals.yaml"
    file.write_text(GOOD)
    assert load(file)[0].committees["board"].grant == 3
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(Misconfigured, match=says):
        load(file)


JOINT = Committee(("customer_service", "developer", "finance", "legal"), joint=True)
SIGNED = Chains(DAY, Limits(1, 2, 10), {"exception": Chain(("proposal", "head"))}, committees={"proposal": JOINT})


@pytest.fixture
def desk_of_posts(monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setitem(globals(), "CHAINS", SIGNED)
    return Room(manager="chen")


@covers("AP-01")
@given(st.permutations(JOINT.members))
def test_posts_that_sign_together_are_all_needed_in_any_order(order: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "CHAINS", SIGNED)
        room = Room(manager="p-developer")
        for role in order[:-1]:
            assert len(room.yes(f"p-{role}", role, reason="")) == 1, (
                "a signature needs no reason, also of one's own customer"
            )
            assert waiting(room.one, {}) == (1, 2)
        _, granted = room.yes(f"p-{order[-1]}", order[-1], reason="")
        assert (granted.step, granted.final) == (1, False)
        assert room.yes("p-legal", "head") is No.SAME_PERSON
        (last,) = room.yes("hou", "head")
        assert last.final


@covers("AP-01")
def test_one_post_that_does_not_sign_ends_it(desk_of_posts: Room) -> None:
    desk_of_posts.yes("chen", "developer")
    assert desk_of_posts.no("qian", "legal", reason=" ") is No.REASON_MISSING
    *_, refused = desk_of_posts.no("qian", "legal")
    assert isinstance(refused, ApprovalRefused)
