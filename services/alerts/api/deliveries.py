"""The delivery log, and sending again; the endpoints of robots and webhooks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query

from services.alerts.adapters.channels import signing
from services.alerts.api import delivery_forms as forms
from services.alerts.api.asking import Reader, Subscriber, Wired, person
from services.alerts.core.delivered import Delivery, Looked, Tried
from shared.core import limits
from shared.core.errors import Declined, Forbidden, Malformed, NotFound
from shared.edge import clock
from shared.edge.http import paging, query
from shared.edge.http.auth import Principal, Seen, whole
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place
from shared.edge.rights import Rows

router = APIRouter(prefix="/v1", tags=["deliveries"])
LAST = datetime(9000, 1, 1, tzinfo=UTC)
UNDER_WAY = "DELIVERY_UNDER_WAY"
Filter = query.Text | None
State = Literal["waiting", "delivered", "unconfirmed", "undelivered"] | None
Id = Annotated[str, Path(min_length=1, max_length=limits.ID_CHARACTERS)]
Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]


@router.get("/deliveries", summary="What was sent, to whom, and what the provider answered")
async def deliveries(
    *,
    who: Reader,
    seen: Seen,
    wired: Wired,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    to: Annotated[Literal["people", "systems"], Query(description="persons, or systems that subscribed")] = "people",
    state: State = None,
    channel: Filter = None,
    person: Filter = None,
    address: Annotated[str | None, Query(max_length=256)] = None,
    alert: Annotated[str | None, Query(max_length=limits.ID_CHARACTERS)] = None,
) -> forms.Deliveries:
    """Return messages, the newest first. Who may see some customers only sees what was sent to himself."""
    looked = Looked(queue=to, state=state, channel=channel, person=person, address=address, alert_id=alert)
    _own(who, seen, looked.person, looked.queue)
    return await page_of(wired, looked, limit=limit, after=after)


async def page_of(wired: Wired, looked: Looked, *, limit: int, after: str | None) -> forms.Deliveries:
    """One page of what is looked for."""
    before = place(after, tuple[paging.Instant, paging.Text]) if after else (LAST, "")
    rows = await wired.delivery.log.page(wired.database(), before=before, limit=limit + 1, looked=looked)
    page = rows[:limit]
    following = cursor(page[-1].created_at, page[-1].message_id) if len(rows) > limit else None
    return forms.Deliveries(deliveries=[forms.Delivery.model_validate(one) for one in page], next=following)


def _own(who: Principal, seen: Rows, person: str | None, to: str) -> None:
    """Raise Forbidden where a caller with *seen* asks for more than his own messages."""
    if not seen.all and (to == "systems" or person is None or person != who.person):
        raise Forbidden("who may see some customers only asks for the messages to himself: say person=")


async def _found(who: Principal, seen: Rows, wired: Wired, message_id: str) -> tuple[Delivery, list[Tried]]:
    delivery, tried = await wired.delivery.log.one(wired.database(), message_id)
    if not seen.all and (delivery.person is None or delivery.person != who.person):
        raise NotFound("there is no such message")
    return delivery, tried


@router.get("/deliveries/{message_id}", summary="One message with every attempt")
async def delivery(who: Reader, seen: Seen, wired: Wired, message_id: Id) -> forms.DeliveryShown:
    """Return what the provider answered to each attempt."""
    found, tried = await _found(who, seen, wired, message_id)
    return forms.DeliveryShown.model_validate({"delivery": found, "tried": tried}, from_attributes=True)


@router.post("/deliveries/{message_id}/resend", status_code=202, summary="Send it again", dependencies=[Depends(whole)])
async def resend(who: Subscriber, seen: Seen, wired: Wired, message_id: Id) -> forms.Delivery:
    """Let a message be sent again, under the same id, from the beginning of its schedule."""
    person(who)
    found, _ = await _found(who, seen, wired, message_id)
    if not await wired.delivery.log.again(wired.database(), found, now=clock.now()):
        raise Declined(UNDER_WAY)
    again, _ = await _found(who, seen, wired, message_id)
    return forms.Delivery.model_validate(again)


@router.get("/endpoints", summary="Robots and webhooks by name", dependencies=[Depends(whole)])
async def endpoints(who: Subscriber, wired: Wired) -> forms.Endpoints:
    """Return what is there, without addresses and secrets."""
    rows = await wired.delivery.endpoints.all(wired.database())
    return forms.Endpoints.model_validate({"endpoints": rows})


@router.put("/endpoints/{name}", summary="Name a robot or a webhook", dependencies=[Depends(whole)])
async def put(who: Subscriber, wired: Wired, name: Name, body: forms.EndpointAsked) -> forms.Secret:
    """Keep where messages of *name* go, sealed. The secret of a webhook is answered once, where it was made here."""
    if body.channel != "apprise":
        wired.delivery.check_url(body.url)
    if body.channel == "webhook" and body.secret is not None and not signing.is_secret(body.secret):
        raise Malformed("secret: write whsec_ or whsk_ and the key in base64", pointer="/secret", rule="pattern")
    return forms.Secret(
        **await wired.delivery.endpoints.name(wired.database(), name, body.channel, body.url, body.secret, person(who))
    )


@router.post("/endpoints/{name}/state", status_code=204, summary="Switch it on or off", dependencies=[Depends(whole)])
async def switch(who: Subscriber, wired: Wired, name: Name, body: forms.Switched) -> None:
    """Switch an endpoint on again after it was gone, or pause it: persons are told another way meanwhile."""
    if not await wired.delivery.endpoints.switch(wired.database(), name, body.state, person(who)):
        raise NotFound("there is no endpoint of this name")
