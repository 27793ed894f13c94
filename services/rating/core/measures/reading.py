"""One customer on one day, as measures read it: positions of all currencies as one, in the customer's currency."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from services.rating.core.context import Context
from services.rating.core.measures.small import MATERIAL, Exempt, late_in
from services.rating.core.state import State
from shared.core.customer.state import Setting
from shared.core.ledger.days import window_start
from shared.core.ledger.documents import UNIT
from shared.core.ledger.lanes import unpack
from shared.core.ledger.position import BOOKED, DUE, PAID, Lens, Position
from shared.core.measures.declared import Parameter
from shared.core.money import QUANTA

_NINE = 10**9
_NINTH_PLACE = Decimal("1e-9")  # to multiply by it is several times faster than `scaleb`, to the same digits
_UNIT = Decimal(1).scaleb(-UNIT)
UNDISPUTED = Lens(exclude_disputed=60, due_roll=True)
"""How an item is read that is called undisputed, where no rule says otherwise (G-07, G-08)."""


class Params(NamedTuple):
    """How a measure is asked for: its window, the lens (as an index), the materiality rule, and its own switches."""

    window: str = ""
    lens: int = 0
    grace: int = 0
    min_amount: str = ""
    basis: str = "amount"
    reading: str = "cash"
    signed: bool = False
    said: Mapping[str, Parameter] = {}
    """Every parameter, those that nothing was said of included."""

    def word(self, name: str) -> str:
        """The parameter *name* as text; empty where nothing is said."""
        return str(self.said.get(name, ""))


def ratio(numerator: int, denominator: int) -> Decimal:
    """*numerator* ÷ *denominator* to 9 decimals, half to even."""
    quotient, rest = divmod(numerator * _NINE, denominator)
    twice = rest * 2
    if twice > denominator or (twice == denominator and quotient & 1):
        quotient += 1
    return Decimal(quotient) * _NINTH_PLACE


class Reader:
    """Everything the measures of one customer read, on the day its ledger stands on."""

    __slots__ = (
        "context",
        "currency",
        "day",
        "memo",
        "only",
        "parts",
        "positions",
        "setting",
        "state",
        "without_rate",
    )

    def __init__(self, state: State, setting: Setting, context: Context) -> None:
        """Read *state* where its ledger stands; foreign positions at the rate known for that day."""
        self.state, self.setting, self.context = state, setting, context
        self.day = state.ledger.day
        self.without_rate = ""
        """A currency of which no rate is known, so that amounts cannot be added up; empty where there is none."""
        self.memo: dict[tuple[object, ...], list[int]] = {}
        self.only: Position | None = None
        """The one position of a customer whose items are all in its own currency."""
        held = {code: position for code, position in state.ledger.positions.items() if position.holds}
        if len(held) == 1 and "currency" not in state.profile:
            code, position = next(iter(held.items()))
            self.currency = code
            self.parts: list[tuple[Decimal | None, str, Position]] = [(None, code, position)]
            self.positions = [position]
            self.only = position
            return
        self.currency = self._currency(held)
        self.parts = []
        for code in sorted(held):
            rate = None if code == self.currency else context.rate(code, self.currency, self.day)
            if code != self.currency and rate is None:
                self.without_rate = code
            self.parts.append((rate, code, held[code]))
        self.positions = [position for _, _, position in self.parts]
        if len(self.parts) == 1 and self.parts[0][0] is None:
            self.only = self.positions[0]

    def _currency(self, held: dict[str, Position]) -> str:
        """The customer's currency: its own, else the one that most of its invoices are in, else the installation's."""
        own = self.state.attribute("currency", self.day)
        if own:
            return str(own)
        return min(held, key=lambda code: (-len(held[code].flow(BOOKED).days), code), default=self.setting.currency)

    def total(self, amounts: list[int]) -> int:
        """Add up one amount a position, each at its rate; rounded half to even to 10⁻⁴ for each foreign position."""
        if self.only is not None:
            return amounts[0]
        total = 0
        for (rate, _, _), amount in zip(self.parts, amounts, strict=True):
            total += amount if rate is None else int((rate * amount).to_integral_value(ROUND_HALF_EVEN))
        return total

    def flow(self, family: int, window: str, end: int = 0, slot: str = "") -> int:
        """The sum of *family* over *window* ending today, or on the day *end*; *slot* as in `Flow.window`."""
        day = end or self.day
        if self.only is not None:
            return self.only.flow(family).window(day, window, slot)
        return self.total([p.flow(family).window(day, window, slot) for p in self.positions])

    def month(self, family: int, index: int) -> int:
        """The sum of *family* over the calendar month *index*."""
        if self.only is not None:
            return self.only.flow(family).month(index)
        return self.total([p.flow(family).month(index) for p in self.positions])

    def converted(self, units: int, code: str) -> int | None:
        """*units* of *code* in the customer's currency, rounded half to even to 10⁻⁴; None where a rate is missing."""
        rate = self.context.rate(code, self.currency, self.day)
        return None if rate is None else int((rate * units).to_integral_value(ROUND_HALF_EVEN))

    def due(self, params: Params) -> list[int]:
        """[cash, on time, claims, items, items on time, still open] of what fell due in the window, before today."""
        key = ("due", params.lens, params.window, params.min_amount)
        held = self.memo.get(key)
        if held is None:
            low = window_start(self.day, params.window)
            parts = [self._due_of(at, low, params) for at in range(len(self.parts))]
            held = self.memo[key] = self._add_up(parts, 6, (3, 4))
        return held

    def _due_of(self, at: int, low: int, params: Params) -> list[int]:
        position, day = self.positions[at], self.day
        flow, opened = position.flow(DUE + params.lens), position.opens[params.lens]
        sums = unpack(flow.window(day, params.window) - flow.days.get(day, 0), 5)
        sums.append(opened.since(low, day))
        if sums[5] and (exempt := self._exempt(at, params)) is not None:
            units, items = exempt.after(low)
            sums[3] -= items
            sums[5] -= units
        if sums[0] != sums[1] and self._only_small_late(at, params):
            sums[1] = sums[0]
        return sums

    def settled(self, params: Params) -> list[int]:
        """[amount, amount × days late floored, amount × days late signed, amount early] of what was settled in the window."""
        key = ("settled", params.lens, params.window, params.min_amount)
        held = self.memo.get(key)
        if held is None:
            family = PAID + params.lens
            parts = []
            for at, position in enumerate(self.positions):
                sums = unpack(position.flow(family).window(self.day, params.window), 4)
                if sums[1] and self._only_small_late(at, params):
                    sums[2] -= sums[1]
                    sums[1] = 0
                parts.append(sums)
            held = self.memo[key] = self._add_up(parts, 4)
        return held

    def _only_small_late(self, at: int, params: Params) -> bool:
        """Whether materiality is asked for, and nothing material was settled late in the window (G-06).

        Portions settled late are kept by their days and the size of their item, and not as sums by size: what was late
        in items too small to matter can be told from the rest only where there is no rest. Beside late items that do
        matter, small ones weigh in by their amounts.
        """
        if not params.min_amount:
            return False
        key = ("small", params.lens, params.window, at)
        held = self.memo.get(key)
        if held is None:
            rate, code, position = self.parts[at]
            least = self.least(params, code, rate)
            found = bool(least) and not late_in(position.lates[params.lens], self.day, params.window, least)
            held = self.memo[key] = [found]
        return bool(held[0])

    def _exempt(self, at: int, params: Params) -> Exempt | None:
        """What of position *at* is open past its due date and yet not late: within grace, or too small to matter (G-06).

        Kept with the scan of open items that it goes with, and found again only where the scan was made again.
        """
        if not params.min_amount and not params.grace:
            return None
        rate, code, position = self.parts[at]
        opened, least = position.opens[params.lens], self.least(params, code, rate)
        key = (code, params.lens)
        held: Exempt | None = self.state.exempt.get(key)
        if held is None or held.scanned is not opened.scanned or held.least != least:
            held = self.state.exempt[key] = Exempt(opened, self.day, params.grace, least)
        return held

    def lanes(self, family: int, window: str, width: int, counts: tuple[int, ...] = ()) -> list[int]:
        """The *width* sums of *family* over *window* ending today; those at *counts* are no amounts."""
        parts = [unpack(p.flow(family).window(self.day, window), width) for p in self.positions]
        return self._add_up(parts, width, counts)

    def overdue(self, params: Params) -> list[int]:
        """[overdue, Σ amount × days past due] of open items that count as late."""
        key = ("overdue", params.lens, params.min_amount)
        held = self.memo.get(key)
        if held is None:
            day, grace, parts = self.day, params.grace, []
            for at, position in enumerate(self.positions):
                scan = position.opens[params.lens].scan(day, grace)
                overdue, weighted = scan[0], scan[5]
                if overdue and (exempt := self._exempt(at, params)) is not None:
                    overdue, weighted = overdue - exempt.units, weighted - exempt.weighted
                parts.append([overdue, weighted])
            held = self.memo[key] = self._add_up(parts, 2)
        return held

    def split(self, columns: list[list[int]]) -> list[Decimal]:
        """Columns of amounts, one a position each, as money that adds up to the money of all of them together.

        Each is the difference of two running totals, rounded half to even: rounded one by one they would not add up where
        rates, or amounts finer than the currency, make them finer than its minor unit.
        """
        running, before, found = [0] * len(self.positions), self.money(0), []
        for column in columns:
            running = [total + amount for total, amount in zip(running, column, strict=True)]
            now = self.money(self.total(running))
            found.append(now - before)
            before = now
        return found

    def _add_up(self, parts: list[list[int]], width: int, counts: tuple[int, ...] = ()) -> list[int]:
        """Add up lists of amounts, one list a position; numbers at *counts* are no amounts, so rates do not touch them."""
        if len(parts) == 1 and self.only is not None:
            return parts[0]
        if not parts:
            return [0] * width
        columns = [[part[i] for part in parts] for i in range(width)]
        return [sum(column) if i in counts else self.total(column) for i, column in enumerate(columns)]

    def balance(self, params: Params) -> int:
        """What is open."""
        return self.total([p.opens[params.lens].total for p in self.positions])

    def scalar(self, name: str) -> int:
        """One plain sum, such as cash not yet on any document; never below 0."""
        return max(0, self.total([p.scalars.sums.get(name, 0) for _, _, p in self.parts]))

    def worst(self, params: Params, *, paid: bool = True) -> int:
        """Days late of the worst portion settled in the window and of the oldest open item; 0: none was late."""
        key = ("worst", params.lens, params.window, params.grace, params.min_amount, paid)
        held = self.memo.get(key)
        if held is not None:
            return held[0]
        worst = 0
        for rate, code, position in self.parts:
            least = self.least(params, code, rate)
            if paid:
                worst = max(worst, position.lates[params.lens].worst(self.day, params.window, least))
            worst = max(worst, position.opens[params.lens].oldest(self.day, least, params.grace))
        self.memo[key] = [worst]
        return worst

    def least(self, params: Params, code: str, rate: Decimal | None) -> int:
        """The materiality threshold in units of *code*: min(1,000 CNY, 1 % of a month's invoicing of 12) (G-06)."""
        if params.min_amount != "G-06":
            return 0
        held = self.memo.get(("least", code))
        if held is None:
            held = self.memo["least", code] = [self._least(code, rate)]
        return held[0]

    def _least(self, code: str, rate: Decimal | None) -> int:
        share = self.flow(BOOKED, "12m") // 1200
        if rate:
            share = int(Decimal(share) / rate)
        fixed = self.context.from_cny(MATERIAL, code, self.day)
        return share if fixed is None else min(fixed, share)

    def money(self, amount: int) -> Decimal:
        """*amount* units as money of the customer's currency, rounded half to even where rates made it finer."""
        return (Decimal(amount) * _UNIT).quantize(QUANTA[self.currency], ROUND_HALF_EVEN)

    def first_sale(self) -> int:
        """The day of the first credit sale; 0: none yet."""
        if self.only is not None:
            return self.only.flow(BOOKED).first()
        return min((first for p in self.positions if (first := p.flow(BOOKED).first())), default=0)
