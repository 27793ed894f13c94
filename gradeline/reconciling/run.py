"""A reconciliation from file to result."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from gradeline.importing import mapping as mappings
from gradeline.importing.reader import opened
from gradeline.importing.run import Shows
from gradeline.reconciling import compare, ours, theirs
from gradeline.reconciling.compare import Books
from gradeline.reconciling.ours import Ours
from gradeline.reconciling.report import Reconciliation, counted, totals
from gradeline.reconciling.theirs import Account, Theirs
from shared.edge.codes import Words
from shared.edge.settings import Settings


def reconciled(known: Settings, file: Path, mapping: str, day: date, processes: int, shows: Shows) -> Reconciliation:
    """Compare *file* with our books at the end of *day*. Raises Misconfigured, Unavailable."""
    rules = mappings.load(mapping, cut_over=day)
    table = opened(file, rules)
    there = theirs.read(table, rules, shows)
    ids = {customer for customer, _, _ in there.balances}
    here = ours.read(known, rules.source, ids, day, processes, shows)
    assert rules.trial_balance is not None
    our_side = _ours(here, prepayments=rules.trial_balance.prepayments)
    their_side, first_row = _theirs(there, here)
    is_by_company, why = compare.by_company(our_side, their_side)
    if not is_by_company:
        our_side, their_side, first_row = compare.without_companies(our_side, their_side, first_row)
    lines = compare.compared(our_side, their_side, unread=frozenset(here.books.unread), first_row=first_row)
    return Reconciliation(
        file=str(file),
        mapping=rules.name,
        as_of=day,
        by_company=is_by_company,
        equal=all(line.result == "equal" for line in lines) and not there.refusals,
        results=counted(lines),
        totals=totals(lines),
        rows=there.rows,
        rows_refused=len(there.refusals),
        skipped=dict(sorted(there.skipped.items())),
        waiting=here.waiting,
        notes=[*table.notes, *([why] if why else []), *_waits(here.waiting)],
        lines=lines,
        refusals=there.refusals,
    )


def _ours(here: Ours, *, prepayments: bool) -> Books:
    balances = {
        (one.customer, one.company, one.currency): one.balance - (one.prepayments if prepayments else 0)
        for one in here.books.owed
    }
    return Books(balances, frozenset(here.customers))


def _theirs(there: Theirs, here: Ours) -> tuple[Books, dict[Account, int]]:
    """Their side under our ids; two of their ids may be one customer of ours."""
    found: dict[Account, list[Account]] = {}
    for account in there.balances:
        customer, company, currency = account
        found.setdefault((here.meant.get(customer, customer), company, currency), []).append(account)
    balances = {ours: sum((there.balances[one] for one in several), Decimal(0)) for ours, several in found.items()}
    first_row = {ours: min(there.first_row[one] for one in several) for ours, several in found.items()}
    return Books(balances, frozenset(customer for customer, _, _ in found)), first_row


def _waits(facts: int) -> list[Words]:
    if not facts:
        return []
    return [
        Words(
            f"{facts:,} accepted facts are not in our books yet; run it again when they are",
            f"{facts:,} 条已接收的事实尚未入账，请稍后重试",
        )
    ]
