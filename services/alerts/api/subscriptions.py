"""Subscriptions of systems: what was decided, posted to their address as Standard Webhooks say."""

from __future__ import annotations

from datetime import UTC
from hashlib import blake2b
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path

from services.alerts.adapters.channels import signing
from services.alerts.adapters.endpoints import new_secret
from services.alerts.api import delivery_forms as forms
from services.alerts.api.asking import Subscriber, Wired, person
from services.alerts.api.deliveries import State, page_of
from services.alerts.core.delivered import Looked
from services.alerts.core.subscribing import PING
from shared.core.errors import Forbidden, Malformed
from shared.edge import clock
from shared.edge.http.approving import Key
from shared.edge.http.auth import Principal, whole
from shared.edge.http.paging import PAGE_USUAL, After, Limit, Text, cursor, place

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"], dependencies=[Depends(whole)])
CONTENT_SCOPES = ("ratings:read", "exposures:read", "alerts:read")
"""Who keeps the machine running sees no business data, and posts none either."""
Id = Annotated[str, Path(pattern=r"^sub_[0-9a-f]{16}$")]


@router.post("", status_code=201, summary="Subscribe a system")
async def subscribe(who: Subscriber, wired: Wired, body: forms.SubscriptionAsked, key: Key) -> forms.Subscribed:
    """Post what was decided to an address, in order for each customer, at least once. The secret is answered here alone.

    The same request again, with the same key, answers the subscription without its secret: rotate it where it was lost.
    """
    wired.delivery.check_url(body.url)
    _may_tell(who, full=body.content == "full")
    by, now, database = person(who), clock.now(), wired.database()
    name = "sub_" + blake2b(f"{by}\0{key}".encode(), digest_size=8).hexdigest()
    secret = body.secret or new_secret()
    made = await wired.delivery.subscriptions.make(
        database,
        subscription_id=name,
        title=body.title,
        url=body.url,
        secret=secret,
        wanted=body.wanted(),
        full_content=body.content == "full",
        since=body.since,
        now=now,
        by=by,
    )
    found = forms.Subscription.model_validate(await wired.delivery.subscriptions.one(database, name))
    shown = secret if made and body.secret is None else None
    public = signing.public_key(secret) if made and secret.startswith(signing.PRIVATE) else None
    return forms.Subscribed(subscription=found, secret=shown, public_key=public)


@router.get("", summary="Subscriptions")
async def page(who: Subscriber, wired: Wired, limit: Limit = PAGE_USUAL, after: After = None) -> forms.Subscriptions:
    """Return them by id, with what waits for each and why one was switched off."""
    (start,) = place(after, tuple[Text]) if after else ("",)
    rows = await wired.delivery.subscriptions.page(wired.database(), after=start, limit=limit + 1)
    shown = [forms.Subscription.model_validate(one) for one in rows[:limit]]
    return forms.Subscriptions(
        subscriptions=shown, next=cursor(shown[-1].subscription_id) if len(rows) > limit else None
    )


@router.get("/{subscription_id}", summary="One subscription")
async def one(who: Subscriber, wired: Wired, subscription_id: Id) -> forms.Subscription:
    """Return it. What was posted: `…/deliveries`."""
    return await _shown(wired, subscription_id)


@router.get("/{subscription_id}/deliveries", summary="What was posted, and what the receiver answered")
async def history(
    who: Subscriber,
    wired: Wired,
    subscription_id: Id,
    limit: Limit = PAGE_USUAL,
    after: After = None,
    state: State = None,
) -> forms.Deliveries:
    """Return what was posted and what waits, the newest first."""
    await wired.delivery.subscriptions.one(wired.database(), subscription_id)
    looked = Looked(queue="systems", state=state, address=subscription_id)
    return await page_of(wired, looked, limit=limit, after=after)


@router.post("/{subscription_id}/rotate", summary="A new secret")
async def rotate(who: Subscriber, wired: Wired, subscription_id: Id) -> forms.Secret:
    """Return a new secret, once. For a day both sign, so that a receiver can change over without losing anything."""
    fresh = await wired.delivery.subscriptions.rotate(
        wired.database(), subscription_id, now=clock.now(), by=person(who)
    )
    return forms.Secret(secret=fresh, public_key=None)


@router.post("/{subscription_id}/move", summary="Another address")
async def move(who: Subscriber, wired: Wired, subscription_id: Id, body: forms.Moved) -> forms.Subscription:
    """Post to another address from now on, with the same secrets; it is switched on."""
    wired.delivery.check_url(body.url)
    found = await wired.delivery.subscriptions.one(wired.database(), subscription_id)
    _may_tell(who, full=found.full_content)
    await wired.delivery.subscriptions.move(
        wired.database(), subscription_id, url=body.url, now=clock.now(), by=person(who)
    )
    return await _shown(wired, subscription_id)


@router.post("/{subscription_id}/state", summary="Pause it, or let it go on")
async def switch(who: Subscriber, wired: Wired, subscription_id: Id, body: forms.Switched) -> forms.Subscription:
    """Pause: what is decided meanwhile waits. Go on: it is posted at once, in order."""
    await wired.delivery.subscriptions.switch(
        wired.database(), subscription_id, body.state, now=clock.now(), by=person(who)
    )
    return await _shown(wired, subscription_id)


@router.post("/{subscription_id}/resend", status_code=202, summary="Post again")
async def resend(who: Subscriber, wired: Wired, subscription_id: Id, body: forms.Resent) -> forms.Subscription:
    """Post one decision again, or everything that was written down since; under the same ids."""
    person(who)
    if (body.message_id is None) == (body.since is None):
        raise Malformed("message_id, since: name one of the two", pointer="/message_id", rule="one-of")
    if body.message_id is not None:
        await wired.delivery.subscriptions.again(wired.database(), subscription_id, body.message_id, now=clock.now())
    elif body.since is not None:
        await wired.delivery.subscriptions.again_since(wired.database(), subscription_id, body.since)
    return await _shown(wired, subscription_id)


@router.post("/{subscription_id}/ping", status_code=202, summary="Post a test")
async def ping(who: Subscriber, wired: Wired, subscription_id: Id, key: Key) -> forms.Subscription:
    """Let a test go by the way that everything takes; the delivery log shows what the receiver answered."""
    now = clock.now()
    name = f"msg_{blake2b(f'{subscription_id}.{person(who)}.{key}'.encode(), digest_size=16).hexdigest()}"
    at = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = msgspec.json.encode({"type": PING, "timestamp": at, "data": {"subscription_id": subscription_id}})
    await wired.delivery.subscriptions.ping(wired.database(), subscription_id, message_id=name, body=body, now=now)
    return await _shown(wired, subscription_id)


@router.delete("/{subscription_id}", status_code=204, summary="End it")
async def end(who: Subscriber, wired: Wired, subscription_id: Id) -> None:
    """Forget it, its secret, and what waits for it."""
    person(who)
    await wired.delivery.subscriptions.end(wired.database(), subscription_id)


def _may_tell(who: Principal, *, full: bool) -> None:
    """Raise Forbidden where content would go to an address that somebody names who may not read it himself."""
    if full and not all(who.may(one) for one in CONTENT_SCOPES):
        raise Forbidden(f"full content tells what these scopes let read: {', '.join(CONTENT_SCOPES)}")


async def _shown(wired: Wired, subscription_id: str) -> forms.Subscription:
    return forms.Subscription.model_validate(await wired.delivery.subscriptions.one(wired.database(), subscription_id))
