"""From what went wrong while decoding to one sentence with the JSON pointer, the rule and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import inspect

from shared.core.breach import Breach
from shared.core.errors import Undecodable
from shared.core.events.values import read_value

_WHERE = re.compile(r"(?P<said>.*?)(?: - at (?:`(?:key|value)` in )?`\$(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|(?P<any>\[\.\.\.\])")
_FIELD = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_LENGTH = re.compile(r"Expected `(?P<kind>\w+)` of length (?P<sign><=|>=) (?P<bound>\d+)")
_BOUND = re.compile(r"Expected `int` (?P<sign><=|>=) (?P<bound>-?\d+)")

_PHRASES: tuple[tuple[str, str, str], ...] = (
    ("Expected `datetime` with a timezone", "offset", "has no offset; write for example 2026-01-05T09:30:00+08:00"),
    (
        "Invalid RFC3339 encoded datetime",
        "time",
        "is not an RFC 3339 time; write for example 2026-01-05T09:30:00+08:00",
    ),
    ("Expected `datetime`", "time", "must be an RFC 3339 time with offset, as a string"),
    ("Invalid RFC3339 encoded date", "date", "is not a date of the calendar; write YYYY-MM-DD, for example 2026-01-05"),
    ("Expected `date`", "date", "must be a date as a string, YYYY-MM-DD"),
    ("Invalid enum value", "choice", "is not one of the values this field may have"),
)


def undecodable(
    error: Exception, *, at: str = "", cls: type | None = None, given: bytes | msgspec.Raw | Mapping[str, Any] = b""
) -> Undecodable:
    """Say what *error* means for people.

    *at* is the pointer of what was decoded, *cls* the class it was decoded into, *given* what was decoded: with it the
    entry of a table is named too.
    """
    if isinstance(error, UnicodeDecodeError):
        return _refuse(at, "is not UTF-8; send the JSON in UTF-8", "not-json")
    if isinstance(error, RecursionError):
        return _refuse(at, "has brackets that nest too deeply; send flat data", "depth")
    if not isinstance(error, msgspec.ValidationError):
        return _refuse(at, f"is not JSON ({error}); send one JSON object", "not-json")
    match = _WHERE.fullmatch(str(error))
    said, path = (match["said"], match["path"] or "") if match else (str(error), "")
    steps = list(_steps(path))
    if "[...]" in path and cls is not None and (entry := _entry(given, cls, steps)) is not None:
        steps.append(entry)
    if isinstance(error.__cause__, Breach):
        breach = error.__cause__
        return _refuse(at + _pointer(steps) + breach.pointer, breach.message, breach.rule)
    if field := _FIELD.fullmatch(said):
        return _refuse(at + _pointer([*steps, field["name"]]), *_about_field(field["what"], cls, steps))
    return _refuse(at + _pointer(steps), *_about_value(said, cls, steps))


def escape(name: str) -> str:
    """Return *name* as one reference token of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _refuse(pointer: str, sentence: str, rule: str) -> Undecodable:
    return Undecodable(f"{pointer or 'the event'}: {sentence}", pointer=pointer, rule=rule)


def _steps(path: str) -> Iterator[str]:
    """Yield the steps of msgspec's *path*; a key of a table is not named there, so the path ends before it."""
    for step in _STEP.finditer(path):
        if step["any"]:
            return
        yield step["name"] or step["index"]


def _entry(given: bytes | msgspec.Raw | Mapping[str, Any], cls: type, steps: list[str]) -> str | None:
    """The key of the first entry that is refused of the table at *steps*: the shortest beginning of it that is refused."""
    try:
        whole = dict(given) if isinstance(given, Mapping) else msgspec.json.decode(given)
        holder: Any = whole
        for step in steps[:-1]:
            holder = holder[int(step) if isinstance(holder, list) else step]
        entries = list(holder[steps[-1]].items())
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, LookupError, AttributeError):
        return None  # what follows the table is no JSON
    low, high = 1, len(entries)
    while low < high:
        middle = (low + high) // 2
        holder[steps[-1]] = dict(entries[:middle])
        if _refuses_entry(whole, cls):
            high = middle
        else:
            low = middle + 1
    return str(entries[low - 1][0])


def _refuses_entry(values: Any, cls: type) -> bool:
    try:
        msgspec.convert(values, cls, dec_hook=read_value)
    except msgspec.ValidationError as error:
        return "[...]" in str(error)
    return False


def _pointer(steps: list[str]) -> str:
    return "".join(f"/{escape(step)}" for step in steps)


def _about_field(what: str, cls: type | None, steps: list[str]) -> tuple[str, str]:
    if what == "missing required":
        return "is required and missing; add it", "missing"
    node = _node(cls, steps)
    known = ", ".join(field.encode_name for field in node.fields) if isinstance(node, inspect.StructType) else ""
    return "is not a field of this type; leave it out" + (f" or write one of {known}" if known else ""), "unknown-field"


def _about_value(said: str, cls: type | None, steps: list[str]) -> tuple[str, str]:
    """Return the sentence and the rule for a value that msgspec refused with the words *said*."""
    if length := _LENGTH.match(said):
        unit = "characters" if length["kind"] == "str" else "entries"
        if length["sign"] == "<=":
            return f"has more than {length['bound']} {unit}; shorten it", "too-long"
        return f"has fewer than {length['bound']} {unit}; fill it or leave it out", "too-short"
    if bound := _BOUND.match(said):
        word = "at most" if bound["sign"] == "<=" else "at least"
        return f"is out of range; write a whole number of {word} {bound['bound']}", "range"
    for phrase, rule, sentence in _PHRASES:
        if said.startswith(phrase):
            node = _node(cls, steps) if rule == "choice" else None
            values = getattr(node, "values", None)
            return sentence + (f": {', '.join(map(str, values))}" if values else ""), rule
    return f"has the wrong type: {said[:1].lower()}{said[1:]}", "type"


def _node(cls: type | None, steps: list[str]) -> Any:
    """Return msgspec's description of what stands at *steps* in *cls*, or None where the path leaves the description."""
    node: Any = inspect.type_info(cls) if cls is not None else None
    for step in [*steps, None]:
        while isinstance(node, (inspect.Metadata, inspect.UnionType)):
            node = node.type if isinstance(node, inspect.Metadata) else _member(node)
        if step is None or node is None:
            return node
        if isinstance(node, inspect.StructType):
            node = next((field.type for field in node.fields if field.encode_name == step), None)
        else:
            node = getattr(node, "item_type", None)
    return node


def _member(union: inspect.UnionType) -> Any:
    """Return the member of *union* that says most: not null, not text."""
    return next((m for m in union.types if not isinstance(m, (inspect.NoneType, inspect.StrType))), None)
