"""Which fields of which events can hold personal data: read once from the marks in the classes."""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from shared.core.events import EVENTS
from shared.core.events.base import Data

WHOLE: tuple[str, ...] = ()
"""The whole field is personal, not only some keys of it."""


def _marks(kind: Any) -> dict[str, Any]:
    """Return what the `Meta(extra=…)` in *kind* and in its alternatives say."""
    found: dict[str, Any] = {}
    if get_origin(kind) is Annotated:
        for meta in kind.__metadata__:
            if isinstance(meta, msgspec.Meta) and meta.extra:
                found |= meta.extra
        return found
    for alternative in get_args(kind) if get_origin(kind) not in {dict, tuple, list} else ():
        found |= _marks(alternative)
    return found


def _personal(cls: type[Data]) -> dict[str, tuple[str, ...]]:
    hints = get_type_hints(cls, include_extras=True)
    fields: dict[str, tuple[str, ...]] = {}
    for name in cls.__struct_fields__:
        marks = _marks(hints[name])
        if marks.get("personal"):
            fields[name] = WHOLE
        elif keys := marks.get("personal_keys"):
            fields[name] = keys
    return fields


PERSONAL: dict[type[Data], dict[str, tuple[str, ...]]] = {cls: found for cls in EVENTS if (found := _personal(cls))}
"""Class → field → the personal keys of that table, or WHOLE."""
