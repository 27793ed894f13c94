"""The rating brain: folds facts, walks the path, and says what follows. Implements shared.core.brain.Brain."""

from __future__ import annotations

from datetime import date
from hashlib import blake2b

import msgspec

from services.rating.core import excepting, rising, snapshot
from services.rating.core.announce import announce, labels
from services.rating.core.context import Context
from services.rating.core.engine import Engine, Sheet, setting_for
from services.rating.core.evolve import evolve
from services.rating.core.path import next_day, walk
from services.rating.core.reviews import next_review
from services.rating.core.row import row_of
from services.rating.core.state import State
from shared.core.approval.chain import ASSUMED, Chains
from shared.core.approval.chain import in_force as in_force_chains
from shared.core.approval.commands import Desk
from shared.core.approval.timing import next_due
from shared.core.brain import Decided, Outcome
from shared.core.customer.state import Setting
from shared.core.envelope import Event
from shared.core.ledger.days import FAR
from shared.core.policy.activation import in_force
from shared.core.policy.rulebook import Rulebook

FOLD_VERSION = "10"
"""Raised by hand whenever the fold or the snapshot changes."""


class RatingBrain:
    """One rulebook, one work calendar, one installation."""

    walks = True

    def __init__(self, rulebook: Rulebook, setting: Setting, chains: tuple[Chains, ...] = (ASSUMED,)) -> None:
        """*chains* says how long people may take. Raises Misconfigured where a rule reads a measure that does not exist."""
        self.rulebook, self.chains = rulebook, chains
        self.setting = setting_for(rulebook, setting)
        seed = "\0".join(
            [FOLD_VERSION, self.setting.calendar.version, repr(self.setting.lenses), _rules(in_force(rulebook, ()))]
        )
        self.fold_version = blake2b(seed.encode(), digest_size=8).hexdigest()
        self._engines: dict[int, Engine] = {}

    def context(self) -> Context:
        """An empty reference context."""
        return Context()

    def refer(self, context: Context, event: Event) -> None:
        """Fold one `~reference` event into *context*."""
        context.refer(event)

    def initial(self, stream: str) -> State:
        """A customer of whom nothing is known."""
        return State(stream, self.setting)

    def evolve(self, state: State, event: Event) -> None:
        """Fold one event. Costs the facts about the documents it touches."""
        evolve(state, event)

    def engine(self, context: Context) -> Engine:
        """The rules over *context*."""
        held = self._engines.get(id(context))
        if held is None or held.context is not context or held.activations is not context.activations:
            held = self._engines[id(context)] = Engine(self.rulebook, self.setting, context)
        return held

    def decide(self, state: State, day: date, context: Context, *, cause: str, patience: int | None = None) -> Outcome:
        """Walk the path to *day* and say what changed: grade, warnings, corrections, reviews, and the projection's row."""
        engine = self.engine(context)
        end = max(day.toordinal(), state.head)
        if not state.first or state.first > end:
            return Outcome([], None, date.fromordinal(state.first) if state.first else None)
        if patience is not None and end - restart(state, context) >= patience:
            return Outcome([], None, day, unfinished=True)
        sheet, start, wakes_on = bring(state, end, engine)
        standing = state.path[-1][1]
        decisions = announce(state, standing, sheet, start, cause)
        decisions += self._rises(state, sheet, cause)
        state.late = None
        wakes_on = min(wakes_on, next_review(state, standing, sheet))
        for one in state.approvals.values():
            wakes_on = min(wakes_on, next_due(one, end))
        if state.exceptions:
            wakes_on = min(wakes_on, excepting.next_end(state, end, wakes_on))
        return Outcome(decisions, row_of(state, standing, sheet, several=engine.several), date.fromordinal(wakes_on))

    def _rises(self, state: State, sheet: Sheet, cause: str) -> list[Decided]:
        """What people are asked of rises under each purpose, and what they are no longer asked."""
        stands = [(state.path[-1][1], sheet.policy)]
        stands += [(state.besides[one.purpose][-1][1], one.policy) for one in sheet.besides]
        if not state.approvals and all((standing.rules or standing).asks is None for standing, _ in stands):
            return []
        day = date.fromordinal(state.head)
        desk = Desk(
            day=day,
            chains=in_force_chains(self.chains, day),
            rests=self.setting.calendar.rests,
            register={},
            common={"cause": cause, "labels": labels(state)},
        )
        return [Decided(data, True) for data in rising.said(state, stands, desk)]

    def dump(self, state: State) -> bytes:
        """A snapshot of *state*."""
        return snapshot.dump(state)

    def load(self, raw: bytes) -> State:
        """The state that `dump` wrote."""
        return snapshot.load(raw, self.setting)

    def weight(self, state: State) -> int:
        """About how many kB the state takes: everything that is kept, counted without looking at any of it.

        Measured: a customer 4, a position 9, a document or payment 2 with what is added up of it, the rest 1 or less.
        """
        ledger = state.ledger
        told = len(state.profile) + sum(map(len, state.records.values())) + sum(map(len, state.measures.values()))
        return (
            4
            + 9 * len(ledger.positions)
            + 2 * (len(ledger.documents) + len(ledger.payments) + len(ledger.credits))
            + len(ledger.settlements)
            + len(ledger.disputes)
            + len(ledger.refunds)
            + len(ledger.bills)
            + len(ledger.deposits)
            + len(ledger.transfers)
            + max(told, state.told)  # an attribute may have many values, each of which was told
            + len(state.aliases)
            + len(state.conflicts)
            + 2 * len(state.approvals)
            + len(state.overrides)
            + len(state.exceptions)
            + (len(state.path) + sum(map(len, state.besides.values())) + len(state.days)) // 4
        )


def bring(state: State, end: int, engine: Engine) -> tuple[Sheet, int, int]:
    """Walk *state* to *end*.

    Returns what is seen there, the first day that was walked (FAR: none), and the next day to look at.
    """
    start = restart(state, engine.context)
    state.ledger.touched, state.referred = FAR, len(engine.context.dates)
    sheet, next_look = walk(state, state.path, start, end, engine) if start <= end else (None, 0)
    state.head = end
    if sheet is None:
        state.ledger.move_to(end)
        sheet = engine.sheet(state)
    if sheet.assessment is None:
        sheet.judge(state.path[-1][1].default_on)
        for one in sheet.besides:
            one.judge(state.besides[one.purpose][-1][1].default_on)
    if not next_look:
        next_look = next_day(state, state.path[-1][1], sheet, end, engine)
    return sheet, start if start <= end else FAR, next_look


def restart(state: State, context: Context) -> int:
    """The first day that has to be walked: after the head, or as far back as the facts since then reach."""
    reach = min(state.ledger.touched, state.late[0] if state.late else FAR, context.earliest_since(state.referred))
    if not state.head:
        return state.first
    return max(reach, state.first) if reach <= state.head else state.head + 1


def _rules(rulebook: Rulebook) -> str:
    """What binds without an activation: one that follows binds only days that no path has reached."""
    prints = [p.sha256 for book in rulebook.books.values() for p in book.versions]
    prints += [w.sha256 for versions in rulebook.warnings.rules.values() for w in versions]
    return " ".join(sorted(prints)) + msgspec.json.encode(rulebook.methods.orders, enc_hook=str).decode()
