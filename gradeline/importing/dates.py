"""Dates as ERPs and people write them. Which of two numbers is the month is never guessed: the mapping names the order."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from gradeline.importing.written import narrow

ORDERS: Final = {
    "ymd": "the year first: 2024/1/5, 2024-01-05, 2024.1.5, 2024年1月5日 or 20240105",
    "mdy": "the month first: 1/5/2024 is 5 January; dates with the year first are understood too",
    "dmy": "the day first: 1/5/2024 is 1 May; dates with the year first are understood too",
}
"""What `dates:` and `form:` may say instead of a strptime form. A clock time behind the date is passed over."""
_CLOCK = r"(?:[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_YEAR_FIRST = re.compile(
    rf"(?:(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}})|(\d{{4}}) ?年 ?(\d{{1,2}}) ?月 ?(\d{{1,2}}) ?日?|(\d{{4}})(\d\d)(\d\d)){_CLOCK}",
    re.ASCII,
)
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_CLOCK}", re.ASCII)


def ordered(text: str, order: str) -> datetime | None:
    """The day that *text* says in *order*, at midnight, or None."""
    first = _YEAR_FIRST.fullmatch(text)
    if first is not None:
        year, month, day = (int(part) for part in first.groups() if part and part.isdigit())
        return _at(year, month, day)
    last = _YEAR_LAST.fullmatch(text) if order != "ymd" else None
    if last is None:
        return None
    one, two, year = int(last[1]), int(last[3]), int(last[4])
    return _at(year, one, two) if order == "mdy" else _at(year, two, one)


def _at(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None


def why_not(text: str, form: str, *, is_number: bool) -> tuple[str, str]:
    """The rule, and the sentence with the remedy, for *text* that is no date of *form*."""
    if form == "ymd" and _YEAR_LAST.fullmatch(narrow(text)):
        return (
            "date-order",
            f"'{text}' may begin with the day or the month; say dates: mdy or dates: dmy in the mapping",
        )
    if is_number:
        return "date", f"{text} is a number; give the column a date format in the spreadsheet"
    said = ORDERS.get(form, f"written {form}")
    return "date", f"'{text}' is not a date ({said}); correct it, or the form in the mapping"
