"""One complete, commented method for each shape P1 to P16: what `gradeline policy new` starts from."""

from __future__ import annotations

from pathlib import Path

from shared.core.policy.policy import Book
from shared.edge.policy_cards import NOTHING_SHARED
from shared.edge.policy_files import load_book

SHAPES = {f"p{number}": Path(__file__).parent / "templates" / f"p{number}" for number in range(1, 17)}
"""Shape → folder."""


def load_template(shape: str) -> Book:
    """Return the method of *shape*, e.g. `p1`. It stands alone: no shared table, no shared rule."""
    return load_book(SHAPES[shape], NOTHING_SHARED)
