"""Every refusal of the codec names the field as a JSON pointer, the rule, and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.core import limits
from shared.core.errors import Undecodable
from shared.edge import codec
from tests.support.covers import covers

covers("DP-02", "DP-12", "CF-25")

PAYMENT = "credit.payment.recorded.v1"
TRANSACTION = "credit.transaction.recorded.v1"
MERGED = "credit.customer.merged.v1"
DATA: dict[str, dict[str, Any]] = {
    PAYMENT: {"payment_id": "P-1", "amount": "100.00", "currency": "CNY", "paid_on": "2026-01-05"},
    TRANSACTION: {
        "transaction_id": "I-1",
        "kind": "invoice",
        "amount": "100.00",
        "currency": "CNY",
        "booked_on": "2026-01-05",
    },
    "credit.settlement.applied.v1": {
        "settlement_id": "S-1",
        "from": {"kind": "payment", "id": "P-1"},
        "to": [{"transaction_id": "I-1", "amount": "1"}],
        "applied_on": "2026-01-05",
    },
    "credit.transaction.terms-changed.v1": {"transaction_id": "I-1"},
    "credit.transaction.amended.v1": {"transaction_id": "I-1", "amount": "5"},
    "credit.customer.registered.v1": {"name": "华东"},
    "credit.financials.reported.v1": {
        "statement_id": "F",
        "period_end": "2025-12-31",
        "months": 12,
        "currency": "CNY",
        "lines": {},
    },
    "credit.measure.reported.v1": {"name": "m", "value": "1", "period_end": "2026-03-31"},
    "credit.conduct.reported.v1": {"conduct_id": "C", "kind": "fraud", "found_on": "2026-01-05"},
    "credit.assessment.recorded.v1": {"assessment_id": "A", "method": "m", "assessed_on": "2026-01-05", "scores": {}},
    "credit.business-day.opened.v1": {"date": "2026-01-05"},
}
LONG_CONTACTS = [{"name": "王" * 1000, "address": "上" * 1000}] * 20


def event(type_: str = PAYMENT, *, envelope: dict[str, Any] | None = None, **data: Any) -> bytes:
    """A good event of *type_* with some of it replaced; None in *envelope* leaves an attribute out."""
    whole: dict[str, Any] = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/erp/cn01",
        "type": type_,
        "subject": "C-1001",
        "time": "2026-01-05T09:30:00+08:00",
        "data": DATA.get(type_, {}) | data,
    } | (envelope or {})
    return json.dumps({name: value for name, value in whole.items() if value is not None}).encode()


def refusal(raw: bytes, **how: Any) -> tuple[str, str]:
    """The pointer and the rule with which *raw* is refused."""
    with pytest.raises(Undecodable) as refused:
        codec.decode(raw, **how)
    assert refused.value.pointer in refused.value.message
    assert len(refused.value.message) < 800
    return refused.value.pointer, refused.value.rule


def nested(depth: int) -> Any:
    value: Any = "x" * 600
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("change", "pointer", "rule"),
    [
        ({"amount": 100}, "/data/amount", "bare-number"),
        ({"amount": 12.5}, "/data/amount", "bare-number"),
        ({"amount": "12.505"}, "/data/amount", "scale"),
        ({"amount": "1.23456"}, "/data/amount", "scale"),
        ({"amount": "-1"}, "/data/amount", "range"),
        ({"amount": "1000000000000000"}, "/data/amount", "range"),
        ({"amount": "NaN"}, "/data/amount", "amount"),
        ({"amount": "1e3"}, "/data/amount", "amount"),
        ({"amount": None}, "/data/amount", "amount"),
        ({"tax_amount": 1}, "/data/tax_amount", "bare-number"),
        ({"tax_amount": "0.001"}, "/data/tax_amount", "scale"),
        ({"currency": "RMB"}, "/data/currency", "currency"),
        ({"currency": "RENMINBI"}, "/data/currency", "too-long"),
        ({"paid_on": "2026-02-30"}, "/data/paid_on", "date"),
        ({"paid_on": "05.01.2026"}, "/data/paid_on", "date"),
        ({"paid_on": 20260105}, "/data/paid_on", "date"),
        ({"paid_on": "0206-01-05"}, "/data/paid_on", "range"),
        ({"value_on": "9999-12-31"}, "/data/value_on", "range"),
        ({"paid_by": "x"}, "/data/paid_by", "unknown-field"),
        ({"instrument": "cheque"}, "/data/instrument", "choice"),
        ({"payment_id": ""}, "/data/payment_id", "too-short"),
        ({"payment_id": "x" * 129}, "/data/payment_id", "too-long"),
        ({"payment_id": 7}, "/data/payment_id", "type"),
        ({"payment_id": "a\0b"}, "/data/payment_id", "nul"),
        ({"attributes": {"a\0": "b"}}, "/data/attributes/a\0", "nul"),
        ({"attributes": {"a": "x", "b": 1}}, "/data/attributes/b", "type"),
        (
            {"allocations": [{"transaction_id": "I", "amount": "5"}, {"transaction_id": "J", "amount": 5}]},
            "/data/allocations/1/amount",
            "bare-number",
        ),
        ({"allocations": [{"transaction_id": "I", "amount": "0"}]}, "/data/allocations/0/amount", "range"),
        ({"allocations": [{"transaction_id": "I", "amount": "5.001"}]}, "/data/allocations/0/amount", "scale"),
        (
            {"allocations": [{"transaction_id": "I", "amount": "5", "discount": "1.005"}]},
            "/data/allocations/0/discount",
            "scale",
        ),
        (
            {"allocations": [{"transaction_id": "I", "amount": "5", "rate": "1"}]},
            "/data/allocations/0/rate",
            "unknown-field",
        ),
        ({"allocations": [{"transaction_id": "I"}]}, "/data/allocations/0/amount", "missing"),
        ({"x": nested(40)}, "", "depth"),
    ],
)
def test_a_bad_payment_is_refused(change: dict[str, Any], pointer: str, rule: str) -> None:
    assert refusal(event(**change)) == (pointer, rule)


@pytest.mark.parametrize(
    ("envelope", "pointer", "rule"),
    [
        ({"specversion": "0.3"}, "/specversion", "choice"),
        ({"specversion": None}, "/specversion", "missing"),
        ({"id": None}, "/id", "missing"),
        ({"id": ""}, "/id", "too-short"),
        ({"id": "x" * 129}, "/id", "too-long"),
        ({"id": "a\tb"}, "/id", "characters"),
        ({"id": "a\0"}, "/id", "nul"),
        ({"source": "/" + "x" * 256}, "/source", "too-long"),
        ({"source": "/erp cn"}, "/source", "characters"),
        ({"source": "/企业"}, "/source", "characters"),
        ({"source": "/%zz"}, "/source", "characters"),
        ({"subject": None}, "/subject", "missing"),
        ({"subject": "x" * 65}, "/subject", "too-long"),
        ({"subject": "C 1"}, "/subject", "characters"),
        ({"subject": "C/1"}, "/subject", "characters"),
        ({"subject": "C?1"}, "/subject", "characters"),
        ({"subject": "C#1"}, "/subject", "characters"),
        ({"subject": "C%1"}, "/subject", "characters"),
        ({"subject": "C\u200d1"}, "/subject", "characters"),
        ({"subject": "C\u00a01"}, "/subject", "characters"),
        ({"subject": "C\n"}, "/subject", "characters"),
        ({"subject": "e\u0301"}, "/subject", "nfc"),
        ({"subject": "~day"}, "/subject", "subject"),
        ({"subject": "g:north"}, "/subject", "subject"),
        ({"time": None}, "/time", "missing"),
        ({"time": "2026-01-05T09:30:00"}, "/time", "offset"),
        ({"time": "yesterday"}, "/time", "time"),
        ({"time": 5}, "/time", "time"),
        ({"time": "0026-01-05T09:30:00Z"}, "/time", "range"),
        ({"data": None}, "/data", "missing"),
        ({"data": []}, "/data", "type"),
        ({"datacontenttype": "text/xml"}, "/datacontenttype", "content-type"),
        ({"recordedtime": "2026-01-05T09:30:00"}, "/recordedtime", "offset"),
        ({"sequence": "1" * 257}, "/sequence", "too-long"),
        ({"type": "credit.payment.recorded.v9"}, "/type", "unknown-type"),
        ({"note": "a\0"}, "/note", "nul"),
    ],
)
def test_a_bad_envelope_is_refused(envelope: dict[str, Any], pointer: str, rule: str) -> None:
    assert refusal(event(envelope=envelope)) == (pointer, rule)


@pytest.mark.parametrize(
    ("type_", "change", "pointer", "rule"),
    [
        (TRANSACTION, {"due_on": "2026-02-01", "terms": {"days": 30}}, "/data/terms", "one-of"),
        (TRANSACTION, {"terms": {"days": 30, "cut_off_day": 32}}, "/data/terms/cut_off_day", "range"),
        (TRANSACTION, {"terms": {"days": -1}}, "/data/terms/days", "range"),
        (
            TRANSACTION,
            {"schedule": [{"seq": 1, "kind": "instalment", "amount": "99", "due_on": "2026-02-01"}]},
            "/data/schedule",
            "sum",
        ),
        (
            TRANSACTION,
            {"schedule": [{"seq": 1, "kind": "instalment", "amount": "50", "due_on": "2026-02-01"}] * 2},
            "/data/schedule",
            "unique",
        ),
        (
            TRANSACTION,
            {"schedule": [{"seq": 1, "kind": "instalment", "amount": "100"}]},
            "/data/schedule/0/due_on",
            "one-of",
        ),
        (
            TRANSACTION,
            {"schedule": [{"seq": 1, "kind": "instalment", "amount": "100", "due_on": "9999-01-01"}]},
            "/data/schedule/0/due_on",
            "range",
        ),
        (
            TRANSACTION,
            {"schedule": [{"seq": 1, "kind": "instalment", "amount": "100.001", "due_on": "2026-02-01"}]},
            "/data/schedule/0/amount",
            "scale",
        ),
        (TRANSACTION, {"schedule": []}, "/data/schedule", "too-short"),
        (TRANSACTION, {"consumes": [{"transaction_id": "O", "amount": "0"}]}, "/data/consumes/0/amount", "range"),
        (TRANSACTION, {"consumes": [{"transaction_id": "O", "amount": "1.999"}]}, "/data/consumes/0/amount", "scale"),
        (TRANSACTION, {"lines": [{"product_class": "A", "amount": "1.001"}]}, "/data/lines/0/amount", "scale"),
        (TRANSACTION, {"lines": [{"product_class": "A", "quantity": 5}]}, "/data/lines/0/quantity", "bare-number"),
        (TRANSACTION, {"discount": {"until": "2026-02-01", "rate": "1.5"}}, "/data/discount/rate", "range"),
        (TRANSACTION, {"discount": {"until": "0001-02-01", "rate": "0.5"}}, "/data/discount/until", "range"),
        (TRANSACTION, {"kind": "present"}, "/data/kind", "choice"),
        ("credit.transaction.terms-changed.v1", {}, "/data/due_on", "one-of"),
        ("credit.transaction.amended.v1", {"amount": "1.23456"}, "/data/amount", "scale"),
        (
            TRANSACTION,
            {"consumes": [{"transaction_id": "O", "amount": "1"}, {"transaction_id": "I-1", "amount": "1"}]},
            "/data/consumes/1/transaction_id",
            "self",
        ),
        (MERGED, {"into": "a b/c"}, "/data/into", "characters"),
        (MERGED, {"into": "e\u0301"}, "/data/into", "nfc"),
        (MERGED, {"into": "~day"}, "/data/into", "subject"),
        (MERGED, {"into": "g:north"}, "/data/into", "subject"),
        (MERGED, {"into": "C-1001"}, "/data/into", "self"),
        ("credit.settlement.applied.v1", {"to": []}, "/data/to", "too-short"),
        (
            "credit.settlement.applied.v1",
            {"to": [{"transaction_id": "I", "amount": "0"}]},
            "/data/to/0/amount",
            "range",
        ),
        ("credit.settlement.applied.v1", {"from": {"kind": "wish", "id": "x"}}, "/data/from/kind", "choice"),
        ("credit.settlement.applied.v1", {"from_": {}}, "/data/from_", "unknown-field"),
        ("credit.customer.registered.v1", {"name": "华" * 1001}, "/data/name", "too-long"),
        ("credit.customer.registered.v1", {"contacts": "someone"}, "/data/contacts", "type"),
        ("credit.customer.registered.v1", {"contacts": LONG_CONTACTS}, "/data/contacts", "too-long"),
        (
            "credit.customer.registered.v1",
            {"paid_in_capital": "1.001", "currency": "CNY"},
            "/data/paid_in_capital",
            "scale",
        ),
        ("credit.customer.registered.v1", {"currency": "RMB"}, "/data/currency", "currency"),
        (
            "credit.customer.registered.v1",
            {"identifiers": {"id_no": "1" * 1001}},
            "/data/identifiers/id_no",
            "too-long",
        ),
        ("credit.financials.reported.v1", {"lines": {"revenue": "1.001"}}, "/data/lines/revenue", "scale"),
        ("credit.financials.reported.v1", {"lines": {"a": "1", "b/c": 1, "d": 2}}, "/data/lines/b~1c", "bare-number"),
        ("credit.financials.reported.v1", {"lines": {}, "ratios": {"a": 0.5}}, "/data/ratios/a", "bare-number"),
        ("credit.financials.reported.v1", {"months": 0}, "/data/months", "range"),
        ("credit.measure.reported.v1", {"period_start": "2026-04-01"}, "/data/period_start", "window"),
        ("credit.measure.reported.v1", {"value": "1,5"}, "/data/value", "amount"),
        ("credit.measure.reported.v1", {"name": "overdue_ratio"}, "/data/name", "computed"),
        ("credit.measure.reported.v1", {"name": "worst_days_late_12m"}, "/data/name", "computed"),
        ("credit.measure.reported.v1", {"value": 1}, "/data/value", "type"),
        ("credit.conduct.reported.v1", {"amount": "1.001", "currency": "CNY"}, "/data/amount", "scale"),
        ("credit.assessment.recorded.v1", {"comment": "好" * 1001}, "/data/comment", "too-long"),
        ("credit.assessment.recorded.v1", {"scores": {"q": 3}}, "/data/scores/q", "bare-number"),
        ("credit.business-day.opened.v1", {}, "/subject", "subject"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(
    type_: str, change: dict[str, Any], pointer: str, rule: str
) -> None:
    assert refusal(event(type_, **change)) == (pointer, rule)


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"", "not-json"),
        (b"hello", "not-json"),
        (b"[]", "type"),
        (b"null", "type"),
        (event()[:-1], "not-json"),
        (event() + b"x", "not-json"),
        (event().replace(b"P-1", b"\\ud800"), "not-json"),
        (event().replace(b'"data"', b'\0"data"'), "nul"),
        (b"[" * 100_000 + b"]" * 100_000, "depth"),
        (b'{"a":' * 50_000, "depth"),
        (b"[" * 200, "type"),
        (event(document_no="x" * limits.EVENT_HARD_BYTES), "too-large"),
    ],
)
def test_bytes_that_are_no_event_are_refused(raw: bytes, rule: str) -> None:
    assert refusal(raw) == ("", rule)


def test_what_is_not_utf_8_is_refused_where_it_stands() -> None:
    assert refusal(event().replace(b"P-1", b"P\xff")) == ("/data", "not-json")
    assert refusal(event().replace(b"C-1001", b"C\xff")) == ("", "not-json")


def test_quotes_and_brackets_inside_strings_do_not_count_as_nesting() -> None:
    raw = event(attributes={"note": '\\"' + "[{" * 300 + '"'})
    assert codec.decode(raw).data.attributes == {"note": '\\"' + "[{" * 300 + '"'}  # type: ignore[attr-defined]


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert codec.decode(event(payment_id="a\\u0000")).data.payment_id == "a\\u0000"  # type: ignore[attr-defined]


def test_a_key_written_twice_is_refused_where_people_post() -> None:
    raw = event().replace(b'"payment_id": "P-1"', b'"payment_id": "P-1", "payment_id": "P-2"')
    assert refusal(raw, strict=True) == ("/data/payment_id", "duplicate-key")
    outside = event().replace(b'"id": "e-1"', b'"id": "e-1", "id": "e-2"')
    assert refusal(outside, strict=True) == ("/id", "duplicate-key")
    with pytest.raises(Undecodable, match="written twice"):
        codec.decode_strict(raw)


def test_the_remedy_names_the_values_and_fields_there_are() -> None:
    with pytest.raises(Undecodable, match=r"bill, card, cash, in_kind, transfer"):
        codec.decode(event(instrument="cheque"))
    with pytest.raises(Undecodable, match=r"payment_id, amount, currency"):
        codec.decode(event(paid_by="x"))


@pytest.mark.parametrize("envelope", [{"type": "com.example.order"}, {"type": "x", "subject": None, "data": None}])
def test_events_of_others_are_foreign_whatever_they_lack(envelope: dict[str, Any]) -> None:
    with pytest.raises(codec.Foreign):
        codec.decode(event(envelope=envelope))
