"""Opening balances at a cut-over date, documents without a due date, and a row for each settlement."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gradeline.importing import mapping as mappings
from shared.core.errors import Misconfigured
from tests.support.ledger_mapping import CHINESE, Read, csv_of

OPENING = (
    CHINESE.replace("kind: invoice", "kind: {by_cut_over: 日期, then: opening_balance, otherwise: invoice}")
    .replace("booked_on: {date: 日期}", "booked_on: {date: 日期, not_before: cut_over}")
    .replace("at: {date: 日期}", "at: {date: 日期, not_before: cut_over}")
)
SETTLED = """\
mapping: settled
source: /files/settled
zone: Asia/Shanghai
columns: [客户, 发票号, 开票日, 发票金额, 收款单号, 收款日, 核销金额]
facts:
  - type: credit.transaction.recorded.v1
    id: "invoice-{发票号}"
    subject: "{客户}"
    at: {date: 开票日}
    data:
      transaction_id: "{发票号}"
      kind: invoice
      amount: {money: 发票金额}
      currency: CNY
      booked_on: {date: 开票日}
  - type: credit.payment.recorded.v1
    id: "payment-{收款单号}-{发票号}"
    subject: "{客户}"
    at: {date: 收款日}
    when: [{column: 收款单号, is: filled}]
    data:
      payment_id: "{收款单号}-{发票号}"
      amount: {money: 核销金额}
      currency: CNY
      paid_on: {date: 收款日}
      allocations: {list: [{object: {transaction_id: "{发票号}", amount: {money: 核销金额}}}]}
"""
HEADER = "客户,发票号,开票日,发票金额,收款单号,收款日,核销金额"


def test_what_was_booked_by_the_cut_over_stands_as_of_it_with_its_own_due_date(tmp_path: Path) -> None:
    rows = ["C1,A1,2023-11-05,10,2023-12-05", "C1,A2,2023-12-31,20,", "C1,A3,2024-01-02,30,2024-02-02"]
    read = Read(csv_of(tmp_path, *rows), OPENING, cut_over=date(2023, 12, 31))
    first, second, third = (read.facts[f"invoice-A{n}"] for n in (1, 2, 3))
    assert (first["data"]["kind"], first["data"]["booked_on"], first["data"]["due_on"]) == (
        "opening_balance",
        "2023-12-31",
        "2023-12-05",
    )
    assert first["time"] == "2023-12-31T12:00:00+08:00"
    assert (second["data"]["kind"], "due_on" in second["data"]) == ("opening_balance", False)
    assert (third["data"]["kind"], third["data"]["booked_on"]) == ("invoice", "2024-01-02")


def test_without_a_cut_over_every_document_has_its_own_date(tmp_path: Path) -> None:
    read = Read(csv_of(tmp_path, "C1,A1,2023-11-05,10,2023-12-05"), OPENING)
    assert (read.data["invoice-A1"]["kind"], read.data["invoice-A1"]["booked_on"]) == ("invoice", "2023-11-05")


def test_a_balance_without_any_date_needs_the_cut_over_to_be_said(tmp_path: Path) -> None:
    text = CHINESE.replace("kind: invoice", "kind: opening_balance").replace("{date: 日期}", "{on: cut_over}")
    with pytest.raises(Misconfigured, match=r"ours.yaml:\d+: .*say --cut-over YYYY-MM-DD"):
        mappings.read(text, "ours.yaml")
    read = Read(csv_of(tmp_path, "C1,期初,,10,"), text, cut_over=date(2023, 12, 31))
    assert read.data["invoice-期初"]["booked_on"] == "2023-12-31"
    assert Read(csv_of(tmp_path, "C1,期初,,10,"), text.replace("columns:", "cut_over: 2023-12-31\ncolumns:", 1)).facts


def test_an_invoice_on_several_rows_is_one_invoice_with_its_payments(tmp_path: Path) -> None:
    rows = [
        "C1,F1,2024-01-05,100,R1,2024-02-01,60", "C1,F1,2024-01-05,100,R2,2024-03-01,40",
        "C1,F2,2024-01-06,50,R2,2024-03-01,10", "C2,F3,2024-01-07,70,,,",
    ]  # fmt: skip
    read = Read(csv_of(tmp_path, *rows, header=HEADER), SETTLED)
    assert read.refused == []
    assert [event["id"] for event in read.events] == [
        "invoice-F1", "payment-R1-F1", "payment-R2-F1", "invoice-F2", "payment-R2-F2", "invoice-F3",
    ]  # fmt: skip
    assert read.survey.facts == {"credit.transaction.recorded.v1": 3, "credit.payment.recorded.v1": 3}
    assert read.survey.repeated == 1, "said, for it might be two equal lines of one document"


def test_rows_that_disagree_about_their_invoice_are_refused_and_say_which_row_stands(tmp_path: Path) -> None:
    rows = [
        "C1,F1,2024-01-05,x,R0,2024-02-01,60", "C1,F1,2024-01-05,100,R1,2024-02-01,60",
        "C1,F1,2024-01-05,101,R2,2024-03-01,40", "C1,F1,2024-01-05,100.00,R3,2024-03-02,1",
    ]  # fmt: skip
    read = Read(csv_of(tmp_path, *rows, header=HEADER), SETTLED)
    assert [event["id"] for event in read.events] == ["invoice-F1", "payment-R1-F1", "payment-R3-F1"]
    assert read.refused == [(2, "发票金额", "amount"), (4, "发票号", "identity")]
    assert "row 3 has it with other content" in read.refusals[1].message


def test_a_refused_row_does_not_take_the_invoice_with_it_that_it_told_first(tmp_path: Path) -> None:
    text = SETTLED.replace('id: "payment-{收款单号}-{发票号}"', 'id: "payment-{收款单号}"')
    assert text != SETTLED
    rows = [
        "C1,F1,2024-01-05,100,R1,2024-02-01,60", "C1,F2,2024-01-06,50,R1,2024-02-01,40", "C1,F2,2024-01-06,50,R2,2024-03-01,10",
    ]  # fmt: skip
    read = Read(csv_of(tmp_path, *rows, header=HEADER), text)
    assert read.refused == [(3, "收款单号", "identity")]
    assert [event["id"] for event in read.events] == ["invoice-F1", "payment-R1", "invoice-F2", "payment-R2"]


def test_a_part_of_an_id_may_be_empty_or_the_year_of_a_date(tmp_path: Path) -> None:
    text = CHINESE.replace('id: "invoice-{单据号}"', 'id: "invoice-{日期:year}-{单据号}{备注?}"')
    read = Read(
        csv_of(tmp_path, "C1,A1,2024-01-05,10,,", "C1,A1,5 Jan,10,,", header="客户编码,单据号,日期,金额,到期日,备注"),
        text,
    )
    assert list(read.facts) == ["invoice-2024-A1"]
    assert (3, "日期", "date") in read.refused


def test_the_first_filled_of_several_cells(tmp_path: Path) -> None:
    text = CHINESE.replace('id: "invoice-{单据号}"', 'id: "invoice-{单据号}"').replace(
        "currency: CNY", "currency: CNY\n      document_no: {first: [备注, 单据号], optional: yes}"
    )
    read = Read(
        csv_of(
            tmp_path, "C1,A1,2024-01-05,10,,N7", "C1,A2,2024-01-05,10,,", header="客户编码,单据号,日期,金额,到期日,备注"
        ),
        text,
    )
    assert [data["document_no"] for data in read.data.values()] == ["N7", "A2"]
