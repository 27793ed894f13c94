"""What the log says of one customer besides its state: how grades were decided, and what stands on the papers.

Deciding needs none of it, so no state carries it; who shows one customer has the whole log at hand.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from shared.core.customer.evolve import order_of
from shared.core.envelope import Event
from shared.core.events.rating import GradeChanged
from shared.core.events.transaction import TransactionRecorded
from shared.core.ledger.documents import Order


class Paper(NamedTuple):
    """How a document is named outside, as its recording says that stands: of two the one of lesser order."""

    order: Order
    document_no: str | None
    company: str | None


class Told:
    """Hears every event of the customer once, in any order."""

    def __init__(self) -> None:
        """Nothing was told."""
        self.papers: dict[str, Paper] = {}
        self._decided: dict[date, list[GradeChanged]] = {}

    def hear(self, event: Event) -> None:
        """Keep what *event* says that no state keeps."""
        data = event.data
        if isinstance(data, GradeChanged):
            self._decided.setdefault(data.as_of, []).append(data)
        elif isinstance(data, TransactionRecorded):
            paper = Paper(order_of(event), data.document_no, data.company)
            held = self.papers.get(data.transaction_id)
            if held is None or paper.order < held.order:
                self.papers[data.transaction_id] = paper

    def decision(
        self, on: date, grade: str | None, refusal: str | None, method: str, purpose: str = "credit"
    ) -> GradeChanged | None:
        """The decision, taken on the day *on*, since which *grade*, *refusal* and *method* held at its end.

        None where that day ended otherwise, or nothing was decided on it: what is seen of it now was restated later.
        """
        since = None
        for one in self._decided.get(on, ()):
            if one.purpose != purpose:
                continue
            if (one.to, one.refusal) != (grade, refusal) or (grade is not None and one.method != method):
                since = None
            elif since is None:
                since = one
        return since
