"""The thinnest brain: it folds the facts of a customer and decides nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from services.exposure.core.reading import Commitments
from shared.core.brain import Outcome
from shared.core.customer.evolve import evolve
from shared.core.customer.snapshot import Facts, facts_of, restore
from shared.core.customer.state import Customer, Setting
from shared.core.envelope import Event
from shared.core.events.base import Decision
from shared.core.references import References

_decode = msgspec.msgpack.Decoder(Facts).decode
_encode = msgspec.msgpack.Encoder().encode


class FoldingBrain:
    """Implements `shared.core.brain.Brain`."""

    fold_version = "folding"

    def __init__(self, setting: Setting) -> None:
        """*setting*: how a ledger is read."""
        self.setting = setting

    def context(self) -> References:
        """No reference was published yet."""
        return References()

    def refer(self, context: References, event: Event) -> None:
        """Fold one `~reference` event into *context*."""
        context.refer(event)

    def initial(self, stream: str) -> Customer[Any]:
        """A customer of whom nothing is known."""
        return Customer(stream, self.setting, Commitments())

    def evolve(self, state: Customer[Any], event: Event) -> None:
        """Fold one fact; decisions change nothing."""
        if not isinstance(event.data, Decision):
            evolve(state, event)

    def decide(
        self, state: Customer[Any], day: date, context: References, *, cause: str, patience: int | None = None
    ) -> Outcome:
        """Nothing follows."""
        return Outcome([], None, None)

    def dump(self, state: Customer[Any]) -> bytes:
        """A snapshot of *state*."""
        return _encode(facts_of(state))

    def load(self, raw: bytes) -> Customer[Any]:
        """The state that `dump` wrote."""
        facts = _decode(raw)
        state = self.initial(facts.customer_id)
        restore(state, facts)
        return state

    def weight(self, state: Customer[Any]) -> int:
        """About how many kB the state takes."""
        return 4 + 2 * (len(state.ledger.documents) + len(state.ledger.payments))
