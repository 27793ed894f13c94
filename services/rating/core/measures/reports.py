"""Measures that only another system knows, as they were last reported (`credit.measure.reported.v1`)."""

from __future__ import annotations

from collections.abc import Callable

from services.rating.core.measures.reading import Params, Reader
from services.rating.core.measures.records import number, valid_report
from shared.core.measures.declared import Kind, Value


def reported(name: str, kind: Kind, valid_months: int) -> Callable[[Reader, Params], Value]:
    """The newest report of the measure *name*, for *valid_months* after its period (0: for ever)."""

    def measured(r: Reader, _: Params) -> Value:
        held = valid_report(r, name, valid_months)
        if held is None or kind is Kind.CODE:
            return held
        if kind is Kind.FLAG:
            return {"yes": True, "true": True, "no": False, "false": False}.get(held)
        found = number(held)
        return None if found is None else round(found, 9)

    return measured
