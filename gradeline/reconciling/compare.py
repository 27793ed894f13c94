"""Two sets of balances, account by account. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NamedTuple

import msgspec

from gradeline.reconciling.theirs import Account
from shared.edge.codes import Words

Result = Literal["equal", "different", "missing_here", "missing_there", "unread"]
RESULTS: dict[Result, Words] = {
    "equal": Words("equal", "一致"),
    "different": Words("different", "不一致"),
    "missing_here": Words("missing here", "我方缺少"),
    "missing_there": Words("missing there", "对方缺少"),
    "unread": Words("could not be read here", "我方无法读取"),
}
ADDED_UP = Words(
    "no document here names a company, so companies were added up", "我方单据均无公司，已按客户和币种合并比较"
)
NOT_TOLD = Words("the file tells no companies apart, so ours were added up", "文件未区分公司，已将我方各公司合并比较")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One account. A positive balance is owed by the customer."""

    customer: str
    company: str
    currency: str
    ours: Decimal | None
    """None: the customer is not known here."""
    theirs: Decimal | None
    """None: the customer is not in the file."""
    difference: Decimal
    """Ours − theirs."""
    result: Result
    row: int | None
    """The first row of the file that is about it."""


class Books(NamedTuple):
    """The balances of one side, and all customers that it knows."""

    balances: Mapping[Account, Decimal]
    customers: Collection[str]


def by_company(ours: Books, theirs: Books) -> tuple[bool, Words | None]:
    """Whether accounts are compared company by company, and what is to be said where they are not."""
    here, there = (any(company for _, company, _ in side.balances) for side in (ours, theirs))
    if there and not here:
        return False, ADDED_UP
    return here and there, NOT_TOLD if here and not there else None


def without_companies(
    ours: Books, theirs: Books, first_row: Mapping[Account, int]
) -> tuple[Books, Books, dict[Account, int]]:
    """Both sides with the balances of all companies together."""
    rows: dict[Account, int] = {}
    for (customer, _, currency), row in first_row.items():
        account = (customer, "", currency)
        rows[account] = min(row, rows.get(account, row))
    return _added_up(ours), _added_up(theirs), rows


def _added_up(side: Books) -> Books:
    found: dict[Account, Decimal] = {}
    for (customer, _, currency), amount in side.balances.items():
        account = (customer, "", currency)
        found[account] = found.get(account, Decimal(0)) + amount
    return side._replace(balances=found)


def compared(
    ours: Books, theirs: Books, *, unread: Collection[str] = (), first_row: Mapping[Account, int] = MappingProxyType({})
) -> list[Line]:
    """Every account of either side, in order. One that is nothing on one side and not there on the other is equal or left out."""
    lines = []
    silent = {(customer, "", "") for customer in unread} if unread else set()
    for account in sorted({*ours.balances, *theirs.balances, *silent}):
        customer, company, currency = account
        here = ours.balances.get(account, Decimal(0)) if customer in ours.customers else None
        there = theirs.balances.get(account, Decimal(0)) if customer in theirs.customers else None
        difference = (here or Decimal(0)) - (there or Decimal(0))
        if customer in unread:
            result: Result = "unread"
        elif not difference:
            result = "equal"
        elif here is None:
            result = "missing_here"
        else:
            result = "missing_there" if there is None else "different"
        if result == "equal" and there is None:
            continue
        lines.append(
            Line(
                customer=customer,
                company=company,
                currency=currency,
                ours=here,
                theirs=there,
                difference=difference,
                result=result,
                row=first_row.get(account),
            )
        )
    return lines
