"""Documents that are no receivable: orders, deliveries, consignments, guarantees, and credits still unused."""

from __future__ import annotations

from collections.abc import Iterable

from services.rating.core.documents import CREDITS, RECEIVABLES, Document
from services.rating.core.position import CLAIMS, SCALAR
from services.rating.core.sight import Contribution, Sight, gross, successor, taken


class Commitment:
    """An order, delivery, consignment or guarantee: what of it is still open is exposure. Credits still unused are credit."""

    def __init__(self, document: Document, sight: Sight) -> None:
        """Look at *document*."""
        self.document, self.sight = document, sight
        self.successor = successor(document, sight.documents) if document.replacers else None
        self.takers = [sight.documents[taker] for taker in document.takers]

    def dates(self) -> Iterable[int]:
        """Days on which anything may change."""
        document = self.document
        yield document.booked
        yield from (on for _, on, _ in document.amended)
        yield from (on for on, _ in document.cancelled)
        yield from (taker.booked for taker in self.takers)
        yield from (on for taker in self.takers for on, _ in taker.cancelled)
        if self.successor is not None:
            yield self.successor.booked

    def on(self, day: int) -> Contribution:
        """What counts from *day* on."""
        document = self.document
        amount = gross(document, day)
        if document.kind in CREDITS:
            used = 0
            result: Contribution = {(SCALAR, "credit", "", 0): amount}
            for target in dict.fromkeys(to for to, _ in document.takes):
                held = self.sight.documents.get(target)
                if held is not None and held.order is not None and held.kind not in RECEIVABLES and day >= held.booked:
                    used += min(taken(document, target, day), gross(held, day))
            if used:
                result[(SCALAR, "credit", "", 0)] = amount - used
            if document.kind == "quality_claim" and not document.takes:
                result[(CLAIMS, document.booked, "", 0)] = amount
            return result
        if self.successor is not None and day >= self.successor.booked:
            return {}
        open_ = amount - sum(taken(taker, document.id, day) for taker in self.takers)
        return {(SCALAR, document.kind, "", 0): max(0, open_)} if open_ > 0 else {}
