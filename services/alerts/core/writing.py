"""Figures as readers of a language expect them: money with its currency, dates, shares. Figures come as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from shared.core.money import CURRENCIES

MISSING = "–"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"-?\d+(?:\.(\d+))?")
_SHARES = ("ratio", "share", "utilisation", "mark")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def written(name: str, value: str, *, currency: str, language: str) -> str:
    """The figure *name* as it is read in *language*. *currency* is that of the figures; empty: none is money."""
    if _DATE.fullmatch(value):
        return day(value, language)
    number = _NUMBER.fullmatch(value)
    if number is None:
        return value
    if name.endswith(_SHARES):
        return f"{(Decimal(value) * 100).quantize(Decimal('0.1')).normalize():f}%"
    # money is said with all decimals of its currency, counts and points are not
    if currency in CURRENCIES and number[1] is not None and len(number[1]) == CURRENCIES[currency]:
        return money(value, currency, language)
    return value


def all_written(figures: Mapping[str, str], language: str) -> dict[str, str]:
    """Every figure by name."""
    currency = figures.get("currency", "")
    return {name: written(name, value, currency=currency, language=language) for name, value in figures.items()}


def money(amount: str, currency: str, language: str) -> str:
    """`CNY 1,200.00`, `1,200.00 元`."""
    grouped = f"{Decimal(amount):,f}"
    return f"{grouped} 元" if language == "zh" and currency == "CNY" else f"{currency} {grouped}"


def day(text: str, language: str) -> str:
    """`5 Jan 2026`, `2026年1月5日`; what is no date stays as it is."""
    try:
        on = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{on.year}年{on.month}月{on.day}日" if language == "zh" else f"{on.day} {_MONTHS[on.month - 1]} {on.year}"
