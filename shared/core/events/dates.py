"""Which fields of an event hold dates."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from shared.core.events.base import Data


@cache
def date_fields(cls: type[Data]) -> tuple[str, ...]:
    """Return the attributes of *cls* that hold a date, in the order of declaration."""
    return tuple(field.name for field in msgspec.structs.fields(cls) if _holds_date(field.type))


def _holds_date(kind: Any) -> bool:
    node = inspect.type_info(kind) if kind is date else None
    return node is not None or date in getattr(kind, "__args__", ())
