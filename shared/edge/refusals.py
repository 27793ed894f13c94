"""The refusals of the readers of rules and of given measures, in Chinese: file, line, place, what is wrong and the remedy.

The readers refuse in English, as one sentence. A sentence is found again by its template where it is shown, and what is filled
into it is translated in its turn. So no check carries a code or two texts, and none can be forgotten: a test reads every
sentence from the syntax of the readers and compares both ways. One without a template is shown in English, as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from string import Formatter

import yaml

_WHERE = re.compile(r"(?P<file>[^:]+), line (?P<line>\d+): (?P<rest>.+)", re.DOTALL)
_PLACE = re.compile(r"(?P<place>[^:]+): (?P<rest>.+)", re.DOTALL)


def in_chinese(sentence: str) -> str:
    """Return *sentence* in Chinese, with file, line and place as they are; as it stands where nobody refuses so."""
    if where := _WHERE.fullmatch(sentence):
        return f"{where['file']} 第 {where['line']} 行：{in_chinese(where['rest'])}"
    found = _whole(sentence)
    if found is not None:
        return found
    if (place := _PLACE.fullmatch(sentence)) and (rest := in_chinese(place["rest"])) != place["rest"]:
        return f"{_whole(place['place']) or place['place']}：{rest}"
    return sentence


def _whole(sentence: str) -> str | None:
    """*sentence* by the template that has most of its words; None where there is none."""
    for pattern, chinese in _patterns():
        if match := pattern.fullmatch(sentence):
            return chinese.format(**{name: in_chinese(text) for name, text in match.groupdict().items()})
    return None


@cache
def catalogue() -> dict[str, str]:
    """Every sentence with its Chinese."""
    text = files("shared.edge").joinpath("refusals.yaml").read_text("utf-8")
    found: dict[str, str] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it builds text only
    return found


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    made = [(len("".join(_literals(english))), english, chinese) for english, chinese in catalogue().items()]
    return tuple((_pattern(english), chinese) for _, english, chinese in sorted(made, reverse=True))


def _literals(template: str) -> Iterator[str]:
    return (text for text, _, _, _ in Formatter().parse(template))


def _pattern(template: str) -> re.Pattern[str]:
    parts = "".join(
        re.escape(text) + (f"(?P<{name}>.*?)" if name else "") for text, name, _, _ in Formatter().parse(template)
    )
    return re.compile(parts, re.DOTALL)
