"""The one AsyncAPI 3 document: every topic, every message, from the classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.core.events import DECISIONS, EVENTS, FACTS
from shared.core.events.approval import ApprovalDecision
from shared.core.events.base import Data
from shared.core.events.rating import DecisionCorrected, GradeChanged, ReviewDue
from shared.edge.cloudevents import STRUCTURED
from shared.edge.schemas import components, envelope

RETENTION_MS = 7 * 24 * 3600 * 1000
PARTITIONS = 12
"""Unless configured when the topics are made; all of them have the same count."""

LIMITS = "credit.limits"
CHANNELS: dict[str, tuple[str, str]] = {
    "credit.events": ("receive", "Facts, from upstream systems and from the calendar."),
    "credit.ratings": ("send", "Grades, early warnings, reviews, overrides and approvals."),
    "credit.limits": ("send", "Limits, reservations, held orders, groups, and requests about limits."),
    "credit.alerts": ("send", "What staff are told."),
    "credit.restricted": ("send", "As credit.ratings, for methods of purpose compliance; read by few."),
}
"""Topic → what Gradeline does with it, and what it carries."""


def document(*, version: str, examples: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the document. *examples*: CloudEvents type → whole events, as JSON values."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Gradeline",
            "version": version,
            "description": "Facts in, decisions out. CloudEvents 1.0 over Kafka; the key is the subject, partitioned by "
            "murmur2 (librdkafka: partitioner=murmur2_random). Structured mode is written; both modes are read.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": STRUCTURED,
        "channels": {topic: _channel(topic, about) for topic, (_, about) in CHANNELS.items()},
        "operations": {
            f"{action}.{topic}": {"action": action, "channel": {"$ref": f"#/channels/{topic}"}}
            for topic, (action, _) in CHANNELS.items()
        },
        "components": {
            "messages": {cls.__name__: _message(cls, examples.get(cls.TYPE, ())) for cls in EVENTS},
            "messageTraits": {"cloudEvent": _trait()},
            "schemas": {"CloudEvent": envelope(), **components("#/components/schemas/{name}")},
        },
    }


def carried_by(topic: str) -> tuple[type[Data], ...]:
    """Return the classes that *topic* carries."""
    if topic == "credit.restricted":
        return (GradeChanged, DecisionCorrected, ReviewDue)
    both = topic == LIMITS
    return tuple(
        cls
        for cls in (*FACTS, *DECISIONS)
        if topic == cls.TOPIC or (both and issubclass(cls, (ApprovalDecision, ReviewDue)))
    )


def _channel(topic: str, about: str) -> dict[str, Any]:
    return {
        "address": topic,
        "description": about,
        "messages": {cls.__name__: {"$ref": f"#/components/messages/{cls.__name__}"} for cls in carried_by(topic)},
        "bindings": {
            "kafka": {
                "topic": topic,
                "partitions": PARTITIONS,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": RETENTION_MS},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(cls: type[Data], examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    summary = (cls.__doc__ or "").strip().partition("\n")[0]
    properties: dict[str, Any] = {"type": {"const": cls.TYPE}, "data": {"$ref": f"#/components/schemas/{cls.__name__}"}}
    if cls.SUBJECT is not None:
        properties["subject"] = {"const": cls.SUBJECT}
    return {
        "name": cls.TYPE,
        "title": cls.__name__,
        "summary": summary,
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {
            "allOf": [{"$ref": "#/components/schemas/CloudEvent"}, {"type": "object", "properties": properties}]
        },
        "examples": [{"name": f"example{n}", "payload": dict(event)} for n, event in enumerate(examples, 1)],
    }


def _trait() -> dict[str, Any]:
    """Return what every message has: the content type and the key."""
    return {
        "contentType": STRUCTURED,
        "headers": {"type": "object", "properties": {"content-type": {"type": "string", "const": STRUCTURED}}},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "The subject; a record whose key differs is a dead letter."},
                "bindingVersion": "0.5.0",
            }
        },
    }
