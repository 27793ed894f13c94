"""Every measure of the library with the function that computes it; and how what a method reads is compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from msgspec import structs

from services.rating.core.measures import (
    collection,
    conduct,
    cover,
    expert,
    habits,
    payment,
    profile,
    relationship,
    sales,
    series,
    signals,
    statements,
    value,
)
from services.rating.core.measures.reading import UNDISPUTED, Params, Reader
from services.rating.core.measures.reports import reported
from shared.core.errors import Misconfigured
from shared.core.ledger.position import RAW, Lens
from shared.core.measures import declared
from shared.core.measures.library import FAMILIES, find
from shared.core.policy.measure import REPORTED, Reading, kind_of

Measured = Callable[[Reader], Any]

_PAGES: tuple[ModuleType, ...] = (
    payment,
    habits,
    collection,
    sales,
    relationship,
    conduct,
    profile,
    signals,
    statements,
    expert,
    cover,
    series,
    value,
)
"""One a family, in the order of the library."""


class Measure(declared.Measure, frozen=True, kw_only=True):
    """A measure with what computes it."""

    function: Callable[[Reader, Params], Any]
    family: str = ""
    formula: str = ""


def _made(found: declared.Measure, function: Any, family: str) -> Measure:
    formula = " ".join((function.__doc__ or "").partition("\n\n")[0].split())
    return Measure(**structs.asdict(found), function=function, family=family, formula=formula)


CATALOGUE: Mapping[str, Measure] = {
    one.name: _made(one, getattr(page, one.name), family.name)
    for family, page in zip(FAMILIES, _PAGES, strict=True)
    for one in family.measures
}


def reads_ledger(reading: Reading) -> bool:
    """Whether documents or payments can change it; if not, it is a matter of profile, records and reports alone."""
    return not _measure_of(reading)[0].told


def is_daily(reading: Reading) -> bool:
    """Whether it may move with the day alone: no day on which nothing else happens may be passed over.

    Records are looked at when whole months have passed since; a window in days ends in between.
    """
    measure, window = _measure_of(reading)
    return measure.daily or (measure.told and window.endswith("d"))


def lens_of(reading: Reading) -> Lens:
    """The lens that *reading* looks through. Raises Misconfigured for a measure that does not exist."""
    params = {**_measure_of(reading)[0].params, **reading.params}
    disputed, grace = params.get("exclude_disputed", 0), params.get("grace_days", 0)
    return Lens(int(disputed), bool(params.get("due_roll", False)), int(grace))


def lenses_of(readings: list[Reading]) -> tuple[Lens, ...]:
    """Every lens that *readings* need, the raw one first; the second is for what is undisputed by its name."""
    return tuple(dict.fromkeys([RAW, UNDISPUTED, *(lens_of(reading) for reading in readings)]))


def _measure_of(reading: Reading) -> tuple[Measure, str]:
    """The measure that is read, and the window. Raises Misconfigured where either does not exist."""
    name = reading.measure
    if name.startswith(REPORTED):
        kind, months = kind_of(reading), int(reading.params.get("valid_months", 0))
        function = reported(name.removeprefix(REPORTED), kind, months)
        return Measure(name, kind, name, name, "credit.measure.reported.v1", told=True, function=function), ""
    found = find(name)
    if found is None:
        raise Misconfigured(f"there is no measure {name!r}; `gradeline measures list` names them all")
    return CATALOGUE[found[0].name], found[1]


def compile_reading(reading: Reading, lenses: tuple[Lens, ...]) -> Measured:
    """Return the function that reads it. Raises Misconfigured for a measure or window that does not exist."""
    measure, window = _measure_of(reading)
    params = {**measure.params, **reading.params}
    lens = lens_of(reading)
    if lens not in lenses:
        raise Misconfigured(f"{reading.measure!r} is read in a way that this ledger was not built for: {lens}")
    asked = Params(
        window=window,
        lens=lenses.index(lens),
        grace=lens.grace_days,
        min_amount=str(params.get("min_amount", "")),
        basis=str(params.get("basis", "amount")),
        reading=str(params.get("reading", "cash")),
        signed=bool(params.get("signed", False)),
        said=params,
    )
    function = measure.function
    in_money = measure.amounts or measure.kind is declared.Kind.MONEY
    if asked.min_amount or (in_money and asked.basis == "amount"):
        return lambda reader: None if reader.without_rate else function(reader, asked)
    return lambda reader: function(reader, asked)
