"""A state as bytes and back: the kept facts, the path and what was said."""

from __future__ import annotations

import msgspec

from services.rating.core.excepting import Waived
from services.rating.core.lived import Lived
from services.rating.core.overriding import Override
from services.rating.core.rising import granted_of
from services.rating.core.standing import Standing
from services.rating.core.state import State
from shared.core.approval.request import Approvals
from shared.core.customer.snapshot import Facts, facts_of, restore
from shared.core.customer.state import Setting


class Snapshot(msgspec.Struct, array_like=True):
    """Everything of a State that is not derived."""

    facts: Facts
    path: list[tuple[int, Standing]]
    besides: dict[str, list[tuple[int, Standing]]]
    head: int
    referred: int
    lived: Lived
    overrides: dict[str, Override]
    approvals: Approvals
    exceptions: dict[str, Waived]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Snapshot)


def dump(state: State) -> bytes:
    """*state* as bytes."""
    said = (state.path, state.besides, state.head, state.referred, state.lived, state.overrides, state.approvals)
    return _ENCODER.encode(Snapshot(facts_of(state), *said, state.exceptions))


def load(raw: bytes, setting: Setting) -> State:
    """The state that `dump` wrote."""
    kept = _DECODER.decode(raw)
    state = State(kept.facts.customer_id, setting)
    restore(state, kept.facts)
    state.path, state.besides, state.head, state.referred = kept.path, kept.besides, kept.head, kept.referred
    state.lived, state.overrides, state.approvals = kept.lived, kept.overrides, kept.approvals
    state.exceptions = kept.exceptions
    state.rises = granted_of(state.approvals)
    return state
