"""What the routes take: who asks, about which alert, and what the caller may be shown."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Depends, Path, Request, Security

from services.alerts.core.acting import UNKNOWN
from services.alerts.core.listing import AlertListed, Reach
from services.alerts.handlers.ports import Ports
from shared.core import limits
from shared.core.errors import Forbidden, NotFound
from shared.edge.http.auth import Principal, Seen, principal

Reader = Annotated[Principal, Security(principal, scopes=["alerts:read"])]
Actor = Annotated[Principal, Security(principal, scopes=["alerts:read", "alerts:ack"])]
Reporter = Annotated[Principal, Security(principal, scopes=["alerts:read", "alerts:report"])]
Subscriber = Annotated[Principal, Security(principal, scopes=["subscriptions:admin"])]
Admin = Annotated[Principal, Security(principal, scopes=["alerts:admin"])]


async def ports(request: Request) -> Ports:
    """Return what this process is wired to."""
    found: Ports = request.app.state.ports
    return found


Wired = Annotated[Ports, Depends(ports)]


async def reach(who: Reader, seen: Seen, wired: Wired) -> Reach:
    """What the caller may be shown: rows, compliance, grades (AL-14)."""
    known = await wired.knowing(wired.database(), who.person or "", who.roles)
    return Reach(
        person=who.person or "",
        companies=seen.companies,
        regions=seen.regions,
        managers=seen.managers,
        compliance=who.may("compliance:read"),
        known=msgspec.structs.replace(known, knows=True) if who.may("compliance:read") else known,
    )


Reached = Annotated[Reach, Depends(reach)]


async def in_path(
    wired: Wired, reached: Reached, alert_id: Annotated[str, Path(min_length=1, max_length=limits.ID_CHARACTERS)]
) -> AlertListed:
    """The alert of the path. One that may not be seen is not told from one that is not there. Raises NotFound."""
    found = await wired.lists.alert(wired.database(), alert_id, reached)
    if found is None:
        raise NotFound(UNKNOWN)
    return found


Found = Annotated[AlertListed, Depends(in_path)]


def person(who: Principal) -> str:
    """The person who acts. Raises Forbidden: an account without a person cannot be asked afterwards."""
    if who.person is None or len(who.person) > limits.CODE_CHARACTERS:
        raise Forbidden("the token names no person of at most 64 characters, so nobody knows who would act")
    return who.person
