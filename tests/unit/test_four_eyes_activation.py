"""Whatever people do, in whatever order: a version is put in force only as it was asked for, by others, before its day.

The store is played as it is: what was read (version, day, register) is compared when something is appended.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.rating.core import activating
from services.rating.core.policy_requests import Act, Activating, Found, Told, asked, last_day, passed
from services.rating.handlers.answering import _of_rules
from shared.core.approval.chain import Bounds, Chain, Chains, Limits
from shared.core.approval.commands import Actor, Approve, Desk, Refuse, Request, Withdraw
from shared.core.approval.payload import sealed, sha256_of
from shared.core.errors import GradelineError
from shared.core.events.approval import ApprovalGranted
from shared.core.events.base import Decision
from shared.core.policy.activation import Activation
from shared.core.policy.rulebook import Rulebook
from shared.edge.answering import decided
from tests.support.covers import covers
from tests.support.several import level, rules

covers("AP-08")

FIRST, SECOND, THIRD = level("1"), level("2", bands="{grade: large, rank: 100, from: 40}"), level("3")
EDITED = level("2", bands="{grade: large, rank: 100, from: 45}")
LOADED, CHANGED = rules(FIRST, SECOND, THIRD), rules(FIRST, EDITED, THIRD)
PERSONS, ROLES = ("li", "wang", "zhao", "sun"), ("manager", "head", "clerk")
persons, accounts = st.sampled_from(PERSONS), st.sampled_from(("work", "admin"))
roles, ids = st.frozensets(st.sampled_from(ROLES)), st.sampled_from(("AP-1", "AP-2"))


class Read(NamedTuple):
    """What a command was decided from."""

    version: int
    day: date
    register: dict[str, frozenset[str]]


class FourEyes(RuleBasedStateMachine):
    """Requests on the stream of the rules, and the activations that they end in."""

    @initialize(chain=st.sampled_from((("manager",), ("manager", "head"))))
    def begins(self, chain: tuple[str, ...]) -> None:
        self.day = date(2026, 3, 2)
        self.chains = Chains(self.day, Limits(1, 2, 10), {"policy": Chain(chain)}, Bounds(1, 90, 2))
        self.register: dict[str, frozenset[str]] = {}
        self.log: list[Decision] = []
        self.activations: tuple[Activation, ...] = ()
        self.loaded: Rulebook = LOADED
        self.edited: dict[str, str] = {}
        self.asked_for: dict[str, tuple[str, str]] = {}
        self.took_effect: list[str] = []
        self.asks("li", "work", frozenset({"clerk"}), "AP-1", "2", 9)

    def found(self) -> Found:
        told = Told({}, set())
        for one in self.log:
            told.hear(one)
        for name, payload in self.edited.items():
            if name in told.approvals:
                told.approvals[name] = msgspec.structs.replace(told.approvals[name], payload=payload)
        common = {"cause": "policy", "labels": {}}
        desk = Desk(self.day, self.chains, lambda day: day % 7 in {6, 0}, dict(self.register), common)
        return Found(told, desk, self.loaded, self.activations)

    def read(self) -> Read:
        return Read(len(self.log), self.day, dict(self.register))

    def append(self, read: Read, act: Act | None) -> bool:
        """As the store does: not where anything that was read is another by now. No day opens meanwhile."""
        if act is None or not act.decisions or read != self.read():
            return False
        found = self.found()
        self.log += act.decisions
        if act.activates is not None:
            self.activate(act.activates, act.approval_id or "", found)
        return True

    def activate(self, one: Activating, name: str, found: Found) -> None:
        maker, sha256 = self.asked_for[name]
        approval = self.found().told.approvals[name]
        assert sha256_of(approval.payload) == sha256 == approval.sha256, "what takes effect is what was asked for"
        assert one == msgspec.json.decode(approval.payload, type=Activating)
        assert one.effective > self.day, "no path has reached the day"
        loaded = next(p for p in self.loaded.books["level"].versions if p.version == one.version)
        assert loaded.sha256 == one.sha256, "the rules that were approved are those that are loaded"
        assert approval.place == "granted"
        checkers = [grant.by for grant in approval.grants.values()]
        assert sorted(approval.grants) == list(range(1, len(approval.roles) + 1))
        assert len({maker, *checkers}) == 1 + len(checkers), "all of them are different persons"
        for grant in approval.grants.values():
            assert grant.by not in self.register or grant.acting in self.register[grant.by]
        wanted = activating.Wanted(one.method, one.version, one.effective, one.sha256)
        made = activating.decided(wanted, found.rules, self.activations, self.day)
        assert made is not None
        number = len(self.activations) + 1
        self.activations += (Activation(made.effective, number, made.method, made.version, made.sha256),)
        self.took_effect.append(name)

    def answer(self, command: Approve | Refuse | Withdraw) -> tuple[Read, Act | None]:
        try:
            return self.read(), _of_rules(command, self.found())
        except GradelineError:
            return self.read(), None

    @rule(
        person=persons, account=accounts, held=roles, name=ids, version=st.sampled_from("123"), days=st.integers(0, 6)
    )
    def asks(self, person: str, account: str, held: frozenset[str], name: str, version: str, days: int) -> None:
        found = self.found()
        policy = next(p for p in self.loaded.books["level"].versions if p.version == version)
        wanted = Activating(
            method="level", version=version, sha256=policy.sha256, effective=self.day + timedelta(days=days),
            reason="because", by=person,
        )  # fmt: skip
        by = Actor(person, f"{person}.{account}", held)
        payload, sha256 = sealed(msgspec.to_builtins(wanted))
        chain = self.chains.of("policy")
        try:
            asked(wanted, found)
            request = Request(name, "policy", payload, by, "because", "back-test", chain, last_day(wanted))
            made = decided(request, found.told.approvals, found.desk)
        except GradelineError:
            return
        if made:
            assert name not in self.asked_for, "one id, one content"
            self.asked_for[name] = (person, sha256)
        self.append(self.read(), Act(made))

    @rule(person=persons, account=accounts, held=roles, name=ids)
    def approves(self, person: str, account: str, held: frozenset[str], name: str) -> None:
        read, act = self.answer(self.approval(person, account, held, name))
        self.append(read, act)
        again = self.answer(self.approval(person, account, held, name))[1]
        assert again is None or again.decisions == (), "the same again changes nothing"

    @rule(one=persons, other=persons, name=ids)
    def approve_at_once(self, one: str, other: str, name: str) -> None:
        both = [self.answer(self.approval(person, "work", frozenset(ROLES), name)) for person in (one, other)]
        assert [self.append(*each) for each in both].count(True) <= 1, "of two at once one is told that it moved"

    @rule(person=persons, name=ids)
    def approves_with_every_role(self, person: str, name: str) -> None:
        """So that requests are granted often enough to look at them."""
        self.append(*self.answer(self.approval(person, "work", frozenset(ROLES), name)))

    @rule(person=persons, name=ids, other=persons, held=roles)
    def a_role_is_lost_between(self, person: str, name: str, other: str, held: frozenset[str]) -> None:
        read, act = self.answer(self.approval(person, "work", frozenset(ROLES), name))
        self.register[other] = held
        self.append(read, act)

    @precondition(lambda self: self.granted_by())
    @rule(data=st.data())
    def who_granted_loses_the_role(self, data: st.DataObject) -> None:
        self.register[data.draw(st.sampled_from(self.granted_by()))] = frozenset()

    def granted_by(self) -> list[str]:
        """Who granted a step of a request that is open."""
        held = self.found().told.approvals.values()
        return sorted({grant.by for one in held if one.open for grant in one.grants.values()})

    @rule(person=persons, name=ids)
    def a_day_opens_between(self, person: str, name: str) -> None:
        read, act = self.answer(self.approval(person, "work", frozenset(ROLES), name))
        self.time_passes(1)
        assert not self.append(read, act)

    @rule(person=persons, held=roles)
    def role_changes(self, person: str, held: frozenset[str]) -> None:
        self.register[person] = held

    @rule(person=persons)
    def is_forgotten(self, person: str) -> None:
        self.register.pop(person, None)

    @precondition(lambda self: self.asked_for)
    @rule(name=ids, days=st.integers(1, 9))
    def is_edited(self, name: str, days: int) -> None:
        """Somebody with a hand in the database changes the content of an open request."""
        held = self.found().told.approvals.get(name)
        if held is None or not held.open:
            return
        wanted = msgspec.json.decode(held.payload, type=Activating)
        later = msgspec.structs.replace(wanted, effective=wanted.effective + timedelta(days=days))
        self.edited[name] = sealed(msgspec.to_builtins(later))[0]

    @rule(rulebook=st.sampled_from((LOADED, CHANGED)))
    def files_change(self, rulebook: Rulebook) -> None:
        """Other rules stand under version 2; a version that was activated stays as it was, or nothing would start."""
        if any(one.version == "2" for one in self.activations):
            return
        self.loaded = rulebook

    @rule(kind=st.sampled_from((Refuse, Withdraw)), person=persons, held=roles, name=ids)
    def ends(self, kind: type[Refuse | Withdraw], person: str, held: frozenset[str], name: str) -> None:
        self.append(*self.answer(kind(name, Actor(person, person, held), "no")))

    @rule(days=st.integers(1, 3))
    def time_passes(self, days: int) -> None:
        for _ in range(days):
            self.day += timedelta(days=1)
            self.log += passed(self.found())
            assert passed(self.found()) == [], "said once"

    def approval(self, person: str, account: str, held: frozenset[str], name: str) -> Approve:
        sha256 = self.asked_for.get(name, ("", "0" * 64))[1]
        return Approve(name, sha256, Actor(person, f"{person}.{account}", held))

    @invariant()
    def takes_effect_once_at_most(self) -> None:
        took = getattr(self, "took_effect", [])
        assert len(took) == len(set(took))
        granted = [one for one in getattr(self, "log", []) if isinstance(one, ApprovalGranted) and one.final]
        assert len(granted) == len(took), "a last grant and what it grants stand or fall together"


FourEyes.TestCase.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)
test_four_eyes_of_an_activation = pytest.mark.slow(FourEyes.TestCase)
