"""How a cell was written: what a spreadsheet's cell holds besides text, and the forms of digits and signs people type."""

from __future__ import annotations

from typing import Final


class Number(str):
    """A number of a spreadsheet as decimal text: a point before the decimals, no exponent, no grouping."""

    __slots__ = ()


class Moment(str):
    """A date or a date with a clock time of a spreadsheet, in ISO form, without a zone."""

    __slots__ = ()


class Flawed(str):
    """A cell that cannot be believed: who reads it is refused with *rule* and *message*. As text it is what is there."""

    __slots__ = ("message", "rule")
    rule: str
    message: str

    def __new__(cls, text: str, rule: str, message: str) -> Flawed:
        """The cell *text*, refused by *rule*."""
        made = super().__new__(cls, text)
        made.rule, made.message = rule, message
        return made


class Marked(str):
    """The digits of an amount beside which a currency's mark stood: one of *currencies* is meant."""

    __slots__ = ("currencies",)
    currencies: frozenset[str]

    def __new__(cls, digits: str, currencies: frozenset[str]) -> Marked:
        """*digits* of one of *currencies*."""
        made = super().__new__(cls, digits)
        made.currencies = currencies
        return made


_NARROW: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: 0x20,  # the blank as wide as a character
    0x00A0: 0x20,  # the blank that does not break
    0x202F: 0x20,
    0xFFE5: 0x00A5,  # ￥ → ¥
    0x2212: 0x2D,  # the minus sign
    0x2013: 0x2D,  # a dash typed for it
    0xFE63: 0x2D,
}
_YUAN: Final = frozenset({"CNY"})
MARKS: Final = {"人民币": _YUAN, "RMB": _YUAN, "CNY": _YUAN, "元": _YUAN, "¥": frozenset({"CNY", "JPY"})}
"""What may stand beside an amount, and the currencies it can mean. Any other mark is refused with the cell."""


def narrow(text: str) -> str:
    """*text* with full-width digits, letters and signs in their usual width."""
    return text if text.isascii() else text.translate(_NARROW).strip()


def unmarked(text: str) -> tuple[str, frozenset[str]]:
    """*text* without the mark of a currency before or behind it, and what that mark can mean; empty: there is none."""
    if text[:1].isdecimal() and text[-1:].isdecimal():
        return text, frozenset()
    shout = text.upper()
    for mark, currencies in MARKS.items():
        if shout.startswith(mark):
            return text[len(mark) :].strip(), currencies
        if shout.endswith(mark):
            return text[: -len(mark)].strip(), currencies
    return text, frozenset()
