"""Personal fields are sealed, bound to their place, and gone when the key is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.events.base import Data
from shared.core.events.customer import CustomerRegistered, CustomerUpdated
from shared.core.events.statement import AssessmentRecorded
from shared.core.events.values import ERASED
from shared.edge import codec, seal
from tests.support.covers import covers

covers("CF-16")

KEY = seal.new_key()
PLACE = {"subject": "C-1", "source": "/erp", "id": "e-1"}
MARKERS = ("华东建材", "310104197805121234", "王建国", "赵丽", "13800000000", "li.min@example.com")


def customer() -> Data:
    return codec.data_from(
        "credit.customer.registered.v1",
        {
            "name": "华东建材",
            "identifiers": {"uscc": "91310115MA1K3XYZ8L", "id_no": "310104197805121234"},
            "legal_representative": "王建国",
            "controller": "赵丽",
            "contacts": [{"name": "李敏", "mobile": "13800000000", "email": "li.min@example.com"}],
            "region": "华东",
        },
    )


def test_sealed_bytes_hold_no_personal_text_and_keep_the_rest() -> None:
    sealed = seal.seal(customer(), key=KEY, **PLACE)
    written = codec.encode_data(sealed).decode()
    assert not [marker for marker in MARKERS if marker in written]
    assert "91310115MA1K3XYZ8L" in written
    assert '"region":"华东"' in written
    assert seal.has_personal(customer())
    assert not seal.has_personal(sealed)
    assert codec.decode_data(sealed.TYPE, written.encode()) == sealed


def test_unsealing_gives_back_what_was_sealed() -> None:
    assert seal.unseal(seal.seal(customer(), key=KEY, **PLACE), key=KEY, **PLACE) == customer()


def test_sealing_is_deterministic_and_sealing_again_changes_nothing() -> None:
    once = seal.seal(customer(), key=KEY, **PLACE)
    assert seal.seal(customer(), key=KEY, **PLACE) == once
    assert seal.seal(once, key=seal.new_key(), **PLACE) is once


@pytest.mark.parametrize("name", ["subject", "source", "id"])
def test_a_token_moved_to_another_place_does_not_open(name: str) -> None:
    sealed = seal.seal(customer(), key=KEY, **PLACE)
    opened = seal.unseal(sealed, key=KEY, **(PLACE | {name: "other"}))
    assert isinstance(opened, CustomerRegistered)
    assert opened.name == ERASED


def test_a_token_moved_to_another_field_does_not_open() -> None:
    sealed = seal.seal(customer(), key=KEY, **PLACE)
    assert isinstance(sealed, CustomerRegistered)
    opened = seal.unseal(msgspec.structs.replace(sealed, controller=sealed.legal_representative), key=KEY, **PLACE)
    assert (opened.legal_representative, opened.controller) == ("王建国", ERASED)


@pytest.mark.parametrize("key", [None, seal.new_key()], ids=["none", "another"])
def test_without_the_right_key_every_personal_field_says_erased(key: bytes | None) -> None:
    opened = seal.unseal(seal.seal(customer(), key=KEY, **PLACE), key=key, **PLACE)
    assert isinstance(opened, CustomerRegistered)
    assert {opened.name, opened.legal_representative, opened.controller, opened.contacts} == {ERASED}
    assert opened.identifiers == {"uscc": "91310115MA1K3XYZ8L", "id_no": ERASED}
    assert opened.region == "华东"
    assert codec.decode_data(opened.TYPE, codec.encode_data(opened)) == opened


@pytest.mark.parametrize(
    "token", ["sealed:v1:", "sealed:v1:!!!", "sealed:v1:" + "A" * 22, "sealed:v1:" + "A" * 24, ERASED]
)
def test_damaged_tokens_never_raise(token: str) -> None:
    data = CustomerRegistered(name=token)
    opened = seal.unseal(data, key=KEY, **PLACE)
    assert opened.name in {ERASED, token}
    assert isinstance(opened, CustomerRegistered)


def test_text_that_only_looks_sealed_is_sealed() -> None:
    sealed = seal.seal(CustomerRegistered(name="sealed:v1:王建国"), key=KEY, **PLACE)
    assert "王建国" not in sealed.name
    assert seal.unseal(sealed, key=KEY, **PLACE).name == "sealed:v1:王建国"


def test_cleared_and_left_out_fields_stay_so() -> None:
    update = CustomerUpdated(controller=None, status="closed")
    assert not seal.has_personal(update)
    assert seal.seal(update, key=KEY, **PLACE) is update
    assert seal.unseal(update, key=None, **PLACE) is update
    changed = seal.seal(CustomerUpdated(controller=None, name="新名"), key=KEY, **PLACE)
    assert changed.controller is None
    assert changed.contacts is msgspec.UNSET


@given(st.text(min_size=1, max_size=1000))
def test_the_longest_comment_fits_its_token(comment: str) -> None:
    for text in (comment, "𠮷" * 1000):
        values: dict[str, Any] = {"assessment_id": "A", "method": "m", "assessed_on": "2026-01-05", "scores": {}}
        data = codec.data_from("credit.assessment.recorded.v1", values | {"comment": text})
        sealed = seal.seal(data, key=KEY, **PLACE)
        read = codec.decode_data(data.TYPE, codec.encode_data(sealed))
        assert seal.unseal(read, key=KEY, **PLACE) == data
        assert isinstance(read, AssessmentRecorded)


def test_the_most_contacts_fit_their_token() -> None:
    contacts = [{"name": "王" * 190} for _ in range(20)]
    data = codec.data_from("credit.customer.updated.v1", {"contacts": contacts})
    sealed = seal.seal(data, key=KEY, **PLACE)
    read = codec.decode_data(data.TYPE, codec.encode_data(sealed))
    assert seal.unseal(read, key=KEY, **PLACE) == data


def test_a_subject_key_is_kept_wrapped() -> None:
    kek = seal.new_key()
    wrapped = seal.wrap(KEY, kek)
    assert KEY not in wrapped
    assert seal.unwrap(wrapped, kek) == KEY
    for bad, by in ((wrapped, seal.new_key()), (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), kek)):
        with pytest.raises(ValueError, match="installation key"):
            seal.unwrap(bad, by)
