"""Reads what was posted: the CloudEvents HTTP binding, and what an upstream may say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request

from shared.core import limits
from shared.core.envelope import Event, is_ours
from shared.core.errors import Forbidden, TooLarge, Undecodable
from shared.core.events.base import Fact
from shared.edge import codec
from shared.edge.cloudevents import BATCH, JSON, STRUCTURED, is_utf8
from shared.edge.http.auth import Principal
from shared.edge.http.problem import Invalid

TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_MEMBER = re.compile(r"/(\d+)(/|$)")


async def read_posted(request: Request, who: Principal) -> list[Event]:
    """Return the facts of *request*, at most 1,000, which *who* may post.

    Raises TooLarge, Invalid naming every field, Forbidden; HTTPException 415 for other media types.
    """
    said = request.headers.get("content-type", "")
    media = said.partition(";")[0].strip().lower()
    if not is_utf8(said):
        raise HTTPException(415, f"The content type says {said}; send JSON in UTF-8.")
    try:
        events = await _decoded(request, media)
    except codec.BatchRefused as refused:
        raise Invalid([_named(one) for one in refused.refusals]) from refused
    except Undecodable as refused:
        if refused.rule == "too-large":
            raise TooLarge(refused.message) from refused
        raise Invalid([_named(refused)]) from refused
    _check(events, who, batch=media == BATCH)
    traceparent = request.headers.get("traceparent", "")
    traced = traceparent if TRACEPARENT.fullmatch(traceparent) else None
    return [_received(event, traced, may_date=who.may("history:import")) for event in events]


async def _decoded(request: Request, media: str) -> list[Event]:
    if media == BATCH:
        return codec.decode_batch(await request.body())
    if media == STRUCTURED:
        return [codec.decode_strict(await _one(request))]
    if media == JSON and "ce-specversion" in request.headers:
        head = [(f"ce_{name[3:].decode('latin-1')}", unquote_to_bytes(value)) for name, value in request.headers.raw
                if name.startswith(b"ce-")]  # fmt: skip
        return [codec.decode(await _one(request), headers=[("content-type", media.encode()), *head], strict=True)]
    raise HTTPException(415, f"Post {STRUCTURED}, {BATCH}, or {JSON} with ce-* headers.")


async def _one(request: Request) -> bytes:
    """The body of one event, refused before it is read whole where its length says that it is too long."""
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > limits.EVENT_HARD_BYTES:
        raise TooLarge(f"an event has at most {limits.EVENT_HARD_BYTES} bytes; this one has {length}")
    return await request.body()


def _check(events: Sequence[Event], who: Principal, *, batch: bool) -> None:
    """Raise Invalid for what only Gradeline says, Forbidden for a source that is not the caller's."""
    found = []
    for at, event in enumerate(events):
        start = f"/{at}" if batch else ""
        index = at if batch else None
        if not isinstance(event.data, Fact) or event.data.SUBJECT is not None:
            message = f"{event.type} is written by Gradeline alone; post the fact it follows from"
            found.append({"pointer": f"{start}/type", "rule": "reserved", "message": message, "index": index})
        elif is_ours(event.source):
            message = "sources that begin with /gradeline are Gradeline's own; name your system"
            found.append({"pointer": f"{start}/source", "rule": "reserved", "message": message, "index": index})
        elif not who.may_post(event.source):
            raise Forbidden(
                f"this token may not speak for the source {event.source}" + (f" ({start})" if batch else "")
            )
    if found:
        raise Invalid(found)


def _named(refusal: Undecodable) -> dict[str, object]:
    member = _MEMBER.match(refusal.pointer)
    index = int(member[1]) if member else None
    return {"pointer": refusal.pointer, "rule": refusal.rule, "message": refusal.message, "index": index}


def _received(event: Event, traceparent: str | None, *, may_date: bool) -> Event:
    """What Gradeline itself stamps is not taken from outside; a request's trace goes on with its events.

    *may_date*: the caller may say when a fact was known, which only an import of history does.
    """
    recorded = event.recordedtime if may_date else None
    if event.recordedtime == recorded and event.sequence is None and (event.traceparent or traceparent is None):
        return event
    return msgspec.structs.replace(
        event, recordedtime=recorded, sequence=None, traceparent=event.traceparent or traceparent
    )
