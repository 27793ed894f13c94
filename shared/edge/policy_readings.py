"""The measures that a policy file reads: of the library with their parameters and window, or reported by another system."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import NoReturn

from shared.core.measures.declared import PARAMETER_VALUES, WEIGHTS, Measure
from shared.core.measures.library import LIBRARY, find, is_computed
from shared.core.policy.measure import REPORTED, SEALED, Kind, Parameter, Reading
from shared.edge.policy_yaml import Section, read_flag, read_text, read_whole

_WINDOW = re.compile(r"_[0-9]+[dm]$")


def read_readings(section: Section) -> dict[str, Reading]:
    """Return alias → reading of a `measures:` section. Refuses what is not on the closed lists."""
    return {alias: _reading(section.section(alias)) for alias in section.names()}


def _reported(section: Section) -> Reading:
    """A measure that only another system knows: its name there, what it is measured in, how long a report is good for."""
    name = section.take("reported", read_text)
    if name in SEALED:
        section.wrong(f"{name!r} is personal and sealed; no rule may read it", "reported")
    if is_computed(name):
        section.wrong(f"{name!r} is computed here; write `from: {name}`", "reported")
    params: dict[str, Parameter] = {"kind": section.choice("kind", tuple(Kind))}
    if "valid_months" in section:
        params["valid_months"] = section.take("valid_months", read_whole)
    section.close()
    return Reading(REPORTED + name, params)


def _reading(section: Section) -> Reading:
    if "reported" in section:
        return _reported(section)
    measure = section.take("from", read_text)
    if measure in SEALED:
        section.wrong(f"{measure!r} is personal and sealed; no rule may read it", "from")
    given = section.maybe_section("with")
    if given is not None and "window" in given:
        measure = f"{measure}_{given.take('window', read_text)}"
    found = find(measure)
    if found is None or found[0].by:
        _no_measure(section, measure)
    params: dict[str, Parameter] = {}
    if given is not None:
        for name in given.names():
            if name not in found[0].params:
                given.wrong(f"{measure} takes no parameter {name!r}; it takes {_taken(found[0])}", name)
            params[name] = given.take(name, _parameter(name, found[0].params[name]))
    section.close()
    return Reading(measure, params)


def _no_measure(section: Section, name: str) -> NoReturn:
    if name in LIBRARY:
        section.wrong(f"{name} is several amounts, one a {LIBRARY[name].by}; no rule can compare it", "from")
    near = get_close_matches(_WINDOW.sub("", name), LIBRARY, n=3)
    hint = f"; perhaps {' or '.join(near)}" if near else ""
    section.wrong(
        f"{name!r} is not a measure, or takes no such window{hint}; `gradeline measures list` names them all", "from"
    )


def _taken(measure: Measure) -> str:
    return ", ".join([*(["window"] if measure.windowed else []), *measure.params]) or "none"


def _parameter(name: str, usual: Parameter) -> Callable[[str], Parameter]:
    allowed = PARAMETER_VALUES[name]
    if allowed is int:
        return read_whole
    if allowed is bool:
        return read_flag

    def read(text: str) -> str:
        if isinstance(allowed, tuple) and text not in allowed:
            raise ValueError(f"write one of {', '.join(allowed)}")
        if isinstance(allowed, re.Pattern) and not allowed.fullmatch(text):
            raise ValueError("write numbers such as 50/30/20" if allowed is WEIGHTS else "write one word")
        if allowed is WEIGHTS and name != "decay" and text.count("/") != str(usual).count("/"):
            raise ValueError(f"write {str(usual).count('/') + 1} numbers, as in {usual}")
        return text

    return read
