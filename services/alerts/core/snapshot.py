"""A case as bytes and back."""

from __future__ import annotations

import msgspec

from services.alerts.core.case import Alert, Case, Heard, Known
from services.alerts.core.requests import Request


class Snapshot(msgspec.Struct, array_like=True):
    """Everything of a Case."""

    stream: str
    alerts: list[Alert]
    pending: list[Heard]
    known: Known
    requests: dict[str, Request]
    numbered: int
    count: int


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Snapshot)


def dump(case: Case) -> bytes:
    """*case* as bytes."""
    alerts = list(case.alerts.values())
    kept = Snapshot(case.stream, alerts, case.pending, case.known, case.requests, case.numbered, case.count)
    return _ENCODER.encode(kept)


def load(raw: bytes) -> Case:
    """The case that `dump` wrote. Nothing of it waits to be written: it was committed."""
    kept = _DECODER.decode(raw)
    case = Case(kept.stream)
    case.alerts = {one.alert_id: one for one in kept.alerts}
    case.pending, case.known, case.requests = kept.pending, kept.known, kept.requests
    case.numbered, case.count, case.marks = kept.numbered, kept.count, (kept.count, kept.count)
    return case
