"""Events to bytes and back: strict in what is believed, one form of what is written.

Every refusal is an `Undecodable` with a JSON pointer (RFC 6901) into the event and a rule that does not change:

    not-json, too-large, depth, nul, duplicate-key          the bytes
    missing, unknown-field, type, choice, pattern           the shape
    bare-number, amount, scale, range, currency             numbers
    date, time, offset                                      dates and times
    too-long, too-short, characters, nfc, subject, computed  names
    one-of, sum, unique, window, self                       fields against each other
    unknown-type, foreign-type, content-type                what it is
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from operator import attrgetter
from typing import Any, cast

import msgspec

from shared.core import limits
from shared.core.envelope import Event, canonical
from shared.core.errors import Undecodable
from shared.core.events import BY_TYPE
from shared.core.events.base import Data
from shared.core.events.customer import CustomerMerged
from shared.core.events.dates import date_fields
from shared.core.events.values import read_value
from shared.edge.cloudevents import JSON, Head, Wire, check_head, head_of
from shared.edge.refused import undecodable
from shared.edge.scan import check_bytes, check_keys


class Foreign(Undecodable):
    """The event is of a type that is not ours: counted and skipped."""


class BatchRefused(Undecodable):
    """Events of a batch were refused; nothing of it is kept. It is itself the first of `refusals`."""

    def __init__(self, refusals: Sequence[Undecodable]) -> None:
        """*refusals* name every refused event, at most BATCH_REFUSALS of them."""
        first = refusals[0]
        super().__init__(first.message, pointer=first.pointer, rule=first.rule)
        self.refusals = tuple(refusals)


def _all(names: tuple[str, ...]) -> Callable[[Data], Sequence[date | None]]:
    """Return a function that reads the attributes *names* of an event."""
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda data: (getattr(data, names[0]),)) if names else (lambda data: ())


class _Typed(msgspec.Struct):
    """Just enough of an event to see whether it is ours."""

    type: str


_read_wire = msgspec.json.Decoder(Wire).decode
_read_typed = msgspec.json.Decoder(_Typed).decode
_read_batch = msgspec.json.Decoder(list[msgspec.Raw]).decode
_write = msgspec.json.Encoder().encode
_READERS = {
    cls.TYPE: (cls, msgspec.json.Decoder(cls, dec_hook=read_value).decode, _all(date_fields(cls)))
    for cls in BY_TYPE.values()
}
"""Type → its class, what reads its data, and what reads its dates."""
_EARLIEST, _LATEST = limits.EARLIEST_DATE, limits.LATEST_DATE


def decode(raw: bytes, *, headers: Sequence[tuple[str, bytes]] = (), strict: bool = False) -> Event:
    """Return the event in *raw*, structured, or binary where the headers `ce_…` hold the envelope.

    *strict* also refuses repeated keys, which costs a second parse. Raises Foreign for a type that is not `credit.…`,
    Undecodable for everything else that will never be an event.
    """
    attributes = head_of(headers) if headers else None
    check_bytes(raw)
    if strict:
        check_keys(raw)
    if attributes is not None:
        return _decode_binary(raw, attributes)
    try:
        wire = _read_wire(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        _raise_if_foreign(raw)
        raise undecodable(error, cls=Wire) from error
    return _event(wire, wire.data)


def decode_strict(raw: bytes) -> Event:
    """Return the structured event in *raw*, refusing repeated keys too: for bytes that people post. Raises as `decode`."""
    return decode(raw, strict=True)


def decode_batch(raw: bytes) -> list[Event]:
    """Return the events of a posted batch, in order; pointers start with `/<index>`. Raises BatchRefused or Undecodable."""
    check_bytes(raw, longest=limits.BATCH_BYTES)
    check_keys(raw)
    try:
        members = _read_batch(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise undecodable(error) from error
    if len(members) > limits.BATCH_EVENTS:
        message = f"{len(members)} events are more than the {limits.BATCH_EVENTS} of a batch; send several batches"
        raise Undecodable(message, rule="too-large")
    events: list[Event] = []
    refusals: list[Undecodable] = []
    for index, member in enumerate(members):
        try:
            events.append(decode(bytes(member)))
        except Undecodable as refusal:
            refusals.append(_moved(refusal, f"/{index}"))
            if len(refusals) == limits.BATCH_REFUSALS:
                break
    if refusals:
        raise BatchRefused(refusals)
    return events


def decode_data(type: str, raw: bytes) -> Data:
    """Return the data of an event of *type* from its bytes alone. Raises Undecodable with pointers into the data."""
    plan = _READERS.get(type)
    if plan is None:
        raise _unknown(type)
    try:
        return plan[1](raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise undecodable(error, cls=plan[0], given=raw) from error


def data_from(type: str, values: Mapping[str, Any]) -> Data:
    """Return the data of an event of *type* from a mapping of text, whole numbers, lists and mappings. Raises Undecodable.

    For rows of a file and forms, with exactly the rules of the wire.
    """
    plan = _READERS.get(type)
    if plan is None:
        raise _unknown(type)
    cls, _, dates = plan
    try:
        data = msgspec.convert(values, cls, dec_hook=read_value)
    except msgspec.ValidationError as error:
        raise undecodable(error, cls=cls, given=values) from error
    if any(value and not _EARLIEST <= value <= _LATEST for value in dates(data)):
        raise _out_of_range(data, at="")
    return data


def encode(event: Event) -> bytes:
    """Return *event* as structured JSON, canonical: the same event is always the same bytes."""
    return _write(
        Wire(
            specversion="1.0",
            id=event.id,
            source=event.source,
            type=event.type,
            subject=event.subject,
            time=event.time,
            datacontenttype=JSON,
            recordedtime=event.recordedtime,
            sequence=event.sequence,
            traceparent=event.traceparent,
            data=msgspec.Raw(canonical(event.data)),
        )
    )


def encode_binary(event: Event) -> tuple[list[tuple[str, bytes]], bytes]:
    """Return *event* in binary mode: Kafka headers, and the data as the value."""
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": _instant(event.time),
        "recordedtime": _instant(event.recordedtime) if event.recordedtime else None,
        "sequence": event.sequence,
        "traceparent": event.traceparent,
    }
    headers = [("content-type", JSON.encode())]
    headers += [(f"ce_{name}", value.encode()) for name, value in attributes.items() if value is not None]
    return headers, canonical(event.data)


def encode_data(data: Data) -> bytes:
    """Return *data* in its one form."""
    return canonical(data)


def _decode_binary(raw: bytes, attributes: dict[str, str]) -> Event:
    """Return the event whose envelope is *attributes* and whose data is *raw*."""
    try:
        head = msgspec.convert(attributes, Head)
    except msgspec.ValidationError as error:
        _raise_if_foreign(_write(attributes))
        raise undecodable(error, cls=Head) from error
    return _event(head, raw)


def _event(head: Head, raw: bytes | msgspec.Raw) -> Event:
    """Decode the data by the type that *head* names, and check what only both together can break."""
    plan = _READERS.get(head.type)
    if plan is None:
        raise _unknown(head.type)
    cls, reader, dates = plan
    check_head(head, cls)
    try:
        data = reader(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise undecodable(error, at="/data", cls=cls, given=raw) from error
    for value in dates(data):
        if value and not _EARLIEST <= value <= _LATEST:
            raise _out_of_range(data, at="/data")
    if cls is CustomerMerged and cast(CustomerMerged, data).into == head.subject:
        message = "/data/into: is the customer itself; name the one that survives"
        raise Undecodable(message, pointer="/data/into", rule="self")
    return Event(
        id=head.id,
        source=head.source,
        type=head.type,
        subject=head.subject,
        time=head.time,
        data=data,
        recordedtime=head.recordedtime,
        sequence=head.sequence,
        traceparent=head.traceparent,
    )


def _out_of_range(data: Data, *, at: str) -> Undecodable:
    """Say which date of *data* has a year that is a typing error: a walk of days from it would take for ever."""
    names = (
        name for name in date_fields(type(data)) if (day := getattr(data, name)) and not _EARLIEST <= day <= _LATEST
    )
    pointer = f"{at}/{next(names)}"
    message = f"{pointer}: is outside {_EARLIEST} to {_LATEST}; correct the year"
    return Undecodable(message, pointer=pointer, rule="range")


def _unknown(type_: str) -> Undecodable:
    """Say that no class is declared for *type_*."""
    if type_.startswith("credit."):
        message = f"/type: {type_} is not a type this release knows; upgrade Gradeline, or correct the type"
        return Undecodable(message, pointer="/type", rule="unknown-type")
    return Foreign(f"/type: {type_} is not one of ours", pointer="/type", rule="foreign-type")


def _raise_if_foreign(raw: bytes) -> None:
    """Raise Foreign where *raw* is an event of others, which need not keep our rules."""
    try:
        type_ = _read_typed(raw).type
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    if not type_.startswith("credit."):
        raise _unknown(type_)


def _moved(refusal: Undecodable, at: str) -> Undecodable:
    """Return *refusal* with its pointer below *at*."""
    message = refusal.message if refusal.pointer == "" else f"{at}{refusal.message}"
    return Undecodable(message, pointer=at + refusal.pointer, rule=refusal.rule)


def _instant(value: Any) -> str:
    return msgspec.to_builtins(value)  # type: ignore[no-any-return]
