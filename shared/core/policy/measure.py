"""What rules may read: measures of the library with their parameters, measures that others report, and attributes.

Nothing sealed is on these lists.
"""

from __future__ import annotations

import msgspec

from shared.core.measures.declared import Kind, Parameter, Value
from shared.core.measures.library import find

__all__ = [
    "ATTRIBUTES",
    "REPORTED",
    "SEALED",
    "Kind",
    "Parameter",
    "Reading",
    "Value",
    "is_whole",
    "kind_of",
    "readable",
]


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measure as a set of rules reads it, under an alias of its own."""

    measure: str
    params: dict[str, Parameter] = {}


REPORTED = "reported:"
"""Before the name of a measure that only another system knows; it arrives as the fact `credit.measure.reported.v1`."""


def readable(name: str) -> bool:
    """Whether rules may read *name* (with its window): a measure of the library that is one value."""
    found = find(name)
    return found is not None and not found[0].by


def kind_of(reading: Reading) -> Kind:
    """What *reading* is measured in; a reported measure says so itself. Raises KeyError where there is no such measure."""
    if reading.measure.startswith(REPORTED):
        return Kind(str(reading.params["kind"]))
    found = find(reading.measure)
    if found is None:
        raise KeyError(reading.measure)
    return found[0].kind


def is_whole(reading: Reading) -> bool:
    """Whether *reading* counts: its values are whole numbers."""
    if reading.measure.startswith(REPORTED):
        return kind_of(reading).counts
    found = find(reading.measure)
    return found is not None and found[0].is_whole


ATTRIBUTES: tuple[str, ...] = (
    "currency",
    "industry",
    "kind",
    "manager",
    "ownership",
    "region",
    "segment",
    "size_class",
    "status",
)
"""The attributes of a customer that `applies_to` may read."""

SEALED: frozenset[str] = frozenset(
    {"comment", "contacts", "controller", "id_no", "legal_representative", "name", "signed_by"}
)
"""Personal fields. No rule may read them (architecture, fact 11)."""
