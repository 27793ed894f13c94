"""Topics as data: `deploy/topics/*.yaml` says what each is for; `apply` makes the broker agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml
from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from shared.core.errors import Misconfigured, Unavailable
from shared.edge.installed import TOPICS
from shared.edge.kafka.client import connect
from shared.edge.kafka.profile import Profile

GENERATION = "gradeline.generation"
DAY_MS = 86_400_000


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence in both languages."""

    en: str
    zh: str


class Topic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One topic."""

    name: str
    description: Words
    key: str
    """What the record key is."""
    owner: str
    """The service that answers for it."""
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    partitions: int | None = None
    """None: as many as the installation has (12 unless configured), the same for every topic of customers."""
    retention_days: int | None = 7
    """None: for ever."""
    cleanup: str = "delete"
    dead_letter_of: str | None = None
    """For `<topic>.dead`: the topic whose undecodable records it carries."""

    @property
    def configs(self) -> dict[str, str]:
        """The broker's settings of the topic."""
        retention = -1 if self.retention_days is None else self.retention_days * DAY_MS
        return {"cleanup.policy": self.cleanup, "retention.ms": str(retention)}


class Applied(msgspec.Struct, frozen=True):
    """What `apply` found or did."""

    name: str
    partitions: int
    state: str
    """`created` or `unchanged`."""


def load(*, partitions: int = 12, folder: Path = TOPICS) -> list[Topic]:
    """Read every topic of *folder*, those without a count getting *partitions*. Raises Misconfigured."""
    topics = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            topic = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Topic)
        except (yaml.YAMLError, msgspec.ValidationError) as error:
            raise Misconfigured(f"{path}: {error}") from error
        if path.stem != topic.name:
            raise Misconfigured(f"{path}: the file is named {path.stem}, the topic {topic.name}; name them alike")
        topics.append(msgspec.structs.replace(topic, partitions=topic.partitions or partitions))
    if not topics:
        raise Misconfigured(f"{folder} holds no topic files; run from a complete installation")
    return topics


def counts(topics: Sequence[Topic]) -> dict[str, int]:
    """Partitions by name of the topic."""
    return {topic.name: topic.partitions or 0 for topic in topics}


def apply(bootstrap: str, profile: Profile, topics: Sequence[Topic]) -> list[Applied]:
    """Create what is missing, with explicit partition counts. Blocks; idempotent.

    Raises Misconfigured for a topic with another partition count, Unavailable where the broker does not answer.
    """
    with Admin(bootstrap, profile) as admin:
        there = admin.partitions()
        check_counts(there, topics)
        missing = [topic for topic in topics if topic.name not in there]
        admin.create(missing)
        return [
            Applied(topic.name, topic.partitions or 0, "created" if topic in missing else "unchanged")
            for topic in topics
        ]


def check_counts(there: dict[str, int], topics: Sequence[Topic]) -> None:
    """Raise Misconfigured where a topic has another partition count than declared: keys would change partition."""
    for topic in topics:
        if there.get(topic.name, topic.partitions) != topic.partitions:
            raise Misconfigured(
                f"topic {topic.name} has {there[topic.name]} partitions, declared are {topic.partitions}: set "
                f"GRADELINE_PARTITIONS to what the topics were made with, or, where nothing in it is needed, delete "
                f"the topic and run `gradeline topics apply`; and turn off auto.create.topics.enable on the broker"
            )


class Admin:
    """The few questions we ask a broker. Never asks for a topic by name: an embedded broker would create it."""

    def __init__(self, bootstrap: str, profile: Profile) -> None:
        """Connect. Raises Unavailable."""
        self._client = connect(KafkaAdminClient, profile.client(bootstrap))
        self._replication = 1 if profile.replaces_topics else -1

    def partitions(self) -> dict[str, int]:
        """Partition counts of the topics there are. Raises Unavailable."""
        found = self._ask(self._client.describe_topics)
        return {t["name"]: len(t["partitions"]) for t in found if t["error_code"] == 0}

    def create(self, topics: Sequence[Topic]) -> None:
        """Create *topics* and wait until each partition has a leader. One that exists by now is well. Unavailable."""
        for topic in topics:
            wanted = {
                "num_partitions": topic.partitions, "replication_factor": self._replication, "configs": topic.configs
            }  # fmt: skip
            try:
                self._ask(self._client.create_topics, {topic.name: wanted}, wait_for_metadata=True)
            except Unavailable as error:
                if not isinstance(error.__cause__, TopicAlreadyExistsError):
                    raise

    def delete(self, names: Sequence[str]) -> None:
        """Delete topics. Raises Unavailable."""
        if names:
            self._ask(self._client.delete_topics, list(names))

    def __enter__(self) -> Admin:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self._client.close()

    def _ask(self, call: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return call(*arguments, **options)
        except KafkaError as error:
            raise Unavailable(f"the broker refuses: {error!r}") from error
