"""Utilisation: the effective limit as others know it, watch marks with hysteresis, breach and restoration (LT-03.15)."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from services.exposure.core.figures import Figures
from services.exposure.core.limits import places
from services.exposure.core.records import Published, called, told
from services.exposure.core.rulebook import Mark
from services.exposure.core.telling import payable, told_of
from shared.core import limits
from shared.core.events.limit import LimitBreached, LimitChanged, LimitRestored, LimitWatched
from shared.core.money import plain

if TYPE_CHECKING:
    from services.exposure.core.announce import Saying

TOTAL = "total"
"""The kind of the effective limit of the whole customer."""
SUB = "sub-limit"
"""That of one place: a company, a segment, a product group, a salesperson, a region."""
GROUP = "group"
"""That of a group of customers."""
_NINE = Decimal("1e-9")


def utilisation(exposure: int, limit: int) -> Decimal | None:
    """exposure ÷ limit; None where there is no credit: nothing is divided by 0. Never rounded to 0, nor up to a mark."""
    if limit <= 0:
        return None
    ratio = (Decimal(exposure) / Decimal(limit)).quantize(_NINE, ROUND_DOWN)
    return plain(max(ratio, _NINE)) if exposure > 0 else Decimal(0)


def limit(saying: Saying) -> None:
    """Say the effective limit where it is another than others know. Where a rate is missing it is not known, and stays."""
    figures, published = saying.figures, saying.account.published
    effective = figures.effective
    if effective.missing or (published.limit is None and not effective.exists):
        return
    now = effective.amount if effective.exists else 0
    if (published.limit, published.currency) == (now, figures.currency):
        return
    same = published.currency == figures.currency
    was = payable(published.limit, figures.currency) if published.limit is not None and same else None
    saying.say(LimitChanged(**_said(saying, figures), from_=was, to=payable(now, figures.currency)))


def sub_limits(saying: Saying) -> None:
    """Say of each sub-limit that it is another than others know; 0 where none holds any more."""
    figures, account, day = saying.figures, saying.account, saying.moment.day
    if account.group is not None:
        return
    known = {place: (amount, code) for place, amount, code in account.published.places.values()}
    for place in sorted({*places(account, day), *known}):
        found, was = figures.limit(place), known.get(place)
        now = found.amount if found.exists else 0
        if found.missing or was == (now, figures.currency) or (was is None and not found.exists):
            continue
        same = was is not None and was[1] == figures.currency
        used = figures.exposure(place)
        changed = LimitChanged(
            **told_of(account, day, saying.cause),
            limit_id=f"{account.customer_id}/{called(place)}"[: limits.ID_CHARACTERS],
            kind=SUB,
            place=told(place),
            currency=figures.currency,
            from_=payable(was[0], figures.currency) if was is not None and same else None,
            to=payable(now, figures.currency),
            valid_to=date.fromordinal(found.valid_to) if found.valid_to else None,
            exposure=payable(used, figures.currency),
            utilisation=utilisation(used, now),
        )
        saying.say(changed)


def marks(saying: Saying) -> None:
    """Say which watch mark is passed, and whether exposure is above the limit; each is cleared further down."""
    figures, published = saying.figures, saying.account.published
    if published.limit is None or figures.effective.missing or not _is_known(saying):
        return
    total, most = figures.total, published.limit
    if figures.missing and not total > most:
        return
    *watched, last = saying.moment.rules.limits.marks
    used = utilisation(total, most)
    is_breached = total > most or (published.is_breached and used is not None and used > last.clear)
    mark = _mark(used, watched, published, above=total > most)
    amount = payable(most, figures.currency)
    said = {**_said(saying, figures), "from_": amount, "to": amount}
    if is_breached != published.is_breached:
        saying.say(LimitBreached(**said) if is_breached else LimitRestored(**said))
    if mark != Decimal(published.mark):
        saying.say(LimitWatched(**said, mark=plain(mark)))


def _is_known(saying: Saying) -> bool:
    """Whether it was looked at what counts: a group does not know by itself what its members owe."""
    return saying.account.group is None or saying.moment.members is not None


def _mark(used: Decimal | None, watched: list[Mark], published: Published, *, above: bool) -> Decimal:
    """The highest mark that is passed, or was and is not cleared yet."""
    if used is None:
        return watched[-1].at if above and watched else Decimal(0)
    was = Decimal(published.mark)
    held = [one.at for one in watched if used >= one.at or (one.at <= was and used > one.clear)]
    return max(held, default=Decimal(0))


def _said(saying: Saying, figures: Figures) -> dict[str, Any]:
    effective, day, known = figures.effective, saying.moment.day, _is_known(saying)
    return {
        **told_of(saying.account, day, saying.cause),
        "limit_id": f"{saying.account.customer_id}/{TOTAL}",
        "kind": TOTAL if saying.account.group is None else GROUP,
        "currency": figures.currency,
        "valid_to": date.fromordinal(effective.valid_to) if effective.valid_to else None,
        "exposure": payable(figures.total, figures.currency) if known else None,
        "utilisation": utilisation(figures.total, effective.amount) if known else None,
    }
