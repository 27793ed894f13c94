"""Mapping files: what they say is what happens, and every mistake names file, line and remedy."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gradeline.importing import mapping as mappings
from gradeline.importing.facts import RowFacts, read_facts
from shared.core.errors import Misconfigured
from tests.support.plain_mapping import HEADER, PLAIN


def read(text: str) -> mappings.Mapping:
    return mappings.read(text, "plain.yaml")


def facts(tmp_path: Path, text: str, *lines: str, **more: Any) -> list[RowFacts]:
    path = tmp_path / "rows.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return list(read_facts(path, read(text), **more))


def test_a_row_becomes_the_fact_that_the_mapping_describes(tmp_path: Path) -> None:
    (row,) = facts(tmp_path, PLAIN, "C1,7,2026-01-05,2026-02-04,12.5,,")
    assert (row.row, row.refusals) == (2, [])
    assert row.events == [
        {
            "specversion": "1.0",
            "id": "invoice-7",
            "source": "/files/plain",
            "type": "credit.transaction.recorded.v1",
            "subject": "C1",
            "time": "2026-01-05T12:00:00+08:00",
            "datacontenttype": "application/json",
            "data": {
                "transaction_id": "7",
                "kind": "invoice",
                "amount": "12.5",
                "currency": "CNY",
                "booked_on": "2026-01-05",
                "due_on": "2026-02-04",
            },
        }
    ]


def test_an_optional_field_is_left_out_when_its_cell_is_empty(tmp_path: Path) -> None:
    (row,) = facts(tmp_path, PLAIN, "C1,7,2026-01-05,,12.5,,")
    assert "due_on" not in row.events[0]["data"]


@pytest.mark.parametrize(
    ("line", "column", "rule"),
    [
        ("C1,7,2026-13-05,,12.5,,", "booked", "date"),
        ("C1,7,2026-01-05,,12;5,,", "amount", "amount"),
        ("C1,7,2026-01-05,,-12.5,,", "amount", "negative"),
        ("C1,,2026-01-05,,12.5,,", "number", "empty"),
        ("C1,7,2026-01-05,,12.505,,", "amount", "scale"),
        ("C 1,7,2026-01-05,,12.5,,", "customer", "characters"),
        ("C1,7,1812-01-05,,12.5,,", "booked", "range"),
        ("C1,7,2026-01-05,2312-01-05,12.5,,", "due", "range"),
        ("C1,7,2026-01-05,12.5,,", "", "row"),
        ('C1,7,"2026-01-05" x,,12.5,,', "", "row"),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_with_its_column_and_the_next_goes_on(
    tmp_path: Path, line: str, column: str, rule: str
) -> None:
    broken, good = facts(tmp_path, PLAIN, line, "C1,8,2026-01-05,,1,,")
    assert broken.events == []
    assert [(one.row, one.column, one.rule) for one in broken.refusals] == [(2, column, rule)]
    assert [event["id"] for event in good.events] == ["invoice-8"]


def test_a_year_that_nobody_means_is_refused_by_its_date(tmp_path: Path) -> None:
    ((refusal,),) = [row.refusals for row in facts(tmp_path, PLAIN, "C1,7,1812-01-05,,12.5,,")]
    assert refusal.message == "'1812-01-05' is the date 1812-01-05, outside 1900-01-01 to 2199-12-31; correct the year"


def test_a_time_of_a_century_ago_has_an_offset_in_minutes(tmp_path: Path) -> None:
    (row,) = facts(tmp_path, PLAIN, "C1,7,1900-01-05,,12.5,,")
    assert (row.refusals, row.events[0]["time"]) == ([], "1900-01-05T12:00:00+08:06")


def test_a_quote_that_is_never_closed_says_how_many_lines_it_took(tmp_path: Path) -> None:
    good, cut = facts(
        tmp_path, PLAIN, "C1,7,2026-01-05,,1,,", 'C1,8,"2026-01-05,,1,,', "C1,9,2026-01-05,,1,,", "C2,1,2026-01-05,,1,,"
    )
    assert good.refusals == []
    (refusal,) = cut.refusals
    assert refusal.row == 3
    assert "took 3 lines of the file, 3 to 5; close the quote in line 3" in refusal.message


def test_a_quote_that_is_closed_lines_later_says_so_too(tmp_path: Path) -> None:
    swallowed, good = facts(tmp_path, PLAIN, 'C1,8,"2026-01-05,,1,,', 'C1,9,"2026-01-05",,1,,', "C2,1,2026-01-05,,1,,")
    assert "took 2 lines of the file, 2 to 3" in swallowed.refusals[0].message
    assert good.refusals == []


@pytest.mark.parametrize("source", ["erp x", "/gradeline/main/rating", "gradeline/main", "", "/é", "/" + "x" * 256])
def test_a_source_that_no_fact_may_have_is_refused_with_the_mapping(source: str) -> None:
    with pytest.raises(
        Misconfigured, match=r"^plain\.yaml:2: .*write e\.g\. /files/ledger|^plain\.yaml:2: .*name your system"
    ):
        read(PLAIN.replace("source: /files/plain", f'source: "{source}"'))


def test_a_row_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    second = PLAIN.replace("facts:\n", "facts:\n  - type: credit.overdue.cured.v1\n    id: 'cured-{number}'\n    subject: '{customer}'\n"
                           "    at: {date: due}\n    data: {transaction_id: '{number}', cured_on: {date: due}}\n")  # fmt: skip
    (row,) = facts(tmp_path, second, "C1,7,2026-01-05,2026-02-04,x,,")
    assert row.events == []
    assert [one.rule for one in row.refusals] == ["amount"]


def test_rows_are_numbered_as_a_spreadsheet_does_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    rows = facts(tmp_path, PLAIN, "C1,7,2026-01-05,,1,,", "", "C1,8,2026-01-05,,1,,")
    assert [row.row for row in rows] == [2, 4]


def test_conditions_choose_what_a_row_gives(tmp_path: Path) -> None:
    signed = (
        PLAIN.replace("    data:\n", "    when:\n      - {column: amount, is: positive}\n    data:\n")
        + """\
  - type: credit.transaction.recorded.v1
    id: "credit-{number}"
    subject: "{customer}"
    at: {date: booked}
    when:
      - {column: amount, is: negative}
      - {column: note, differs: [draft]}
    data:
      transaction_id: "{number}"
      kind: credit_note
      amount: {money: amount, sign: reversed}
      currency: CNY
      booked_on: {date: booked}
      reason: {text: note, optional: yes}
