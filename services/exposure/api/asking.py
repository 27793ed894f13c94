"""What the routes take: who asks, about whom, as of when, known when."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, NamedTuple

from fastapi import Depends, Path, Query, Request, Security

from services.exposure.core.figures import Moment
from services.exposure.core.records import is_group
from services.exposure.handlers.ports import Ports
from shared.core import limits
from shared.core.breach import Breach
from shared.core.errors import Malformed, NotFound
from shared.core.events.values import is_id
from shared.core.money import parse_amount, settle
from shared.edge.http import query
from shared.edge.http.auth import Principal, Seen, principal
from shared.edge.http.problem import Invalid
from shared.edge.http.wording import refusal
from shared.edge.rights import Rows

Reader = Annotated[Principal, Security(principal, scopes=["exposures:read"])]
Checker = Annotated[Principal, Security(principal, scopes=["checks:run"])]
Releaser = Annotated[Principal, Security(principal, scopes=["holds:release"])]
Proposer = Annotated[Principal, Security(principal, scopes=["limits:propose"])]
Approver = Annotated[Principal, Security(principal, scopes=["limits:approve"])]
Importer = Annotated[Principal, Security(principal, scopes=["limits:import"])]
UNKNOWN = "there is no such customer, or nothing was known of it then"
AsOf = Annotated[query.Day | None, Query(description="true when, YYYY-MM-DD; default: the customer's current day")]
KnownAt = Annotated[query.Instant | None, Query(description="known when, with offset; default: everything known")]


async def ports(request: Request) -> Ports:
    """Return what this process is wired to."""
    found: Ports = request.app.state.ports
    return found


Wired = Annotated[Ports, Depends(ports)]


async def named(wired: Ports, customer_id: str, seen: Rows, *, pointer: str) -> str:
    """The id of a customer whom a caller with *seen* may ask about. Raises Invalid, NotFound.

    One who may not be seen is not told from one who is not there.
    """
    if not is_id(customer_id):
        raise Invalid([refusal(pointer, "customer_id", "customer-id")])
    name = unicodedata.normalize("NFC", customer_id)
    if name.startswith(("~", "g:")) or not (seen.all or await wired.lists.may_see(wired.database(), name, seen)):
        raise NotFound(UNKNOWN)
    return name


async def in_path(
    seen: Seen,
    wired: Wired,
    customer_id: Annotated[str, Path(min_length=1, max_length=limits.SUBJECT_CHARACTERS)],
) -> str:
    """The customer of the path."""
    return await named(wired, customer_id, seen, pointer="{customer_id}")


CustomerId = Annotated[str, Depends(in_path)]


async def holder_in_path(
    seen: Seen,
    wired: Wired,
    customer_id: Annotated[str, Path(min_length=1, max_length=limits.SUBJECT_CHARACTERS)],
) -> str:
    """The customer of the path, or the group; a group is seen by who sees every customer."""
    if not is_group(customer_id) or not is_id(customer_id):
        return await named(wired, customer_id, seen, pointer="{customer_id}")
    if not seen.all:
        raise NotFound(UNKNOWN)
    return unicodedata.normalize("NFC", customer_id)


Holder = Annotated[str, Depends(holder_in_path)]


class Times(NamedTuple):
    """The two times of a read, as they were asked."""

    as_of: date | None
    known_at: datetime | None


async def times(as_of: AsOf = None, known_at: KnownAt = None) -> Times:
    """Return the two times; declared here once, so that what is wrong with one is said once."""
    return Times(as_of, known_at)


AskedWhen = Annotated[Times, Depends(times)]


async def view(who: Reader, customer_id: CustomerId, wired: Wired, asked: AskedWhen) -> Moment:
    """Return the account as it stood. Raises NotFound."""
    assert who.may("exposures:read")
    found = await wired.view(wired.database(), customer_id, asked.as_of, asked.known_at)
    if found is None:
        raise NotFound(UNKNOWN)
    return found


Viewed = Annotated[Moment, Depends(view)]


def money(text: str, currency: str, *, pointer: str = "/amount") -> Decimal:
    """The amount that *text* writes, with all decimals of *currency*. Raises Malformed naming the field."""
    try:
        return settle(parse_amount(text), currency)
    except Breach as breach:
        at = "/currency" if breach.pointer else pointer
        raise Malformed(breach.message, pointer=at, rule=breach.rule) from None
