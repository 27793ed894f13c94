"""The steps of a request: which of them wait, who may take one, and what the votes of a committee come to (AP-07)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

from shared.core.approval.chain import PERSON
from shared.core.approval.request import Approval, Grant, Vote
from shared.core.events.approval import Committee

Register = Mapping[str, frozenset[str]]
"""Person → the roles that the staff register gives; who is not in it has the roles that the token gives."""


def waiting(approval: Approval, register: Register) -> tuple[int, ...]:
    """The steps without a grant that holds, in order. The first of them is the one that may be granted now."""
    steps = range(1, len(approval.roles) + 1)
    return tuple(step for step in steps if not _held(approval, step, register))


def at(approval: Approval, register: Register) -> int:
    """The step that waits, or the last."""
    return (waiting(approval, register) or (len(approval.roles),))[0]


def committee_of(approval: Approval, step: int) -> Committee | None:
    """The committee whose step it is; None: that of one role."""
    return approval.committees.get(approval.roles[step - 1])


def may_grant(approval: Approval, step: int, day: date) -> tuple[str, ...]:
    """The roles that may grant *step* on *day*: its own, and its deputies' once it has waited too long."""
    return _acting_for(approval, approval.roles[step - 1], day)


def seat(
    approval: Approval, step: int, person: str, held: frozenset[str], *, day: date, register: Register
) -> tuple[str, str] | None:
    """The free seat of the committee of *step* that *person*, who holds the roles *held*, takes, and with which role.

    A seat of one's own comes before one of a role, that before a deputy's. None: there is none.
    """
    committee = approval.committees[approval.roles[step - 1]]
    taken = Counter(vote.seat for vote in _counted(committee, approval.votes, step, register))
    free = [one for one in dict.fromkeys(committee.members) if committee.members.count(one) > taken[one]]
    if PERSON + person in free:
        return PERSON + person, PERSON + person
    found = [(one, role) for one in free for role in _acting_for(approval, one, day) if role in held]
    return min(found, key=lambda pair: pair[0] != pair[1], default=None)


def granted(approval: Approval, step: int, votes: tuple[Vote, ...], register: Register) -> bool:
    """Whether *votes* grant *step*: enough of them are for it, and those of every seat with a veto."""
    committee = approval.committees[approval.roles[step - 1]]
    seats = [vote.seat for vote in _counted(committee, votes, step, register) if vote.grants]
    return len(seats) >= committee.grant and set(seats) >= set(committee.veto)


def refused(approval: Approval, step: int, votes: tuple[Vote, ...], register: Register) -> bool:
    """Whether *votes* refuse the request: enough of them are against it, or one with a veto is."""
    committee = approval.committees[approval.roles[step - 1]]
    against = [vote for vote in _counted(committee, votes, step, register) if not vote.grants]
    return len(against) >= committee.refuse or any(vote.seat in committee.veto for vote in against)


def _held(approval: Approval, step: int, register: Register) -> bool:
    if committee_of(approval, step) is not None:
        return step in approval.grants and granted(approval, step, approval.votes, register)
    return _holds(approval.grants.get(step), register)


def _counted(committee: Committee, votes: tuple[Vote, ...], step: int, register: Register) -> list[Vote]:
    """The votes that hold, of each seat the first: who comes back to a role finds the seat taken."""
    free, found = Counter(committee.members), []
    for vote in votes:
        if vote.step == step and free[vote.seat] and _holds(vote, register):
            free[vote.seat] -= 1
            found.append(vote)
    return found


def _holds(given: Grant | Vote | None, register: Register) -> bool:
    """Whether who granted or voted still has the role for it, as far as is known."""
    if given is None or given.by not in register:
        return given is not None
    roles = register[given.by]
    return bool(roles) if given.acting.startswith(PERSON) else given.acting in roles


def _acting_for(approval: Approval, role: str, day: date) -> tuple[str, ...]:
    late = approval.deputy_on and day.toordinal() >= approval.deputy_on
    return (role, *approval.deputies.get(role, ())) if late else (role,)
