"""What the routes take: who asks, about whom, as of when, known when. Reads of a customer are authorised only here."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Security
from pydantic import AwareDatetime

from services.rating.core.view import View
from services.rating.handlers.ports import Ports
from shared.core import limits
from shared.core.errors import NotFound
from shared.edge.http.auth import Principal, principal

Reader = Annotated[Principal, Security(principal, scopes=["ratings:read"])]
AsOf = Annotated[
    date | None,
    Query(ge=limits.EARLIEST_DATE, le=limits.LATEST_DATE, description="true when; default: the customer's current day"),
]
KnownAt = Annotated[AwareDatetime | None, Query(description="known when, with offset; default: everything known")]


def ports(request: Request) -> Ports:
    """Return what this process is wired to."""
    found: Ports = request.app.state.ports
    return found


Wired = Annotated[Ports, Depends(ports)]


async def readable(
    who: Reader, customer_id: Annotated[str, Path(min_length=1, max_length=limits.SUBJECT_CHARACTERS)]
) -> str:
    """Return the id of a customer whom *who* may read. Row rights (region, own customers) have their place here."""
    assert who.may("ratings:read")
    if customer_id.startswith("~"):
        raise NotFound("there is no such customer")
    return unicodedata.normalize("NFC", customer_id)


CustomerId = Annotated[str, Depends(readable)]


async def view(customer_id: CustomerId, wired: Wired, as_of: AsOf = None, known_at: KnownAt = None) -> View:
    """Return what stands about the customer. Raises NotFound."""
    found = await wired.view(wired.database(), customer_id, as_of, known_at)
    if found is None:
        raise NotFound("there is no such customer, or nothing was known of it then")
    return found


Viewed = Annotated[View, Depends(view)]
