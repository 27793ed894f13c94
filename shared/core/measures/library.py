"""All families, and every measure by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared.core.measures.collection import COLLECTION
from shared.core.measures.conduct import CONDUCT
from shared.core.measures.cover import COVER
from shared.core.measures.declared import Family, Measure
from shared.core.measures.expert import EXPERT
from shared.core.measures.habits import HABITS
from shared.core.measures.payment import PAYMENT
from shared.core.measures.profile import PROFILE
from shared.core.measures.relationship import RELATIONSHIP
from shared.core.measures.sales import SALES
from shared.core.measures.series import SERIES
from shared.core.measures.signals import SIGNALS
from shared.core.measures.statements import STATEMENTS
from shared.core.measures.value import VALUE

FAMILIES: tuple[Family, ...] = (
    PAYMENT,
    HABITS,
    COLLECTION,
    SALES,
    RELATIONSHIP,
    CONDUCT,
    PROFILE,
    SIGNALS,
    STATEMENTS,
    EXPERT,
    COVER,
    SERIES,
    VALUE,
)
LIBRARY: Mapping[str, Measure] = {measure.name: measure for family in FAMILIES for measure in family.measures}

_WINDOW = re.compile(r"_(?P<window>[1-9][0-9]{0,2}m|[1-9][0-9]{0,3}d)", re.ASCII)
_TAIL = re.compile(r"_[0-9]+[dm]$", re.ASCII)


def find(name: str) -> tuple[Measure, str] | None:
    """The measure that *name* asks for, and its window (`90d`, `12m`; empty: all history); None where there is none.

    A window has at most 999 months or 9,999 days.
    """
    held = LIBRARY.get(name)
    if held is not None:
        return held, ""
    base, _, tail = name.rpartition("_")
    held, window = LIBRARY.get(base), _WINDOW.fullmatch(f"_{tail}")
    if held is None or not held.windowed or not window or (held.months_only and tail[-1] != "m"):
        return None
    return held, window["window"]


def is_computed(name: str) -> bool:
    """Whether *name*, with any window or without, is a measure that Gradeline computes: nobody else may report it."""
    return name in LIBRARY or _TAIL.sub("", name) in LIBRARY
