"""A message: what one person, or one system, is to get by one channel. The seam between planning and delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from services.alerts.core.notice import Notice
from shared.core.events.values import Severity

Form = Literal["alert", "group", "digest", "storm", "customer"]
"""One notice; several of one group; the morning digest; what a storm was put together into; what a customer is written to."""


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """To one address by one channel. Said again by another channel, it is another message with the same notices."""

    message_id: str
    person: str
    """Who is to read it."""
    channel: str
    """email, webhook, dingtalk, wecom, feishu, apprise."""
    address: str
    """Where: a mail address, the name of a robot, of an endpoint."""
    language: Literal["en", "zh"] = "en"
    form: Form
    severity: Severity
    """The gravest of its notices."""
    notices: tuple[Notice, ...]
    """The most severe first, then the oldest."""
    created_at: datetime
    instead_of: str = ""
    """The message that could not be delivered and that this one takes the place of."""
    sees_grades: bool = True
    """False: the reader sees "credit available: yes / no" and not the grade (AL-14)."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one attempt. Never a success that the provider did not say."""

    outcome: Literal["delivered", "unconfirmed", "retry", "refused"]
    """`unconfirmed`: handed over to something that says nothing of delivery. `retry`: again later. `refused`: never this way."""
    status: str = ""
    """What the provider answered, in short: `250`, `errcode 310000`, `429`."""
    detail: str = ""
    """At most 500 characters of what it said, made safe to be shown."""
    retry_after_seconds: int | None = None
    """Where the provider says when to come back."""
    disable: bool = False
    """The address is gone for good (410): nothing more goes there until somebody says so."""
