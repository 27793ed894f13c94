"""What a field of a struct may be, where it is one of a closed list."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints


def choices(struct: type, field: str) -> tuple[Any, ...]:
    """The members of the Literal that *field* of *struct* is."""
    return tuple(one for one in get_args(get_type_hints(struct)[field]) if one)
