"""Texts that came from outside, as PostgreSQL keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

REPLACEMENT = "\ufffd"
_REFUSED = re.compile("[\0\ud800-\udfff]")


def storable(text: str) -> str:
    """*text* without what no text column takes: NUL and lone surrogates become U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    return _REFUSED.sub(REPLACEMENT, text)


def storable_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and texts as one JSON array of pairs that a jsonb column takes."""
    return msgspec.json.encode([(storable(name), storable(text)) for name, text in pairs]).decode()
