"""Limits that another system granted, taken over as they are. They hold at once: who approved them did so there.

No request is made and none of the rules of a rise is asked. What is written says who took it over and on what evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b

import msgspec

from services.exposure.core.figures import Moment
from services.exposure.core.limits import OWN
from services.exposure.core.records import Limit, told
from services.exposure.core.requesting import UNGRADED_REVIEW, months_on
from services.exposure.core.telling import told_of
from shared.core.events.base import Decision
from shared.core.events.granting import LimitEnded, LimitGranted
from shared.core.ledger.documents import NOWHERE, Place, units


class Migrated(msgspec.Struct, frozen=True, kw_only=True):
    """One limit as another system has it."""

    customer_id: str
    kind: str
    """policy, management, temporary, insured or guaranteed."""
    amount: Decimal
    """With all decimals of `currency`."""
    currency: str
    valid_from: date
    valid_to: date | None = None
    share: Decimal | None = None
    place: Place = NOWHERE

    @property
    def limit_id(self) -> str:
        """The same limit has the same id, whichever file says it."""
        text = "\0".join(str(value) for value in msgspec.structs.astuple(self))
        return f"mg-{blake2b(text.encode(), digest_size=12).hexdigest()}"


class Became(StrEnum):
    """What becomes of a limit that is taken over."""

    GRANTED = "granted"
    UNCHANGED = "unchanged"
    """It holds already, or waits for its first day."""
    ENDED = "ended"
    """It was taken over before and has been ended since: it does not come back by being told again."""


class Why(StrEnum):
    """Why a limit is not taken over. Sentences in `shared/edge/codes.yaml`."""

    STRANGER = "LIMIT_STRANGER"
    OVER = "LIMIT_PERIOD_OVER"


def migrate(moment: Moment, wanted: Migrated, by: str, evidence: str) -> tuple[Became | Why, Sequence[Decision]]:
    """What becomes of *wanted* on *moment*, and what is appended: nothing but where it is granted."""
    account, day = moment.account, moment.day
    held = account.limits.get(wanted.limit_id)
    live = [one for one in account.limits.values() if not one.ended_on and _same(one, wanted)]
    if live or (held is not None and not held.ended_on):
        return Became.UNCHANGED, ()
    if held is not None:
        return Became.ENDED, ()
    if not account.first:
        return Why.STRANGER, ()
    if wanted.valid_to is not None and wanted.valid_to.toordinal() < max(day, wanted.valid_from.toordinal()):
        return Why.OVER, ()
    grade = account.grade_on(day)
    terms = moment.rules.limits.of(grade.grade if grade else None)
    review = terms.review_months if terms else UNGRADED_REVIEW
    granted = LimitGranted(
        **told_of(account, day, "override"),
        limit_id=wanted.limit_id,
        kind=wanted.kind,  # type: ignore[arg-type] # the route takes only kinds that there are
        amount=wanted.amount,
        currency=wanted.currency,
        valid_from=wanted.valid_from,
        valid_to=wanted.valid_to,
        share=wanted.share if wanted.share is not None or wanted.kind != "guaranteed" else _uplift(moment),
        place=told(wanted.place),
        review_on=months_on(day, review) if wanted.kind in OWN else None,
        reason=f"migration: {evidence}"[:200],
        by=by,
        grade=grade.grade if grade else None,
    )
    made: list[Decision] = [granted]
    if wanted.kind == "policy":  # one policy limit a place
        older = [one for one in account.own(wanted.place) if one.kind == "policy" and not one.ended_on]
        said, why = told_of(account, day, "override"), f"replaced by {wanted.limit_id}"
        made += [LimitEnded(**said, limit_id=one.limit_id, reason=why, by=by) for one in older]
    return Became.GRANTED, made


def _uplift(moment: Moment) -> Decimal:
    return moment.rules.limits.guarantee_uplift


def _same(one: Limit, wanted: Migrated) -> bool:
    """Whether *one* is what is wanted, whoever granted it: what was exported is taken back without a change."""
    share = wanted.share if wanted.share is not None else Decimal(one.share)
    return (
        (one.kind, one.amount, one.currency, one.place) == (wanted.kind, units(wanted.amount), wanted.currency, wanted.place)
        and (one.valid_from, one.valid_to) == (wanted.valid_from.toordinal(), wanted.valid_to.toordinal() if wanted.valid_to else 0)
        and Decimal(one.share) == share
    )  # fmt: skip
