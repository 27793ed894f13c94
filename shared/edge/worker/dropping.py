"""Personal fields dropped before anything is kept: a service that does not need them never has them."""

from __future__ import annotations

from collections.abc import Sequence

from shared.core.envelope import Event
from shared.edge.seal import holds_personal, without_personal


class Dropper:
    """Implements `shared.edge.worker.ports.Sealer`. A fact is the same whether it came sealed, in clear or erased."""

    async def seal(self, events: Sequence[Event], /) -> list[Event]:
        """The same events in order, without personal fields."""
        return [_without(event) if holds_personal(event.data) else event for event in events]

    def unreadable(self, event: Event, /) -> bool:
        """Never: nothing is sealed here."""
        return False


def _without(event: Event) -> Event:
    return Event(
        id=event.id,
        source=event.source,
        type=event.type,
        subject=event.subject,
        time=event.time,
        data=without_personal(event.data),
        recordedtime=event.recordedtime,
        sequence=event.sequence,
    )
