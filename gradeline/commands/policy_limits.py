"""The policy limits of the customers whom a version of a method would move: what exposure's own rules would make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from gradeline.language import say, speaking

if TYPE_CHECKING:
    from services.exposure.adapters.supposing import Graded
    from services.exposure.core.supposing import Sum, Supposed
    from shared.core.policy.policy import Policy
    from shared.edge.settings import Settings

NAMED = 20
CREDIT = "credit"
TOTAL = "total"
NO_SCHEMA, NOBODY, PURPOSE, HELD = "NO_SCHEMA", "NOBODY", "PURPOSE", "GRADE_HELD"


class Mover(Protocol):
    """Who moves, as rating tells it."""

    @property
    def customer(self) -> str:
        """Its id."""

    @property
    def before(self) -> str | None:
        """The grade that holds; None: no grade."""

    @property
    def after(self) -> str | None:
        """The grade that would hold."""


class Limits(msgspec.Struct, frozen=True):
    """What becomes of the limits of those whose grade moves."""

    currency: str
    """Of the installation, and of all amounts."""
    of: dict[str, Supposed] = {}
    """By customer. Whom a rule of movement holds is not in it."""
    why: str | None = None
    """Why nothing can be said of anybody; None: something can."""


def limits_of(known: Settings, policy: Policy, moved: Iterable[Mover], as_of: date | None, processes: int) -> Limits:
    """Ask exposure of everybody whose grade moves. Raises Unavailable."""
    from gradeline.database import reached
    from gradeline.importing.progress import bars
    from gradeline.spread import spread
    from services.exposure.adapters import supposing
    from shared.edge.waiting import named

    if policy.purpose != CREDIT:
        return Limits(known.currency, why=PURPOSE)
    there, anybody = reached(supposing.known(named(known)))
    if not anybody:
        return Limits(known.currency, why=NOBODY if there else NO_SCHEMA)
    graded = [(one.customer, one.after) for one in moved if one.before != one.after]
    found: dict[str, Supposed] = {}
    work = partial(_supposed, named(known), known.currency, as_of)
    with bars() as show:
        for piece in spread(work, graded, processes=processes, show=show, what="limits"):
            found |= piece
    return Limits(known.currency, found)


def _supposed(dsn: str, currency: str, as_of: date | None, graded: Sequence[Graded]) -> dict[str, Supposed]:
    """Suppose the grades of some customers, in this process."""
    from gradeline.commands.verify import accounts_brain
    from gradeline.database import reached
    from services.exposure.adapters import supposing

    return reached(supposing.suppose(dsn, accounts_brain(currency), graded, as_of))


def record(limits: Limits) -> dict[str, Any]:
    """`limit_moved` and `limit_moved_why` for `--json`: one of them is null."""
    from services.exposure.core.supposing import Outcome

    if limits.why is not None:
        return {"limit_moved": None, "limit_moved_why": _in_both(limits.why)}
    unknown = [{"customer": one, "why": _in_both(limits.of[one].why)} for one in _those(limits, Outcome.NOT_KNOWN)]
    told = {
        "currency": limits.currency,
        **{str(name): _sum(one) for name, one in _sums(limits).items()},
        "no_limit": {"customers": len(_those(limits, Outcome.NO_LIMIT))},
        "not_known": {"customers": len(unknown), "named": unknown},
    }
    return {"limit_moved": told, "limit_moved_why": None}


def record_of(limits: Limits, customer: str) -> dict[str, Any]:
    """What `--json` says of one who moves. Null: there is no limit, or it cannot be said."""
    one = limits.of.get(customer)
    why = limits.why or (HELD if one is None else one.why)
    return {
        "limit_before": _plain(one.before) if one else None,
        "limit_after": _plain(one.after) if one else None,
        "limit_outcome": one.outcome if one else None,
        "limit_why": _in_both(why) if why else None,
    }


def lines(limits: Limits) -> list[str]:
    """The sums in sentences, in the language of the installation."""
    from services.exposure.core.supposing import Outcome

    if limits.why is not None:
        return [say("the policy limit moved cannot be said: {why}", why=_words(limits.why))]
    said = {
        Outcome.AT_ONCE: "  would fall at once: {customers:,} customers, {before} → {after} ({difference})",
        Outcome.PROPOSED: "  would be proposed for approval: {customers:,} customers, {before} → {after} ({difference})",
        Outcome.STAYS: "  would stay: {customers:,} customers, {before}",
        TOTAL: "  in all, with every proposal approved: {customers:,} customers, {before} → {after} ({difference})",
    }
    found = [say("policy limits of those whose grade moves, in {currency}:", currency=limits.currency)]
    found += [
        say(said[name], customers=one.customers, **_told(one)) for name, one in _sums(limits).items() if one.customers
    ]
    if without := _those(limits, Outcome.NO_LIMIT):
        found.append(say("  no policy limit: {customers:,} customers", customers=len(without)))
    if unknown := _those(limits, Outcome.NOT_KNOWN):
        names = ", ".join(f"{one} ({_words(limits.of[one].why)})" for one in unknown[:NAMED])
        names += " …" if len(unknown) > NAMED else ""
        found.append(say("  cannot be said: {customers:,} customers: {names}", customers=len(unknown), names=names))
    if not limits.of:
        found.append(say("  nobody's grade moves"))
    return found


def line_of(limits: Limits, customer: str) -> str:
    """The limit of one who moves, in the language of the installation; empty where nothing can be said of anybody."""
    from services.exposure.core.supposing import Outcome

    one = limits.of.get(customer)
    if one is None:
        return ""
    said = {
        Outcome.AT_ONCE: "limit {before} → {after} at once",
        Outcome.PROPOSED: "limit {before} → {after} would be proposed",
        Outcome.STAYS: "limit {before} stays: {why}",
        Outcome.NO_LIMIT: "no policy limit",
        Outcome.NOT_KNOWN: "limit cannot be said: {why}",
    }
    return say(said[one.outcome], before=_amount(one.before), after=_amount(one.after), why=_words(one.why))


def in_both(told: Callable[[], list[str]]) -> list[str]:
    """What *told* says, each line in English and in Chinese."""
    with speaking("en"):
        english = told()
    with speaking("zh"):
        return [f"{one} {other.strip()}" for one, other in zip(english, told(), strict=True)]


def _sums(limits: Limits) -> dict[str, Sum]:
    from services.exposure.core.supposing import Outcome, Sum, summed

    sums = summed(limits.of.values())
    moving: dict[str, Sum] = {one: sums[one] for one in (Outcome.AT_ONCE, Outcome.PROPOSED, Outcome.STAYS)}
    total = Sum(*(sum(getattr(one, name) for one in moving.values()) for name in Sum.__struct_fields__))
    return {**moving, TOTAL: total}


def _those(limits: Limits, outcome: str) -> list[str]:
    return sorted(customer for customer, one in limits.of.items() if one.outcome == outcome)


def _sum(one: Sum) -> dict[str, Any] | None:
    """None where nobody is in it: no limit was added up, so it is not 0."""
    if not one.customers:
        return None
    difference = _plain(one.after - one.before)
    return {
        "customers": one.customers,
        "before": _plain(one.before),
        "after": _plain(one.after),
        "difference": difference,
    }


def _told(one: Sum) -> dict[str, str]:
    difference = one.after - one.before
    sign = "+" if difference > 0 else ""
    return {"before": _amount(one.before), "after": _amount(one.after), "difference": sign + _amount(difference)}


def _plain(amount: int | None) -> str | None:
    from services.exposure.core.formulas import shown

    return None if amount is None else shown(amount)


def _amount(amount: int | None) -> str:
    from services.exposure.core.telling import amount_of
    from shared.core.money import plain

    return "–" if amount is None else format(plain(amount_of(amount)), ",f")


def _in_both(code: str | None) -> dict[str, str]:
    with speaking("en"):
        english = _words(code)
    with speaking("zh"):
        return {"code": str(code), "en": english, "zh": _words(code)}


def _words(code: str | None) -> str:
    """Why, in the language of the installation."""
    said = {
        NO_SCHEMA: "there is no schema of the service exposure here",
        NOBODY: "the service exposure knows no customer yet",
        PURPOSE: "limits follow grades of purpose credit, and this method has another",
        HELD: "a rule of movement holds the grade",
        "SAME_AMOUNT": "the rules give no other amount",
        "NO_TERMS": "there are no terms for this grade, so nothing moves by itself",
        "RISE_TOO_SOON": "it rose a short time ago and may not rise again yet",
        "RATE_MISSING": "an exchange rate is missing",
        "CUSTOMER_UNKNOWN": "exposure does not know the customer",
        "FACTS_NOT_READ": "its facts could not be folded",
    }
    return say(said[code]) if code else ""
