"""What one document contributes to its customer's position, as dated postings.

The postings of a document are a pure function of the facts about it: on each day on which something about it changed, what
it contributes from then on, less what it contributed before. Payments and credits fill its instalments oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from services.rating.core.days import WorkCalendar, months_before
from services.rating.core.documents import CREDITS, INVOICING, RECEIVABLES, Dispute, Document, Lot, Term
from services.rating.core.position import (
    AGE,
    BOOKED,
    CASHED,
    CLAIMS,
    DUE,
    FAR,
    LATE,
    OPEN,
    PAID,
    SCALAR,
    Lens,
    Posting,
)

Contribution = dict[tuple[int, int | str, str, int], list[int]]
"""(family, key, item, days late) → numbers."""


class Sight(NamedTuple):
    """What a document's postings may look at besides the document."""

    documents: Mapping[str, Document]
    lots: Callable[[str, str], Sequence[Lot]]
    """(payment, document) → the money of that payment on that document."""
    credits: Callable[[Document], Sequence[Lot]]
    """document → credits settled on it later."""
    disputes: Mapping[str, Dispute]
    lenses: tuple[Lens, ...]
    calendar: WorkCalendar
    term_days: int
    """The term of a document that carries no due date at all (contracts D3), from its booking."""


def postings(document: Document, sight: Sight) -> list[Posting]:
    """All postings of *document*, by effect day."""
    if document.order is None or not document.currency:
        return []
    if document.kind in RECEIVABLES:
        plain = _plain(document, sight)
        if plain is not None:
            return plain
        return _walk(document, sight, Receivable(document, sight))
    return _walk(document, sight, Commitment(document, sight))


def _plain(document: Document, sight: Sight) -> list[Posting] | None:
    """The postings of the common case, an invoice with one due date and at most one payment; None where it is not that.

    They equal what the general walk gives (a test compares them); they are made five times faster.
    """
    term = document.term
    if (
        document.amended or document.cancelled or document.terms or document.takers or document.creditors
        or document.disputes or document.replaces or document.replaced_by or len(document.payers) > 1
        or (term is not None and not term.due)
    ):  # fmt: skip
        return None
    amount, booked = document.amount, document.booked
    lot = None
    if document.payers:
        lots = sight.lots(document.payers[0], document.id)
        if len(lots) > 1:
            return None
        if lots:
            lot = lots[0]
            if len(lot.steps) > 1 or lot.steps[0][2] or lot.steps[0][0] <= booked:
                return None
    if not amount:
        return None
    due = term.due if term is not None else booked + sight.term_days
    lenses = sight.lenses
    dues = [sight.calendar.roll(due) if lens.due_roll else due for lens in lenses]
    posted: list[Posting] = [(booked, AGE, booked, (amount,))]
    if document.kind in INVOICING:
        posted.append((booked, BOOKED, booked, (amount,)))
    for i, seen in enumerate(dues):
        posted.append((booked, OPEN + i, seen, (amount, document.id)))
        posted.append((booked, DUE + i, seen, (0, 0, 0, 1, 0)))
    if lot is None:
        return posted
    day, used = lot.steps[0][0], min(amount, lot.steps[0][1])
    if not used:
        return posted
    paid = lot.paid
    posted.append((day, AGE, booked, (-used,)))
    posted.append((day, SCALAR, lot.pool, (-used,)))
    posted.append((day, CASHED, paid, (used, used * (lot.cash_on - booked))))
    for i, lens in enumerate(lenses):
        seen = dues[i]
        days = paid - seen
        late = days if days > lens.grace_days else 0
        signed = days if days <= 0 or late else 0
        on_time = 0 if late else used
        posted.append((day, OPEN + i, seen, (-used, document.id)))
        posted.append((day, DUE + i, seen, (used, on_time, 0, 0, 1 if used == amount and not late else 0)))
        posted.append((day, PAID + i, paid, (used, used * late, used * signed)))
        if late:
            posted.append((day, LATE + i, paid, (late, amount, 1)))
    return posted


def _walk(document: Document, sight: Sight, what: Receivable | Commitment) -> list[Posting]:
    posted: list[Posting] = []
    before: Contribution = {}
    for day in sorted({day for day in what.dates() if day >= document.booked}):
        now = what.on(day)
        for key, numbers in now.items():
            was = before.pop(key, None)
            delta = numbers if was is None else [n - w for n, w in zip(numbers, was, strict=True)]
            if any(delta):
                posted.append(_posting(day, key, delta))
        for key, was in before.items():
            if any(was):
                posted.append(_posting(day, key, [-w for w in was]))
        before = now
    return posted


