"""Reads `policies/delivery.yaml`: how many go out at once, how long one may take, when it is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec
import yaml

from services.alerts.core.reminding import Steps
from services.alerts.core.schedule import Schedule
from shared.core.errors import Misconfigured

LEASE_MARGIN_SECONDS = 30
"""A lease outlives the timeout of its attempt, so that one message is never under way twice while its process lives."""


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most so many messages to one address within any so many seconds."""

    messages: int
    seconds: int


class Room(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one channel may use."""

    schedule: Schedule
    seconds: float
    """The longest an attempt may take."""
    at_once: int
    at_once_to_one: int
    rate: Rate | None = None

    @property
    def lease_seconds(self) -> float:
        """How long nobody else takes a message that is under way."""
        return self.seconds + LEASE_MARGIN_SECONDS


class _Room(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schedule: str
    seconds: float
    at_once: int
    at_once_to_one: int
    rate: Rate | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    assumed: bool
    schedules: dict[str, Schedule]
    channels: dict[str, _Room]
    customers: Steps


def read(text: str) -> Mapping[str, Room]:
    """The rooms that *text* describes, by channel. Raises Misconfigured."""
    try:
        said = _read(text)
        return {
            name: Room(said.schedules[one.schedule], one.seconds, one.at_once, one.at_once_to_one, one.rate)
            for name, one in said.channels.items()
        }
    except (msgspec.ValidationError, yaml.YAMLError, KeyError) as error:
        raise Misconfigured(f"delivery.yaml: {error}") from error


def _read(text: str) -> _File:
    return msgspec.convert(yaml.safe_load(text), _File)


@cache
def steps() -> Steps:
    """When customers themselves are written to, as the product comes."""
    return _read(_shipped()).customers


def _shipped() -> str:
    return files("services.alerts").joinpath("policies", "delivery.yaml").read_text("utf-8")


@cache
def shipped() -> Mapping[str, Room]:
    """Those that come with the product."""
    return read(_shipped())
