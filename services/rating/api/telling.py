"""A trial as an answer, in the language of the reader."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import Request, Response

from services.rating.core.trying import Tried, Way
from services.rating.core.view import Line, Told
from shared.edge.codes import REASONS, Words
from shared.edge.http.problem import wants_chinese


def told(found: Tried, request: Request, response: Response) -> dict[str, Any]:
    """Return the lines, reasons, improvements and ways of *found* as fields of an answer."""
    chinese = wants_chinese(request.scope)
    response.headers["Content-Language"] = "zh" if chinese else "en"
    response.headers["Vary"] = "Accept-Language"
    return {
        "lines": [_line(line, chinese) for line in found.lines],
        "because": [{"code": one.code, "words": _words(one, chinese)} for one in found.reasons],
        "improvements": [_way(way, chinese) for way in found.improvements],
        "reach": found.reach,
        "ways": [_way(way, chinese) for way in found.ways],
    }


def because(codes: Iterable[str], request: Request) -> list[dict[str, str]]:
    """Return *codes* that no method explains, such as those of movement, with their words."""
    chinese = wants_chinese(request.scope)
    said = {code: REASONS.get(code) or Words(code, code) for code in codes}
    return [{"code": code, "words": words.zh if chinese else words.en} for code, words in said.items()]


def _line(line: Line, chinese: bool) -> dict[str, Any]:
    fields = {name: getattr(line, name) for name in line.__struct_fields__ if name != "told"}
    return {**fields, "because": [_words(one, chinese) for one in line.told]}


def _way(way: Way, chinese: bool) -> dict[str, Any]:
    changes = [
        {"measure": one.measure, "title": one.zh if chinese else one.en, "now": one.now, "needed": one.needed}
        for one in way.changes
    ]
    return {"changes": changes, "grade": way.grade, "score": way.score}


def _words(one: Told, chinese: bool) -> str:
    return one.zh if chinese else one.en
