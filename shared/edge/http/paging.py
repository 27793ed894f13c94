"""Cursors: opaque to callers, and never trusted when they come back."""

from __future__ import annotations

import base64
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Query

from shared.core.errors import Malformed

T = TypeVar("T")
PAGE_MAX = 200
PAGE_USUAL = 50

Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="entries of one page")]
After = Annotated[str | None, Query(max_length=512, description="`next` of the page before")]


def cursor(*place: Any) -> str:
    """Return the cursor of the page that begins after *place*."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place(after: str, kind: type[T]) -> T:
    """Return the place that *after* stands for, as the tuple type *kind*. Raises Malformed."""
    try:
        raw = base64.urlsafe_b64decode(after.encode("ascii") + b"=" * (-len(after) % 4))
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, UnicodeError, msgspec.MsgspecError) as error:
        raise Malformed(
            "after: take the `next` of the page before as it is", pointer="?after", rule="cursor"
        ) from error
