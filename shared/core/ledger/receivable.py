"""What a customer owes on one document: instalments, what paid them and when, what is open and what is in dispute."""

from __future__ import annotations

from collections.abc import Iterable

from shared.core.ledger.days import FAR
from shared.core.ledger.documents import CREDITS, INVOICING, Document, Lot, Term
from shared.core.ledger.experience import experience
from shared.core.ledger.filling import fill, share, stand_of
from shared.core.ledger.goods import sold
from shared.core.ledger.lanes import pack
from shared.core.ledger.position import (
    AGE,
    BOOKED,
    CASHED,
    DISPUTED,
    DUE,
    EARLY_DAYS,
    GOODS,
    LATE,
    OPEN,
    PAID,
    SCALAR,
    TRADES,
    Lens,
)
from shared.core.ledger.sight import (
    Contribution,
    Key,
    Sight,
    changes_of,
    forebears,
    gross,
    money_on,
    successor,
    taken,
    takers_of,
    takes_of,
    term_on,
    turns_of,
)
from shared.core.ledger.terms import due_on, start_of

WRITTEN_OFF = ("bad_debt ", "write_off ")
BAD_DEBT = WRITTEN_OFF[0]
"""How lots of what was given up are named. A bad debt counts as settled that late and never as paid or on time."""


