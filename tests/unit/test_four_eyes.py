"""Four eyes, whatever happens: edits after an approval, checkers at once, second accounts, roles lost and won, days that pass.

The invariants are told from what was done, without asking the machine: nothing takes effect but the content that was asked
for, through a different person for every step, none of them who asked, all of whom held their roles when it took effect.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.core.approval.chain import Bounds, Chain, Chains, Limits
from shared.core.approval.commands import Actor, Approve, Command, Desk, Refuse, Request, Withdraw
from shared.core.approval.deciding import decide
from shared.core.approval.payload import sealed, sha256_of
from shared.core.approval.request import Approval, Approvals, evolve
from shared.core.approval.timing import due
from shared.core.events.approval import ApprovalDecision, ApprovalGranted

PERSONS = ("li", "wang", "zhao", "sun", "qian")
ROLES = ("manager", "head", "deputy", "clerk")
ID = "AP-1"
persons = st.sampled_from(PERSONS)
accounts = st.sampled_from(("work", "admin", "mobile"))
roles = st.frozensets(st.sampled_from(ROLES))
grades = st.sampled_from("ABCD")


class FourEyes(RuleBasedStateMachine):
    """One request on one stream, as a store keeps it: events and a version that is compared when they are appended."""

    @initialize(chain=st.sampled_from((("manager",), ("manager", "head"), ("manager", "head", "clerk"))))
    def begins(self, chain: tuple[str, ...]) -> None:
        self.day = date(2026, 3, 2)
        self.chains = Chains(
            self.day, Limits(1, 2, 10), {"override": Chain(chain)}, Bounds(1, 90, 2), {"manager": ("deputy",)}
        )
        self.register: dict[str, frozenset[str]] = {}
        self.log: list[ApprovalDecision] = []
        self.edited: str | None = None
        self.asked: tuple[str, str] | None = None
        self.held: dict[int, tuple[str, str]] = {}
        self.effects: list[str] = []
        self.asks(PERSONS[0], "work", frozenset({"clerk"}), "A")

    def state(self) -> Approval | None:
        """What the log says, with the content as it lies in the store by now."""
        approvals: Approvals = {}
        for one in self.log:
            evolve(approvals, one)
        found = approvals.get(ID)
        if found is not None and self.edited is not None:
            found = msgspec.structs.replace(found, payload=self.edited)
        return found

    def decided(self, command: Command) -> tuple[int, tuple[ApprovalDecision, ...]]:
        """The version that was read, and what is to be appended there."""
        desk = Desk(self.day, self.chains, lambda day: day % 7 in {6, 0}, dict(self.register), {"cause": "override"})
        made = decide(command, self.state(), desk)
        return len(self.log), made if isinstance(made, tuple) else ()

    def append(self, read: int, made: tuple[ApprovalDecision, ...]) -> bool:
        """Append as the store does: not where another was first."""
        if read != len(self.log):
            return False
        self.log += made
        for one in made:
            if isinstance(one, ApprovalGranted):
                self.granted(one)
        return True

    def granted(self, one: ApprovalGranted) -> None:
        assert set(range(1, one.step)) <= self.held.keys(), "steps are taken in their order"
        self.held[one.step] = (one.by or "", one.acting or one.role)
        if not one.final:
            return
        state = self.state()
        assert state is not None
        assert self.asked is not None
        maker, sha256 = self.asked
        assert sha256_of(state.payload) == sha256 == one.payload_sha256, "what takes effect is what was asked for"
        assert sorted(self.held) == list(range(1, len(state.roles) + 1)), "every step was granted"
        checkers = [person for person, _ in self.held.values()]
        assert len({maker, *checkers}) == 1 + len(checkers), "all of them are different persons"
        for person, role in self.held.values():
            assert person not in self.register or role in self.register[person], f"{person} still is {role}"
        assert self.register.get(maker, {"somebody"}), "who asked is still there"
        self.effects.append(sha256)

    @rule(person=persons, account=accounts, held=roles, grade=grades)
    def asks_again(self, person: str, account: str, held: frozenset[str], grade: str) -> None:
        self.asks(person, account, held, grade)

    def asks(self, person: str, account: str, held: frozenset[str], grade: str) -> None:
        payload, sha256 = sealed({"grade": grade})
        by = Actor(person, f"{person}.{account}", held)
        read, made = self.decided(Request(ID, "override", payload, by, "because", "DOC-1", self.chains.of("override")))
        if made:
            assert self.asked is None, "one id, one content"
            self.asked = (person, sha256)
        self.append(read, made)

    @rule(person=persons, account=accounts, held=roles, grade=grades)
    def approves(self, person: str, account: str, held: frozenset[str], grade: str) -> None:
        command = self.approval(person, account, held, grade)
        read, made = self.decided(command)
        assert not made or (self.asked is not None and command.sha256 == self.asked[1]), (
            "who grants has seen what is asked"
        )
        self.append(read, made)
        assert self.decided(command)[1] == (), "the same again changes nothing"

    @rule(one=persons, other=persons, account=accounts, held=roles, grade=grades)
    def approve_at_once(self, one: str, other: str, account: str, held: frozenset[str], grade: str) -> None:
        both = [self.decided(self.approval(person, account, held, grade)) for person in (one, other)]
        taken = [self.append(*each) for each in both if each[1]]
        assert taken.count(True) <= 1, "of two at once one is told that it moved"

    @rule(person=persons)
    def approves_with_every_role(self, person: str) -> None:
        """So that long chains are finished often enough to look at them."""
        assert self.asked is not None
        by = Actor(person, person, frozenset(ROLES))
        self.append(*self.decided(Approve(ID, self.asked[1], by)))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def who_approved_loses_the_role(self, data: st.DataObject) -> None:
        self.register[data.draw(st.sampled_from(sorted(person for person, _ in self.held.values())))] = frozenset()

    @precondition(lambda self: self.held)
    @rule()
    def who_asked_leaves(self) -> None:
        assert self.asked is not None
        self.register[self.asked[0]] = frozenset()

    @rule(kind=st.sampled_from((Refuse, Withdraw)), person=persons, account=accounts, held=roles)
    def ends(self, kind: type[Refuse | Withdraw], person: str, account: str, held: frozenset[str]) -> None:
        self.append(*self.decided(kind(ID, Actor(person, f"{person}.{account}", held), "no")))

    @rule(person=persons, held=roles)
    def role_changes(self, person: str, held: frozenset[str]) -> None:
        self.register[person] = held

    @rule(person=persons)
    def is_forgotten(self, person: str) -> None:
        self.register.pop(person, None)

    @rule(grade=grades)
    def is_edited(self, grade: str) -> None:
        """Somebody with a hand in the database changes the content."""
        self.edited = sealed({"grade": grade})[0]

    @rule(days=st.integers(1, 3))
    def time_passes(self, days: int) -> None:
        self.day += timedelta(days=days)
        while (state := self.state()) is not None:
            one = due(state, self.day.toordinal(), {"cause": "day"})
            if one is None:
                break
            self.log.append(one)

    def approval(self, person: str, account: str, held: frozenset[str], grade: str) -> Approve:
        return Approve(ID, sealed({"grade": grade})[1], Actor(person, f"{person}.{account}", held))

    @invariant()
    def takes_effect_once_at_most(self) -> None:
        assert len(getattr(self, "effects", [])) <= 1


FourEyes.TestCase.settings = settings(max_examples=300, stateful_step_count=25, deadline=None)
test_four_eyes = pytest.mark.slow(FourEyes.TestCase)
