"""Rules that people let not hold for a customer, until a date (AP-16, LT-62): granted in rating, heeded here.

What may be excepted at all is data (`authority.yaml`): caps that hold in principle. A limit is none of them, for a temporary limit
and the special approval say by how much; nor is what only the last authority lets go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.exposure.core.records import Excepted
from services.exposure.core.rulebook import Authority
from services.exposure.core.state import Account
from shared.core.events.approval import ExceptionGranted
from shared.core.ledger.days import FAR


def waived(account: Account, day: int, authority: Authority) -> frozenset[str]:
    """The codes of the rules that do not hold for *account* on *day*."""
    if not account.exceptions:
        return frozenset()
    held = {one.excepts for one in account.exceptions.values() if one.since <= day <= one.until}
    return frozenset(held & set(authority.exceptions))


def next_exception(account: Account, day: int) -> int:
    """The next day after *day* on which an exception begins or has ended; far where none does."""
    days = (on for one in account.exceptions.values() for on in (one.since, one.until + 1))
    return min((on for on in days if on > day), default=FAR)


def _granted(account: Account, data: ExceptionGranted) -> None:
    since, until = data.as_of.toordinal(), data.expires_on.toordinal()
    account.exceptions[data.exception_id] = Excepted(data.excepts, since, until, data.terms or "", data.by or "")


HANDLERS: dict[type, Callable[[Account, Any], None]] = {ExceptionGranted: _granted}
"""How they are folded."""
