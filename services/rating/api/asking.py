"""What the routes take: who asks, about whom, as of when, known when. Reads of a customer are authorised only here."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Annotated, NamedTuple

from fastapi import Depends, Path, Query, Request, Security

from services.rating.core.view import View
from services.rating.handlers.ports import Ports
from shared.core import limits
from shared.core.errors import NotFound
from shared.core.events.values import is_id
from shared.edge.http import query
from shared.edge.http.auth import Principal, Seen, principal
from shared.edge.http.problem import Invalid
from shared.edge.http.wording import refusal

Reader = Annotated[Principal, Security(principal, scopes=["ratings:read"])]
RESTRICTED = "compliance:read"
"""The scope for what leaves on `credit.restricted`."""
AsOf = Annotated[query.Day | None, Query(description="true when, YYYY-MM-DD; default: the customer's current day")]
UNKNOWN = "there is no such customer, or nothing was known of it then"
KnownAt = Annotated[query.Instant | None, Query(description="known when, with offset; default: everything known")]


async def ports(request: Request) -> Ports:
    """Return what this process is wired to."""
    found: Ports = request.app.state.ports
    return found


Wired = Annotated[Ports, Depends(ports)]


async def readable(
    who: Reader,
    seen: Seen,
    wired: Wired,
    customer_id: Annotated[str, Path(min_length=1, max_length=limits.SUBJECT_CHARACTERS)],
) -> str:
    """Return the id of a customer whom *who* may read. One who may not be seen is not told from one who is not there."""
    assert who.may("ratings:read")
    if not is_id(customer_id):
        raise Invalid([refusal("{customer_id}", "customer_id", "customer-id")])
    named = unicodedata.normalize("NFC", customer_id)
    if named.startswith("~") or not (seen.all or await wired.lists.may_see(wired.database(), named, seen)):
        raise NotFound(UNKNOWN)
    return named


CustomerId = Annotated[str, Depends(readable)]


class Times(NamedTuple):
    """The two times of a read, as they were asked."""

    as_of: date | None
    known_at: datetime | None


async def times(as_of: AsOf = None, known_at: KnownAt = None) -> Times:
    """Return the two times; declared here once, so that what is wrong with one is said once."""
    return Times(as_of, known_at)


Asked = Annotated[Times, Depends(times)]


async def view(who: Reader, customer_id: CustomerId, seen: Seen, wired: Wired, asked: Asked) -> View:
    """Return what stands about the customer, as far as *who* may see it. Raises NotFound."""
    found = await wired.view(wired.database(), customer_id, asked.as_of, asked.known_at)
    if found is None:
        raise NotFound(UNKNOWN)
    merged = found.customer_id != customer_id
    if merged and not (seen.all or await wired.lists.may_see(wired.database(), found.customer_id, seen)):
        raise NotFound(UNKNOWN)
    return found if who.may(RESTRICTED) else found.without("compliance")


Viewed = Annotated[View, Depends(view)]
