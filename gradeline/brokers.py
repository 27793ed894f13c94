"""Which broker a command talks to: the one that was named, else the running instance's, else the one of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gradeline.instance import running
from shared.edge import settings
from shared.edge.kafka.profile import Profile, choose


class Found(NamedTuple):
    """A broker and how to talk to it."""

    address: str
    profile: Profile
    partitions: int


def found(*, kafka: str | None, data: Path) -> Found:
    """Return the broker: *kafka* (host:port[,…]), else that of the instance in *data*, else GRADELINE_KAFKA.

    Raises Misconfigured.
    """
    instance = None if kafka else running(data.resolve())
    if instance is not None:
        return Found(instance.kafka, choose(embedded=True), settings.load().partitions)
    known = settings.load(kafka=kafka)
    return Found(known.kafka, choose(embedded=known.embedded), known.partitions)
