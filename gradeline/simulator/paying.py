"""When a customer pays: days relative to the due date, by behaviour."""

from __future__ import annotations

from random import Random

from gradeline.simulator.profile import Behaviour, Profile

CYCLE_DAYS, CRISIS_DAYS, STOP_DAYS = 900, 240, 40
"""A defaulting customer is in crisis so long, and again after so many days; its orders stop soon after it began."""


def crisis(profile: Profile, day: int) -> int | None:
    """How many days a defaulting customer has been in crisis on *day*; None when it is not."""
    if profile.behaviour is not Behaviour.DEFAULTING or day < profile.turning:
        return None
    since = (day - profile.turning) % CYCLE_DAYS
    return since if since < CRISIS_DAYS else None


def season(profile: Profile, day: int) -> float:
    """How busy the season is for the customer: 1, or 0.2 to 1.8 for seasonal ones, which peak in their month."""
    if profile.behaviour is not Behaviour.SEASONAL:
        return 1.0
    months_off = abs((day % 365.25) / 30.44 + 1 - profile.peak_month)
    return 1.8 - 1.6 * min(months_off, 12 - months_off) / 6


def days_late(profile: Profile, due: int, rng: Random) -> int | None:
    """Days from the due date to the payment, negative when early; None: it is never paid."""
    match profile.behaviour:
        case Behaviour.PROMPT:
            return int(rng.gauss(4, 2)) if rng.random() < 0.02 else min(0, int(rng.gauss(-3, 3)))
        case Behaviour.LATE_BUT_SURE:
            return max(1, int(rng.gauss(9, 5)))
        case Behaviour.SEASONAL:
            return int(rng.gauss(0, 2)) if season(profile, due) > 1 else max(0, int(rng.gauss(5, 3)))
        case Behaviour.DETERIORATING:
            months = max(0.0, (due - profile.turning) / 30)
            return min(80, int(rng.gauss(-1 + 9 * months, 3)))
        case Behaviour.DISPUTING:
            return int(rng.gauss(2, 4))
        case Behaviour.NEW:
            return min(3, int(rng.gauss(-1, 2)))
        case Behaviour.DEFAULTING:
            if crisis(profile, due) is None:
                return int(rng.gauss(1, 3))
            return None if rng.random() < 0.5 else int(rng.gauss(70, 20))
