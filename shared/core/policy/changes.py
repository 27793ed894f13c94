"""What changed from one version of a policy to another, place by place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from shared.core.policy.policy import SPOKEN, Policy

_HEAD = ("method", "version", "sha256")
_NAMES = ("id", "grade", "code", "start")
"""What tells the entries of a list apart, in this order."""


class Change(msgspec.Struct, frozen=True):
    """One place: None where it was not there before, or is no longer."""

    at: str
    before: str | None
    after: str | None
    words_only: bool = False
    """Whether it is a matter of words, which leaves the sha256 as it was."""


def changes(before: Policy, after: Policy) -> tuple[Change, ...]:
    """Return every place at which the two differ, in the order of the file."""
    old, new = dict(_places(msgspec.to_builtins(before), "")), dict(_places(msgspec.to_builtins(after), ""))
    found = []
    for at in dict.fromkeys([*old, *new]):
        if old.get(at) != new.get(at):
            found.append(Change(at, old.get(at), new.get(at), any(part in SPOKEN for part in at.split("."))))
    return tuple(found)


def _places(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if at or key not in _HEAD:
                yield from _places(inner, f"{at}.{key}" if at else key)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _places(inner, f"{at}[{_name(inner, place)}]")
    else:
        yield at, _text(value)


def _name(entry: Any, place: int) -> str:
    """What an entry is called: where it has a name it may move without being another."""
    if isinstance(entry, dict):
        if "measure" in entry and "operator" in entry:
            return f"{entry['measure']} {entry['operator']}"
        for key in _NAMES:
            if key in entry:
                return "-inf" if entry[key] is None else str(entry[key])
    return str(place + 1)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
