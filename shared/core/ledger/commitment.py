"""Documents that are no receivable: orders, deliveries, consignments, guarantees, and credits still unused."""

from __future__ import annotations

from collections.abc import Iterable

from shared.core.ledger.documents import CREDITS, RECEIVABLES, Document
from shared.core.ledger.lanes import pack
from shared.core.ledger.position import CLAIMS, CREDITED, SCALAR
from shared.core.ledger.sight import (
    Contribution,
    Sight,
    changes_of,
    gross,
    successor,
    taken,
    takers_of,
    takes_of,
    turns_of,
)


class Commitment:
    """An order, delivery, consignment or guarantee: what of it is still open is exposure. Credits still unused are credit."""

    def __init__(self, document: Document, sight: Sight) -> None:
        """Look at *document*."""
        self.document, self.sight = document, sight
        self.successor = successor(document, sight.documents) if document.replacers else None
        self.takers = takers_of(document, sight)

    def dates(self) -> Iterable[int]:
        """Days on which anything may change."""
        documents = self.sight.documents
        yield from changes_of(self.document)
        for taker, _ in self.takers:
            yield from turns_of(taker, documents)
        if self.document.kind in CREDITS:
            for target, _ in takes_of(self.document, documents):
                held = documents.get(target)
                if held is not None and held.order is not None:
                    yield from changes_of(held)
        if self.successor is not None:
            yield self.successor.booked

    def on(self, day: int) -> Contribution:
        """What counts from *day* on."""
        document = self.document
        if self.successor is not None and day >= self.successor.booked:
            return {}
        amount, documents = gross(document, day), self.sight.documents
        if document.kind in CREDITS:
            used = 0
            result: Contribution = {(SCALAR, "credit", "", 0): amount}
            takes = takes_of(document, documents)
            for target in dict.fromkeys(to for to, _ in takes):
                held = documents.get(target)
                if held is not None and held.order is not None and held.kind not in RECEIVABLES and day >= held.booked:
                    used += min(taken(document, target, day, documents), gross(held, day))
            if used:
                result[(SCALAR, "credit", "", 0)] = amount - used
            if document.kind == "quality_claim" and not takes:
                result[(CLAIMS, document.booked, "", 0)] = amount
            claim, back = document.kind == "quality_claim", document.kind == "return"
            result[(CREDITED, document.booked, "", 0)] = pack(amount * claim, amount * back)
            return result
        open_ = amount - sum(taken(taker, target, day, documents) for taker, target in self.takers)
        return {(SCALAR, document.kind, "", 0): max(0, open_)} if open_ > 0 else {}
