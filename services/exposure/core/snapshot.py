"""An account as bytes and back: the kept facts, and everything that was decided about it."""

from __future__ import annotations

from typing import Any

import msgspec

from services.exposure.core.records import (
    Answer,
    Declared,
    Excepted,
    Grade,
    Hold,
    Limit,
    Membership,
    Published,
    Release,
    Reservation,
)
from services.exposure.core.state import Account
from shared.core.approval.request import Approvals
from shared.core.customer.snapshot import Facts, facts_of, restore
from shared.core.customer.state import Setting
from shared.core.ledger.reading import Reading


class Snapshot(msgspec.Struct, array_like=True):
    """Everything of an Account that is not derived."""

    facts: Facts
    grades: list[Grade]
    limits: dict[str, Limit]
    reservations: dict[str, Reservation]
    holds: dict[str, Hold]
    releases: dict[str, Release]
    answers: dict[str, Answer]
    approvals: Approvals
    published: Published
    head: int
    groups: dict[str, Membership]
    group: Declared | None
    exceptions: dict[str, Excepted]
    warnings: dict[str, str]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Snapshot)
_OWN = tuple(name for name in Snapshot.__struct_fields__ if name != "facts")


def dump(account: Account) -> bytes:
    """*account* as bytes."""
    return _ENCODER.encode(Snapshot(facts_of(account), *(getattr(account, name) for name in _OWN)))


def load(raw: bytes, setting: Setting, reading: Reading[Any]) -> Account:
    """The account that `dump` wrote."""
    kept = _DECODER.decode(raw)
    account = Account(kept.facts.customer_id, setting, reading)
    restore(account, kept.facts)
    for name in _OWN:
        setattr(account, name, getattr(kept, name))
    for payment in account.ledger.payments.values():
        if payment.for_order:
            account.prepayments.setdefault(payment.for_order, []).append(payment.id)
    return account
