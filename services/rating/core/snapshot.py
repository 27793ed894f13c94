"""A state as bytes and back: the kept facts, the path and what was said. Sums are not kept, they are added up again."""

from __future__ import annotations

from typing import Any

import msgspec

from services.rating.core.documents import Dispute, Document, Order, Payment, Refund, Settlement
from services.rating.core.lived import Lived
from services.rating.core.overriding import Override
from services.rating.core.standing import Standing
from services.rating.core.state import Record, Setting, State
from shared.core.approval.request import Approvals


class Snapshot(msgspec.Struct, array_like=True):
    """Everything of a State that is not derived."""

    customer_id: str
    documents: dict[str, Document]
    payments: dict[str, Payment]
    credits: dict[str, Payment]
    settlements: dict[str, Settlement]
    disputes: dict[str, Dispute]
    refunds: dict[str, Refund]
    refunds_of: dict[str, list[str]]
    profile: dict[str, list[tuple[Order, Any]]]
    records: dict[str, dict[str, Record]]
    measures: dict[str, list[tuple[Order, int, str]]]
    aliases: list[tuple[tuple[str, str], tuple[Order, bool]]]
    merges: list[tuple[Order, str]]
    conflicts: dict[str, int]
    days: list[int]
    day: int
    touched: int
    late: tuple[int, str, str, str] | None
    path: list[tuple[int, Standing]]
    besides: dict[str, list[tuple[int, Standing]]]
    head: int
    referred: int
    lived: Lived
    overrides: dict[str, Override]
    approvals: Approvals
    companies: list[str]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Snapshot)


def dump(state: State) -> bytes:
    """*state* as bytes."""
    ledger = state.ledger
    return _ENCODER.encode(
        Snapshot(
            state.customer_id,
            ledger.documents,
            ledger.payments,
            ledger.credits,
            ledger.settlements,
            ledger.disputes,
            ledger.refunds,
            ledger.refunds_of,
            state.profile,
            state.records,
            state.measures,
            list(state.aliases.items()),
            state.merges,
            state.conflicts,
            state.days,
            ledger.day,
            ledger.touched,
            state.late,
            state.path,
            state.besides,
            state.head,
            state.referred,
            state.lived,
            state.overrides,
            state.approvals,
            sorted(state.companies),
        )
    )


def load(raw: bytes, setting: Setting) -> State:
    """The state that `dump` wrote; its positions are added up again from the documents."""
    kept = _DECODER.decode(raw)
    state = State(kept.customer_id, setting)
    ledger = state.ledger
    ledger.documents.update(kept.documents)
    ledger.disputes.update(kept.disputes)
    ledger.payments, ledger.credits, ledger.settlements = kept.payments, kept.credits, kept.settlements
    ledger.refunds, ledger.refunds_of = kept.refunds, kept.refunds_of
    ledger.add_up(kept.day)
    ledger.touched = kept.touched
    state.profile, state.records, state.measures = kept.profile, kept.records, kept.measures
    state.aliases, state.merges, state.conflicts = dict(kept.aliases), kept.merges, kept.conflicts
    state.days, state.late = kept.days, kept.late
    state.first = kept.days[0] if kept.days else 0
    state.besides = kept.besides
    state.path, state.head, state.referred, state.lived = kept.path, kept.head, kept.referred, kept.lived
    state.overrides, state.approvals, state.companies = kept.overrides, kept.approvals, set(kept.companies)
    return state
