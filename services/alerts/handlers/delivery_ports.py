"""What the routes of delivery need from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.alerts.core.delivered import Delivery, Looked, Tried
from services.alerts.core.listing import AlertListed, Reach
from services.alerts.core.subscribing import Filter, Subscription


class DeliveryLog(Protocol):
    """Reads what was sent, and lets it be sent again."""

    async def page(self, pool: Any, *, before: tuple[datetime, str], limit: int, looked: Looked) -> list[Delivery]:
        """Messages before (made at, id), the newest first."""

    async def one(self, pool: Any, message_id: str) -> tuple[Delivery, list[Tried]]:
        """One message with all its attempts. Raises NotFound."""

    async def again(self, pool: Any, delivery: Delivery, *, now: datetime) -> bool:
        """Let it be sent again; False: it is under way now."""


class Endpoints(Protocol):
    """Robots and webhooks of persons, by name."""

    async def all(self, pool: Any) -> list[dict[str, Any]]:
        """All of them, without addresses and secrets."""

    async def name(self, pool: Any, name: str, channel: str, url: str, given: str | None, by: str) -> dict[str, Any]:
        """Make *name* or change it; `secret` and `public_key` where they were made here."""

    async def switch(self, pool: Any, name: str, state: str, by: str) -> bool:
        """To active or paused; False: there is none."""


class Subscriptions(Protocol):
    """Subscriptions of systems. All but `page` and `make` raise NotFound."""

    async def page(self, pool: Any, *, after: str, limit: int) -> list[Subscription]:
        """Those after *after*, by id."""

    async def one(self, pool: Any, subscription_id: str) -> Subscription:
        """One."""

    async def make(
        self, pool: Any, *, subscription_id: str, title: str, url: str, secret: str, wanted: Filter, full_content: bool,
        since: datetime | None, now: datetime, by: str,
    ) -> bool:  # fmt: skip
        """Subscribe; False where it is there already."""

    async def rotate(self, pool: Any, subscription_id: str, *, now: datetime, by: str) -> str:
        """A new secret."""

    async def move(self, pool: Any, subscription_id: str, *, url: str, now: datetime, by: str) -> None:
        """Another address."""

    async def switch(self, pool: Any, subscription_id: str, state: str, *, now: datetime, by: str) -> None:
        """Pause it, or let it go on."""

    async def end(self, pool: Any, subscription_id: str) -> None:
        """Forget it."""

    async def again(self, pool: Any, subscription_id: str, message_id: str, *, now: datetime) -> None:
        """Post one once more."""

    async def again_since(self, pool: Any, subscription_id: str, since: datetime) -> None:
        """Post everything since once more."""

    async def ping(self, pool: Any, subscription_id: str, *, message_id: str, body: bytes, now: datetime) -> None:
        """Let a test be posted."""


class Following(Protocol):
    """Alerts as they change."""

    def end(self) -> None:
        """Close every page."""

    def full(self) -> bool:
        """Whether no further page may be opened."""

    def changes(
        self, database: Callable[[], Any], reading: Any, reach: Reach, since: Mapping[int, int] | None
    ) -> AsyncIterator[tuple[dict[int, int], AlertListed | None]]:
        """Where the reader stands, and the alert that changed; without end."""


@dataclass(frozen=True)
class DeliveryPorts:
    """What `Ports.delivery` holds."""

    log: DeliveryLog
    endpoints: Endpoints
    subscriptions: Subscriptions
    following: Following
    check_url: Callable[[str], None]
    """Raises Malformed for an address that would never be reached."""