def _posting(day: int, key: tuple[int, int | str, str, int], delta: list[int]) -> Posting:
    family, on, item, late = key
    if family >= LATE:
        count, amount = delta[0], int(item)
        return (day, family, on, (late, amount, count))
    if family >= OPEN:
        return (day, family, on, (delta[0], item))
    return (day, family, on, tuple(delta))


def gross(document: Document, day: int) -> int:
    """Units of *document* on *day*: as last amended, less what was cancelled; 0 before it was booked."""
    if day < document.booked or document.order is None:
        return 0
    amount = document.amount
    newest: tuple[int, int, str, str] | None = None
    for order, on, new in document.amended:
        if on <= day and (newest is None or order > newest):
            newest, amount = order, new
    for on, cancelled in document.cancelled:
        if on <= day:
            amount -= amount if cancelled < 0 else min(amount, cancelled)
    return amount


def taken(taker: Document, target: str, day: int) -> int:
    """How much of *target* is consumed by *taker* on *day*; a cancelled document gives back its share."""
    if taker.order is None or day < taker.booked:
        return 0
    amount = sum(units for to, units in taker.takes if to == target)
    if taker.cancelled and taker.amount:
        left, cancelled = gross(taker, day), sum(taker.amount if n < 0 else n for on, n in taker.cancelled if on <= day)
        amount = amount * left // (left + cancelled) if left else 0
    return amount


def _forebears(document: Document, sight: Sight) -> list[Document]:
    """*document* and the documents it replaces, one after another: what was said to them follows to it."""
    found = [document]
    while found[-1].replaces and len(found) < 64:
        held = sight.documents.get(found[-1].replaces)
        if held is None or any(held is one for one in found):
            break
        found.append(held)
    return found


class Commitment:
    """An order, delivery, consignment or guarantee: what of it is still open is exposure. Credits still unused are credit."""

    def __init__(self, document: Document, sight: Sight) -> None:
        """Look at *document*."""
        self.document, self.sight = document, sight
        self.takers = [sight.documents[taker] for taker in document.takers]

    def dates(self) -> Iterable[int]:
        """Days on which anything may change."""
        document = self.document
        yield document.booked
        yield from (on for _, on, _ in document.amended)
        yield from (on for on, _ in document.cancelled)
        yield from (taker.booked for taker in self.takers)
        yield from (on for taker in self.takers for on, _ in taker.cancelled)
        if document.replaced_by:
            yield self.sight.documents[document.replaced_by].booked

    def on(self, day: int) -> Contribution:
        """What counts from *day* on."""
        document = self.document
        amount = gross(document, day)
        if document.kind in CREDITS:
            used = 0
            result: Contribution = {(SCALAR, "credit", "", 0): [amount]}
            for target in dict.fromkeys(to for to, _ in document.takes):
                held = self.sight.documents.get(target)
                if held is not None and held.order is not None and held.kind not in RECEIVABLES and day >= held.booked:
                    used += min(taken(document, target, day), gross(held, day))
            if used:
                result[(SCALAR, "credit", "", 0)] = [amount - used]
            if document.kind == "quality_claim" and not document.takes:
                result[(CLAIMS, document.booked, "", 0)] = [amount]
            return result
        if document.replaced_by and day >= self.sight.documents[document.replaced_by].booked:
            return {}
        open_ = amount - sum(taken(taker, document.id, day) for taker in self.takers)
        return {(SCALAR, document.kind, "", 0): [max(0, open_)]} if open_ > 0 else {}


