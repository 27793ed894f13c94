"""One customer on one day, as measures read it: positions of all currencies as one, in the customer's currency."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from services.rating.core.context import Context
from services.rating.core.days import window_start
from services.rating.core.documents import UNIT
from services.rating.core.lanes import unpack
from services.rating.core.position import BOOKED, CASHED, DUE, PAID, Position
from services.rating.core.state import Setting, State
from services.rating.core.timeline import postings
from shared.core.money import QUANTA

_NINE = 10**9
_QUANTUM = Decimal("1e-9")


class Params(NamedTuple):
    """How a measure is asked for: its window, the lens (as an index), the materiality rule, and its own switches."""

    window: str = ""
    lens: int = 0
    grace: int = 0
    min_amount: str = ""
    basis: str = "amount"
    reading: str = "cash"
    signed: bool = False


def ratio(numerator: int, denominator: int) -> Decimal:
    """*numerator* ÷ *denominator* to 9 decimals, half to even."""
    quotient, rest = divmod(numerator * _NINE, denominator)
    twice = rest * 2
    if twice > denominator or (twice == denominator and quotient & 1):
        quotient += 1
    return Decimal(quotient).scaleb(-9)


class Reader:
    """Everything the measures of one customer read, on the day its ledger stands on."""

    __slots__ = ("context", "currency", "day", "memo", "only", "parts", "positions", "setting", "state", "without_rate")

    def __init__(self, state: State, setting: Setting, context: Context) -> None:
        """Read *state* where its ledger stands; foreign positions at the rate known for that day."""
        self.state, self.setting, self.context = state, setting, context
        self.day = state.ledger.day
        self.without_rate = ""
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
        total = 0
        for (rate, _, _), amount in zip(self.parts, amounts, strict=True):
            total += amount if rate is None else int((rate * amount).to_integral_value(ROUND_HALF_EVEN))
        return total

    def flow(self, family: int, window: str) -> int:
        """The sum of *family* over *window* ending today."""
        day = self.day
        if self.only is not None:
            return self.only.flow(family).window(day, window)
        return self.total([p.flow(family).window(day, window) for p in self.positions])

    def due(self, params: Params) -> list[int]:
        """[cash, on time, claims, items, items on time, still open] of what fell due in the window, before today."""
        key = ("due", params.lens, params.window, params.min_amount)
        held = self.memo.get(key)
        if held is None:
            held = self.memo[key] = self._add_up([self._due_of(p, params) for p in self._seen(params)], 6, (3, 4))
        return held

    def _due_of(self, position: Position, params: Params) -> list[int]:
        flow, day = position.flow(DUE + params.lens), self.day
        sums = unpack(flow.window(day, params.window) - flow.days.get(day, 0), 5)
        sums.append(position.opens[params.lens].since(window_start(day, params.window), day))
        return sums

    def settled(self, params: Params) -> list[int]:
        """[amount, amount × days late floored, amount × days late signed, amount early] of what was settled in the window."""
        key = ("settled", params.lens, params.window, params.min_amount)
        held = self.memo.get(key)
        if held is None:
            family, window = PAID + params.lens, params.window
            parts = [unpack(p.flow(family).window(self.day, window), 4) for p in self._seen(params)]
            held = self.memo[key] = self._add_up(parts, 4)
        return held

    def cashed(self, window: str) -> list[int]:
        """[amount, amount × days from booking to money] of what was settled in *window*."""
        parts = [unpack(p.flow(CASHED).window(self.day, window), 2) for p in self.positions]
        return self._add_up(parts, 2)

    def overdue(self, params: Params) -> list[int]:
        """[overdue, 1–30, 31–60, 61–90, over 90, Σ amount × days past due] of open items."""
        key = ("overdue", params.lens, params.grace, params.min_amount)
        held = self.memo.get(key)
        if held is None:
            parts = [list(p.opens[params.lens].scan(self.day, params.grace)) for p in self._seen(params)]
            held = self.memo[key] = self._add_up(parts, 6)
        return held

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
        return self.total([p.opens[params.lens].total for p in self._seen(params)])

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
        fixed = self.context.materiality(code, self.day)
        return share if fixed is None else min(fixed, share)

    def _seen(self, params: Params) -> list[Position]:
        """The positions, without the documents that are not material where *params* asks for that.

        Leaving documents out of amount-weighted sums costs a walk over all documents, so the shipped methods ask for
        materiality only where one item decides (the worst lateness).
        """
        if not params.min_amount:
            return self.positions
        return [self._material(params, code, rate) for rate, code, _ in self.parts]

    def _material(self, params: Params, code: str, rate: Decimal | None) -> Position:
        least = self.least(params, code, rate)
        ledger = self.state.ledger
        position = Position(len(ledger.lenses))
        for document in ledger.documents.values():
            if document.currency == code and document.amount >= least:
                for posting in postings(document, ledger):
                    if posting[0] <= self.day:
                        position.post(posting, 1)
        return position

    def money(self, amount: int) -> Decimal:
        """*amount* units as money of the customer's currency, rounded half to even where rates made it finer."""
        return Decimal(amount).scaleb(-UNIT).quantize(QUANTA[self.currency], ROUND_HALF_EVEN)

    def first_sale(self) -> int:
        """The day of the first credit sale; 0: none yet."""
        if self.only is not None:
            return self.only.flow(BOOKED).first()
        return min((first for p in self.positions if (first := p.flow(BOOKED).first())), default=0)
