"""Money: decimal amounts that are text on the wire, the currencies and their minor units.

Wire form: plain decimal notation in ASCII digits (`12.5`, `1200`), no sign, no exponent, no spaces. Never a JSON number,
which would pass through binary floating point. Source of codes and digits: ISO 4217 (list one, and withdrawn codes).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from types import MappingProxyType

from shared.core.breach import Breach
from shared.core.limits import AMOUNT_DECIMALS, AMOUNT_DIGITS, RATIO_DECIMALS

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_TWO_DECIMALS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU
CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"
_WITHDRAWN = "ANG BGN CUC HRK SLL ZWL"  # two decimals each; books of past years still hold them

CURRENCIES: MappingProxyType[str, int] = MappingProxyType(
    {
        code: digits
        for digits, codes in enumerate((_NO_DECIMALS, "", _TWO_DECIMALS + _WITHDRAWN, _THREE_DECIMALS, _FOUR_DECIMALS))
        for code in codes.split()
    }
)
"""ISO 4217 code → decimals. Metals, bond units, test and "no currency" codes have no minor unit and are left out."""
QUANTA: Mapping[str, Decimal] = {code: Decimal(1).scaleb(-digits) for code, digits in CURRENCIES.items()}
"""ISO 4217 code → one minor unit as a Decimal with exactly its decimals (CNY → 0.01)."""

_EXACT = Context(prec=40, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation])
_AMOUNT = re.compile(rf"[0-9]{{1,{AMOUNT_DIGITS}}}(?:\.[0-9]{{1,{AMOUNT_DECIMALS}}})?")
_SIGNED = re.compile(rf"-?[0-9]{{1,{AMOUNT_DIGITS}}}(?:\.[0-9]{{1,{AMOUNT_DECIMALS}}})?")
_RATIO = re.compile(rf"-?[0-9]{{1,{AMOUNT_DIGITS}}}(?:\.[0-9]{{1,{RATIO_DECIMALS}}})?")
_SHARE = re.compile(rf"(?:0(?:\.[0-9]{{1,{RATIO_DECIMALS}}})?|1(?:\.0{{1,{RATIO_DECIMALS}}})?)")
_NUMBER = re.compile(r"-?[0-9]+(?:\.(?P<decimals>[0-9]+))?")
_SMALLEST_WITHOUT_EXPONENT = -6  # str(Decimal) writes 0.000001 and 1E-7
is_plain_amount = _AMOUNT.fullmatch


def parse_amount(text: object) -> Decimal:
    """Return the amount ≥ 0 that *text* writes, decimals as written. Raises Breach."""
    if type(text) is str and is_plain_amount(text):
        return Decimal(text)
    raise _breach(text, AMOUNT_DECIMALS, 'a plain decimal such as "1200" or "12.50", not negative and below 10^15')


def parse_signed_amount(text: object) -> Decimal:
    """Return the balance or statement line that *text* writes; it may be negative. Raises Breach."""
    if type(text) is str and _SIGNED.fullmatch(text):
        return Decimal(text)
    raise _breach(text, AMOUNT_DECIMALS, 'a plain decimal such as "-12.50", between -10^15 and 10^15')


def parse_ratio(text: object) -> Decimal:
    """Return the ratio, points or quantity that *text* writes (1 = 100 %). Raises Breach."""
    if type(text) is str and _RATIO.fullmatch(text):
        return plain(Decimal(text))
    raise _breach(text, RATIO_DECIMALS, 'a plain decimal of at most 9 decimals such as "0.85"')


def parse_share(text: object) -> Decimal:
    """Return the share between 0 and 1 that *text* writes. Raises Breach."""
    if type(text) is str and _SHARE.fullmatch(text):
        return plain(Decimal(text))
    raise _breach(text, RATIO_DECIMALS, 'a plain decimal between 0 and 1 of at most 9 decimals such as "0.02"')


class _Tiny(Decimal):
    """A number below 0.000001, which `Decimal` would write with an exponent."""

    def __str__(self) -> str:
        return format(self, "f")


def plain(value: Decimal) -> Decimal:
    """Return *value* without trailing zeros or exponent: the one form of a number that has no currency."""
    if value == 0:
        return Decimal(0)
    slim = value.normalize(_EXACT)
    if slim == slim.to_integral_value():
        return slim.quantize(Decimal(1), context=_EXACT)
    return _Tiny(slim) if slim.adjusted() < _SMALLEST_WITHOUT_EXPONENT else slim


def settle(amount: Decimal, currency: str) -> Decimal:
    """Return *amount* with exactly the decimals of *currency* (12.5 CNY → 12.50). Raises Breach, never rounds.

    More decimals than the currency has are refused even where they are zeros: who writes 1.000 CNY may mean a thousand.
    """
    digits = CURRENCIES.get(currency)
    if digits is None:
        raise Breach("is not an ISO 4217 currency code; write for example CNY", rule="currency", pointer="/currency")
    if -int(amount.as_tuple().exponent) > digits:
        raise Breach(f"{currency} has {digits} decimals; write the amount with at most {digits}", rule="scale")
    return amount.quantize(QUANTA[currency], context=_EXACT)


def minor_units(currency: str) -> int:
    """Return the number of decimals of *currency*. Raises Breach for a code that is not in CURRENCIES."""
    if currency not in CURRENCIES:
        raise Breach("is not an ISO 4217 currency code; write for example CNY", rule="currency", pointer="/currency")
    return CURRENCIES[currency]


def to_minor(amount: Decimal, currency: str) -> int:
    """Return *amount* as a whole number of minor units (12.50 CNY → 1250). Exact, or raises Breach."""
    return int(settle(amount, currency).scaleb(minor_units(currency), context=_EXACT))


def from_minor(n: int, currency: str) -> Decimal:
    """Return *n* minor units as an amount with all decimals of *currency* (1250 CNY → 12.50)."""
    return Decimal(n).scaleb(-minor_units(currency), context=_EXACT)


def _breach(value: object, decimals: int, remedy: str) -> Breach:
    """Say which rule *value* broke: its type, its scale, its range or its notation."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Breach(f"must be a string, not a bare JSON number; write {remedy}", rule="bare-number")
    if not isinstance(value, str):
        return Breach(f"must be a string; write {remedy}", rule="amount")
    number = _NUMBER.fullmatch(value)
    if number is None:
        return Breach(f"is not a number we read; write {remedy}", rule="amount")
    if len(number["decimals"] or "") > decimals:
        return Breach(f"has more than {decimals} decimals; write {remedy}", rule="scale")
    return Breach(f"is out of range; write {remedy}", rule="range")