class Receivable:
    """An item the customer owes: its instalments, what paid them and when, what is open and what is in dispute."""

    def __init__(self, document: Document, sight: Sight) -> None:
        """Look at *document*."""
        self.document, self.sight = document, sight
        chain = _forebears(document, sight) if document.replaces else [document]
        self.takers = [(sight.documents[taker], one.id) for one in chain for taker in one.takers]
        self.lots = [lot for one in chain for payer in one.payers for lot in sight.lots(payer, one.id)]
        if len(self.lots) > 1:
            self.lots.sort(key=lambda lot: (lot.paid, lot.steps[0][0], lot.payment))
        self.credits = [lot for one in chain if one.creditors for lot in sight.credits(one)]
        held = (sight.disputes[dispute] for dispute in document.disputes)
        self.disputes = [dispute for dispute in held if dispute.document == document.id]

    def dates(self) -> Iterable[int]:
        """Days on which anything may change."""
        document = self.document
        days = [document.booked]
        days += (on for _, on, _ in document.amended)
        days += (on for on, _ in document.cancelled)
        days += (on for _, on, _ in document.terms)
        for taker, _ in self.takers:
            days.append(taker.booked)
            days += (on for on, _ in taker.cancelled)
        for lot in self.lots:
            days += (step[0] for step in lot.steps)
        for lot in self.credits:
            days += (step[0] for step in lot.steps)
        for dispute in self.disputes:
            days += (dispute.opened, dispute.closed, dispute.closed + 1)
            days += (dispute.opened + lens.exclude_disputed + 1 for lens in self.sight.lenses if lens.exclude_disputed)
        if document.accepted is not None:
            days.append(document.accepted[1])
        days += (known for known, _ in self.starts())
        if document.replaced_by:
            days.append(self.sight.documents[document.replaced_by].booked)
        return days

    def starts(self) -> list[tuple[int, int]]:
        """(known from, starts on) of deliveries and acceptances that terms may start at."""
        found: list[tuple[int, int]] = []
        for target, _ in self.document.takes:
            delivery = self.sight.documents.get(target)
            if delivery is not None and delivery.order is not None:
                found.append((delivery.booked, delivery.booked))
                if delivery.accepted is not None:
                    found.append((delivery.accepted[1], delivery.accepted[1]))
        return found

    def slices(self, day: int) -> list[list[int]]:
        """[due ordinal or 0, units] on *day*, oldest due first, undated last; they add up to the gross amount."""
        document = self.document
        amount = gross(document, day)
        term, newest = document.term, None
        for order, on, changed in document.terms:
            if on <= day and (newest is None or order > newest):
                newest, term = order, changed
        if term is None or not term.slices:
            return [[due_on(document, term, day, self.sight), amount]]
        parts = [[due or self._triggered(trigger or kind, day), units] for kind, units, due, trigger in term.slices]
        parts.sort(key=lambda part: part[0] or FAR)
        rest = amount - sum(units for _, units in parts)
        parts[-1][1] += max(rest, 0)
        for part in reversed(parts):
            cut = min(part[1], max(-rest, 0))
            part[1] -= cut
            rest += cut
        return parts

    def _triggered(self, trigger: str, day: int) -> int:
        return _start(self.document, trigger, day, self.sight)

    def on(self, day: int) -> Contribution:
        """What counts from *day* on."""
        document, sight = self.document, self.sight
        replaced = bool(document.replaced_by) and day >= sight.documents[document.replaced_by].booked
        slices = self.slices(day)
        total = sum(units for _, units in slices)
        result: Contribution = {}
        if document.kind in INVOICING and total:
            result[(BOOKED, document.booked, "", 0)] = [total]
        if replaced:
            return result
        credits, claims, moved = self._credited(day)
        left = [list(part) for part in slices]
        discounts = sum(_step(lot, day)[2] for lot in self.lots)
        _fill(left, moved + discounts)
        given = _fill(left, credits + claims)
        if given:
            result[(SCALAR, "credit", "", 0)] = [-sum(units for _, units in given)]
        settled = self._settle(day, left, result)
        self._lenses(day, slices, left, settled, _share(given, claims, credits + claims), result)
        return result

    def _credited(self, day: int) -> tuple[int, int, int]:
        """(credits, quality claims, moved to a retention) that count on *day*."""
        credits = claims = moved = 0
        for taker, target in self.takers:
            amount = taken(taker, target, day)
            if taker.kind == "quality_claim":
                claims += amount
            elif taker.kind in CREDITS:
                credits += amount
            else:
                moved += amount
        return credits + sum(_step(lot, day)[1] for lot in self.credits), claims, moved

    def _settle(self, day: int, left: list[list[int]], result: Contribution) -> list[tuple[int, Lot, int, int]]:
        """Fill *left* with money: (instalment, lot, units, of it in dispute when it was paid)."""
        settled: list[tuple[int, Lot, int, int]] = []
        for lot in self.lots:
            amount = _step(lot, day)[1]
            if not amount:
                continue
            open_before = sum(units for _, units in left)
            filled = _fill(left, amount)
            used = sum(units for _, units in filled)
            if not used:
                continue
            _add(result, (SCALAR, lot.pool, "", 0), -used)
            _add(result, (CASHED, lot.paid, "", 0), used, used * (lot.cash_on - self.document.booked))
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
            result[(AGE, document.booked, "", 0)] = [open_]
            disputed = min(open_, self._disputed(day, paid=False, within=FAR))
            if disputed:
                result[(SCALAR, "disputed", "", 0)] = [disputed]
        several = len(slices) > 1
        for index, lens in enumerate(sight.lenses):
            hidden = self._disputed(day, paid=False, within=lens.exclude_disputed) if lens.exclude_disputed else 0
            for at, (due, units) in enumerate(left):
                shown = units - min(units, hidden)
                hidden -= units - shown
                seen = sight.calendar.roll(due) if lens.due_roll and due else due
                item = f"{document.id}#{at}" if several else document.id
                if shown:
                    result[(OPEN + index, seen, item, 0)] = [shown]
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
            late = days if days > lens.grace_days else 0
            signed = days if days <= 0 or late else 0
            cash += amount
            on_time += 0 if late else amount
            _add(result, (PAID + index, lot.paid, "", 0), amount, amount * late, amount * signed)
            if late:
                _add(result, (LATE + index, lot.paid, str(size), late), 1)
        if due and (cash or open_ or claimed):
            whole = 1 if not open_ and cash == on_time else 0
            _add(result, (DUE + index, due, "", 0), cash, on_time, claimed, 1, whole)


