"""Which documents, payments and refunds have to be posted again when the facts about one of them change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.rating.core.ledger import Ledger

Marked = tuple[str, str]
"""('document' | 'payment' | 'refund', id): what a fact touches."""


def looking_at(ledger: Ledger, marks: Iterable[Marked]) -> dict[Marked, None]:
    """*marks* and everything whose postings look at one of them."""
    found = dict.fromkeys(marks)
    for kind, name in list(found):
        for refund in ledger.refunds_of.get(name, ()):
            found[("refund", refund)] = None
        if kind == "refund":
            of = ledger.refunds[name].of
            if of in ledger.payments:
                found |= looking_at(ledger, [("payment", of)])
        elif kind == "payment":
            for to in _targets(ledger, name):
                found[("document", to)] = None
                _successors(ledger, to, found)
        elif (held := ledger.documents.get(name)) is not None:
            _successors(ledger, name, found)
            for to, _ in held.takes:
                found[("document", to)] = None
                _successors(ledger, to, found)
            for taker in held.takers:
                found[("document", taker)] = None
            for credit in (f"credit_note {name}", f"rebate {name}"):
                if credit in ledger.credits:
                    for settlement in ledger.settlements_of(ledger.credits[credit]):
                        found |= dict.fromkeys(("document", to) for to, _ in settlement.to)
    return found


def _targets(ledger: Ledger, payment: str) -> list[str]:
    """Every document that money of *payment* was ever said to be for."""
    held = ledger.payments.get(payment)
    if held is None:
        return []
    return [to for to, *_ in held.allocations] + [to for s in ledger.settlements_of(held) for to, _ in s.to]


def _successors(ledger: Ledger, name: str, found: dict[Marked, None]) -> None:
    """Add what replaces document *name*, and what replaces that."""
    held = ledger.documents.get(name)
    for replacer in held.replacers if held is not None else ():
        if ("document", replacer) not in found:
            found[("document", replacer)] = None
            _successors(ledger, replacer, found)
