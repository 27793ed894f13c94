"""What a version of a method would change on one day, customer by customer, and summed up. Nothing is decided or kept.

Each customer is walked to the day under the rules in force, and that day once more with the version in force from its
opening: so rules of movement count as they would, and whoever may rise at a review only is said to wait for it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from services.rating.core.context import Context
from services.rating.core.engine import CREDIT, Engine, Sheet
from services.rating.core.measures.payment import receivable_balance
from services.rating.core.measures.reading import Params
from services.rating.core.path import Path, walk
from services.rating.core.standing import Standing
from services.rating.core.state import State
from shared.core.policy.activation import Activation
from shared.core.policy.assessment import Assessment, plain
from shared.core.policy.methods import Methods
from shared.core.policy.policy import Book, Policy
from shared.core.policy.rulebook import Rulebook

TRIAL = "trial"
"""What the version is called while it is tried: it may share its name with one that is in force."""
FORMER = "former"
"""What the version is called in whose place it is tried, where that is not the one in force."""
NONE = "none"
"""How a distribution calls those without a grade."""


class Changed(msgspec.Struct, frozen=True):
    """One line of the card that gives something else. None: the line is not there."""

    characteristic: str
    before: str | None
    after: str | None


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """One customer whose grade, effective or underlying, would be another."""

    customer: str
    before: str | None
    after: str | None
    underlying_before: str | None
    underlying_after: str | None
    method_before: str | None
    method_after: str | None
    refusal: str | None
    reasons: tuple[str, ...]
    """Codes of the new rules, those that hold a movement included."""
    changed: tuple[Changed, ...]
    currency: str
    receivable_balance: Decimal | None
    """None: a rate is missing, or nothing was ever sold."""


class Effect(msgspec.Struct):
    """What became of a population. Amounts by currency."""

    customers: int = 0
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    underlying_after: dict[str, int] = {}
    up: int = 0
    down: int = 0
    waiting: int = 0
    """Whose underlying grade changes while rules of movement hold the effective one."""
    balance_up: dict[str, Decimal] = {}
    balance_down: dict[str, Decimal] = {}
    unknown_balance: int = 0
    unread: list[str] = []
    """Customers whose facts could not be folded."""
    moved: list[Moved] = []

    def count(self, seen: tuple[Standing, Standing], moved: Moved | None, ranks: dict[str, int]) -> None:
        """Add one customer: what holds before and after."""
        self.customers += 1
        for counts, grade in (
            (self.before, seen[0].grade),
            (self.after, seen[1].grade),
            (self.underlying_after, seen[1].underlying),
        ):
            counts[grade or NONE] = counts.get(grade or NONE, 0) + 1
        if moved is None:
            return
        self.moved.append(moved)
        if moved.before == moved.after:
            self.waiting += 1
            return
        rose = ranks.get(moved.after or "", -1) > ranks.get(moved.before or "", -1)
        self.up, self.down = self.up + rose, self.down + (not rose)
        if moved.receivable_balance is None:
            self.unknown_balance += 1
            return
        sums = self.balance_up if rose else self.balance_down
        sums[moved.currency] = sums.get(moved.currency, Decimal(0)) + moved.receivable_balance

    def add(self, other: Effect) -> None:
        """Add what became of others."""
        self.customers += other.customers
        for ours, theirs in (
            (self.before, other.before),
            (self.after, other.after),
            (self.underlying_after, other.underlying_after),
        ):
            for grade, number in theirs.items():
                ours[grade] = ours.get(grade, 0) + number
        for sums, more in ((self.balance_up, other.balance_up), (self.balance_down, other.balance_down)):
            for currency, amount in more.items():
                sums[currency] = sums.get(currency, Decimal(0)) + amount
        self.up, self.down, self.waiting = self.up + other.up, self.down + other.down, self.waiting + other.waiting
        self.unknown_balance += other.unknown_balance
        self.unread += other.unread
        self.moved += other.moved


def with_trial(rules: Rulebook, policy: Policy, name: str = TRIAL) -> Rulebook:
    """*rules* with *policy* loaded beside the versions of its method, under *name*."""
    book = rules.methods.books[policy.method]
    tried = msgspec.structs.replace(policy, version=name)
    books = {**rules.methods.books, policy.method: Book(policy.method, (*book.versions, tried))}
    return Rulebook(Methods(rules.methods.orders, books), rules.warnings)


def trying(context: Context, policy: Policy, day: date, name: str = TRIAL) -> Context:
    """*context* as it would be with *policy*, loaded as *name*, in force from the opening of *day*."""
    trial = Activation(day, 1 << 30, policy.method, name, policy.sha256)
    return context.activating((*context.activations, trial))


def look(state: State, day: int, before: Engine, after: Engine, policy: Policy, effect: Effect) -> None:
    """Count *state*, of which nothing was decided yet, into *effect*. It is not used afterwards.

    *before* and *after* are engines of the same rulebook (`with_trial`), the second over the context of `trying`.
    A customer whom the method does not rate, before or after, is not counted.
    """
    if not state.first or state.first > day:
        return
    was, seen = _walked(state, state.first, day, before, policy.purpose)
    now, then = _walked(state, day, day, after, policy.purpose)
    if policy.method not in {was.method, now.method}:
        return
    moved = None
    if (was.grade, was.underlying) != (now.grade, now.underlying):
        moved = _moved(state, was, now, seen, then)
    effect.count((was, now), moved, dict(policy.ranks))


def _walked(state: State, start: int, day: int, engine: Engine, purpose: str) -> tuple[Standing, Sheet]:
    sheet, _ = walk(state, state.path, start, day, engine)
    state.head = day
    if sheet is None:
        sheet = engine.sheet(state)
    path: Path = state.path if purpose == CREDIT else state.besides[purpose]
    mine = next((one for one in (sheet, *sheet.besides) if one.purpose == purpose), sheet)
    standing: Standing = path[-1][1]
    if mine.assessment is None:
        mine.judge(standing.default_on)
    return standing, mine


def _moved(state: State, was: Standing, now: Standing, seen: Sheet, then: Sheet) -> Moved:
    reader = then.reader
    known = not reader.without_rate and bool(reader.parts)
    reasons = then.assessment.reasons if then.assessment else ()
    return Moved(
        customer=state.customer_id,
        before=was.grade,
        after=now.grade,
        underlying_before=was.underlying,
        underlying_after=now.underlying,
        method_before=was.method or None,
        method_after=now.method or None,
        refusal=now.refusal,
        reasons=(*reasons, *now.held),
        changed=changed_lines(seen.assessment, then.assessment),
        currency=reader.currency,
        receivable_balance=receivable_balance(reader, Params()) if known else None,
    )


def changed_lines(before: Assessment | None, after: Assessment | None) -> tuple[Changed, ...]:
    """The lines and caps in which two assessments differ, in their order."""
    old, new = _lines(before), _lines(after)
    names = dict.fromkeys([*old, *new])
    return tuple(Changed(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))


def _lines(assessment: Assessment | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in assessment.lines if assessment else ():
        given = line.letter or (plain(line.points) if line.points is not None else line.band)
        found[line.characteristic] = given
    for cap in assessment.caps if assessment else ():
        found[cap] = "holds"
    return found
