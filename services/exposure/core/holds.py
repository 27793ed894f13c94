"""Letting a held order go: by who has the authority over the excess, once, for this order as it is (特批, LT-03.14)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from services.exposure.core.announce import Saying, clear_holds
from services.exposure.core.answering import logged
from services.exposure.core.checking import Act, asked_of
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.judging import RELEASED, Judged, judge
from services.exposure.core.records import Hold, Release, told
from services.exposure.core.reserving import reservation_for, reserved
from services.exposure.core.rulebook import Special
from services.exposure.core.telling import amount_of, payable, told_of
from shared.core.approval.commands import Actor, roles_of
from shared.core.approval.steps import Register
from shared.core.brain import Decided
from shared.core.events.limit import OrderReleased


class Why(StrEnum):
    """Why a held order is not let go. Sentences in `shared/edge/codes.yaml`."""

    UNKNOWN = "HOLD_UNKNOWN"
    NO_AUTHORITY = "HOLD_NO_AUTHORITY"
    OWN = "HOLD_OWN"


class LetGo(msgspec.Struct, frozen=True):
    """A held order that was let go."""

    order_id: str
    by: str
    role: str
    """The role whose authority was used."""
    excess: int
    currency: str
    valid_until: date
    reasons: tuple[str, ...]
    reservation_id: str | None


def release(moment: Moment, order: str, by: Actor, note: str, register: Register) -> Act | Why:
    """Let *order* go in the name of *by*. Letting it go twice is one act.

    The excess is that of this moment, so a limit that fell meanwhile asks for more authority. It changes nothing but this
    order: headroom is kept for it beyond the limit, so that no other order is let go by it.
    """
    account = moment.account
    held = account.holds.get(order)
    if held is None:
        before = account.releases.get(order)
        if before is not None and before.by == by.person and before.note == note:
            return Act((), _before(before))
        return Why.UNKNOWN
    answer = account.answers.get(order)
    if answer is not None and answer.by and answer.by in {by.person, by.account}:
        return Why.OWN
    figures = Figures(moment)
    asked = msgspec.structs.replace(asked_of(account, held), by=by.person)
    judged = judge(figures, asked)
    special = authority(figures, judged, held, roles_of(by, register))
    if special is None:
        return Why.NO_AUTHORITY
    free = msgspec.structs.replace(judged, decision="approved", exclusion=RELEASED)
    check_id = f"ck-{account.published.checked + 1}"
    kept = reservation_for(figures, asked, free, check_id)
    until = date.fromordinal(moment.day + special.days)
    excess = amount_of(0) if held.currency != figures.currency else payable(judged.excess, held.currency)
    let_go = OrderReleased(
        **told_of(account, moment.day, "override"),
        order_id=order,
        amount=amount_of(held.amount),
        currency=held.currency,
        reasons=held.reasons,
        by=by.person,
        note=note,
        control_point=held.control_point or None,
        place=told(held.place),
        excess=excess,
        valid_until=until,
        check_id=check_id,
    )
    name = kept.reservation_id if kept is not None else None
    decided = [
        Decided(logged(moment, asked, free, check_id, name, "override"), publish=False),
        Decided(let_go, publish=True),
    ]
    if kept is not None:
        decided.append(Decided(reserved(moment, kept), publish=True))
    answered = LetGo(order, by.person, special.role, judged.excess, figures.currency, until, held.reasons, name)
    return Act(decided, answered)


def clear(moment: Moment) -> Sequence[Decided]:
    """Let the held orders of a member of groups go whose causes are gone: only who holds its groups can do that."""
    saying = Saying(moment, "fact")
    clear_holds(saying)
    return saying.decided


def authority(figures: Figures, judged: Judged, held: Hold, roles: frozenset[str]) -> Special | None:
    """The least authority among *roles* that covers the excess over the own limit and over those of groups; None: none does.

    Of no limit everything is excess. What the rules call hard only the greatest authority lets go.
    """
    rules, limit = figures.moment.rules.authority, figures.effective.amount
    reasons = set(judged.reasons) | set(held.reasons)
    is_hard = bool(reasons & set(rules.hard)) or judged.decision == "refused"
    for special in rules.specials:
        if special.role not in roles or (is_hard and special is not rules.specials[-1]):
            continue
        if special.share is None:
            return special
        over = [(judged.excess, limit), *((one.excess, one.limit.amount) for one in judged.groups)]
        if all(Decimal(excess) <= special.share * most for excess, most in over):
            return special
    return None


def _before(release: Release) -> LetGo:
    until = date.fromordinal(release.valid_until)
    return LetGo(release.order_id, release.by, "", release.excess, release.currency, until, release.reasons, None)
