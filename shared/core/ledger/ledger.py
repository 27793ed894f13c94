"""The ledger of one customer: a pure fold of facts, standing on a day.

`evolve` keeps dated facts about documents and adds what they change to the customer's positions. It costs the facts about
the documents that the event touches, never the history. `move_to` carries the positions to another day, forward or back.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import Generic

from shared.core.ledger.bills import DEFAULT, BillRules
from shared.core.ledger.book import Book
from shared.core.ledger.days import FAR, WorkCalendar
from shared.core.ledger.dependents import Marked, looking_at
from shared.core.ledger.position import Lens, Posting, apart
from shared.core.ledger.reading import P, Reading

RECENT_DAYS = 10
"""Facts seldom reach back further, so the postings of so many days are kept at hand."""
KEPT_POSTINGS = 64

Change = tuple[list[Marked], dict[Marked, None]]
"""What is about to change, and all that looks at it."""


class Ledger(Book, Generic[P]):
    """Documents and payments of one customer, and one position a currency on day `day`, as *reading* adds them up."""

    __slots__ = (
        "_most",
        "_posted",
        "day",
        "effect_days",
        "effects",
        "positions",
        "quiet",
        "reading",
        "touched",
    )

    def __init__(
        self,
        reading: Reading[P],
        lenses: tuple[Lens, ...],
        calendar: WorkCalendar,
        term_days: int,
        bill_rules: BillRules = DEFAULT,
        day: int = 0,
    ) -> None:
        """An empty ledger on *day*, lateness seen through *lenses* (the first is the raw one)."""
        self.reading = reading
        super().__init__(lenses, calendar, term_days, bill_rules)
        self.day = day
        self.positions: dict[str, P] = {}
        self.effects: dict[int, list[Marked]] = {}
        """Day → what changes on it."""
        self.effect_days: list[int] = []
        self.quiet = True
        """Nothing is posted yet: facts are only kept until somebody asks for a day, and then added up at once."""
        self.touched = FAR
        """The earliest day whose position changed since this was last set to FAR."""
        self._posted: dict[Marked, tuple[str, list[Posting]]] = {}
        self._most = KEPT_POSTINGS

    def before(self, marks: list[Marked]) -> Change:
        """Say that the facts about *marks* are about to change. *marks* names every document that will be linked.

        Returns all whose postings may change, for `after`.
        """
        if self.quiet:
            return marks, {}
        found = looking_at(self, marks)
        for mark in found:
            if mark not in self._posted:
                self._posted[mark] = self._post(mark)
        return marks, found

    def after(self, change: Change) -> None:
        """Post the difference that the changed facts make; *change* is what `before` returned."""
        marks, found = change
        if self.quiet:
            return
        for kind, name in found:
            if kind == "payment":
                self._lots.pop(name, None)
        for mark in found | looking_at(self, marks):
            old_currency, old = self._posted.pop(mark)
            currency, new = self._post(mark)
            if new != old or currency != old_currency:
                self._replace(mark, old_currency, old, currency, new)
            if self._is_live(mark, new):
                self._posted[mark] = (currency, new)
        if len(self._posted) > self._most:
            self._forget()

    def _is_live(self, mark: Marked, posted: list[Posting]) -> bool:
        """Whether the postings of *mark* are worth keeping: something is open, or they are of the last days."""
        if posted and posted[-1][0] > self.day - RECENT_DAYS:
            return True
        held = self.documents.get(mark[1]) if mark[0] == "document" else None
        return held is not None and held.order is not None and not held.payers

    def _forget(self) -> None:
        """Let postings go that are no longer worth keeping."""
        self._posted = {mark: kept for mark, kept in self._posted.items() if self._is_live(mark, kept[1])}
        self._most = KEPT_POSTINGS + 2 * len(self._posted)

    def _replace(self, mark: Marked, was: str, old: list[Posting], currency: str, new: list[Posting]) -> None:
        """Take away the *old* postings of *mark* and add the *new* ones, leaving alone those that both begin with."""
        same = 0
        if was == currency:
            for one, other in zip(old, new, strict=False):
                if one != other:
                    break
                same += 1
        gone, come, day = old[same:], new[same:], self.day
        if gone and was == currency:  # told in another order, most of it is still the same
            gone, come = apart(gone, come)
        for changed in (gone, come):  # by effect day, so the first is the earliest
            if changed and changed[0][0] < self.touched:
                self.touched = changed[0][0]
        if gone:
            post = self._position(was).post
            for posting in reversed(gone):
                if posting[0] <= day:
                    post(posting, -1)
        if come:
            post, noted = self._position(currency).post, -1
            for posting in come:
                if posting[0] <= day:
                    post(posting, 1)
                if posting[0] != noted:
                    noted = posting[0]
                    self._effect(noted, mark)

    def _effect(self, on: int, mark: Marked) -> None:
        marks = self.effects.get(on)
        if marks is None:
            self.effects[on] = [mark]
            insort(self.effect_days, on)
        elif marks[-1] != mark:
            marks.append(mark)

    def _position(self, currency: str) -> P:
        held = self.positions.get(currency)
        if held is None:
            held = self.positions[currency] = self.reading.position(self)
        return held

    def _post(self, mark: Marked) -> tuple[str, list[Posting]]:
        kind, name = mark
        if kind == "refund":
            refund = self.refunds[name]
            return refund.currency, self.reading.refund(refund, self)
        if kind == "payment":
            held = self.payments.get(name)
            if held is None or held.order is None:
                return "", []
            return held.currency, self.reading.payment(held, self)
        if kind == "deposit":
            deposit = self.deposits[name]
            return deposit.currency, self.reading.deposit(deposit, self)
        if kind == "credit":
            return "", []
        document = self.documents.get(name)
        return (document.currency, self.reading.document(document, self)) if document is not None else ("", [])

    def move_to(self, day: int) -> None:
        """Carry the positions to the end of *day*. Costs the days passed over and what took effect on them."""
        if self.quiet:
            self.add_up(day)
        if day == self.day:
            return
        forward = day > self.day
        low, high = (self.day, day) if forward else (day, self.day)
        days = self.effect_days[bisect_right(self.effect_days, low) : bisect_right(self.effect_days, high)]
        for on in days if forward else reversed(days):
            for mark in dict.fromkeys(self.effects[on]):
                kept = self._posted.get(mark)
                if kept is None:
                    kept = self._post(mark)
                    if self._is_live(mark, kept[1]):
                        self._posted[mark] = kept
                currency, posted = kept
                today = [posting for posting in posted if posting[0] == on]
                for posting in today if forward else reversed(today):
                    self._position(currency).post(posting, 1 if forward else -1)
        self.day = day

    def add_up(self, day: int) -> None:
        """Post everything that is kept, once, and stand on *day*: how a snapshot comes back."""
        self.day, self.quiet = day, False
        self._lots.clear()
        marks: list[Marked] = [("document", name) for name in self.documents]
        marks += [("payment", name) for name in self.payments]
        marks += [("refund", name) for name in self.refunds]
        marks += [("deposit", name) for name in self.deposits]
        for mark in marks:
            currency, posted = self._post(mark)
            for posting in posted:
                if posting[0] <= day:
                    self._position(currency).post(posting, 1)
            for posting in posted:
                self._effect(posting[0], mark)

    def next_effect(self) -> int:
        """The next day on which a fact already known takes effect; FAR where there is none."""
        at = bisect_right(self.effect_days, self.day)
        return self.effect_days[at] if at < len(self.effect_days) else FAR
