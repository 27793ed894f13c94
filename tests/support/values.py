"""Any values that a method may be given: known, unknown or not asked for, of the kinds that its measures have."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from shared.core.policy.measure import Kind, Value, kind_of
from shared.core.policy.policy import Policy

numbers = st.one_of(st.integers(-100, 200), st.decimals(-3, 120, places=4))


def values_of(policy: Policy) -> st.SearchStrategy[dict[str, Value]]:
    """Values by alias; a code is one of its lookup or one that nobody lists."""
    codes = {card.measure: [entry.code for entry in card.lookup] for card in policy.cards}
    kinds: dict[str, Any] = {
        alias: st.booleans()
        if (kind := kind_of(reading)) is Kind.FLAG
        else st.sampled_from([*codes.get(alias, []), "moon"])
        if kind is Kind.CODE
        else numbers
        for alias, reading in policy.measures.items()
    }
    return st.fixed_dictionaries({}, optional={alias: st.none() | kind for alias, kind in kinds.items()})