class Receivable:
    """An item the customer owes: its instalments, what paid them and when, what is open and what is in dispute."""

    def __init__(self, document: Document, sight: Sight) -> None:
        """Look at *document*."""
        self.document, self.sight = document, sight
        self.successor = successor(document, sight.documents) if document.replacers else None
        chain = forebears(document, sight) if document.replaces else [document]
        self.takers = takers_of(document, sight)
        self.lots = money_on(document, sight)
        if len(self.lots) > 1:
            self.lots.sort(key=lambda lot: (lot.paid, lot.steps[0][0], lot.payment))
        self.credits: list[Lot] = []
        """What was set against it and is no payment: first what fills it before money does."""
        self.given_up: list[Lot] = []
        """Write-offs: of what money left open."""
        for one in chain:
            for lot in sight.credit(one) if one.creditors else ():
                (self.given_up if lot.payment.startswith(WRITTEN_OFF) else self.credits).append(lot)
        self.transfers = [(sight.transfers[name], one.id) for one in chain for name in one.transfers]
        """With the id under which each names the document."""
        held = (sight.disputes[dispute] for dispute in document.disputes)
        self.disputes = [dispute for dispute in held if dispute.document == document.id]

    def dates(self) -> Iterable[int]:
        """Days on which anything may change."""
        document = self.document
        days = changes_of(document)
        days += (on for _, on, _ in document.terms)
        for taker, _ in self.takers:
            days += turns_of(taker, self.sight.documents)
        for lot in self.lots:
            days += (step[0] for step in lot.steps)
        for lot in (*self.credits, *self.given_up):
            days += (step[0] for step in lot.steps)
        for transfer, _ in self.transfers:
            days += (transfer.day, *(on for on, _ in transfer.back))
        for dispute in self.disputes:
            days += (dispute.opened, dispute.closed, dispute.closed + 1)
            days += (dispute.opened + lens.exclude_disputed + 1 for lens in self.sight.lenses if lens.exclude_disputed)
        days += (on for _, on in document.accepted)
        days += (known for known, _ in self.starts())
        if document.term is None:
            days += (order[0] for name in {document.contract, ""} for order, _ in self.sight.agreed.get(name, ()))
        if self.successor is not None:
            days.append(self.successor.booked)
        return days

    def starts(self) -> list[tuple[int, int]]:
        """(known from, starts on) of deliveries and acceptances that terms may start at."""
        found: list[tuple[int, int]] = []
        for target, _ in takes_of(self.document, self.sight.documents):
            delivery = self.sight.documents.get(target)
            if delivery is not None and delivery.order is not None:
                found.append((delivery.booked, delivery.booked))
                found += ((on, on) for _, on in delivery.accepted)
        return found

    def slices(self, day: int) -> list[list[int]]:
        """[due ordinal or 0, units] on *day*, oldest due first, undated last; they add up to the gross amount."""
        document = self.document
        amount = gross(document, day)
        term = term_on(document, day)
        if term is None or not term.slices:
            return [[due_on(document, term, day, self.sight), amount]]
        parts = [[due, units] for due, units, _ in self._schedule(term, day)]
        rest = amount - sum(units for _, units in parts)
        parts[-1][1] += max(rest, 0)
        for part in reversed(parts):
            cut = min(part[1], max(-rest, 0))
            part[1] -= cut
            rest += cut
        return parts

    def kept_back(self, day: int) -> list[bool]:
        """Which of the `slices` of *day* is money kept back until a warranty ends (质保金)."""
        term = term_on(self.document, day)
        if term is None or not term.slices:
            return [self.document.kind == "retention"]
        return [kind == "retention" for _, _, kind in self._schedule(term, day)]

    def _schedule(self, term: Term, day: int) -> list[tuple[int, int, str]]:
        """(due ordinal or 0, units, kind) of the instalments, oldest due first, undated last."""
        parts = [
            (due or self._triggered(trigger or kind, day), units, kind) for kind, units, due, trigger in term.slices
        ]
        return sorted(parts, key=lambda part: part[0] or FAR)

    def _triggered(self, trigger: str, day: int) -> int:
        return start_of(self.document, trigger, day, self.sight)

    def on(self, day: int) -> Contribution:
        """What counts from *day* on."""
        document = self.document
        if self.successor is not None and day >= self.successor.booked:
            return {}
        slices = self.slices(day)
        total = sum(units for _, units in slices)
        result: Contribution = {}
        if document.kind in INVOICING and total:
            result[(BOOKED, document.booked, "", 0)] = total
            result[(TRADES, document.booked, "", 0)] = 1
            for which, sums in sold(document.lines, total, document.amount):
                result[(GOODS, document.booked, which, 0)] = sums
        credits, claims, moved = self._credited(day)
        left = [list(part) for part in slices]
        discounts = sum(stand_of(lot, day)[2] for lot in self.lots)
        fill(left, moved + discounts)
        given = fill(left, credits + claims)
        if given:
            result[(SCALAR, "credit", "", 0)] = -sum(units for _, units in given)
        fill(left, sum(stand_of(lot, day)[1] for lot in self.credits if not lot.pool))
        settled = self._settle(day, left, result)
        for at, lot, units, _ in settled:
            told = experience(document, lot, slices[at][0], units, discounted=stand_of(lot, day)[2] > 0)
            _add(result, (CASHED, lot.paid, "", 0), told)
        for lot in self.given_up:
            filled = fill(left, stand_of(lot, day)[1])
            if lot.payment.startswith(BAD_DEBT):
                settled += [(at, lot, units, 0) for at, units in filled]
        self.transferred(left, day, recourse=False)
        for dispute in self.disputes:
            if dispute.order is not None and dispute.opened <= day:
                open_ = not dispute.closed or day < dispute.closed
                _add(result, (DISPUTED, dispute.opened, "", 0), dispute.amount, 1, open_)
        self._lenses(day, slices, left, settled, share(given, claims, credits + claims), result)
        return result

    def transferred(self, left: list[list[int]], day: int, *, recourse: bool) -> int:
        """Take out of *left* what others hold of it on *day*, with *recourse* to us or without; return how much that is."""
        total, seen = 0, set[str]()
        for transfer, name in self.transfers:
            ours = transfer.recourse == recourse and transfer.currency == self.document.currency
            if ours and transfer.id not in seen and transfer.away(name, day):
                seen.add(transfer.id)
                total += sum(units for _, units in fill(left, transfer.amount))
        return total

    def _credited(self, day: int) -> tuple[int, int, int]:
        """(credits, quality claims, moved to a retention) that count on *day*."""
        credits = claims = moved = 0
        for taker, target in self.takers:
            amount = taken(taker, target, day, self.sight.documents)
            if taker.kind == "quality_claim":
                claims += amount
            elif taker.kind in CREDITS:
                credits += amount
            else:
                moved += amount
        return credits + sum(stand_of(lot, day)[1] for lot in self.credits if lot.pool), claims, moved

    def _settle(self, day: int, left: list[list[int]], result: Contribution) -> list[tuple[int, Lot, int, int]]:
        """Fill *left* with money: (instalment, lot, units, of it in dispute when it was paid)."""
        settled: list[tuple[int, Lot, int, int]] = []
        for lot in self.lots:
            amount = stand_of(lot, day)[1]
            if not amount:
                continue
            open_before = sum(units for _, units in left)
            filled = fill(left, amount)
            used = sum(units for _, units in filled)
            if not used:
                continue
            _add(result, (SCALAR, lot.pool, "", 0), -used)
            clear = max(0, open_before - self._disputed(lot.paid, paid=True, within=_longest(self.sight.lenses)))
            for at, units in filled:
                disputed = units - min(units, clear)
                clear -= units - disputed
                settled.append((at, lot, units, disputed))
        return settled

    def _disputed(self, day: int, *, paid: bool, within: int) -> int:
        """Units in dispute on *day*; a payment on the day a dispute closes was still made in dispute."""
        total = 0
        for dispute in self.disputes:
            end = dispute.closed or FAR
            if dispute.order is not None and dispute.opened <= day < end + paid and day - dispute.opened <= within:
                total += dispute.amount
        return total

    def _lenses(
        self,
        day: int,
        slices: list[list[int]],
        left: list[list[int]],
        settled: list[tuple[int, Lot, int, int]],
        claims: dict[int, int],
        result: Contribution,
    ) -> None:
        document, sight = self.document, self.sight
        open_ = sum(units for _, units in left)
        if open_:
            result[(AGE, document.booked, "", 0)] = open_
            disputed = min(open_, self._disputed(day, paid=False, within=FAR))
            if disputed:
                result[(SCALAR, "disputed", "", 0)] = disputed
        several = len(slices) > 1
        for index, lens in enumerate(sight.lenses):
            hidden = self._disputed(day, paid=False, within=lens.exclude_disputed) if lens.exclude_disputed else 0
            for at, (due, units) in enumerate(left):
                shown = units - min(units, hidden)
                hidden -= units - shown
                seen = sight.calendar.roll(due) if lens.due_roll and due else due
                item = f"{document.id}#{at}" if several else document.id
                if shown:
                    result[(OPEN + index, seen, item, 0)] = shown
                self._portion(index, lens, seen, at, slices[at][1], shown, settled, claims.get(at, 0), result)

    def _portion(
        self,
        index: int,
        lens: Lens,
        due: int,
        at: int,
        size: int,
        open_: int,
        settled: list[tuple[int, Lot, int, int]],
        claimed: int,
        result: Contribution,
    ) -> None:
        """Add what instalment *at* gives to the sums by due date and by settlement date of one lens."""
        cash = on_time = 0
        for where, lot, units, disputed in settled:
            amount = units - disputed if lens.exclude_disputed else units
            if where != at or not amount:
                continue
            days = lot.paid - due if due else 0
            paid = bool(lot.pool)  # what was given up never was: neither on time nor early
            days = days if paid else max(days, 0)
            late = days if days > lens.grace_days else 0
            signed = days if days <= 0 or late else 0
            cash += amount
            on_time += amount if paid and not late else 0
            early = amount if days <= -EARLY_DAYS and not any(step[2] for step in lot.steps) else 0
            _add(result, (PAID + index, lot.paid, "", 0), amount, amount * late, amount * signed, early)
            if late:
                _add(result, (LATE + index, lot.paid, str(size), late), 1)
        if due and (cash or open_ or claimed):
            whole = 1 if not open_ and cash == on_time else 0
            _add(result, (DUE + index, due, "", 0), cash, on_time, claimed, 1, whole)


def _add(result: Contribution, key: Key, *numbers: int) -> None:
    result[key] = result.get(key, 0) + pack(*numbers)


def _longest(lenses: tuple[Lens, ...]) -> int:
    return max(lens.exclude_disputed for lens in lenses)
