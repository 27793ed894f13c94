"""A trial balance of another system, or any list whose rows add up to balances: what one row says is owed.

trial_balance:
  customer: "{客户编码}"
  company: "{公司}"                 left out: the file does not tell companies apart
  currency: CNY
  balance: {column: 期末余额}        what the customer owes is positive; or
  balance: {debit: 借方, credit: 贷方}       either may be empty; or
  balance: {column: 余额, direction: 方向, credit: [贷]}   the words for a balance in the customer's favour
  prepayments: included             left out: they stand on an account of their own
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from gradeline.importing import cells
from gradeline.importing.cells import Cells
from gradeline.importing.fields import compile_field
from gradeline.importing.layout import Field, Layout
from gradeline.importing.located import Located
from gradeline.importing.templates import template
from gradeline.importing.written import Marked

Balance = Callable[[Cells, str], Decimal]
"""What a row says is owed, in the currency that is given."""


@dataclass(frozen=True)
class Lines:
    """How a row is read as a line of a trial balance."""

    customer: Field
    company: Field | None
    currency: Field
    balance: Balance
    prepayments: bool
    """Whether money paid ahead is part of the balances."""


def compile_lines(at: Located, layout: Layout) -> Lines:
    """The lines that *at* describes. Raises Misconfigured naming the line."""
    keys = at.fields(required=["customer", "currency", "balance"], optional=["company", "prepayments"])
    prepayments = keys["prepayments"].text() if "prepayments" in keys else "apart"
    if prepayments not in ("included", "apart"):
        raise keys["prepayments"].wrong("write prepayments: included, or leave it out")
    return Lines(
        customer=template(keys["customer"], layout),
        company=template(keys["company"], layout) if "company" in keys else None,
        currency=compile_field(keys["currency"], layout),
        balance=_balance(keys["balance"], layout),
        prepayments=prepayments == "included",
    )


def _balance(at: Located, layout: Layout) -> Balance:
    keys = at.table()
    if "debit" in keys:
        keys = at.fields(required=["debit", "credit"])
        debit, credit = (layout.column(keys[name]) for name in ("debit", "credit"))
        return lambda row, currency: _part(row, debit, currency, layout) - _part(row, credit, currency, layout)
    keys = at.fields(required=["column"], optional=["direction", "credit"])
    column = layout.column(keys["column"])
    if "direction" not in keys:
        return lambda row, currency: signed(row, column, currency, layout)
    if "credit" not in keys:
        raise at.wrong("say which words of the direction mean a balance in the customer's favour, e.g. credit: [贷]")
    direction = layout.column(keys["direction"])
    words = frozenset(item.text() for item in keys["credit"].items())

    def directed(row: Cells, currency: str) -> Decimal:
        amount = signed(row, column, currency, layout)
        return -amount if cells.cell(row, direction) in words else amount

    return directed


def _part(row: Cells, column: str, currency: str, layout: Layout) -> Decimal:
    return signed(row, column, currency, layout) if cells.cell(row, column) else Decimal(0)


def signed(row: Cells, column: str, currency: str, layout: Layout) -> Decimal:
    """The amount of *column* with its sign. Raises Malformed."""
    text = cells.filled(row, column)
    digits, negative = cells.plain(text, decimal=layout.decimal, thousands=layout.thousands)
    if digits is None:
        raise cells.not_an_amount(column, text, layout.decimal)
    if isinstance(digits, Marked):
        digits = cells.of_currency(row, column, digits, currency)
    return -Decimal(digits) if negative else Decimal(digits)
