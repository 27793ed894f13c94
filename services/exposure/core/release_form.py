"""What a person who lets a held order go must see: the order as it is judged at this moment, and who may."""

from __future__ import annotations

from typing import NamedTuple

from services.exposure.core.checking import asked_of
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.holds import authority
from services.exposure.core.judging import Judged, judge
from services.exposure.core.records import Hold
from services.exposure.core.rulebook import Special


class ReleaseForm(NamedTuple):
    """A held order, judged anew."""

    hold: Hold
    figures: Figures
    judged: Judged
    who: tuple[tuple[Special, bool], ...]
    """Every authority of the rules, and whether it covers this order."""
    asked_by: str
    """Who asked for the check, and so does not let it go; empty: not known."""


def release_form(moment: Moment, order: str) -> ReleaseForm | None:
    """The held *order* of *moment*; None: no such order is held."""
    held = moment.account.holds.get(order)
    if held is None:
        return None
    figures, answer = Figures(moment), moment.account.answers.get(order)
    judged = judge(figures, asked_of(moment.account, held))
    who = tuple(
        (special, authority(figures, judged, held, frozenset({special.role})) is not None)
        for special in moment.rules.authority.specials
    )
    return ReleaseForm(held, figures, judged, who, answer.by if answer is not None else "")
