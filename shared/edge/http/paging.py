"""Pages of lists: how long they are, and where the next one begins."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from shared.edge.cursors import BigInt, Instant, Int, Text, cursor, place

__all__ = ["After", "BigInt", "Instant", "Int", "Limit", "Text", "cursor", "place"]

PAGE_MAX = 200
PAGE_USUAL = 50

Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="entries of one page")]
After = Annotated[str | None, Query(max_length=512, description="`next` of the page before")]
