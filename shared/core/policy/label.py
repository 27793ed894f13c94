"""Codes that follow from conditions or from a table: labels beside the grade, templates, and grades by condition lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from shared.core.policy.card import Band, Entry, band_at, band_text
from shared.core.policy.condition import Condition, all_of
from shared.core.policy.measure import Value

SCORE, PART = "score", "part."
"""What may be read once the cards are added up: the score, and the score of a part: `part.conduct`, 0 to 100."""


class Clause(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One of the conditions of which any is enough: when all of `when` holds, it gives its code or grade."""

    id: str
    gives: str
    when: tuple[Condition, ...]
    reason: str = ""
    reference: str = ""
    assumed: bool = False
    why: str = ""


class Label(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A code. The first clause that holds gives it; else the table of the value `of`; else `otherwise`."""

    first: tuple[Clause, ...] = ()
    """In order of precedence."""
    of: str = ""
    """An alias, another label, `score` or `part.NAME`."""
    bands: tuple[Band, ...] = ()
    """`letter` holds the code."""
    lookup: tuple[Entry, ...] = ()
    otherwise: str | None = None
    """Where no clause holds and the value is not known, or not in the lookup."""
    reference: str = ""
    assumed: bool = False
    why: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that it can give, each once."""
        given = [clause.gives for clause in self.first]
        given += [str(band.letter) for band in self.bands] + [str(entry.letter) for entry in self.lookup]
        return tuple(dict.fromkeys([*given, *([self.otherwise] if self.otherwise else [])]))

    @property
    def reads(self) -> tuple[str, ...]:
        """Every alias that it looks at."""
        read = [condition.measure for clause in self.first for condition in clause.when]
        return tuple(dict.fromkeys([*read, *([self.of] if self.of else [])]))


class Said(msgspec.Struct, frozen=True, gc=False):
    """What a label came to: the code, the clause that gave it, or the band of its table."""

    code: str | None
    clause: Clause | None = None
    band: str = ""


def is_late(alias: str) -> bool:
    """Whether *alias* is known only after the cards were added up."""
    return alias == SCORE or alias.startswith(PART)


def label_reader(label: Label) -> Callable[[Mapping[str, Value]], Said]:
    """Return *label* as a function of the values."""
    clauses = tuple((all_of(clause.when), Said(clause.gives, clause)) for clause in label.first)
    codes = {entry.code: Said(entry.letter, None, entry.code) for entry in label.lookup}
    bands = tuple(Said(band.letter, None, band_text(label.bands, i)) for i, band in enumerate(label.bands))
    otherwise, of, table = Said(label.otherwise), label.of, label.bands

    def read(values: Mapping[str, Value]) -> Said:
        for holds, said in clauses:
            if holds(values):
                return said
        value: Any = values.get(of)
        if bands and value is not None and not isinstance(value, str):
            return bands[band_at(table, value)]
        return codes.get(value, otherwise)

    return read
