"""What both files of rules are written with: conditions, lengths of time, receivers."""

from __future__ import annotations

import re

from services.alerts.core.rules import Test, Tests
from services.alerts.core.worktime import Span
from shared.edge.policy_yaml import Section

_SPAN = re.compile(r"(\d{1,4})\s*(working )?(s|m|h|d|seconds?|minutes?|hours?|days?)")
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}
_NUMBER = re.compile(r"(>=|<)\s*(-?\d{1,9})")
_RECEIVER = re.compile(r"(owner|line|told|(role|person|line|unit):(\{[a-z_]+\}|[^\s:{}]+))")


def read_span(text: str) -> Span:
    """A length of time: `30 minutes`, `4h`, `2 working hours`, `1 working day`. Raises ValueError."""
    match = _SPAN.fullmatch(text.strip())
    if match is None or match[3][0] == "s":
        raise ValueError("write 30 minutes, 4h, 2 working hours or 1 working day")
    count, unit = int(match[1]), match[3][0]
    if match[2] and unit == "d":
        return Span(0, True, count)
    return Span(count * _MINUTES[unit], bool(match[2]))


def read_seconds(text: str) -> int:
    """A length of time on the clock: `30s`, `5m`, `4h`. Raises ValueError."""
    match = _SPAN.fullmatch(text.strip())
    if match is None or match[2]:
        raise ValueError("write 30s, 5m or 4h")
    return int(match[1]) * (1 if match[3][0] == "s" else 60 * _MINUTES[match[3][0]])


def read_tests(section: Section, key: str) -> Tests:
    """The conditions under *key*; none where it is absent: a field and its text, a list of texts, `not A, B`, `>= 2`, `< 3`."""
    inner = section.maybe_section(key)
    if inner is None:
        return ()
    return tuple(_test(inner, name) for name in inner.names())


def _test(section: Section, name: str) -> Test:
    if section.is_list(name):
        values = section.texts(name)
        if not values:
            section.wrong("the list is empty, so it holds of nothing; write a value or leave it out", name)
        return Test(name, "in", values)
    text = section.take(name, str)
    if match := _NUMBER.fullmatch(text):
        return Test(name, "at_least" if match[1] == ">=" else "below", (match[2],))
    if text[:1] in "<>=!" and text:
        section.wrong(f"{text!r} is no condition; write >= 2, < 3, a text, or not followed by a text", name)
    if text.startswith("not "):
        return Test(name, "not in", tuple(text[4:].split(", ")))
    return Test(name, "in", (text,))


def read_receivers(section: Section, key: str) -> tuple[str, ...]:
    """Who is told. Raises Misconfigured."""
    said = section.texts(key)
    for one in said:
        if not _RECEIVER.fullmatch(one):
            section.wrong(
                f"{one!r} is nobody; write owner, line, role:NAME, person:NAME, line:PERSON or unit:NAME", key
            )
    return said
