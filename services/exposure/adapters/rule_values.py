"""How the values of the rule files of exposure are read."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from shared.core.ledger.documents import units
from shared.edge.policy_yaml import Section, read_flag, read_number, read_section, read_text

T = TypeVar("T")


def whole(text: str, file: str) -> Section:
    """The one mapping of *text*. Raises Misconfigured."""
    section = read_section(text, file)
    section.maybe("assumed", read_flag)
    return section


def closed(section: Section, made: T) -> T:
    """*made*, once nothing of *section* is left but where it comes from. Raises Misconfigured."""
    section.maybe("reference", read_text)
    section.maybe("assumed", read_flag)
    section.close()
    return made


def share(text: str) -> Decimal:
    """A share between 0 and 1. Raises ValueError."""
    number = read_number(text)
    if not 0 <= number <= 1:
        raise ValueError("write a share between 0 and 1, e.g. 0.30 for 30 %")
    return number


def factor(text: str) -> Decimal:
    """A number that is not negative. Raises ValueError."""
    number = read_number(text)
    if number < 0:
        raise ValueError("write a number that is not negative, e.g. 1.2")
    return number


def money(text: str) -> int:
    """An amount in units of 10⁻⁴. Raises ValueError."""
    return units(factor(text))


def one_of(section: Section, key: str, name: str, read: Callable[[str], T]) -> T:
    """The one value *name* of the section under *key*."""
    inner = section.section(key)
    return closed(inner, inner.take(name, read))


def two_of(section: Section, key: str, first: str, second: str, read: Callable[[str], T]) -> tuple[T, T]:
    """The two values *first* and *second* of the section under *key*."""
    inner = section.section(key)
    return closed(inner, (inner.take(first, read), inner.take(second, read)))
