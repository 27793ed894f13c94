"""The exposure brain: folds facts and decisions, and says what follows. Implements shared.core.brain.Brain."""

from __future__ import annotations

from datetime import date
from hashlib import blake2b

from services.exposure.core import snapshot
from services.exposure.core.adjusting import next_rise
from services.exposure.core.announce import Saying, announce
from services.exposure.core.cutting import next_review
from services.exposure.core.duties import next_duty
from services.exposure.core.evolve import evolve
from services.exposure.core.excepting import next_exception
from services.exposure.core.figures import Moment
from services.exposure.core.group import next_membership
from services.exposure.core.limits import next_change
from services.exposure.core.lowering import next_lowering
from services.exposure.core.preapproving import next_offer
from services.exposure.core.reading import Commitments
from services.exposure.core.row import group_row_of, row_of
from services.exposure.core.rulebook import Rulebook
from services.exposure.core.rules import DEFAULT, Rules
from services.exposure.core.state import Account
from shared.core.approval.timing import next_due
from shared.core.brain import Outcome
from shared.core.customer.state import Setting
from shared.core.envelope import Event
from shared.core.ledger.days import FAR
from shared.core.references import References

FOLD_VERSION = "4"
"""Raised by hand whenever the fold or the snapshot changes."""


class ExposureBrain:
    """One rulebook, one work calendar, one installation."""

    walks = False

    def __init__(self, rulebook: Rulebook, setting: Setting, counting: Rules = DEFAULT) -> None:
        """*counting*: what counts as exposure."""
        self.rulebook, self.setting, self.counting = rulebook, setting, counting
        self.reading = Commitments(counting.horizon_days)
        numbers = (counting.horizon_days, setting.term_days, setting.bill_rules)
        seed = "\0".join([FOLD_VERSION, setting.calendar.version, repr(numbers)])
        self.fold_version = blake2b(seed.encode(), digest_size=8).hexdigest()

    def context(self) -> References:
        """No reference was published yet."""
        return References()

    def refer(self, context: References, event: Event) -> None:
        """Fold one `~reference` event into *context*."""
        context.refer(event)

    def initial(self, stream: str) -> Account:
        """A customer of whom nothing is known."""
        return Account(stream, self.setting, self.reading)

    def evolve(self, state: Account, event: Event) -> None:
        """Fold one event. Costs the facts about the documents it touches."""
        evolve(state, event)

    def moment(
        self, state: Account, day: date, context: References, *, now: int = 0, version: int = 0, seen_at: int = 0
    ) -> Moment:
        """*state* as it is looked at on *day*, at the instant *now* (microseconds since 1970; 0: on the day alone)."""
        return Moment(
            state,
            max(day.toordinal(), state.head),
            now,
            context,
            self.rulebook,
            self.counting,
            self.setting.currency,
            version,
            seen_at,
        )

    def decide(
        self, state: Account, day: date, context: References, *, cause: str, patience: int | None = None
    ) -> Outcome:
        """Bring *state* to *day*: used reservations, limits after a fall, breaches, supply, holds that clear, proposals."""
        if not (state.first or state.grades or state.limits or state.approvals or state.group):
            return Outcome([], None, None)
        if patience is not None and state.late is not None and day.toordinal() - state.late[0] >= patience:
            # history that is being told: half of it would suspend who has paid since
            return Outcome([], None, day, unfinished=True)
        saying = announce(self.moment(state, day, context), cause)
        state.head, state.late = saying.moment.day, None
        state.considered, state.reviewed = saying.account.considered, saying.account.reviewed
        state.offered = saying.account.offered
        state.ledger.touched = FAR
        wakes_on = _wakes_on(saying)
        row = row_of(saying) if state.group is None else group_row_of(saying)
        return Outcome(saying.decided, row, date.fromordinal(wakes_on) if wakes_on < FAR else None)

    def dump(self, state: Account) -> bytes:
        """A snapshot of *state*."""
        return snapshot.dump(state)

    def load(self, raw: bytes) -> Account:
        """The state that `dump` wrote."""
        return snapshot.load(raw, self.setting, self.reading)

    def weight(self, state: Account) -> int:
        """About how many kB the state takes, counted without looking at any of it."""
        ledger = state.ledger
        told = len(state.profile) + sum(map(len, state.records.values())) + sum(map(len, state.measures.values()))
        own = len(state.limits) + len(state.reservations) + len(state.holds) + len(state.releases)
        return (
            4
            + 2 * len(ledger.positions)
            + 2 * (len(ledger.documents) + len(ledger.payments) + len(ledger.credits))
            + len(ledger.settlements)
            + len(ledger.disputes)
            + len(ledger.refunds)
            + max(told, state.told)
            + len(state.aliases)
            + len(state.conflicts)
            + own
            + 3 * len(state.answers)
            + 2 * len(state.approvals)
            + (len(state.days) + len(state.grades)) // 4
        )


def _wakes_on(saying: Saying) -> int:
    """The next day on which something may change with no event but the day."""
    account, day, figures = saying.account, saying.moment.day, saying.figures
    grade = account.grade_on(day)
    days = [
        account.ledger.next_effect(),
        next_change(account, day),
        next_membership(account, day),
        next_exception(account, day),
        next_review(saying.moment),
        next_duty(saying.moment),
        next_offer(saying.moment),
        next_lowering(saying.moment, figures),
        figures.next_lateness(saying.moment.rules.limits.stop_days(grade.grade if grade else None)),
        *(next_due(one, day) for one in account.approvals.values()),
    ]
    if account.holds or account.reservations:
        days.append(day + 1)
    if day < (risen := next_rise(saying.moment)):
        days.append(risen)
    return min(on for on in days if on > day) if any(on > day for on in days) else FAR
