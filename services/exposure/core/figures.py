"""Where an account stands on a day and at an instant: exposure, what is reserved, what is overdue. Units of 10⁻⁴.

Whether a reservation still counts is computed from the instant of the question, so a late sweep holds nothing back.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from services.exposure.core import exposure as ledger_exposure
from services.exposure.core.exposure import Line
from services.exposure.core.formulas import converted
from services.exposure.core.group import Parent, Spent, Sum, summed
from services.exposure.core.holding import ADVANCE, LATER, NOT_DUE, OVERDUE
from services.exposure.core.limits import Effective, advance_limit, currency_of, effective
from services.exposure.core.orders import chain_of, counted
from services.exposure.core.records import Reservation, within
from services.exposure.core.rulebook import Rulebook
from services.exposure.core.rules import Rules
from services.exposure.core.state import Account
from shared.core.ledger.days import FAR
from shared.core.ledger.documents import NOWHERE, Payment, Place, units
from shared.core.ledger.sight import taken
from shared.core.references import References

FOREVER = 1 << 62
"""An instant after every other: at it no reservation ran out."""
DISPUTED_DAYS = 60
"""G-07: an item in dispute is left out for so long."""


class Moment(NamedTuple):
    """One account as it is looked at: on a day, at an instant, under rules."""

    account: Account
    day: int
    now: int
    """Microseconds since 1970; 0: the day alone counts, and no reservation runs out on it."""
    references: References
    rules: Rulebook
    counting: Rules
    """What counts as exposure."""
    home: str = "CNY"
    """The currency of the installation."""
    version: int = 0
    seen_at: int = 0
    """The instant of the last fact that was heard of anybody; 0: not known."""
    parents: tuple[Parent, ...] | None = None
    """The groups of the customer, held for this moment; None: nobody looked."""
    members: tuple[Spent, ...] | None = None
    """Of a group: what its members owe; None: nobody looked."""
    advances: tuple[Spent, ...] | None = None
    """What all other customers are granted as advance funding, alone with it (LT-15); None: nobody looked."""
    everybody: tuple[Spent, ...] | None = None
    """What all customers owe, as last measured; None: nobody measured."""


class Overdue(NamedTuple):
    """What is late on one document."""

    document: str
    due: int
    amount: int
    is_disputed: bool


class Figures:
    """The figures of a moment, each found when it is asked for. Costs what is open."""

    def __init__(self, moment: Moment, before: Figures | None = None) -> None:
        """Look at *moment*; the ledger of its account stands on its day afterwards.

        *before*: figures of the same books before something was decided; what they read there is not read again.
        """
        self.moment, self.account, self.day = moment, moment.account, moment.day
        self.account.ledger.move_to(self.day)
        self.currency = currency_of(self.account, self.day, moment.home)
        self.missing: set[str] = set()
        """Currencies without a rate, of what was asked for so far."""
        self._details: dict[tuple[Place, str | None], ledger_exposure.Exposure] = {}
        if before is not None and before.currency == self.currency:
            self._details = before._details
            self.__dict__.update(
                {name: before.__dict__[name] for name in ("lines", "overdue") if name in before.__dict__}
            )

    @cached_property
    def effective(self) -> Effective:
        """The limit of the whole customer."""
        return self.limit()

    @cached_property
    def total(self) -> int:
        """The exposure of the whole customer, never below 0; of a group, that of its members."""
        return self.exposure() if self.account.group is None else self.together.exposure

    @cached_property
    def together(self) -> Sum:
        """What the members of a group come to."""
        moment = self.moment
        found = summed(
            moment.members or (), self.currency, moment.references, self.day, moment.counting.stale_rate_days
        )
        self.missing.update(found.missing)
        return found

    def limit(self, place: Place = NOWHERE) -> Effective:
        """The effective limit of *place*."""
        found = effective(self.account, self.day, self.moment.references, self.currency, place)
        if found.missing:
            self.missing.add(found.missing)
        return found

    def details(self, place: Place = NOWHERE, without: str | None = None) -> ledger_exposure.Exposure:
        """The exposure of *place* by category, without what is open of the order *without*."""
        found = self._details.get((place, without))
        if found is None:
            found = self._details[place, without] = ledger_exposure.exposure(
                self.account,
                self.day,
                self.moment.counting,
                self.moment.references,
                self.currency,
                place=place if place != NOWHERE else None,
                without_order=without,
            )
        return found

    def exposure(self, place: Place = NOWHERE, without: str | None = None) -> int:
        """What counts of *place*, never below 0: what stands apart opens no limit (trap: negative exposure, limit 0)."""
        found = self.details(place, without)
        self.missing.update(found.missing)
        return max(0, units(found.total) - (self.advanced if place == NOWHERE else 0))

    @cached_property
    def advance_grant(self) -> int:
        """The advance funding that is granted; what is advanced within it counts against it, and not against the limit."""
        held = advance_limit(self.account, self.day)
        return self.in_currency(held.amount, held.currency) if held is not None else 0

    @cached_property
    def outstanding_advances(self) -> int:
        """What is advanced and not paid back."""
        return units(self.details().by_category.get(ADVANCE, Decimal(0)))

    @cached_property
    def advanced(self) -> int:
        """What is advanced within the grant."""
        return min(self.advance_grant, self.outstanding_advances) if self.advance_grant else 0

    def reserved(self, place: Place = NOWHERE, without: frozenset[str] = frozenset()) -> int:
        """What is kept for orders of *place* that are not booked yet, those of *without* left out."""
        if self.account.group is not None:
            return self.together.reserved
        total = advances = 0
        for one in self.account.reservations.values():
            if one.order_id not in without and within(one.place, place):
                counts = self.in_currency(self.counted(one), one.currency)
                total += counts
                advances += counts if one.what == ADVANCE else 0
        return total - (min(advances, self.advance_grant - self.advanced) if advances and place == NOWHERE else 0)

    def advances_kept(self, without: frozenset[str]) -> int:
        """What is kept for advances that are not paid out yet, those of *without* left out."""
        kept = [
            one for one in self.account.reservations.values() if one.what == ADVANCE and one.order_id not in without
        ]
        return sum(self.in_currency(self.counted(one), one.currency) for one in kept)

    def counted(self, one: Reservation) -> int:
        """What of a reservation still counts, in its own currency: nothing once it ran out, or its order is booked."""
        if self.moment.now and one.expires_at <= self.moment.now:
            return 0
        return counted(one, self.account, self.day)

    def in_currency(self, amount: int, code: str) -> int:
        """*amount* of *code* in the currency of the account; where a rate is missing that is remembered, and it is 0."""
        found = converted(amount, code, self.currency, self.moment.references, self.day)
        if found is None:
            self.missing.add(code)
            return 0
        return found

    @cached_property
    def lines(self) -> list[Line]:
        """What exposure consists of."""
        return ledger_exposure.lines(self.account, self.day, self.moment.counting)

    def later(self, until: int, place: Place, without: frozenset[str]) -> int:
        """Open orders of *place* beyond the credit horizon that are due by *until*, those of *without* left out."""
        return sum(
            self.in_currency(line.units, line.currency)
            for line in self.lines
            if line.category == LATER
            and line.due <= until
            and line.document not in without
            and within(line.place, place)
        )

    @cached_property
    def overdue(self) -> list[Overdue]:
        """What is late, the oldest first, in the currency of the account."""
        held = self.account.ledger.positions.values()
        if not any(key[0] == OVERDUE for holding in held for key in holding.sums):
            return []
        found = [
            Overdue(
                line.document, line.due, self.in_currency(line.units, line.currency), self.is_disputed(line.document)
            )
            for line in self.lines
            if line.category == OVERDUE and line.due and line.units > 0
        ]
        return sorted(found, key=lambda one: (one.due, one.document))

    def late_days(self, grace: int = 0) -> int:
        """Days past due of the oldest item that is not in dispute; 0 where none is later than *grace* days."""
        due = next((one.due for one in self.overdue if not one.is_disputed), 0)
        late = self.day - due if due else 0
        return late if late > grace else 0

    def next_lateness(self, stop_days: int) -> int:
        """The next day on which what is overdue now may stop supply; far where there is none."""
        days = [self.day + 1 for one in self.overdue if one.is_disputed][:1]
        days += [on for one in self.overdue if not one.is_disputed and (on := one.due + stop_days) > self.day][:1]
        return min(days, default=FAR)

    def overdue_ratio(self, grace: int) -> Decimal:
        """What is late by more than *grace* days ÷ all that is owed; exact, never rounded to 0 (trap: ratios)."""
        late = sum(one.amount for one in self.overdue if self.day - one.due > grace)
        if not late:
            return Decimal(0)
        owed = sum(
            self.in_currency(line.units, line.currency) for line in self.lines if line.category in {OVERDUE, NOT_DUE}
        )
        return Decimal(late) / Decimal(owed) if owed > 0 and late > 0 else Decimal(0)

    def is_disputed(self, document: str) -> bool:
        """Whether *document* is in dispute, and for no longer than a dispute counts (G-07)."""
        held = self.account.ledger.documents.get(document)
        for name in held.disputes if held is not None else ():
            one = self.account.ledger.disputes[name]
            if one.order is None or one.document != document or not one.opened <= self.day:
                continue
            if (not one.closed or self.day < one.closed) and self.day - one.opened <= DISPUTED_DAYS:
                return True
        return False

    def own(self, orders: frozenset[str], place: Place = NOWHERE) -> int:
        """What is in exposure of *orders* themselves, so that a check does not count them twice (trap: own document)."""
        known = sorted(orders & self.account.ledger.documents.keys())
        if not known:
            return 0
        whole = units(self.details(place).total)
        return sum(max(0, whole - units(self.details(place, one).total)) for one in known)

    def delivered(self, order: str) -> int:
        """What deliveries and invoices took of *order* so far, in the currency of the account."""
        documents = self.account.ledger.documents
        held = documents.get(order)
        takers = [documents[name] for name in held.takers] if held is not None else []
        return sum(
            self.in_currency(taken(one, order, self.day, documents), one.currency) for one in takers if one.order
        )

    def prepaid(self, order: str) -> int:
        """What the customer paid beforehand for *order*, less what was given back or put on documents of other orders."""
        payments = (self.account.ledger.payments[name] for name in self.account.prepayments.get(order, ()))
        mine = [one for one in payments if one.for_order == order and one.order is not None and one.paid <= self.day]
        return sum(
            max(0, self.in_currency(self._left(one, order), one.currency))
            for one in mine
            if one.purpose == "prepayment"
        )

    def _left(self, payment: Payment, order: str) -> int:
        """What of *payment* is still there for *order*."""
        left = payment.amount
        for day, back, _, _ in payment.reversals:
            if day <= self.day:
                left -= left if back < 0 else min(left, back)
        ledger = self.account.ledger
        left -= sum(
            r.amount for name in ledger.refunds_of.get(payment.id, ()) if (r := ledger.refunds[name]).day <= self.day
        )
        own = chain_of(order, ledger.documents)
        said = [(to, amount) for to, amount, _ in payment.allocations]
        said += [part for s in ledger.settlements_of(payment) if s.day <= self.day and not s.undone for part in s.to]
        return left - sum(amount for to, amount in said if to not in own)
