"""Reads the lists that runs gave to people, and what became of the notice that told of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.alerts.adapters.publishing import Publisher
from services.alerts.core.lists import ListMade
from services.alerts.core.worklist import Row
from shared.core.errors import NotFound
from shared.edge import clock
from shared.edge.rights import Rows

UNKNOWN = "there is no such list"
_SELECT = """
select w.worklist_id, w.list, w.person, w.first, w.last, w.made_at, w.count, n.state
from worklists w join notices n on n.notice_id = w.worklist_id || '/1'
"""
PAGE = f"""{_SELECT} where (w.made_at, w.worklist_id) < ($1, $2) and ($3::text is null or w.person = $3)
  and ($4::text is null or w.list = $4) order by w.made_at desc, w.worklist_id desc limit $5"""
ONE = f"{_SELECT} where w.worklist_id = $1 and ($2::text is null or w.person = $2)"
ROWS = "select rows from worklists where worklist_id = $1"
_ROWS = msgspec.json.Decoder(list[Row])


class Worklists:
    """Implements `services.alerts.handlers.ports.Worklists` on PostgreSQL."""

    def __init__(self, publisher: Publisher) -> None:
        """*publisher* makes lists and knows what they are called."""
        self._publisher = publisher

    async def page(
        self, pool: Any, *, before: tuple[datetime, str], limit: int, person: str | None, name: str | None
    ) -> list[ListMade]:
        """Lists before (made at, id), the newest first."""
        return [self._made(row) for row in await pool.fetch(PAGE, *before, person, name, limit)]

    async def one(self, pool: Any, worklist_id: str, person: str | None, rows: Rows) -> tuple[ListMade, list[Row]]:
        """One list with the rows about customers whom *rows* let see. Raises NotFound."""
        found = await pool.fetchrow(ONE, worklist_id, person)
        if found is None:
            raise NotFound(UNKNOWN)
        held = _ROWS.decode(await pool.fetchval(ROWS, worklist_id))
        return self._made(found), [one for one in held if _may_see(one, rows)]

    async def make(self, pool: Any, name: str) -> list[str]:
        """Make the list of that name now. Raises NotFound."""
        listing = self._publisher.listings.of(name)
        if listing is None:
            raise NotFound(
                f"{UNKNOWN}; lists.yaml names {', '.join(one.list for one in self._publisher.listings.lists)}"
            )
        return await self._publisher.make(pool, listing, clock.now())

    def _made(self, row: Any) -> ListMade:
        known = self._publisher.listings.of(row["list"])
        name, of = row["list"], known.of if known else "alerts"
        return ListMade(**dict(row), of=of, en=known.en if known else name, zh=known.zh if known else name)


def _may_see(row: Row, rows: Rows) -> bool:
    limits: tuple[tuple[str, Sequence[str] | None], ...] = (
        ("company", rows.companies), ("region", rows.regions), ("manager", rows.managers),
    )  # fmt: skip
    return all(allowed is None or row.labels.get(name, "") in allowed for name, allowed in limits)
