"""The AsyncAPI document is valid by the official schema, complete, and its examples are real events."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from gradeline import generate
from shared.core.events import DECISIONS, EVENTS
from shared.core.events.approval import ApprovalDecision
from shared.core.events.granting import Logged
from shared.edge import asyncapi, codec

OFFICIAL = Path(__file__).parents[1] / "golden" / "asyncapi-3.0.0.schema.json"


@cache
def published() -> Any:
    return yaml.load((generate.ROOT / "docs" / "asyncapi.yaml").read_bytes(), Loader=yaml.CSafeLoader)


@cache
def official() -> Draft7Validator:
    return Draft7Validator(json.loads(OFFICIAL.read_bytes()))


def test_the_document_is_valid_by_the_official_schema() -> None:
    assert official().is_valid(published())
    assert official().is_valid(asyncapi.document(version="1", examples={}))


def _without_action(document: Any) -> None:
    del document["operations"]["send.credit.ratings"]["action"]


def _with_a_payload_in_a_trait(document: Any) -> None:
    document["components"]["messageTraits"]["cloudEvent"]["payload"] = {"type": "object"}


def _with_a_number_as_address(document: Any) -> None:
    document["channels"]["credit.events"]["address"] = 7


@pytest.mark.parametrize("damage", [_without_action, _with_a_payload_in_a_trait, _with_a_number_as_address])
def test_a_damaged_document_is_not_valid(damage: Any) -> None:
    document = deepcopy(published())
    damage(document)
    assert not official().is_valid(document)


def test_every_topic_is_a_channel_with_the_messages_it_carries() -> None:
    channels = published()["channels"]
    assert list(channels) == ["credit.events", "credit.ratings", "credit.limits", "credit.alerts", "credit.restricted"]
    carried = [cls for cls in EVENTS if not issubclass(cls, Logged)]
    for cls in carried:
        assert cls.__name__ in channels[cls.TOPIC]["messages"]
    assert list(channels["credit.restricted"]["messages"]) == ["GradeChanged", "DecisionCorrected", "ReviewDue"]
    approvals = {cls.__name__ for cls in EVENTS if issubclass(cls, ApprovalDecision)}
    assert approvals <= channels["credit.limits"]["messages"].keys(), "requests about limits travel with limits"
    assert sum(len(channel["messages"]) for channel in channels.values()) == len(carried) + 4 + len(approvals)
    sent = {name.removeprefix("send.") for name in published()["operations"] if name.startswith("send.")}
    assert sent == {cls.TOPIC for cls in DECISIONS if not issubclass(cls, Logged)} | {"credit.restricted"}


def test_every_reference_leads_somewhere() -> None:
    references = set(_references(published()))
    assert len(references) > len(EVENTS)
    for reference in references:
        node = published()
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        assert node


def test_every_message_has_examples_that_fit_it_and_are_read_by_the_codec() -> None:
    registry: Registry[Any] = Registry().with_resource("urn:document", Resource(published(), DRAFT202012))
    for cls in EVENTS:
        message = published()["components"]["messages"][cls.__name__]
        assert message["name"] == cls.TYPE
        assert message["traits"] == [{"$ref": "#/components/messageTraits/cloudEvent"}]
        validator = Draft202012Validator(
            {"$ref": f"urn:document#/components/messages/{cls.__name__}/payload"}, registry=registry
        )
        assert message["examples"]
        for example in message["examples"]:
            validator.validate(example["payload"])
            assert codec.decode(json.dumps(example["payload"]).encode()).type == cls.TYPE
            assert not validator.is_valid(example["payload"] | {"type": "credit.other.v1"})
            assert not validator.is_valid(example["payload"] | {"data": []})


def test_the_key_of_every_record_is_described() -> None:
    trait = published()["components"]["messageTraits"]["cloudEvent"]
    assert trait["bindings"]["kafka"]["key"]["type"] == "string"


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for member in value.values() for ref in _references(member)]
    return [ref for member in value for ref in _references(member)] if isinstance(value, list) else []
