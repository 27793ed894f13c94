"""What a request asks for by its query: only what its route takes, each once, in one form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from difflib import get_close_matches
from typing import Annotated, Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from shared.core import limits
from shared.edge.http.problem import Invalid
from shared.edge.http.wording import refusal

NAME_SHOWN = 64
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FIRST, _LAST = limits.EARLIEST_DATE.year, limits.LATEST_DATE.year


def _date(value: Any) -> date:
    """Only YYYY-MM-DD: what else reads as a date (a number of seconds, a week) is a slip."""
    read = None
    if isinstance(value, str) and _DATE.fullmatch(value):
        with suppress(ValueError):
            read = date.fromisoformat(value)
    if read is None:
        raise PydanticCustomError("date", "date")
    _check_year(read.year)
    return read


def _instant(value: Any) -> datetime:
    read = None
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        with suppress(ValueError):
            read = datetime.fromisoformat(value)
    if read is None:
        raise PydanticCustomError("instant", "instant")
    _check_year(read.year)
    return read


def _check_year(year: int) -> None:
    """At the ends of the calendar no offset can be taken away; what anybody means lies far from them."""
    if not _FIRST <= year <= _LAST:
        raise PydanticCustomError("years", "years", {"first": _FIRST, "last": _LAST})


def _plain(value: str) -> str:
    if _CONTROL.search(value):
        raise PydanticCustomError("characters", "characters")
    return value


Day = Annotated[date, BeforeValidator(_date)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Text = Annotated[str, StringConstraints(max_length=limits.CODE_CHARACTERS), AfterValidator(_plain)]
"""A code to filter by."""


def check(request: Request) -> None:
    """Raise Invalid for a parameter that the route of *request* does not take, and for one that is written twice: what
    is not read would otherwise be believed to be answered."""
    if not request.scope["query_string"]:
        return
    known = sorted(set(_parameters(getattr(request.scope.get("route"), "dependant", None))))
    times = Counter(name for name, _ in request.query_params.multi_items())
    found = [_unknown(name, known) for name in times if name not in known]
    found += [
        refusal(f"?{name}", name, "repeated-parameter", times=count)
        for name, count in times.items()
        if name in known and count > 1
    ]
    if found:
        raise Invalid(found)


def _parameters(dependant: Dependant | None) -> Iterator[str]:
    if dependant is not None:
        yield from (field.alias for field in dependant.query_params)
        for inner in dependant.dependencies:
            yield from _parameters(inner)


def _unknown(name: str, known: list[str]) -> dict[str, Any]:
    shown = name[:NAME_SHOWN]
    meant = get_close_matches(name.replace("-", "_").lower(), known, n=1)
    hint, hint_zh = "leave it out", "请删除"
    if known:
        hint, hint_zh = f"it takes {', '.join(known)}", f"可用参数：{', '.join(known)}"
    if meant:
        hint, hint_zh = f"write {meant[0]}", f"请写 {meant[0]}"
    return refusal(f"?{shown}", shown, "unknown-parameter", hint=hint, hint_zh=hint_zh)
