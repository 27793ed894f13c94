"""What the walk of the path looks with: the rules in force, compiled once, and what one customer shows on one day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from services.rating.core.context import Context
from services.rating.core.measures.catalogue import Measured, compile_reading, is_daily, lenses_of, reads_ledger
from services.rating.core.measures.reading import Reader
from services.rating.core.state import State
from shared.core.customer.state import Setting
from shared.core.ledger.days import FAR, months_before
from shared.core.policy.activation import in_force
from shared.core.policy.assessment import Assessment
from shared.core.policy.evaluate import evaluate
from shared.core.policy.measure import ATTRIBUTES, Value
from shared.core.policy.policy import Policy
from shared.core.policy.rulebook import Rulebook
from shared.core.policy.warning import WarningRule
from shared.core.refusal import Refusal

Values = dict[str, Value]


class _Plan(NamedTuple):
    """What judges a customer: the functions to call, each once, and where their values go."""

    policies: Sequence[Policy | Refusal]
    """One a purpose, `credit` first."""
    rules: tuple[WarningRule, ...]
    ledger: list[tuple[Measured, list[int]]]
    """Those that documents and payments can change."""
    side: list[tuple[Measured, list[int]]]
    """Those of profile, records and reports: called once a day, unless such a fact came in."""
    aliases: list[tuple[str, ...]]
    """What is read for each purpose, `credit` first, and last the signs: the places in their order."""
    daily: bool
    """Whether any of them may move with the day alone."""


class Sheet:
    """What is seen of one customer on one day under one purpose: the method that applies, and its measures.

    The sheet of purpose `credit` also has the signs that warnings read, and the sheets of the other purposes beside it.
    """

    __slots__ = ("assessment", "besides", "daily", "policy", "purpose", "reader", "rules", "signs", "values")

    def __init__(self, purpose: str, policy: Policy | Refusal, reader: Reader, values: Values) -> None:
        """Hold what was measured."""
        self.purpose, self.policy, self.reader, self.values = purpose, policy, reader, values
        self.rules: tuple[WarningRule, ...] = ()
        self.signs: Values = {}
        self.besides: tuple[Sheet, ...] = ()
        self.daily = False
        """Whether the next day has to be looked at whatever happens on it."""
        self.assessment: Assessment | None = None

    def assess(self, values: Values) -> Assessment:
        """Say what the rules say of *values*."""
        assert isinstance(self.policy, Policy)
        self.assessment = evaluate(self.policy, values)
        return self.assessment

    def judge(self, default_on: int) -> None:
        """Assess once more what the path assessed on this day; a default lasts three months after its last trigger (G-18)."""
        if isinstance(self.policy, Policy):
            self.assess(self.in_default_since(default_on))

    def in_default_since(self, default_on: int) -> Values:
        """The values, with the default standing where its last trigger was less than three months ago (G-18)."""
        if default_on and not self.values.get("in_default") and months_before(self.reader.day, 3) < default_on:
            self.values = {**self.values, "in_default": True}
        return self.values


_KEPT_JUDGES = 10_000
CREDIT = "credit"
"""The one purpose under which every customer is rated."""


class Engine:
    """The rules in force of one rulebook over one reference context."""

    def __init__(self, rulebook: Rulebook, setting: Setting, context: Context) -> None:
        """*rulebook* is everything that is loaded.

        Raises Misconfigured where a rule reads a measure that does not exist, or an activated version is not loaded.
        """
        self.rulebook = rulebook = in_force(rulebook, context.activations)
        self.context, self.activations = context, context.activations
        self.setting = setting
        self._plans: dict[tuple[object, ...], _Plan] = {}
        self._judges: dict[tuple[object, ...], _Plan] = {}
        self._rules: dict[int, tuple[WarningRule, ...]] = {}
        self._since: dict[int, int] = {}
        self._attributes = _attributes(rulebook)
        orders = rulebook.methods.orders
        self.besides = tuple(dict.fromkeys(name for order in orders for name in order.purposes if name != CREDIT))
        """The other purposes under which anybody is rated."""
        self.several = bool(self.besides) or any(p.capped for book in rulebook.books.values() for p in book.versions)
        """Whether one grade a customer does not say it all: there are other purposes, or grades under a quota."""
        days = {p.effective for book in rulebook.books.values() for p in book.versions}
        days |= {order.effective for order in orders}
        days |= {rule.effective for versions in rulebook.warnings.rules.values() for rule in versions}
        self._effective = sorted(day.toordinal() for day in days)
        for book in rulebook.books.values():
            for policy in book.versions:
                self._plan((policy,), rulebook.warnings.at(policy.effective), policy.effective.toordinal())

    def warnings(self, day: int) -> tuple[WarningRule, ...]:
        """The warning rules in force on *day*."""
        since = self._in_force_since(day)
        rules = self._rules.get(since)
        if rules is None:
            rules = self._rules[since] = self.rulebook.warnings.at(date.fromordinal(max(day, 1)))
        return rules

    def _in_force_since(self, day: int) -> int:
        """The last day up to *day* on which a version of anything took effect; 0: none yet."""
        since = self._since.get(day)
        if since is None:
            if len(self._since) > 10_000:
                self._since.clear()
            since = self._since[day] = max((on for on in self._effective if on <= day), default=0)
        return since

    def next_effective(self, day: int) -> int:
        """The next day on which a version of anything takes effect; FAR where there is none."""
        return next((on for on in self._effective if on > day), FAR)

    def purpose_of(self, method: str | None) -> str:
        """The one purpose for which *method* rates; `credit` where none is named, or one that is not loaded."""
        book = self.rulebook.books.get(method or "")
        return book.versions[0].purpose if book and book.versions else CREDIT

    def sheet(self, state: State) -> Sheet:
        """Measure *state* on the day its ledger stands on."""
        reader = Reader(state, self.setting, self.context)
        plan = self._judging(state, reader)
        key = (reader.day, state.told, len(self.context.dates), id(plan))
        if state.side is None or state.side[0] != key:
            state.side = (key, _measured(plan.side, [None] * sum(map(len, plan.aliases)), reader))
        values = iter(_measured(plan.ledger, state.side[1].copy(), reader))
        seen = [dict(zip(aliases, values, strict=False)) for aliases in plan.aliases]  # each takes as many as it has
        sheet = Sheet(CREDIT, plan.policies[0], reader, seen[0])
        sheet.rules, sheet.signs, sheet.daily = plan.rules, seen[-1], plan.daily
        if self.besides:
            others = zip(self.besides, plan.policies[1:], seen[1:-1], strict=True)
            sheet.besides = tuple(Sheet(purpose, policy, reader, values) for purpose, policy, values in others)
        return sheet

    def _judging(self, state: State, reader: Reader) -> _Plan:
        """What judges the customer on that day. It is the same for all of whom the same is told, until a version takes effect."""
        day, refusal = reader.day, None
        if state.merges and state.merged_into(day) is not None:
            refusal = Refusal.MERGED
        elif reader.without_rate:
            refusal = Refusal.RATE_MISSING
        told = tuple([(name, state.attribute(name, day)) for name in self._attributes if name in state.profile])
        key = (self._in_force_since(day), refusal, told)
        plan = self._judges.get(key)
        if plan is None:
            if len(self._judges) > _KEPT_JUDGES:
                self._judges.clear()
            purposes = (CREDIT, *self.besides)
            pick, on, attributes = self.rulebook.methods.pick, date.fromordinal(day), dict(told)
            policies = [refusal or pick(purpose, attributes, on) for purpose in purposes]
            plan = self._judges[key] = self._plan(policies, self.warnings(day), day)
        return plan

    def _plan(self, policies: Sequence[Policy | Refusal], rules: tuple[WarningRule, ...], day: int) -> _Plan:
        """What is called for *policies*, one a purpose, and *rules*."""
        key = (self._in_force_since(day), *map(id, policies))  # they live as long as the rulebook
        plan = self._plans.get(key)
        if plan is not None:
            return plan
        signs = {alias: reading for rule in rules for alias, reading in rule.measures.items()}
        of_purposes = [policy.measures if isinstance(policy, Policy) else {} for policy in policies]
        mappings = [*of_purposes, signs]
        daily = any(is_daily(reading) for readings in mappings for reading in readings.values())
        plan = _Plan(policies, rules, [], [], [tuple(readings) for readings in mappings], daily)
        known: dict[str, list[int]] = {}
        for place, reading in enumerate(reading for readings in mappings for reading in readings.values()):
            name = f"{reading.measure} {sorted(reading.params.items())}"
            if name not in known:
                known[name] = []
                function = compile_reading(reading, self.setting.lenses)
                (plan.ledger if reads_ledger(reading) else plan.side).append((function, known[name]))
            known[name].append(place)
        self._plans[key] = plan
        return plan


def _measured(functions: list[tuple[Measured, list[int]]], seen: list[Value], reader: Reader) -> list[Value]:
    """*seen* with what each of *functions* gives in its places."""
    for function, places in functions:
        value = function(reader)
        for place in places:
            seen[place] = value
    return seen


def _attributes(rulebook: Rulebook) -> tuple[str, ...]:
    """The attributes that any `applies_to` reads."""
    lists = [applies for order in rulebook.methods.orders for applies in order.purposes.values()]
    read = {condition.measure for methods in lists for one in methods for condition in one.applies_to}
    return tuple(name for name in ATTRIBUTES if name in read)


def setting_for(rulebook: Rulebook, base: Setting) -> Setting:
    """*base* with every lens that the rules of *rulebook* read through."""
    readings: list[Any] = [r for b in rulebook.books.values() for p in b.versions for r in p.measures.values()]
    readings += [r for versions in rulebook.warnings.rules.values() for w in versions for r in w.measures.values()]
    return Setting(lenses_of(readings), base.calendar, base.term_days, base.bill_rules, base.currency)
