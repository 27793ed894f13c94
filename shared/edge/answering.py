"""Requests that others approve, as the handlers of every service find them and decide what is said to them."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol

from shared.core.approval.commands import Command, Desk
from shared.core.approval.deciding import decide
from shared.core.approval.listed import ApprovalRow, Wanted
from shared.core.approval.request import Approvals
from shared.core.approval.saying_no import No
from shared.core.errors import Declined, NotFound
from shared.core.events.approval import ApprovalDecision, ApprovalGranted
from shared.edge.rights import Rows

UNKNOWN = "there is no such request"


class Lists(Protocol):
    """Reads the projection of requests."""

    async def approvals(
        self, pool: Any, *, after: tuple[date, str], limit: int, wanted: Wanted, rows: Rows
    ) -> list[ApprovalRow]:
        """Requests after (day of the request, id), the oldest first."""


class Ports(Protocol):
    """What a service is wired to, as far as requests go."""

    @property
    def lists(self) -> Lists:
        """The projections."""

    def database(self) -> Any:
        """The pool. Raises Unavailable while the database has not answered yet."""


async def one(ports: Ports, approval_id: str, rows: Rows) -> ApprovalRow:
    """The request *approval_id*. Raises NotFound where there is none that *rows* let see."""
    wanted = Wanted(approval_id=approval_id)
    found = await ports.lists.approvals(ports.database(), after=(date.min, ""), limit=1, wanted=wanted, rows=rows)
    if not found:
        raise NotFound(UNKNOWN)
    return found[0]


def decided(command: Command, approvals: Approvals, desk: Desk) -> tuple[ApprovalDecision, ...]:
    """What follows of *command*. Raises Declined, NotFound."""
    return made(decide(command, approvals.get(command.approval_id), desk))


def made(decisions: tuple[ApprovalDecision, ...] | No) -> tuple[ApprovalDecision, ...]:
    """*decisions*, where that is what they are. Raises Declined, NotFound."""
    if decisions is No.UNKNOWN:
        raise NotFound(UNKNOWN)
    if isinstance(decisions, No):
        raise Declined(decisions)
    return decisions


def is_final(decisions: tuple[ApprovalDecision, ...]) -> bool:
    """Whether the request takes effect with *decisions*."""
    return any(isinstance(one, ApprovalGranted) and one.final for one in decisions)
