"""What the trial balance says: the balances of its rows, added up by customer, company and currency."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import msgspec

from gradeline.importing.facts import Refusal
from gradeline.importing.mapping import Mapping
from gradeline.importing.reader import Opened, Row, rows
from gradeline.importing.run import Shows
from gradeline.importing.trial_balance import Lines
from shared.core.breach import Breach
from shared.core.errors import Malformed, Misconfigured
from shared.core.events.values import check_customer_id
from shared.core.money import CURRENCIES

Account = tuple[str, str, str]
"""(customer, company, currency); the company is empty where none is said."""


class Theirs(msgspec.Struct):
    """What was read."""

    balances: dict[Account, Decimal] = {}
    first_row: dict[Account, int] = {}
    rows: int = 0
    skipped: Counter[str] = msgspec.field(default_factory=Counter)
    refusals: list[Refusal] = []

    def add(self, row: Row, lines: Lines) -> None:
        """Add one row; one that cannot be read is refused."""
        if row.skipped:
            self.skipped[row.skipped] += 1
            return
        self.rows += 1
        if row.broken:
            self.refusals.append(Refusal(row.number, "", "row", row.broken))
            return
        try:
            account, amount = _read(row, lines)
        except Malformed as wrong:
            column = wrong.pointer.removeprefix("/")
            self.refusals.append(Refusal(row.number, column, wrong.rule, wrong.message))
            return
        self.balances[account] = self.balances.get(account, Decimal(0)) + amount
        self.first_row.setdefault(account, row.number)


def _read(row: Row, lines: Lines) -> tuple[Account, Decimal]:
    customer = str(lines.customer.build(row.cells))
    try:
        check_customer_id(customer, at="")
    except Breach as breach:
        column = lines.customer.columns[0] if lines.customer.columns else ""
        raise Malformed(f"'{customer}' {breach.message}", pointer=f"/{column}", rule=breach.rule) from None
    company = str(lines.company.build(row.cells)) if lines.company else ""
    currency = str(lines.currency.build(row.cells))
    if currency not in CURRENCIES:
        column = lines.currency.columns[0] if lines.currency.columns else ""
        message = f"'{currency}' is not an ISO 4217 currency code; write for example CNY"
        raise Malformed(message, pointer=f"/{column}", rule="currency")
    return (customer, company, currency), lines.balance(row.cells, currency)


def read(file: Opened, mapping: Mapping, shows: Shows) -> Theirs:
    """Read every row of *file*. Raises Misconfigured where *mapping* says nothing of balances, or the file cannot be read."""
    lines = mapping.trial_balance
    if lines is None:
        raise Misconfigured(f"the mapping '{mapping.name}' has no trial_balance:; add it, or use trial-balance")
    found, size = Theirs(), file.table.size
    for row in rows(file, mapping):
        found.add(row, lines)
        if found.rows % 256 == 0:
            shows(min(row.position, size), size, "read")
    shows(size, size, "read")
    return found
