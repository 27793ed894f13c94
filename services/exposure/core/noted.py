"""The fold of what was told to people: which watch mark is passed, and what they have to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.exposure.core.state import Account
from shared.core.events.limit import LimitWatched
from shared.core.events.rating import ADVANCE, ReviewDue, WarningCleared, WarningRaised, WarningWithdrawn

ADVANCE_TOTAL = "advance-total"
"""The kind of the cap of all advances, in what is said of its use: it is no mark of the account."""
KEPT = 40
"""So many duties that were told are remembered; there are few at a time."""


def _watched(account: Account, data: LimitWatched) -> None:
    if data.kind != ADVANCE_TOTAL:
        account.published.mark = str(data.mark)


def _to_do(account: Account, data: ReviewDue) -> None:
    if data.purpose == ADVANCE:
        account.published.duties = (*account.published.duties, data.review_id)[-KEPT:]


def _warned(account: Account, data: WarningRaised) -> None:
    if data.kind == "financial" and data.severity == "critical":
        account.warnings[data.warning_id] = data.rule


def _over(account: Account, data: WarningCleared | WarningWithdrawn) -> None:
    account.warnings.pop(data.warning_id, None)


HANDLERS: dict[type, Callable[[Account, Any], None]] = {
    LimitWatched: _watched,
    ReviewDue: _to_do,
    WarningRaised: _warned,
    WarningCleared: _over,
    WarningWithdrawn: _over,
}
