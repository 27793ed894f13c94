"""Two sets of balances, account by account: equal, different, missing here, missing there."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gradeline.importing import mapping as mappings
from gradeline.importing.reader import opened
from gradeline.reconciling import theirs
from gradeline.reconciling.compare import ADDED_UP, NOT_TOLD, Books, Line, by_company, compared, without_companies
from gradeline.reconciling.report import counted, totals
from shared.core.errors import Misconfigured

Told = dict[tuple[str, str, str], str]


def books(told: Told, *customers: str) -> Books:
    balances = {account: Decimal(amount) for account, amount in told.items()}
    return Books(balances, frozenset({*customers, *(customer for customer, _, _ in told)}))


def results(lines: Sequence[Line]) -> list[tuple[Any, ...]]:
    return [(line.customer, line.company, line.result, str(line.difference)) for line in lines]


def test_each_account_of_either_side_comes_out_once() -> None:
    ours = books(
        {("A", "", "CNY"): "100.00", ("B", "", "CNY"): "50", ("D", "", "CNY"): "7", ("E", "", "CNY"): "0"}, "F"
    )
    theirs_ = books(
        {
            ("A", "", "CNY"): "100",
            ("B", "", "CNY"): "60",
            ("C", "", "CNY"): "3",
            ("F", "", "CNY"): "1",
            ("G", "", "CNY"): "0",
        }
    )
    lines = compared(ours, theirs_, first_row={("A", "", "CNY"): 5})
    assert results(lines) == [
        ("A", "", "equal", "0.00"), ("B", "", "different", "-10"), ("C", "", "missing_here", "-3"),
        ("D", "", "missing_there", "7"), ("F", "", "different", "-1"), ("G", "", "equal", "0"),
    ]  # fmt: skip
    assert [(line.ours, line.theirs) for line in lines[2:5]] == [(None, 3), (7, None), (0, 1)]
    assert lines[0].row == 5
    assert counted(lines) == {"equal": 2, "different": 2, "missing_here": 1, "missing_there": 1, "unread": 0}
    assert totals(lines) == {"CNY": {"ours": Decimal("157.00"), "theirs": Decimal(164), "difference": Decimal("-7.00")}}


def test_a_customer_whose_facts_cannot_be_folded_is_never_equal() -> None:
    lines = compared(books({}, "A", "B"), books({("A", "", "CNY"): "0"}), unread={"A", "B"})
    assert {line.result for line in lines} == {"unread"}
    assert {line.customer for line in lines} == {"A", "B"}


def test_companies_count_where_both_sides_name_them() -> None:
    one, two = (
        books({("A", "1", "CNY"): "1", ("A", "2", "CNY"): "2"}),
        books({("A", "1", "CNY"): "2", ("A", "2", "CNY"): "1"}),
    )
    assert by_company(one, two) == (True, None)
    assert [line.result for line in compared(one, two)] == ["different", "different"]
    plain = books({("A", "", "CNY"): "3"})
    assert by_company(plain, two) == (False, ADDED_UP)
    assert by_company(one, plain) == (False, NOT_TOLD)
    assert by_company(plain, plain) == (False, None)
    ours, there, rows = without_companies(one, two, {("A", "1", "CNY"): 9, ("A", "2", "CNY"): 4})
    assert results(compared(ours, there)) == [("A", "", "equal", "0")]
    assert rows == {("A", "", "CNY"): 4}


def read(
    folder: Path, text: str, *, header: str = "客户编码,期末余额", mapping: str = "trial-balance"
) -> theirs.Theirs:
    path = folder / "balances.csv"
    path.write_text(f"{header}\n{text}", encoding="utf-8")
    rules = mappings.load(mapping)
    return theirs.read(opened(path, rules), rules, lambda done, total, what: None)


def test_rows_of_one_account_are_added_up_and_sums_passed_over(tmp_path: Path) -> None:
    found = read(tmp_path, 'A,"1,000.50"\nB,-20\nA,（0.50）\n合计,980\n,\n')
    assert found.balances == {("A", "", "CNY"): Decimal(1000), ("B", "", "CNY"): Decimal(-20)}
    assert (found.rows, dict(found.skipped), found.first_row[("A", "", "CNY")]) == (3, {"合计": 1, "(blank)": 1}, 2)


def test_a_direction_turns_a_balance_round_and_a_company_and_a_currency_part_accounts(tmp_path: Path) -> None:
    found = read(
        tmp_path, "A,100,借,1000,美元\nA,30,贷,2000,\nA,5,平,2000,\n", header="客户编码,余额,方向,公司代码,币种"
    )
    assert found.balances == {("A", "1000", "USD"): Decimal(100), ("A", "2000", "CNY"): Decimal(-25)}


def test_debit_and_credit_may_stand_in_columns_of_their_own(tmp_path: Path) -> None:
    text = mappings.shipped("trial-balance").replace("- 期末余额:", "- 借方\n  - 贷方\n  - 摘要:")
    text = text.replace(
        "balance: {column: 期末余额, direction: 方向, credit: [贷, C, Cr, Credit]}",
        "balance: {debit: 借方, credit: 贷方}",
    )
    (tmp_path / "ours.yaml").write_text(text)
    found = read(
        tmp_path, "A,100,,x\nB,,30.5,x\n", header="客户编码,借方,贷方,摘要", mapping=str(tmp_path / "ours.yaml")
    )
    assert found.balances == {("A", "", "CNY"): Decimal(100), ("B", "", "CNY"): Decimal("-30.5")}


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        ("A,x,CNY", "期末余额", "amount"),
        ("A B,1,CNY", "客户编码", "characters"),
        ("A,￥1,USD", "期末余额", "currency-mark"),
        ("A,1,XXQ", "币种", "lookup"),
        ("A,1", "", "row"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_its_cell(tmp_path: Path, row: str, column: str, rule: str) -> None:
    found = read(tmp_path, f"{row}\nB,2,CNY\n", header="客户编码,期末余额,币种")
    assert [(one.row, one.column, one.rule) for one in found.refusals] == [(2, column, rule)]
    assert list(found.balances) == [("B", "", "CNY")]


def test_a_mapping_without_balances_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="has no trial_balance:"):
        read(tmp_path, "", header="单据编号,业务日期,客户编码,币别,价税合计", mapping="kingdee-receivables")
