"""A notice: that somebody is to hear of an alert. The seam between the life of an alert and its delivery.

The brain says notices as it decides, by role and not by name; the projector keeps them in the transaction of the event, so
that none is lost. The dispatcher turns them into messages to people: who holds the role now, who stands in for whom, what
goes together, what waits for the morning.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from shared.core.events.values import Severity

What = Literal[
    "opened", "reopened", "reminded", "repeated", "escalated", "assigned", "commented", "acknowledged", "resolved",
    "withdrawn", "undelivered",
]  # fmt: skip
"""What happened to the alert."""


class Notice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to be heard by some receivers."""

    notice_id: str
    """`<alert_id>/<n>`: the same whenever the same event is folded again."""
    alert_id: str
    subject: str
    """The customer, group or matter (`~policy`) that the alert is about."""
    what: What
    kind: str
    """Of the alert: the key of its words, of its rule and of its page in the docs."""
    severity: Severity
    labels: dict[str, str] = {}
    """region, segment, manager, company … as the decision carried them."""
    figures: dict[str, str] = {}
    """What the words are filled with: from, to, amount, currency, days … as text; money with all its decimals."""
    to: tuple[str, ...]
    """Receivers: `owner` (the customer manager of the labels), `lead:C-1` and `assisting:C-2` (the units of the members of a
    group), `line` (who leads the owner), `line:li.na` (who leads that person), `unit:east` (who leads that unit),
    `role:credit_manager`, `person:li.na`, `told` (whoever had been told of this alert: at a withdrawal)."""
    route: str
    """The route that said so: shown to who asks why."""
    at: datetime
    """When it arose."""
    group: str
    """Notices to one person under the same group go in one message."""
    wait_seconds: int = 0
    """How long the first of a group waits for others (group wait)."""
    interval_seconds: int = 0
    """The least time from one message of a group to the next (group interval)."""
    digest: bool = False
    """It goes with the morning digest."""
    urgent: bool = False
    """It breaks through quiet hours and rest days."""
    channels: tuple[str, ...] = ()
    """By preference, first those; none: as the person prefers."""
    due_on: date | None = None
    """The day by which something must be done, where there is one."""
    rows: tuple[dict[str, str], ...] = ()
    """What is listed below its words, each filled with figures: the votes of a committee, the customers of a work list."""

    @property
    def others(self) -> tuple[str, ...]:
        """The customers whose units are told, besides the one that it is about."""
        return tuple(one.partition(":")[2] for one in self.to if one.startswith(("lead:", "assisting:")))