"""
    )
    rows = facts(tmp_path, signed, "C1,7,2026-01-05,,5,,", "C1,8,2026-01-05,,5-,late,", "C1,9,2026-01-05,,-5,draft,")
    assert [[event["id"] for event in row.events] for row in rows] == [["invoice-7"], ["credit-8"], []]
    assert rows[1].events[0]["data"]["amount"] == "5"
    assert rows[1].events[0]["data"]["reason"] == "late"


def test_every_transform_gives_its_field(tmp_path: Path) -> None:
    text = PLAIN.replace("currency: CNY", "currency: {lookup: note, table: {¥: CNY, $: USD}, otherwise: EUR}").replace(
        "due_on: {date: due, optional: yes}", "terms: {object: {days: {number: days}, code: 'N{days}'}}\n      document_no: {text: note}"
    ).replace("at: {date: booked}", "at: {max_date: [booked, due]}")  # fmt: skip
    (row,) = facts(tmp_path, text, "C1,7,2026-01-05,2026-01-09,1,$,30")
    assert row.refusals == []
    assert row.events[0]["time"] == "2026-01-09T12:00:00+08:00"
    assert row.events[0]["data"] | {} == {
        "transaction_id": "7",
        "kind": "invoice",
        "amount": "1",
        "currency": "USD",
        "booked_on": "2026-01-05",
        "terms": {"days": 30, "code": "N30"},
        "document_no": "$",
    }


def test_a_clock_time_is_meant_in_the_zone_of_the_mapping(tmp_path: Path) -> None:
    text = PLAIN.replace("at: {date: booked}", "at: {instant: note, form: '%Y-%m-%d %H:%M'}").replace(
        "Asia/Shanghai", "Europe/Berlin"
    )
    (row,) = facts(tmp_path, text, "C1,7,2026-07-05,,1,2026-07-05 23:30,")
    assert row.events[0]["time"] == "2026-07-05T23:30:00+02:00"


def test_known_as_occurred_says_the_end_of_the_business_date(tmp_path: Path) -> None:
    (row,) = facts(tmp_path, PLAIN, "C1,7,2026-01-05,,1,,", known_as_occurred=True)
    assert row.events[0]["recordedtime"] == "2026-01-05T23:59:59+08:00"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("zone: Asia/Shanghai\n", "", 1, "'zone:' is missing"),
        ("Asia/Shanghai", "Mars/Base", 3, "IANA name"),
        ('"%Y-%m-%d"', '"%Y-%m"', 4, "year, month and day"),
        ("{date: booked}\n    data", "{date: bokked}\n    data", 10, "no column 'bokked'"),
        ("credit.transaction.recorded.v1", "credit.transaction.recorded.v9", 7, "is no fact"),
        ("credit.transaction.recorded.v1", "credit.grade.changed.v1", 7, "is no fact"),
        ("kind: invoice", "sort: invoice", 11, "'kind:' is missing"),
        ("      currency: CNY", "      currency: CNY\n      colour: red", 16, "'colour' is not known here"),
        ("{money: amount}", "{money: amount, sign: minus}", 14, "no sign rule"),
        ("{money: amount}", "{money: amount, text: note}", 14, "exactly one of"),
        ("{money: amount}", "{cash: amount}", 14, "exactly one of"),
        ('"{customer}"', '"{customer"', 9, "brace"),
        ("mapping: plain", "mapping: plain\nmapping: twice", 2, "written twice"),
        ("mapping: plain", "mapping: [plain", 2, "not YAML"),
        ("facts:", "facts: none\nrest:", 7, "not known here"),
    ],
)
def test_a_mistake_names_file_line_and_remedy(old: str, new: str, line: int, says: str) -> None:
    assert old in PLAIN
    with pytest.raises(Misconfigured) as wrong:
        read(PLAIN.replace(old, new, 1))
    place, _, message = wrong.value.message.partition(": ")
    assert says in message
    assert place == f"plain.yaml:{line}"


def test_a_file_without_a_column_of_the_mapping_is_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("customer,number\nC1,7\n")
    with pytest.raises(Misconfigured, match="booked, due, amount, note, days"):
        list(read_facts(path, read(PLAIN)))


def test_a_chinese_file_is_read_in_its_own_encoding(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes((HEADER + "云溪恒达,7,2026-01-05,,1,备注,\n").encode("gb18030"))
    (row,) = read_facts(path, read(PLAIN.replace("zone:", "encoding: gb18030\nzone:")))
    assert row.events[0]["subject"] == "云溪恒达"
    (found,) = read_facts(path, read(PLAIN))
    assert found.events == row.events
    (wrong,) = read_facts(path, read(PLAIN.replace("zone:", "encoding: utf-8\nzone:")))
    assert [one.rule for one in wrong.refusals] == ["encoding"]


def test_shipped_mappings_are_found_by_name_and_all_compile() -> None:
    assert "receivables-2012" in mappings.names()
    for name in mappings.names():
        assert mappings.load(name, cut_over=date(2025, 12, 31)).name == name
    with pytest.raises(Misconfigured, match="receivables-2012"):
        mappings.load("no-such-mapping")
