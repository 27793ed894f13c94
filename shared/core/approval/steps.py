"""The steps of a request: which of them wait, who may take one, and what the votes of a committee come to (AP-07)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

from shared.core.approval.chain import PERSON, Rests
from shared.core.approval.request import Approval, Grant, Vote
from shared.core.approval.saying_no import No
from shared.core.approval.sittings import every_seat, seats, sits, voting
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
    approval: Approval, step: int, person: str, held: frozenset[str], *, day: date, register: Register, rests: Rests
) -> tuple[str, str] | No:
    """The free seat of the committee of *step* that *person*, who holds the roles *held*, takes on *day*, with which role.

    A seat of one's own comes before one of a role, that before a deputy's.
    """
    committee = approval.committees[approval.roles[step - 1]]
    mine = {PERSON + person: PERSON + person} if PERSON + person in every_seat(committee) else {}
    for one in every_seat(committee):
        if acting := [role for role in _acting_for(approval, one, day) if role in held]:
            mine[one] = acting[0]
    today = voting(committee, day)
    if not mine:
        return No.NOT_YOUR_STEP
    if day.toordinal() < approval.sits_on or not sits(committee, day, rests):
        return No.NOT_SITTING
    if mine.keys().isdisjoint(today):
        return No.OFF_ROTA if mine.keys().isdisjoint(committee.avoiding) else No.OWN_LINE
    taken = Counter(vote.seat for vote in _counted(committee, approval.votes, step, register, day.toordinal()))
    free = [pair for pair in mine.items() if today.count(pair[0]) > taken[pair[0]]]
    return min(free, key=lambda pair: pair[0] != pair[1], default=No.NOT_YOUR_STEP)


def granted(approval: Approval, step: int, votes: tuple[Vote, ...], register: Register, on: int) -> bool:
    """Whether *votes* grant *step* on the day *on*: enough of them are for it, and those of every seat with a veto."""
    committee = approval.committees[approval.roles[step - 1]]
    fors = [vote.seat for vote in _counted(committee, votes, step, register, on) if vote.grants]
    return len(fors) >= committee.grant and set(fors) >= set(committee.veto)


def refused(approval: Approval, step: int, votes: tuple[Vote, ...], register: Register, on: int) -> bool:
    """Whether *votes* refuse the request on the day *on*: enough of them are against it, or one with a veto is.

    Who does not vote, for it is of their own line, leaves fewer who could grant it.
    """
    committee = approval.committees[approval.roles[step - 1]]
    against = [vote for vote in _counted(committee, votes, step, register, on) if not vote.grants]
    day = date.fromordinal(on)
    without = len(seats(committee, day)) - len(voting(committee, day))
    return len(against) + without >= committee.refuse or any(vote.seat in committee.veto for vote in against)


def _held(approval: Approval, step: int, register: Register) -> bool:
    given = approval.grants.get(step)
    if committee_of(approval, step) is not None:
        return given is not None and granted(approval, step, approval.votes, register, given.on)
    return _holds(given, register)


def _counted(committee: Committee, votes: tuple[Vote, ...], step: int, register: Register, on: int) -> list[Vote]:
    """The votes that hold on the day *on*, of each seat the first: who comes back to a role finds the seat taken.

    A committee that sits decides by the votes of one sitting: the next begins anew, with others on its seats.
    """
    free, found = Counter(voting(committee, date.fromordinal(on))), []
    for vote in votes:
        given = vote.step == step and (committee.sits is None or vote.on == on)
        if given and free[vote.seat] and _holds(vote, register):
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
