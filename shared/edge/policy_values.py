"""Measures that a person or a program gives: JSON → the values that a policy reads. Never through a binary float."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from shared.core.errors import Malformed
from shared.core.policy.measure import Kind, Reading, Value, is_whole, kind_of, readable
from shared.core.policy.policy import Policy
from shared.edge.policy_yaml import read_flag, read_number

_UNITS = {Kind.DAYS: "days", Kind.MONTHS: "months", Kind.COUNT: "things counted"}


def read_measures(text: str, policy: Policy, *, any_code: bool = False) -> dict[str, Value]:
    """Return the values of one JSON object, alias → value, as *policy* reads them.

    Numbers may be decimal strings or JSON numbers, switches true, false, "yes" or "no"; null is "not known". A measure
    of the catalogue that this policy does not read is passed over. What counts (days, months, documents) is not negative,
    and whole unless it is a mean. A code that no table lists is a slip of who gives it; *any_code* takes it, as facts may
    hold any. Raises Malformed with the pointer of the field.
    """
    return _read(parsed(text), (policy,), {} if any_code else _codes(policy))[0]


def read_given(given: Mapping[str, Any], policies: Sequence[Policy]) -> tuple[dict[str, Value], ...]:
    """Return the values of *given* as each of *policies* reads them. Raises Malformed with the pointer of the field.

    As `read_measures`; a measure, or a code, that one of them knows is none that the others must know.
    """
    codes: dict[str, frozenset[str]] = {}
    for policy in policies:
        for alias, listed in _codes(policy).items():
            codes[alias] = codes.get(alias, frozenset()) | listed
    return _read(given, policies, codes)


def parsed(text: str) -> dict[str, Any]:
    """Return the one JSON object of *text*, numbers as Decimal or int. Raises Malformed."""
    try:
        given = json.loads(text, object_pairs_hook=_pairs, parse_float=Decimal, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise Malformed(f"line {error.lineno}: this is not JSON: {error.msg}", rule="json") from None
    except RecursionError:
        raise Malformed("this JSON is nested too deeply; give one flat object", rule="json") from None
    if not isinstance(given, dict):
        raise Malformed("give one JSON object of measures and their values", rule="object")
    return given


def _read(
    given: Mapping[str, Any], policies: Sequence[Policy], codes: Mapping[str, frozenset[str]]
) -> tuple[dict[str, Value], ...]:
    found: tuple[dict[str, Value], ...] = tuple({} for _ in policies)
    for alias, value in given.items():
        read = False
        for policy, values in zip(policies, found, strict=True):
            if alias in policy.measures:
                values[alias] = _value(alias, value, policy.measures[alias], codes.get(alias))
                read = True
        if not read and not readable(alias):
            methods = " and ".join(dict.fromkeys(policy.method for policy in policies))
            reads = sorted({alias for policy in policies for alias in policy.measures})
            raise Malformed(
                f"{alias!r} is not a measure of {methods}; it reads {', '.join(reads)}",
                pointer=_pointer(alias),
                rule="unknown_measure",
            )
    return found


def _value(alias: str, value: Any, reading: Reading, codes: frozenset[str] | None) -> Value:
    kind = kind_of(reading)
    if value is None:
        return None
    try:
        if kind is Kind.FLAG:
            return value if isinstance(value, bool) else read_flag(_text(value))
        if kind is Kind.CODE:
            code = _text(value)
            if codes is not None and code not in codes:
                raise ValueError(f"write one of {', '.join(sorted(codes))}")
            return code
        number = read_number(_text(value, numbers=True))
        if kind.counts and (number < 0 or (is_whole(reading) and number % 1)):
            raise ValueError(
                f"write {'a whole number' if is_whole(reading) else 'a number'} of {_UNITS[kind]}, 0 or more"
            )
        return number
    except ValueError as error:
        shown = value if isinstance(value, Decimal) else repr(value)
        raise Malformed(f"{alias} is {shown}: {error}", pointer=_pointer(alias), rule=kind) from None


def _text(value: Any, *, numbers: bool = False) -> str:
    if isinstance(value, str) or (numbers and isinstance(value, int | Decimal) and not isinstance(value, bool)):
        return str(value)
    raise ValueError("write a decimal string or a number" if numbers else "write text")


def _codes(policy: Policy) -> Mapping[str, frozenset[str]]:
    return {card.measure: frozenset(entry.code for entry in card.lookup) for card in policy.cards if card.lookup}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Malformed(f"{key!r} stands twice; keep one", pointer=_pointer(key), rule="duplicate")
        found[key] = value
    return found


def _constant(text: str) -> None:
    raise Malformed(f"{text} is not a number that a measure can have", rule="number")


def _pointer(alias: str) -> str:
    return "/" + alias.replace("~", "~0").replace("/", "~1")
