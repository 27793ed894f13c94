"""The kinds of values in an event, each declared once: Python type, wire form and bounds.

No `Meta(pattern=…)` here: msgspec 0.22 crashes in one of three interpreter exits where a decoder holds one (its issue 717).

The decimal types are `Decimal` to Python and to mypy. To `msgspec` they are classes of their own, so that it hands the raw
JSON value to `read_value` and a bare JSON number is seen and refused instead of passing through binary floating point.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from shared.core import limits, money
from shared.core.breach import Breach
from shared.core.money import is_plain_amount

if TYPE_CHECKING:
    Amount = Decimal
    SignedAmount = Decimal
    Ratio = Decimal
    Share = Decimal
else:

    class _DecimalKind(type):
        """Makes every `Decimal` an instance of the kinds below."""

        # the check of Decimal itself, in C: msgspec asks it of every amount
        __instancecheck__ = Decimal.__instancecheck__

        def __call__(cls, text: object) -> Decimal:
            """Read *text* as this kind. Raises Breach."""
            return _READERS[cls](str(text))

    class Amount(metaclass=_DecimalKind):
        """Money, not negative; the sibling field `currency` says of what."""

    class SignedAmount(metaclass=_DecimalKind):
        """A statement line or a balance; may be negative."""

    class Ratio(metaclass=_DecimalKind):
        """A ratio, points or a quantity of at most 9 decimals; 1 = 100 %."""

    class Share(metaclass=_DecimalKind):
        """A ratio between 0 and 1."""


_READERS: dict[Any, Callable[[object], Decimal]] = {
    Amount: money.parse_amount,
    SignedAmount: money.parse_signed_amount,
    Ratio: money.parse_ratio,
    Share: money.parse_share,
}
WIRE_PATTERNS: dict[Any, tuple[str, str]] = {
    Amount: ("amount", rf"^[0-9]{{1,{limits.AMOUNT_DIGITS}}}(\.[0-9]{{1,{limits.AMOUNT_DECIMALS}}})?$"),
    SignedAmount: ("signed amount", rf"^-?[0-9]{{1,{limits.AMOUNT_DIGITS}}}(\.[0-9]{{1,{limits.AMOUNT_DECIMALS}}})?$"),
    Ratio: ("ratio", rf"^-?[0-9]{{1,{limits.AMOUNT_DIGITS}}}(\.[0-9]{{1,{limits.RATIO_DECIMALS}}})?$"),
    Share: ("share", rf"^(0(\.[0-9]{{1,{limits.RATIO_DECIMALS}}})?|1(\.0{{1,{limits.RATIO_DECIMALS}}})?)$"),
}
"""Kind → its words and its JSON Schema pattern."""


def read_value(kind: Any, raw: object) -> Decimal:
    """Turn the raw JSON value *raw* into *kind*: the `dec_hook` of every decoder of events. Raises Breach."""
    if kind is Amount and type(raw) is str and is_plain_amount(raw):  # nearly all, and worth no further call
        return Decimal(raw)
    return _READERS[kind](raw)


def write_value(value: object) -> str:
    """Write a decimal that `msgspec` does not know by itself: the `enc_hook` of every encoder of events."""
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"an event cannot hold a {type(value).__name__}")


def _text(longest: int, shortest: int = 1) -> Any:
    return Meta(min_length=shortest, max_length=longest)


DocumentId = Annotated[str, _text(limits.ID_CHARACTERS)]
"""The id of a document, unique within the subject."""
Code = Annotated[str, _text(limits.CODE_CHARACTERS)]
"""An open code, kept and counted when unknown."""
Text = Annotated[str, _text(limits.TEXT_CHARACTERS)]
"""A line of free text."""
Currency = Annotated[str, Meta(min_length=3, max_length=3, extra_json_schema={"pattern": "^[A-Z]{3}$"})]
"""An ISO 4217 code."""
Days = Annotated[int, Meta(ge=0, le=limits.DAYS)]
Count = Annotated[int, Meta(ge=0, le=limits.COUNT)]
Months = Annotated[int, Meta(ge=1, le=120)]
DayOfMonth = Annotated[int, Meta(ge=1, le=31)]
Labels = Annotated[dict[Code, Text], Meta(max_length=limits.CODE_CHARACTERS)]
Sha256 = Annotated[str, Meta(min_length=64, max_length=64, extra_json_schema={"pattern": "^[0-9a-f]{64}$"})]

PersonalText = Annotated[str, Meta(min_length=1, max_length=limits.SEALED_CHARACTERS, extra={"personal": True})]
"""Text that can identify a person: sealed before it is kept."""
SEALED_PREFIX = "sealed:v1:"
ERASED = "erased:v1"
"""What is shown where the key of a sealed field was destroyed."""
SealedToken = Annotated[
    str, Meta(max_length=limits.SEALED_CHARACTERS, extra_json_schema={"pattern": f"^({SEALED_PREFIX}|{ERASED}$)"})
]
"""What a structured personal field holds once sealed or erased."""

Severity = Literal["info", "warning", "critical"]


_RESERVED = re.compile(r"[/?#%\s]")


def is_id(text: str) -> bool:
    """Whether *text* has only characters that the id of a customer may have."""
    return text.isprintable() and not _RESERVED.search(text)


def check_id(text: str, *, at: str) -> None:
    """Raise Breach unless *text* can name a stream: it is a key of the broker and a segment of a path."""
    if not is_id(text):
        message = "may not hold spaces, control characters or / ? # %; write the bare customer id"
        raise Breach(message, rule="characters", pointer=at)
    if not unicodedata.is_normalized("NFC", text):
        raise Breach("is not in Unicode normal form C; normalise it before sending", rule="nfc", pointer=at)


def check_customer_id(text: str, *, at: str) -> None:
    """Raise Breach unless *text* can be the id of a customer."""
    check_id(text, at=at)
    if text.startswith(("~", "g:")):
        message = "ids that start with ~ or g: are Gradeline's own; write the customer id"
        raise Breach(message, rule="subject", pointer=at)


def check_clear(text: object, *, at: str) -> None:
    """Raise Breach where a personal text in clear is longer than other texts may be; sealed, it is longer."""
    if isinstance(text, str) and len(text) > limits.TEXT_CHARACTERS and not text.startswith(SEALED_PREFIX):
        raise Breach(f"has more than {limits.TEXT_CHARACTERS} characters; shorten it", rule="too-long", pointer=at)


def check_currency(currency: str | None) -> None:
    """Raise Breach unless *currency* is absent or a known ISO 4217 code."""
    if currency is not None and currency not in money.CURRENCIES:
        raise Breach("is not an ISO 4217 currency code; write for example CNY", rule="currency", pointer="/currency")
