"""Webhooks by the rules of Standard Webhooks: signed, thin, at most 20 kB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from services.alerts.adapters.channels import sending, signing
from services.alerts.adapters.channels.sending import Parcel
from services.alerts.adapters.endpoints import Endpoint
from services.alerts.adapters.outbound import Outbound, of_status
from services.alerts.core.message import Message, Receipt

BODY_BYTES = 20_000
TYPE = "credit.message.v1"


class Webhook:
    """Implements `Channel` for endpoints, of persons and of systems."""

    def __init__(self, outbound: Outbound, *, console: str) -> None:
        """*console* is where links lead."""
        self._outbound, self._console = outbound, console

    async def send(self, parcel: Parcel, endpoint: Endpoint | None, *, now: datetime, seconds: float) -> Receipt:
        """Post it, signed with every secret that is good now. 2xx within *seconds* is success, and nothing else."""
        if endpoint is None:
            return sending.no_endpoint(parcel.address)
        body = thin(parcel.messages[0], self._console) if parcel.messages else parcel.body
        headers = signing.signed(parcel.message_id, body, endpoint.secrets(now), now=now)
        headers = {**headers, "content-type": "application/json"}
        return of_status(await self._outbound.post(endpoint.target, body, headers=headers, seconds=seconds))


def thin(message: Message, console: str) -> bytes:
    """What a message to a person says to a machine: which alerts, how grave, where to look. No figures, no grades."""
    notices = [
        {
            "alert_id": one.alert_id,
            "kind": one.kind if message.sees_grades else "",
            "what": one.what,
            "severity": one.severity,
            "subject": one.subject,
            "link": sending.linked(console)(one.alert_id),
        }
        for one in message.notices
    ]
    while True:
        told: dict[str, Any] = {"message_id": message.message_id, "form": message.form, "severity": message.severity}
        told |= {"person": message.person, "alerts": notices, "more": len(message.notices) - len(notices)}
        at = message.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        body = msgspec.json.encode({"type": TYPE, "timestamp": at, "data": told})
        if len(body) <= BODY_BYTES:
            return body
        notices = notices[: len(notices) * 3 // 4]
