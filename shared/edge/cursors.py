"""Cursors: opaque to callers, and never trusted when they come back."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from shared.core import limits
from shared.core.errors import Malformed

T = TypeVar("T")
Text = Annotated[str, Meta(max_length=limits.SOURCE_CHARACTERS, pattern=r"^[^\x00]*$")]
Int = Annotated[int, Meta(ge=0, le=2**31 - 1)]
BigInt = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Instant = Annotated[datetime, Meta(tz=True)]
"""What a place is made of: what the database can compare with, whatever a cursor was made of."""


def cursor(*place: Any) -> str:
    """Return the cursor of the page that begins after *place*."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place(after: str, kind: type[T]) -> T:
    """Return the place that *after* stands for, as the tuple type *kind* of the types above. Raises Malformed."""
    try:
        raw = base64.urlsafe_b64decode(after.encode("ascii") + b"=" * (-len(after) % 4))
        found = msgspec.json.decode(raw, type=kind)
        for one in found if isinstance(found, tuple) else ():
            if isinstance(one, datetime):
                one.astimezone(UTC)
        return found
    except (ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise Malformed(
            "after: take the `next` of the page before as it is", pointer="?after", rule="cursor"
        ) from error
