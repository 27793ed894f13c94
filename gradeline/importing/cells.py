"""What one cell of a file says: a date, an amount, a number, a text. A cell that breaks a rule raises Malformed,
whose pointer is `/<column>` and whose message ends with the remedy."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

from gradeline.importing import dates
from gradeline.importing.written import Flawed, Marked, Moment, Number, narrow, unmarked
from shared.core import limits
from shared.core.errors import Malformed

Cells = Mapping[str, str]
"""One row: column name → cell, as it stands in the file; of a spreadsheet, what its cells hold (`written`)."""


def refused(column: str, rule: str, message: str) -> Malformed:
    """The refusal of one cell."""
    return Malformed(message, pointer=f"/{column}", rule=rule)


def cell(row: Cells, column: str) -> str:
    """The text of *column*: surrounding blanks removed, Unicode composed (NFC)."""
    text = row[column]
    if type(text) is not str:
        if isinstance(text, Flawed):
            raise refused(column, text.rule, text.message)
        return text
    text = text.strip()
    if not text.isascii():
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            raise refused(
                column, "encoding", "holds bytes of another encoding; set 'encoding:' in the mapping, e.g. gb18030"
            )
        text = unicodedata.normalize("NFC", text)
    return text


def filled(row: Cells, column: str) -> str:
    """The text of *column*; an empty cell is refused."""
    text = cell(row, column)
    if not text:
        raise refused(column, "empty", "is empty; fill it in, or mark the field 'optional: yes' in the mapping")
    return text


@lru_cache(maxsize=65536)
def wall_clock(text: str, form: str) -> datetime | None:
    """The time that *text* says in *form* (an order of `dates`, or strptime), or None. Files repeat their dates, so it
    is remembered."""
    if form in dates.ORDERS:
        return dates.ordered(narrow(text), form)
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None


def moment(row: Cells, column: str, form: str) -> datetime:
    """The wall-clock time of *column* written as *form*; a date of a spreadsheet needs none. The zone is not meant: it is
    the mapping's."""
    text = filled(row, column)
    is_typed = type(text) is Moment
    found = datetime.fromisoformat(text).replace(tzinfo=UTC) if is_typed else wall_clock(text, form)
    if found is None:
        raise refused(column, *dates.why_not(text, form, is_number=type(text) is Number))
    if not limits.EARLIEST_DATE <= found.date() <= limits.LATEST_DATE:
        years = f"{limits.EARLIEST_DATE} to {limits.LATEST_DATE}"
        raise refused(column, "range", f"'{text}' is the date {found.date()}, outside {years}; correct the year")
    return found


def day(row: Cells, column: str, form: str) -> date:
    """The date of *column* written as *form*."""
    return moment(row, column, form).date()


def amount(row: Cells, column: str, *, decimal: str, thousands: str, sign: str) -> str:
    """The amount of *column* as decimal digits without a sign; `Marked` where a currency's mark stands beside it.

    A minus may stand before or behind (`12.50-`), or brackets around. *sign* says what it means: `as_is` refuses
    negative amounts, `reversed` refuses positive ones, `absolute` takes both.
    """
    text = filled(row, column)
    digits, negative = plain(text, decimal=decimal, thousands=thousands)
    if digits is None:
        raise not_an_amount(column, text, decimal)
    if negative and sign == "as_is":
        raise refused(
            column, "negative", f"'{text}' is negative; the kind of fact gives the direction, so map such rows apart"
        )
    if not negative and sign == "reversed" and digits.strip("0."):
        raise refused(
            column, "positive", f"'{text}' is positive where only negative amounts are expected; map such rows apart"
        )
    return digits


def not_an_amount(column: str, text: str, decimal: str) -> Malformed:
    """The refusal of a cell that holds no amount."""
    return refused(column, "amount", f"'{text}' is not an amount; write digits with '{decimal}' before the decimals")


def of_currency(row: Cells, column: str, amount: Marked, currency: object) -> str:
    """The digits of *amount*. Raises Malformed where the mark beside them is that of another currency."""
    if isinstance(currency, str) and currency not in amount.currencies:
        message = f"'{row[column]}' is marked as {' or '.join(sorted(amount.currencies))}, the row says {currency}"
        raise refused(column, "currency-mark", f"{message}; correct one of the two")
    return str(amount)


def plain(text: str, *, decimal: str, thousands: str) -> tuple[str | None, bool]:
    """The digits of *text* and whether it is negative; None where it is no amount."""
    currencies: frozenset[str] = frozenset()
    if type(text) is Number:  # as the spreadsheet holds it, whatever marks the mapping's texts have
        decimal, thousands = ".", ""
    else:
        text, currencies = unmarked(narrow(text))
    text, negative = _signed(text)
    if not currencies:
        text, currencies = unmarked(text)
    if not _shape(decimal, thousands).fullmatch(text):
        return None, False
    digits = (text.replace(thousands, "") if thousands else text).replace(decimal, ".")
    return (Marked(digits, currencies) if currencies else digits), negative and bool(digits.strip("0."))


def _signed(text: str) -> tuple[str, bool]:
    if text.startswith("(") and text.endswith(")"):
        return text[1:-1].strip(), True
    if text.startswith("-"):
        return text[1:].strip(), True
    if text.endswith("-"):
        return text[:-1].strip(), True
    return text.removeprefix("+").strip(), False


@lru_cache(maxsize=16)
def _shape(decimal: str, thousands: str) -> re.Pattern[str]:
    grouped = rf"[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+|" if thousands else ""
    return re.compile(rf"(?:{grouped}[0-9]+)(?:{re.escape(decimal)}[0-9]+)?")


def whole(row: Cells, column: str) -> int:
    """The whole number of *column*."""
    text = filled(row, column)
    if not re.fullmatch(r"-?[0-9]{1,15}", narrow(text)):
        raise refused(column, "number", f"'{text}' is not a whole number; write digits only")
    return int(narrow(text))


def ratio(row: Cells, column: str, *, decimal: str) -> str:
    """The decimal number of *column*, sign kept, as a string with a point."""
    text = filled(row, column)
    digits, negative = plain(text, decimal=decimal, thousands="")
    if digits is None or type(digits) is Marked:
        raise refused(column, "number", f"'{text}' is not a number; write digits with '{decimal}' before the decimals")
    return f"-{digits}" if negative else digits


def choice(row: Cells, column: str, table: Mapping[str, str], otherwise: str | None) -> str:
    """What *table* says for the text of *column*."""
    text = filled(row, column)
    found = table.get(text, otherwise)
    if found is None:
        known = ", ".join(sorted(table)[:8])
        raise refused(column, "lookup", f"'{text}' is not in the table of the mapping; add it beside: {known}")
    return found
