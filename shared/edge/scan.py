"""What is checked on the bytes before any of them are parsed, and what needs every key and string to be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from shared.core import limits
from shared.core.errors import Undecodable
from shared.edge.refused import escape

_SHALLOW = 512  # so few bytes cannot nest deeply enough to harm
_BACKSLASH = ord("\\")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written, with every repetition of a key."""


def check_bytes(raw: bytes, *, longest: int = limits.EVENT_HARD_BYTES) -> None:
    """Raise Undecodable for bytes that are too many, hold NUL, or nest too deeply. Linear, and fast where all is well."""
    if len(raw) > longest:
        message = f"{len(raw)} bytes are more than the {longest} allowed; send less at once"
        raise Undecodable(message, rule="too-large")
    if len(raw) > _SHALLOW and raw.count(b"{") + raw.count(b"[") > limits.DEPTH and _too_deep(raw):
        raise Undecodable(f"brackets nest deeper than {limits.DEPTH}; send flat data", rule="depth")
    if (_BACKSLASH in raw and b"\\u0000" in raw) or 0 in raw:
        _check_nul(raw)


def check_keys(raw: bytes) -> None:
    """Raise Undecodable where an object has the same key twice: readers differ in which of them they believe."""
    for pointer, pairs in _objects(_parse(raw)):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                where = _writable(f"{pointer}/{escape(key)}")
                raise Undecodable(f"{where}: is written twice; write it once", pointer=where, rule="duplicate-key")
            seen.add(key)


def _too_deep(raw: bytes) -> bool:
    """Count brackets outside strings: without escapes, every second piece between quotes is outside."""
    outside = raw.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2]
    depth = 0
    for bracket in b"".join(outside).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > limits.DEPTH:
            return True
    return False


def _check_nul(raw: bytes) -> None:
    r"""Raise Undecodable where a key or a string holds NUL; `\\u0000` is a backslash and no NUL."""
    for pointer, pairs in _objects(_parse(raw)):
        for key, value in pairs:
            texts = value if isinstance(value, list) and not isinstance(value, _Pairs) else [value]
            if "\0" in key or any(isinstance(text, str) and "\0" in text for text in texts):
                where = _writable(f"{pointer}/{escape(key)}")
                raise Undecodable(f"{where}: holds NUL; take it out", pointer=where, rule="nul")
    if b"\0" in raw:
        raise Undecodable("the bytes hold NUL; take it out", rule="nul")


def _writable(pointer: str) -> str:
    """*pointer* as it can be written in UTF-8: JSON may escape half a character, which no text can hold."""
    return pointer.encode("utf-8", "backslashreplace").decode()


def _parse(raw: bytes) -> Any:
    """Parse with every key kept. What is not JSON is nothing here: the decoder says so better."""
    try:
        # numbers stay text: an integer of a million digits costs no time, and none is looked at
        return json.loads(
            raw, object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str, strict=False
        )
    except (ValueError, RecursionError):
        return None


def _objects(value: Any, pointer: str = "") -> Iterator[tuple[str, _Pairs]]:
    """Yield every object in *value* with its pointer."""
    if isinstance(value, _Pairs):
        yield pointer, value
        for key, member in value:
            yield from _objects(member, f"{pointer}/{escape(key)}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _objects(member, f"{pointer}/{index}")
