"""Which documents, payments and refunds have to be posted again when the facts about one of them change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.core.ledger.book import Book
    from shared.core.ledger.documents import Payment

Marked = tuple[str, str]
"""('document' | 'payment' | 'refund' | 'deposit' | 'credit', id): what a fact touches. A credit posts nothing of its own."""


def looking_at(ledger: Book, marks: Iterable[Marked]) -> dict[Marked, None]:
    """*marks* and everything whose postings look at one of them. It may name too much, never too little."""
    found = dict.fromkeys(marks)
    for kind, name in list(found):
        if ledger.refunds_of:
            for refund in ledger.refunds_of.get(name, ()):
                found[("refund", refund)] = None
        if kind == "refund":
            of = ledger.refunds[name].of
            if of in ledger.payments:
                found |= looking_at(ledger, [("payment", of)])
            if of in ledger.deposits:
                found[("deposit", of)] = None
        elif kind == "document":
            _document(ledger, name, found)
        elif kind != "deposit":
            _source(ledger, name, found)
            held = (ledger.payments if kind == "payment" else ledger.credits).get(name)
            for to in _targets(ledger, held) if held is not None else ():
                found[("document", to)] = None
                _successors(ledger, to, found)
    return found


def _source(ledger: Book, name: str, found: dict[Marked, None]) -> None:
    """Add the payment or deposit that stands behind the credit *name*."""
    kind, _, source = name.partition(" ")
    if kind == "deposit" and source in ledger.deposits:
        found[("deposit", source)] = None
    if kind == "bill" and source in ledger.bills and ledger.bills[source].payment in ledger.payments:
        found[("payment", ledger.bills[source].payment)] = None


def _document(ledger: Book, name: str, found: dict[Marked, None]) -> None:
    """Add what looks at document *name*: what re-issues it, what it consumes or took over, what consumes it."""
    held = ledger.documents.get(name)
    if held is None or not (held.takers or held.takes or held.replaces or held.replacers or ledger.credits):
        return
    for taker in held.takers:
        found[("document", taker)] = None
        _successors(ledger, taker, found)
    one = held
    seen: set[str] = set()
    while True:  # it stands in the place of what it re-issues
        for to, _ in one.takes:
            found[("document", to)] = None
            _successors(ledger, to, found)
        seen.add(one.id)
        before = ledger.documents.get(one.replaces) if one.replaces else None
        if before is None or before.id in seen:
            break
        found[("document", before.id)] = None
        one = before
    _successors(ledger, name, found)
    if ledger.credits:
        for credit in (f"credit_note {name}", f"rebate {name}"):
            used = ledger.credits.get(credit)
            for to in _targets(ledger, used) if used is not None else ():
                found[("document", to)] = None
                _successors(ledger, to, found)


def _targets(ledger: Book, held: Payment) -> list[str]:
    """Every document that money of *held* was ever said to be for."""
    targets = [to for to, _, _ in held.allocations]
    if held.settlements or held.bills:
        targets += [to for s in ledger.settlements_of(held) for to, _ in s.to]
    return targets


def _successors(ledger: Book, name: str, found: dict[Marked, None]) -> None:
    """Add what re-issues document *name*, and what re-issues that; and what those consume."""
    held = ledger.documents.get(name)
    if held is None or not held.replacers:
        return
    waiting, seen = list(held.replacers), {name}
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            found[("document", one)] = None
            waiting += ledger.documents[one].replacers
