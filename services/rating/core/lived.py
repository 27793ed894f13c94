"""What was said of a customer and when: folded from our own decisions in its stream, never concluded."""

from __future__ import annotations

import msgspec

from shared.core.events.base import Decision
from shared.core.events.rating import (
    DecisionCorrected,
    GradeChanged,
    ReviewDue,
    WarningCleared,
    WarningRaised,
    WarningWithdrawn,
)

_KEPT = 128
"""Decisions a correction may name; older ones stay in the log."""


class Said(msgspec.Struct, array_like=True, gc=False):
    """One grade that was said, and what it is seen to be now."""

    id: str
    as_of: int
    grade: str | None
    restated: str | None


class Published(msgspec.Struct, array_like=True, gc=False):
    """The last grade decision: what subscribers hold to be true."""

    id: str
    grade: str | None
    refusal: str | None
    underlying: str | None
    method: str
    sha256: str
    override: str = ""


class Alarm(msgspec.Struct, array_like=True, gc=False):
    """A warning that subscribers know of."""

    warning_id: str
    raised_on: int
    severity: str
    kind: str
    figures: dict[str, str] = {}
    said_on: int = 0
    """The day on which it was last raised."""


class Lived(msgspec.Struct, array_like=True, gc=False):
    """Everything that was published about one customer, as far as the next decision needs it."""

    last: Published | None = None
    said: list[Said] = []
    alarms: dict[str, Alarm] = {}
    review_due: int = 0
    contradictions: int = 0
    """How many facts that contradict each other staff were told of."""
    besides: dict[str, Lived] = {}
    """Every other purpose than `credit` → what was said under it."""

    def under(self, purpose: str) -> Lived:
        """What was said under *purpose*."""
        return self if purpose == "credit" else self.besides.setdefault(purpose, Lived())


def remember(lived: Lived, decision: Decision, id: str) -> None:
    """Fold one of our own decisions, which was recorded under *id*."""
    if isinstance(decision, GradeChanged | DecisionCorrected | ReviewDue):
        lived = lived.under(decision.purpose)
    if isinstance(decision, GradeChanged):
        if lived.last is None or lived.last.grade != decision.to or lived.last.refusal != decision.refusal:
            if lived.said and lived.said[-1].as_of == decision.as_of.toordinal():
                lived.said.pop()  # taken back on its own day: what held at the end of it is what can be compared
            lived.said.append(Said(id, decision.as_of.toordinal(), decision.to, decision.to))
            del lived.said[:-_KEPT]
        lived.last = Published(
            id,
            decision.to,
            decision.refusal,
            decision.underlying,
            decision.method,
            decision.policy.sha256,
            decision.override_id or "",
        )
    elif isinstance(decision, WarningRaised):
        lived.contradictions = int(decision.figures.get("contradictions", lived.contradictions))
        known = lived.alarms.get(decision.rule)
        raised_on = known.raised_on if known else decision.as_of.toordinal()
        lived.alarms[decision.rule] = Alarm(
            decision.warning_id,
            raised_on,
            decision.severity,
            decision.kind,
            decision.figures,
            decision.as_of.toordinal(),
        )
    elif isinstance(decision, WarningCleared | WarningWithdrawn):
        lived.alarms.pop(decision.rule, None)
    elif isinstance(decision, DecisionCorrected):
        now = {one.id: one.would_be for one in decision.decisions}
        for said in lived.said:
            if said.id in now:
                said.restated = now[said.id]
    elif isinstance(decision, ReviewDue):
        lived.review_due = decision.due_on.toordinal()
