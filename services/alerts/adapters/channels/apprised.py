"""Everything else that Apprise knows: handed over, never confirmed. An extra: `pip install gradeline[apprise]`.

Apprise calls answers of DingTalk, WeCom and Feishu a success that are none (F16), so these three do not come here.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from importlib.util import find_spec
from typing import Any

from services.alerts.adapters.channels import sending
from services.alerts.adapters.channels.sending import Parcel, Telling
from services.alerts.adapters.endpoints import Endpoint
from services.alerts.core import rendering
from services.alerts.core.message import Receipt

NATIVE = ("dingtalk", "feishu", "lark", "wecombot", "wecom")
LOCAL = (
    "file",
    "dbus",
    "qt",
    "glib",
    "gnome",
    "macosx",
    "windows",
    "syslog",
    "rsyslog",
    "exec",
    "json",
    "jsons",
    "xml",
    "xmls",
    "form",
    "forms",
)
"""What writes on this machine, or posts to any address: the webhook channel is there for that, and looks where it leads."""


def is_there() -> bool:
    """Whether the extra is installed."""
    return find_spec("apprise") is not None


class Apprised:
    """Implements `Channel` by Apprise, in a thread of its own."""

    def __init__(self, telling: Telling) -> None:
        """*telling* makes the words."""
        self._telling = telling

    async def send(self, parcel: Parcel, endpoint: Endpoint | None, *, now: datetime, seconds: float) -> Receipt:
        """Hand it over. `unconfirmed` is the best it can say."""
        if endpoint is None:
            return sending.no_endpoint(parcel.address)
        if (scheme := endpoint.target.partition("://")[0].lower()) in (*NATIVE, *LOCAL):
            return Receipt(
                outcome="refused", status="scheme", detail=f"{scheme} is not for Apprise: use our own channel"
            )
        told = self._telling.of(parcel)
        taken = await asyncio.to_thread(_notify, endpoint.target, told.subject, rendering.text(told))
        if taken is None:
            return Receipt(outcome="refused", status="address", detail="Apprise cannot read the address")
        return Receipt(outcome="unconfirmed" if taken else "retry", status="handed over" if taken else "not taken")


def _notify(target: str, subject: str, body: str) -> bool | None:
    import apprise

    joint = "&" if "?" in target else "?"
    client: Any = apprise.Apprise()
    if not client.add(f"{target}{joint}redirect=no"):
        return None
    return bool(client.notify(title=subject, body=body))
