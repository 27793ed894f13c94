"""What a line of exposure is about: a document, a payment, a refund, a deposit."""

from __future__ import annotations

from typing import Any, NamedTuple

from services.exposure.core.claim import Claim
from services.exposure.core.holding import LATER, NAMED, ORDERS
from services.exposure.core.promise import order_date
from shared.core.ledger.documents import NOWHERE, RECEIVABLES, Document, Place
from shared.core.ledger.ledger import Ledger
from shared.core.ledger.sight import term_on


class Described(NamedTuple):
    """Who a line is about. Days are ordinals, 0: none."""

    id: str
    kind: str
    booked: int
    place: Place
    due: dict[str, int]
    """Category → when what counts in it falls due."""


def describe(name: str, ledger: Ledger[Any], day: int) -> Described:
    """What is called *name* among the open documents of *ledger*, as it stands on *day*."""
    kind, separator, id = name.partition(NAMED)
    if not separator:
        document = ledger.documents[name]
        return Described(name, document.kind, document.booked, document.place, _due(document, ledger, day))
    booked, place = 0, NOWHERE
    if kind == "payment":
        booked, place = ledger.payments[id].paid, ledger.payments[id].place
    elif kind == "refund":
        booked, place = ledger.refunds[id].day, ledger.refunds[id].place
    elif kind == "deposit":
        booked, place = ledger.deposits[id].day, ledger.deposits[id].place
    return Described(id, kind, booked, place, {})


def _due(document: Document, ledger: Ledger[Any], day: int) -> dict[str, int]:
    if document.kind in RECEIVABLES or document.kind == "advance_funding":
        return Claim(document, ledger).due_by(day)
    if document.kind == "order":
        return dict.fromkeys((ORDERS, LATER), order_date(term_on(document, day)))
    return {}
