"""The catalogue: every type declared, documented, with golden files that stay the same bytes for ever."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest
from jsonschema import Draft202012Validator

from gradeline import generate
from shared.core.errors import Undecodable
from shared.core.events import BY_TYPE, DECISIONS, EVENTS, FACTS
from shared.core.events.base import Data, Decision, DocumentFact, Fact
from shared.core.events.granting import Logged
from shared.core.events.personal import PERSONAL, WHOLE
from shared.edge import codec, schemas

GOLDEN = Path(__file__).parents[1] / "golden" / "events"
FILES = sorted(GOLDEN.glob("*/*.json"))
TYPE = re.compile(r"credit(\.[a-z]+(-[a-z]+)*){2}\.v1")
PART_A = """
customer.registered customer.updated customer.linked customer.unlinked customer.merged transaction.recorded
transaction.amended transaction.accepted transaction.cancelled transaction.terms-changed payment.recorded
payment.reversed settlement.applied settlement.undone refund.paid overdue.reported overdue.cured dispute.opened
dispute.closed promise.made promise.broken dunning.sent financials.reported assessment.recorded measure.reported
conduct.reported conduct.closed signal.reported signal.lifted review.completed reference.published business-day.opened
"""
PART_B = """
erasure.requested bill.received bill.endorsed bill.discounted bill.pledged bill.presented bill.honoured bill.dishonoured
bill.returned deposit.received deposit.refunded deposit.forfeited set-off.recorded set-off.undone receivable.transferred
receivable.repurchased write-off.recorded write-off.reversed recovery.recorded contract.signed contract.amended
contract.ended application.received
"""
"""Those of part B that are declared by now."""
PART_C = """
grade.changed warning.raised warning.cleared warning.withdrawn decision.corrected review.due override.set
override.expired override.withdrawn approval.requested approval.granted approval.refused approval.withdrawn
approval.escalated approval.expired approval.voted exception.granted exception.ended policy.activated fact.quarantined business-day.rated
limit.granted limit.ended limit.changed limit.watched limit.breached limit.restored check.decided reservation.made
reservation.committed reservation.released reservation.expired order.held order.released supply.suspended
supply.resumed group.declared group.joined group.left group.ended group.changed reserve.changed collection-stage.changed alert.opened alert.acknowledged alert.escalated
alert.snoozed alert.resolved alert.withdrawn alert.undelivered alert.recurred alert.cleared alert.reminded alert.assigned
alert.commented
"""


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_the_catalogue_is_the_one_of_the_contract() -> None:
    assert {cls.TYPE for cls in FACTS} == {f"credit.{name}.v1" for name in f"{PART_A} {PART_B}".split()}
    assert {cls.TYPE for cls in DECISIONS} == {f"credit.{name}.v1" for name in PART_C.split()}


@pytest.mark.parametrize("cls", EVENTS, ids=lambda cls: cls.__name__)
def test_every_class_is_what_its_type_says(cls: type[Data]) -> None:
    assert TYPE.fullmatch(cls.TYPE)
    words = re.split(r"[.-]", cls.TYPE)[1:-1]
    assert cls.__name__ == "".join(word.capitalize() for word in words)
    assert cls.__doc__
    assert cls.__struct_config__.frozen
    assert cls.__struct_config__.forbid_unknown_fields is issubclass(cls, Fact)
    assert cls.ON is None or date in _kinds(get_type_hints(cls)[cls.ON])
    assert cls.DOCUMENT is None or cls.DOCUMENT in cls.__struct_fields__
    assert cls.TOPIC in {"credit.events", "credit.ratings", "credit.limits", "credit.alerts"} or issubclass(cls, Logged)
    assert (cls.TOPIC == "credit.events") is issubclass(cls, Fact)


def test_a_fact_with_a_date_of_its_own_counts_from_it() -> None:
    """The field that ends in _on, or period_end, as_of, date: required ones are the business date."""
    for cls in FACTS:
        dates = [
            field.name
            for field in msgspec.structs.fields(cls)
            if field.type is date and field.required and field.name not in {"due_on"}
        ]
        assert dates == ([cls.ON] if cls.ON and cls.TYPE != "credit.customer.registered.v1" else []), cls


def test_every_document_fact_may_carry_the_organisation() -> None:
    carried = {"company", "sales_org", "segment", "region", "salesperson", "product_group", "contract_id", "project_id"}
    documents = [cls for cls in FACTS if issubclass(cls, DocumentFact)]
    assert len(documents) == 39
    for cls in documents:
        assert carried | {"document_no", "tax_amount", "attributes"} <= set(cls.__struct_fields__)


def test_every_decision_says_when_why_and_for_whom() -> None:
    for cls in DECISIONS:
        assert issubclass(cls, Decision)
        assert {"as_of", "cause", "corrects", "labels"} <= set(cls.__struct_fields__)
        assert cls.ON == "as_of"


def test_compliance_grades_leave_on_the_restricted_topic() -> None:
    event = codec.decode((GOLDEN / "credit.grade.changed.v1" / "1.json").read_bytes())
    assert event.data.topic == "credit.ratings"
    assert msgspec.structs.replace(event.data, purpose="compliance").topic == "credit.restricted"


def test_personal_fields_are_the_ones_the_contract_marks() -> None:
    found = {
        (cls.TYPE.split(".")[1], field, keys) for cls, fields in PERSONAL.items() for field, keys in fields.items()
    }
    customer = {("customer", field, WHOLE) for field in ("name", "legal_representative", "controller", "contacts")}
    assert found == customer | {("customer", "identifiers", ("id_no",)), ("assessment", "comment", WHOLE)}


def test_every_type_has_a_golden_file_and_every_golden_file_a_type() -> None:
    assert {path.parent.name for path in FILES} == set(BY_TYPE)
    assert [path for path in GOLDEN.rglob("*") if path.is_file() and path not in FILES] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_golden_bytes_are_read_and_written_unchanged(path: Path) -> None:
    raw = path.read_bytes()
    event = codec.decode_strict(raw)
    assert event.type == path.parent.name
    assert codec.encode(event) == raw
    headers, value = codec.encode_binary(event)
    assert codec.encode(codec.decode(value, headers=headers)) == raw
    assert codec.decode_data(event.type, codec.encode_data(event.data)) == event.data


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_published_schema_accepts_golden_data_and_refuses_damaged(path: Path) -> None:
    schema = json.loads((generate.ROOT / "docs" / "schemas" / f"{path.parent.name}.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    data = json.loads(path.read_bytes())["data"]
    validator.validate(data)
    for damaged in _damaged(BY_TYPE[path.parent.name], data):
        assert not validator.is_valid(damaged), damaged
        with pytest.raises(Undecodable):
            codec.decode_data(path.parent.name, json.dumps(damaged).encode())


def test_the_envelope_schema_accepts_golden_events() -> None:
    validator = Draft202012Validator(schemas.envelope())
    for path in FILES:
        validator.validate(json.loads(path.read_bytes()))
    assert not validator.is_valid(json.loads(FILES[0].read_bytes()) | {"subject": "a b"})


def test_generated_files_are_up_to_date_and_a_difference_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [path.name for path, _ in generate.differences()] == []
    one = tmp_path / "docs" / "schemas" / "one.json"
    monkeypatch.setattr(generate, "PRODUCERS", (lambda: iter([(one, b"{}")]),))
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "OWNED", (tmp_path / "docs" / "schemas",))
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "9"\n')
    (tmp_path / "docs" / "schemas").mkdir(parents=True)
    (tmp_path / "docs" / "schemas" / "stray.json").write_text("{}")
    assert generate.main(["--check"]) == 1
    assert not one.exists()
    assert generate.main([]) == 0
    assert one.read_bytes() == b"{}"
    assert generate.main(["--check"]) == 0
    assert "written: docs/schemas/stray.json" in capsys.readouterr().out


def _damaged(cls: type[Data], data: dict[str, Any]) -> list[Any]:
    """Copies of *data* with one thing wrong each."""
    copies: list[Any] = [[data]]
    fields = {field.encode_name: field for field in msgspec.structs.fields(cls)}
    copies += [{k: v for k, v in data.items() if k != name} for name, field in fields.items() if field.required]
    copies += [data | {name: 12.5} for name in data]
    if issubclass(cls, Fact):
        copies.append(data | {"not_a_field": "x"})
    return copies


def _kinds(hint: Any) -> tuple[Any, ...]:
    return (hint, *getattr(hint, "__args__", ()))
