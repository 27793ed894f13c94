"""Judging one order: every step, what is left out and why, and what follows. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from services.exposure.core import parents
from services.exposure.core.excepting import waived
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.formulas import times
from services.exposure.core.records import ORDER, Answer, Release
from services.exposure.core.steps import STEPS
from services.exposure.core.wanted import Wanted
from shared.core.events.granting import Step
from shared.core.ledger.documents import NOWHERE, Place

Decision = Literal["approved", "held", "refused"]
Kind = Literal["reserve", "query", "commit", "extend", "release"]
RESERVED, PREPAID, LOWERS, RELEASED = "reserved", "prepaid", "lowers_exposure", "released"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A credit check as it is asked for. *amount* is that of the order as a whole, in *currency*."""

    order_id: str
    amount: int
    currency: str
    control_point: str = ORDER
    kind: Kind = "reserve"
    place: Place = NOWHERE
    replaces: str = ""
    """The order whose place it takes: a copy, another number, a re-opened one."""
    terms: str = ""
    """The terms of payment, in the words of the caller: other words are other terms."""
    deliver_on: int = 0
    """The day on which it is to be delivered; 0: not told."""
    by: str = ""
    what: str = ""
    """`advance_funding` for an advance (垫资); empty: an order."""

    @property
    def orders(self) -> frozenset[str]:
        """The order itself and the one whose place it takes."""
        return frozenset({self.order_id, self.replaces} - {""})


class Judged(msgspec.Struct, frozen=True):
    """What the steps say of an order."""

    decision: Decision
    steps: tuple[Step, ...]
    exclusion: str | None
    observed: bool
    would_be: Decision
    """What the steps alone say."""
    excess: int
    """How far the limit would be exceeded, in the currency of the account."""
    exposed: int
    paid: int
    groups: tuple[parents.Stand, ...] = ()
    """Where its groups would stand."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is held or refused, each once, in the order of the steps."""
        found = (step.reason for step in self.steps if step.verdict in {"hold", "refuse"} and step.reason)
        return tuple(dict.fromkeys(found))


def judge(figures: Figures, asked: Asked) -> Judged:
    """Judge *asked* by every step."""
    moment = figures.moment
    paid = sum(figures.prepaid(one) for one in sorted(asked.orders))
    amount = figures.in_currency(asked.amount, asked.currency)
    wanted = Wanted(
        figures, asked.orders, amount, asked.control_point, asked.place, min(paid, amount), asked.what, asked.deliver_on
    )
    without = waived(figures.account, figures.day, moment.rules.authority)
    steps = tuple(_steps(wanted, without))
    exposed = wanted.exposed()
    excess = max(0, exposed - figures.effective.amount)
    would_be = _worst(steps)
    exclusion = _exclusion(figures, asked, wanted, steps, excess)
    decision = would_be if exclusion is None else "approved"
    observed = decision != "approved" and moment.rules.checks.observes(asked.place)
    answer: Decision = "approved" if observed else decision
    groups = tuple(parents.stands(wanted))
    return Judged(answer, steps, exclusion, observed, would_be, excess, exposed, wanted.paid, groups)


def _steps(wanted: Wanted, without: frozenset[str]) -> Iterator[Step]:
    """Every step. A rule that people let not hold warns, so that it is seen."""
    point, segment = wanted.control_point, wanted.place.segment or None
    for rule in wanted.figures.moment.rules.checks.steps:
        strength = rule.strength(point, segment)
        for seen in STEPS[rule.name].look(wanted, rule):
            verdict, reason = "pass", None
            if seen.reason is not None and strength != "off":
                verdict = "warn" if seen.only_warns or seen.reason in without else strength
                reason = seen.reason
            name = f"{rule.name}:{seen.at}"[:64] if seen.at else rule.name
            yield Step(
                name=name,
                value=seen.value,
                threshold=seen.threshold,
                strength=strength,
                verdict=verdict,  # type: ignore[arg-type] # the reader knows its strengths
                reason=reason,
            )


def _worst(steps: tuple[Step, ...]) -> Decision:
    verdicts = {step.verdict for step in steps}
    return "refused" if "refuse" in verdicts else "held" if "hold" in verdicts else "approved"


def _exclusion(figures: Figures, asked: Asked, wanted: Wanted, steps: tuple[Step, ...], excess: int) -> str | None:
    """Why the steps do not count; the first of the rules' order that holds. A reservation that stands is a promise."""
    if stands(figures, asked):
        return RESERVED
    for name in figures.moment.rules.checks.exclusions:
        if name == LOWERS and _lowers(figures, asked):
            return LOWERS
        if name == PREPAID and wanted.amount > 0 and wanted.paid >= wanted.amount:
            return PREPAID
        if name == RELEASED and _is_released(figures, asked, steps, excess):
            return RELEASED
    return None


def same_question(held: Answer, asked: Asked) -> bool:
    """Whether *held* answered exactly what is *asked*. Terms that changed are another question (trap: changed terms)."""
    was = (held.amount, held.currency, held.control_point, held.place, held.terms, held.replaces, held.what)
    now = (asked.amount, asked.currency, asked.control_point, asked.place, asked.terms, asked.replaces, asked.what)
    return was == now and held.deliver_on == asked.deliver_on


def stands(figures: Figures, asked: Asked) -> bool:
    """Whether headroom is kept for exactly this, by an answer that approved it."""
    account = figures.account
    kept, held = account.reservations.get(asked.order_id), account.answers.get(asked.order_id)
    if kept is None or held is None or held.reservation_id != kept.reservation_id or held.decision != "approved":
        return False
    return same_question(held, asked) and figures.counted(kept) > 0


def _lowers(figures: Figures, asked: Asked) -> bool:
    """Whether an order that was approved, and is in the books or reserved, becomes smaller and nothing else."""
    held = figures.account.answers.get(asked.order_id)
    if held is None or held.decision != "approved" or asked.control_point != ORDER or asked.amount >= held.amount:
        return False
    known = figures.own(frozenset({asked.order_id})) > 0
    kept = figures.account.reservations.get(asked.order_id)
    same = (held.currency, held.control_point, held.place, held.terms) == (
        asked.currency, asked.control_point, asked.place, asked.terms
    )  # fmt: skip
    same = same and held.what == asked.what
    return same and not asked.replaces and (known or (kept is not None and figures.counted(kept) > 0))


def _is_released(figures: Figures, asked: Asked, steps: tuple[Step, ...], excess: int) -> bool:
    """Whether people let this very order go, and it is still what it was (LT-03.13, LT-03.14).

    Not checked again while it has not grown or waited. After that, as long as the release holds, what was let go is not
    held against it again; anything new is. It is for one order: a copy has none.
    """
    moment = figures.moment
    release = figures.account.releases.get(asked.order_id)
    if release is None or moment.day > release.valid_until or not _is_same(release, asked, moment):
        return False
    failing = {step.reason for step in steps if step.verdict in {"hold", "refuse"}}
    if failing & set(moment.rules.authority.hard) - set(release.reasons):
        return False
    if moment.day - release.released_on <= moment.rules.checks.recheck_days:
        return True
    most = times(release.excess, 1 + moment.rules.checks.regrow_share)
    return failing <= set(release.reasons) and excess <= max(most, release.excess)


def _is_same(release: Release, asked: Asked, moment: Moment) -> bool:
    most = times(release.amount, 1 + moment.rules.checks.regrow_share)
    same = (asked.currency, asked.place, asked.terms) == (release.currency, release.place, release.terms)
    return same and asked.amount <= most
