"""What every way out of the house is: takes a parcel, returns a receipt. Raises nothing that a provider can cause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol
from urllib.parse import quote

from services.alerts.adapters.endpoints import Endpoint
from services.alerts.core.composing import Composed, Words, compose
from services.alerts.core.lists import LIST
from services.alerts.core.message import Message, Receipt


class Parcel(NamedTuple):
    """What goes out at once: one message, or several of one address put together."""

    message_id: str
    """The same at every attempt: receivers drop doubles by it."""
    address: str
    body: bytes
    """Of the (first) message, as it lies in the queue."""
    messages: tuple[Message, ...]
    """Empty where it is for a system."""
    attempt: int


class Channel(Protocol):
    """One way."""

    async def send(self, parcel: Parcel, endpoint: Endpoint | None, *, now: datetime, seconds: float) -> Receipt:
        """Try once, within *seconds*. A success is only what the provider called one.

        Raises TimeoutError and OSError where nothing answered; Refused where it may not be reached.
        """


class Absent:
    """Implements `Channel` where this installation does not have one: persons are told another way at once."""

    async def send(self, parcel: Parcel, endpoint: Endpoint | None, *, now: datetime, seconds: float) -> Receipt:
        """Refuse it."""
        return Receipt(outcome="refused", status="no channel", detail="this installation does not send this way")


class Telling(NamedTuple):
    """How messages to persons become words."""

    words: dict[str, Words]
    """By language."""
    console: str

    def of(self, parcel: Parcel) -> Composed:
        """What *parcel* says."""
        return compose(parcel.messages, self.words[parcel.messages[0].language], link=linked(self.console))


def linked(console: str) -> Callable[[str], str]:
    """What gives the address of the page of an alert, of a person's list, or of all alerts for ""; empty without *console*."""
    if not console:
        return lambda _: ""

    def link(name: str) -> str:
        page = "worklists" if name.startswith(LIST) else "alerts"
        return f"{console}/{page}/{quote(name, safe='')}".rstrip("/")

    return link


def no_endpoint(name: str) -> Receipt:
    """Nobody made it, or it was switched off."""
    return Receipt(outcome="refused", status="no endpoint", detail=f"there is no endpoint {name} that is active")