def due_on(document: Document, term: Term | None, day: int, sight: Sight) -> int:
    """The due ordinal of *document* as known on *day*; 0 while it has none (its terms start at something yet to come)."""
    if term is None:
        return document.booked + sight.term_days
    if term.due:
        return term.due
    start = _start(document, term.starts, day, sight)
    if not start:
        return 0
    if term.starts == "month_end":
        return _month_end(start, term.cut_off) + term.days
    return start + term.days


def _start(document: Document, starts: str, day: int, sight: Sight) -> int:
    if starts in {"invoice", "month_end", "down_payment", "instalment", ""}:
        return document.booked
    if starts == "delivery" and document.kind == "delivery":
        return document.booked
    if starts == "acceptance" and document.accepted is not None and document.accepted[1] <= day:
        return document.accepted[1]
    found = 0
    for target, _ in document.takes:
        held = sight.documents.get(target)
        if held is None or held.order is None or held.kind != "delivery":
            continue
        on = held.booked if starts == "delivery" else held.accepted[1] if held.accepted else 0
        if on and on <= day and starts in {"delivery", "acceptance"}:
            found = max(found, on)
    return found


def _month_end(day: int, cut_off: int) -> int:
    """The last day of the month that *day* is settled in (G-31): after the cut-off day it is the next month's."""
    next_month = months_before(day, -1)
    start = day - _day_of_month(day)
    ends = start + (_days_in_month(day))
    if cut_off and _day_of_month(day) > cut_off:
        return next_month - _day_of_month(next_month) + _days_in_month(next_month)
    return ends


def _day_of_month(day: int) -> int:
    return date.fromordinal(day).day


def _days_in_month(day: int) -> int:
    start = day - _day_of_month(day) + 1
    return months_before(start, -1) - start


def _step(lot: Lot, day: int) -> tuple[int, int, int]:
    counted = (0, 0, 0)
    for step in lot.steps:
        if step[0] > day:
            break
        counted = step
    return counted


def _fill(left: list[list[int]], amount: int) -> list[tuple[int, int]]:
    """Take *amount* out of *left*, oldest first; return (instalment, units) for what was taken."""
    taken_: list[tuple[int, int]] = []
    for at, part in enumerate(left):
        units = min(part[1], amount)
        if units:
            part[1] -= units
            amount -= units
            taken_.append((at, units))
    return taken_


def _share(given: list[tuple[int, int]], claims: int, total: int) -> dict[int, int]:
    """The part of *given* that quality claims make up, by instalment."""
    return {at: units * claims // total for at, units in given} if claims else {}


def _add(result: Contribution, key: tuple[int, int | str, str, int], *numbers: int) -> None:
    held = result.get(key)
    if held is None:
        result[key] = list(numbers)
    else:
        for i, n in enumerate(numbers):
            held[i] += n


def _longest(lenses: tuple[Lens, ...]) -> int:
    return max(lens.exclude_disputed for lens in lenses)
