"""JSON Schemas (2020-12) of the events, from the classes: for upstreams, for the AsyncAPI document, for the tests."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import msgspec

from shared.core import limits
from shared.core.events import EVENTS
from shared.core.events.base import Data
from shared.core.events.personal import PERSONAL, WHOLE
from shared.core.events.values import WIRE_PATTERNS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def components(ref_template: str) -> dict[str, Schema]:
    """Return the schema of every event class and of every value inside one, by class name."""
    _, found = msgspec.json.schema_components(EVENTS, schema_hook=_decimal, ref_template=ref_template)
    for cls in EVENTS:
        _mark_personal(found[cls.__name__]["properties"], cls)
    return {name: _tidy(schema) for name, schema in sorted(found.items())}


def schema_of(cls: type[Data]) -> Schema:
    """Return the schema of the `data` of one type, complete in itself."""
    everything = deepcopy(_definitions())
    own = everything[cls.__name__]
    parts = {name: everything[name] for name in sorted(_referred(own, everything))}
    head: Schema = {"$schema": DIALECT, "$id": f"{cls.TYPE}.json", **own, "title": cls.TYPE}
    return head | ({"$defs": parts} if parts else {})


@cache
def _definitions() -> dict[str, Schema]:
    return components("#/$defs/{name}")


def envelope() -> Schema:
    """Return the schema of the CloudEvents attributes we read; others are accepted and ignored."""
    text = {"type": "string", "minLength": 1}
    instant = {"type": "string", "format": "date-time"}
    extension = text | {"maxLength": limits.EXTENSION_CHARACTERS}
    return {
        "title": "CloudEvent",
        "description": "CloudEvents 1.0, structured. Identity is (source, id) within the subject.",
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text | {"maxLength": limits.ID_CHARACTERS},
            "source": text | {"maxLength": limits.SOURCE_CHARACTERS, "format": "uri-reference"},
            "type": text | {"maxLength": limits.TYPE_CHARACTERS},
            "subject": text
            | {
                "maxLength": limits.SUBJECT_CHARACTERS,
                "pattern": r"^[^\s/?#%]+$",
                "description": "The customer id, and the Kafka key. ~… and g:… are Gradeline's own.",
            },
            "time": instant | {"description": "When it happened, with offset."},
            "datacontenttype": {"type": "string"},
            "recordedtime": instant,
            "sequence": extension | {"description": "The version of the stream, 20 digits."},
            "traceparent": extension,
        },
    }


def _decimal(kind: Any) -> Schema:
    """Return the schema of one of our decimal kinds."""
    words, pattern = WIRE_PATTERNS[kind]
    return {"type": "string", "pattern": pattern, "description": f"{words}: a decimal string, never a JSON number"}


def _mark_personal(properties: Schema, cls: type[Data]) -> None:
    for field, keys in PERSONAL.get(cls, {}).items():
        properties[field]["x-personal"] = True if keys is WHOLE else list(keys)


def _tidy(schema: Schema) -> Schema:
    """Put required fields first, and say nothing of defaults: left out is left out."""
    properties, required = schema["properties"], schema.get("required", [])
    for field in properties.values():
        field.pop("default", None)
    ordered = {name: properties[name] for name in required}
    return schema | {"properties": ordered | properties}


def _referred(schema: Any, everything: dict[str, Schema]) -> set[str]:
    """Return the names of all parts that *schema* refers to, and those they refer to."""
    found = {ref.rpartition("/")[2] for ref in _refs(schema)}
    for name in tuple(found):
        found |= _referred(everything[name], everything)
    return found


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from _refs(member)
