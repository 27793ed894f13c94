"""The mappings that ship: each gives, from its sample, the facts that the sample's rows say."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gradeline.importing import mapping as mappings
from gradeline.main import build
from tests.support.ledger_mapping import Read

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
YEAR_END = date(2025, 12, 31)
Line = tuple[str, str, str, Decimal, str, str, str | None]


def read(name: str, *, cut_over: date | None = None) -> Read:
    (path,) = SAMPLES.glob(f"{name}.*")
    return Read(path, (files("gradeline") / "mappings" / f"{name}.yaml").read_text("utf-8"), cut_over=cut_over)


def line(event: dict[str, Any]) -> Line:
    """Customer, document, what it is, amount, currency, its day, and the day it is due."""
    data = event["data"]
    kind = (
        data.get("kind") or {"credit.refund.paid.v1": "refund"}.get(event["type"]) or data.get("purpose", "settlement")
    )
    document = data.get("transaction_id") or data.get("payment_id") or data["refund_id"]
    day = data.get("booked_on") or data["paid_on"]
    return event["subject"], document, kind, Decimal(data["amount"]), data["currency"], day, data.get("due_on")


def lines(found: Read) -> list[Line]:
    return [line(event) for event in found.events if "customer" not in event["type"]]


def names(found: Read) -> dict[str, str]:
    return {event["subject"]: event["data"]["name"] for event in found.events if "customer" in event["type"]}


D = Decimal
SAP: list[Line] = [
    ("100021", "1000-2025-1800000123-1", "opening_balance", D(125000), "CNY", "2025-12-31", "2025-11-13"),
    ("100021", "1000-2025-1800000187-1", "opening_balance", D("48260.5"), "CNY", "2025-12-31", "2025-12-20"),
    ("100021", "1000-2025-1600000017-1", "credit_note", D("3260.5"), "CNY", "2025-12-31", None),
    ("100034", "1000-2025-1800000201-1", "opening_balance", D(20400), "USD", "2025-12-31", "2026-02-03"),
    ("100034", "1000-2025-1400000088-1", "settlement", D(400), "USD", "2025-12-31", None),
    ("100034", "1000-2025-1400000090-1", "prepayment", D(5000), "USD", "2025-12-31", None),
    ("100034", "2000-2026-1800000007-1", "invoice", D(9900), "CNY", "2026-01-06", "2026-02-05"),
]
RECEIVABLES: list[Line] = [
    ("KH0021", "AR00001025", "invoice", D(125000), "CNY", "2025-10-14", "2025-11-13"),
    ("KH0021", "AR00001093", "invoice", D("48260.5"), "CNY", "2025-11-20", None),
    ("KH0021", "AR00001121", "credit_note", D("3260.5"), "CNY", "2025-12-02", None),
    ("KH0034", "AR00001140", "invoice", D(20400), "USD", "2025-12-05", "2026-02-03"),
    ("KH0034", "AR00001188", "invoice", D(9900), "CNY", "2026-01-06", "2026-02-05"),
]
RECEIPTS: list[Line] = [
    ("KH0021", "SKD00000301-AR00001025", "settlement", D(60000), "CNY", "2025-11-18", None),
    ("KH0021", "SKD00000301-AR00001093", "settlement", D(15000), "CNY", "2025-11-18", None),
    ("KH0034", "SKD00000322", "settlement", D(400), "USD", "2025-12-18", None),
    ("KH0034", "SKD00000325", "prepayment", D(5000), "USD", "2025-12-20", None),
    ("KH0021", "SKD00000330-", "refund", D(1200), "CNY", "2026-01-09", None),
]
U8: list[Line] = [
    ("0021", "opening-0021-人民币", "opening_balance", D(95000), "CNY", "2025-12-31", None),
    ("0021", "0000001201", "invoice", D(22600), "CNY", "2026-01-08", "2026-02-07"),
    ("0021", "0000000088", "settlement", D(60000), "CNY", "2026-01-15", None),
    ("0021", "0000001215", "credit_note", D(2260), "CNY", "2026-01-20", None),
    ("0034", "opening-0034-人民币", "settlement", D(1000), "CNY", "2025-12-31", None),
    ("0034", "0000001198", "invoice", D(9900), "CNY", "2026-01-06", None),
]
NC: list[Line] = [
    ("C0021", "华东公司-D12510140031", "opening_balance", D(65000), "CNY", "2025-12-31", "2025-11-13"),
    ("C0021", "华东公司-D12511200007", "opening_balance", D("33260.5"), "CNY", "2025-12-31", None),
    ("C0021", "华东公司-D12512020002", "credit_note", D("3260.5"), "CNY", "2025-12-31", None),
    ("C0034", "华东公司-D12512050011", "opening_balance", D(20400), "USD", "2025-12-31", "2026-02-03"),
    ("C0034", "华东公司-D52512180004", "settlement", D(400), "USD", "2025-12-31", None),
    ("C0034", "华南公司-D12601060001", "invoice", D(9900), "CNY", "2026-01-06", "2026-02-05"),
]


@pytest.mark.parametrize(
    ("name", "cut_over", "expected", "skipped"),
    [
        ("sap-fbl5n", YEAR_END, SAP, {"*": 2, "**": 1}),
        ("kingdee-receivables", None, RECEIVABLES, {"小计": 1, "合计": 1, "(no fact)": 1}),
        ("kingdee-receipts", None, RECEIPTS, {"合计": 1, "(no fact)": 1}),
        ("yonyou-u8-detail", YEAR_END, U8, {"小计": 2, "合计": 1}),
        ("yonyou-nc-open-items", YEAR_END, NC, {"小计": 1, "合计": 1}),
    ],
)
def test_a_shipped_mapping_gives_what_its_sample_says(
    name: str, cut_over: date | None, expected: list[Line], skipped: dict[str, int]
) -> None:
    found = read(name, cut_over=cut_over)
    assert found.refused == []
    assert lines(found) == expected
    assert dict(found.survey.skipped) == skipped


def test_companies_names_and_allocations_come_along() -> None:
    sap = read("sap-fbl5n", cut_over=YEAR_END)
    assert [event["data"]["company"] for event in sap.events if "customer" not in event["type"]] == ["1000"] * 6 + [
        "2000"
    ]
    assert sap.data["item-1000-2025-1800000123-1"]["document_no"] == "INV-2025-881"
    assert names(sap) == {"100021": "Yunxi Trading", "100034": "Hengda Machinery"}
    receipts = read("kingdee-receipts")
    assert receipts.data["receipt-SKD00000301-AR00001025"]["allocations"] == [
        {"transaction_id": "AR00001025", "amount": "60000.00"}
    ]
    assert receipts.data["receipt-SKD00000325"]["instrument"] == "bill"
    assert names(read("yonyou-u8-detail", cut_over=YEAR_END)) == {
        "0021": "云溪贸易有限公司",
        "0034": "恒达机械有限公司",
    }


def test_open_items_are_documents_of_their_own_days_where_no_cut_over_is_said() -> None:
    found = lines(read("sap-fbl5n"))
    assert found[0][2:] == ("invoice", D(125000), "CNY", "2025-10-14", "2025-11-13")


def test_columns_in_chinese_do_as_well(tmp_path: Path) -> None:
    path = tmp_path / "fbl5n.txt"
    header = "公司代码\t客户\t凭证编号\t凭证类型\t过帐日期\t净到期日\t凭证货币\t凭证货币金额"
    path.write_bytes(
        f"\r\n{header}\r\n1000\t100021\t1800000123\tRV\t2025.10.14\t2025.11.13\tRMB\t1,250.00\r\n".encode("utf-16")
    )
    text = (files("gradeline") / "mappings" / "sap-fbl5n.yaml").read_text("utf-8")
    (found,) = lines(Read(path, text))
    assert found == ("100021", "1000-2025-1800000123-", "invoice", D(1250), "CNY", "2025-10-14", "2025-11-13")


def test_every_shipped_mapping_compiles_and_has_a_sample_and_a_place_in_the_page() -> None:
    page = (SAMPLES.parent / "import.md").read_text("utf-8")
    for name in mappings.names():
        rules = mappings.load(name, cut_over=YEAR_END)
        assert rules.name == name
        assert rules.title
        assert f"`{name}`" in page, name
        assert name == "receivables-2012" or len(list(SAMPLES.glob(f"{name}.*"))) == 1


def test_the_mappings_that_the_page_prints_compile() -> None:
    page = (SAMPLES.parent / "import.md").read_text("utf-8")
    settled, balance, whole = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(mappings.read(whole, "page.yaml").facts) == 1
    head = "mapping: part\nsource: /files/part\nzone: Asia/Shanghai\n"
    columns = "columns: [客户, 发票号, 开票日, 发票金额, 收款单号, 收款日, 核销金额]\n"
    assert len(mappings.read(head + columns + settled, "page.yaml").facts) == 2
    columns = "columns: [客户编码, 期末余额, 借方, 贷方, 余额, 方向]\nmay_have: [公司, 币种]\n"
    other = [text.strip() for text in re.findall(r"\{[^}]*\}", balance.partition("# or ")[2])[:2]]
    for said in ("{column: 期末余额}", *other):
        made = mappings.read(head + columns + balance.replace("{column: 期末余额}", said, 1), "page.yaml").trial_balance
        assert made is not None
        assert made.prepayments


def test_the_shipped_mappings_are_listed_and_printed() -> None:
    listed = CliRunner().invoke(build(), ["mappings"], env={"COLUMNS": "160"})
    assert listed.exit_code == 0
    for name in mappings.names():
        assert name in listed.output
    printed = CliRunner().invoke(build(), ["mappings", "sap-fbl5n"])
    assert mappings.read(printed.output, "copy.yaml").name == "sap-fbl5n"
    missing = CliRunner().invoke(build(), ["mappings", "nothing"])
    assert (missing.exit_code, "there is no mapping 'nothing'" in missing.output) == (2, True)
