"""What people ask of the rules themselves, on the stream `~policy`: that a version of a method be put in force (AP-08).

What was asked for is asked again when it would take effect: the day may have been opened meanwhile, another version may
stand under the number, or the version may be in force already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

import msgspec

from services.rating.core.activating import Wanted, decided
from shared.core.approval import request as approval
from shared.core.approval.commands import Desk
from shared.core.approval.request import Approval, Approvals
from shared.core.approval.timing import due
from shared.core.envelope import Event
from shared.core.errors import Conflict, NotFound
from shared.core.events.approval import ApprovalDecision
from shared.core.events.base import Decision
from shared.core.events.rating import ReviewDue
from shared.core.policy.activation import Activation
from shared.core.policy.rulebook import Rulebook

SUBJECT = "~policy"
"""Whom a decision about the rules is about; the stream is that subject's."""
KIND = "policy"
MODEL_REVIEW = "G-26"
"""What the id of a review of a method begins with that too many overrides ask for."""


class Why(StrEnum):
    """Why an activation that was granted does not take effect. Sentences in `shared/edge/codes.yaml`."""

    DAY_OPENED = "ACTIVATION_DAY_OPENED"
    OTHER_RULES = "ACTIVATION_OTHER_RULES"
    NOT_LOADED = "ACTIVATION_NOT_LOADED"
    IN_FORCE = "ACTIVATION_IN_FORCE"


class Activating(msgspec.Struct, frozen=True, kw_only=True):
    """The payload: exactly which rules, from the opening of which day."""

    method: str
    version: str
    sha256: str
    effective: date
    reason: str
    by: str


class Told(msgspec.Struct):
    """What lies in `~policy`, folded."""

    approvals: Approvals = {}
    reviews: set[str] = set()
    """The ids of the reviews of methods that were asked for."""

    def hear(self, data: object) -> None:
        """Fold one decision."""
        if isinstance(data, ApprovalDecision):
            approval.evolve(self.approvals, data)
        elif isinstance(data, ReviewDue):
            self.reviews.add(data.review_id)


class Found(NamedTuple):
    """How the rules stand, for who decides about them."""

    told: Told
    desk: Desk
    rules: Rulebook
    activations: tuple[Activation, ...]


class Act(NamedTuple):
    """What is to be done: decisions, and the version that is put in force by the last of them."""

    decisions: Sequence[Decision]
    activates: Activating | None = None
    approval_id: str | None = None


def told(events: Iterable[Event]) -> Told:
    """What the events of the stream come to."""
    found = Told()
    for event in events:
        found.hear(event.data)
    return found


def asked(wanted: Activating, found: Found) -> None:
    """Raise Malformed, Conflict or NotFound, naming the remedy, where *wanted* cannot be asked for."""
    if decided(_wanted(wanted), found.rules, found.activations, found.desk.day) is None:
        raise Conflict(f"{wanted.method} version {wanted.version} is activated from {wanted.effective} already")


def effect(one: Approval, found: Found) -> Activating | Why:
    """What the last grant of *one* puts in force, read from the content that was hashed and from nothing else."""
    wanted = msgspec.json.decode(one.payload, type=Activating)
    book = found.rules.books.get(wanted.method)
    policy = next((one for one in book.versions if one.version == wanted.version), None) if book else None
    if policy is None:
        return Why.NOT_LOADED
    if policy.sha256 != wanted.sha256:
        return Why.OTHER_RULES
    try:
        asked(wanted, found)
    except (Conflict, NotFound):
        return Why.IN_FORCE
    return wanted


def too_late(one: Approval, found: Found) -> bool:
    """Whether the day that *one* names has been opened: a path has reached it, and no rule changes the past."""
    return msgspec.json.decode(one.payload, type=Activating).effective <= found.desk.day


def last_day(wanted: Activating) -> date:
    """The last day on which *wanted* can be granted: the day it names must not have been opened."""
    return wanted.effective - timedelta(days=1)


def passed(found: Found) -> list[Decision]:
    """What the day of *found* says of open requests: reminders, deputies, lapses (AP-04.03)."""
    common = {**found.desk.common, "cause": "day"}
    days = (due(one, found.desk.day.toordinal(), common) for one in found.told.approvals.values())
    return [one for one in days if one is not None]


def _wanted(wanted: Activating) -> Wanted:
    return Wanted(wanted.method, wanted.version, wanted.effective, wanted.sha256)
