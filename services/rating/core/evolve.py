"""The fold: facts as every service folds them, and rating's own decisions."""

from __future__ import annotations

from services.rating.core import excepting, overriding, rising
from services.rating.core.lived import remember
from services.rating.core.state import State
from shared.core.approval import request as approval
from shared.core.customer import evolve as customer
from shared.core.envelope import Event
from shared.core.events.approval import ApprovalDecision, ApprovalGranted, ExceptionEnded, ExceptionGranted
from shared.core.events.base import Decision
from shared.core.events.rating import FactQuarantined


def evolve(state: State, event: Event) -> None:
    """Fold *event* into *state*: a fact, or one of our own decisions."""
    data = event.data
    if not isinstance(data, Decision):
        customer.evolve(state, event)
        return
    remember(state.lived, data, event.id)
    if isinstance(data, FactQuarantined):
        state.conflicts[f"fact {data.fact.source} {data.fact.id}"] = event.business_date.toordinal()
    elif isinstance(data, ApprovalDecision):
        approval.evolve(state.approvals, data)
        if isinstance(data, ApprovalGranted) and data.final:
            rising.fold(state, data.approval_id)
    elif isinstance(data, ExceptionGranted | ExceptionEnded):
        excepting.fold(state, data)
    else:
        overriding.fold(state, data)
