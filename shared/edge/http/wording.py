"""What a refused field is told, in English and Chinese: `sentences.yaml` has the words."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import msgspec
import yaml

from shared.edge import refusals
from shared.edge.codes import meaning


class Sentence(msgspec.Struct, frozen=True):
    """What is wrong and what to write instead; `rule` is the code that does not change."""

    rule: str
    en: str
    zh: str


def _read() -> dict[str, Sentence]:
    text = files("shared.edge.http").joinpath("sentences.yaml").read_text("utf-8")
    return msgspec.convert(yaml.load(text, yaml.BaseLoader), dict[str, Sentence])  # noqa: S506 - it builds text only


SENTENCES = _read()
PYDANTIC = {
    "missing": "missing",
    "json_invalid": "not-json",
    "int_parsing": "whole-number",
    "int_parsing_size": "whole-number",
    "int_from_float": "whole-number",
    "greater_than_equal": "at-least",
    "less_than_equal": "at-most",
    "literal_error": "choice",
    "extra_forbidden": "unknown-field",
    "too_long": "too-many",
    "string_too_long": "too-long",
    "string_too_short": "too-short",
    "string_pattern_mismatch": "characters",
}
"""Error types of the library that reads parameters → our sentence. Its own codes change with its releases."""
_CONTEXT = {"ge": "least", "le": "most", "max_length": "most", "min_length": "least", "expected": "choices"}


def refusal(pointer: str, name: str, sentence: str, **context: Any) -> dict[str, Any]:
    """One entry of `errors` about the field *name* at *pointer*; `zh` is its message for readers of Chinese."""
    words = SENTENCES[sentence]
    en, zh = words.en.format(**context), words.zh.format(**context)
    return {"pointer": pointer, "rule": words.rule, "message": f"{name}: {en}", "zh": f"{name}：{zh}"}


def of_parameter(pointer: str, name: str, kind: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """The entry for what the library that reads parameters says of one: its error type *kind* with its *context*."""
    named = {_CONTEXT.get(key, key): value for key, value in context.items()}
    if "choices" in named:
        named["choices"] = str(named["choices"]).replace("'", "").replace(" or ", ", ")
    sentence = PYDANTIC.get(kind, kind if kind in SENTENCES else "other")
    return refusal(pointer, name, sentence, **named)


def in_chinese(one: Mapping[str, Any]) -> str:
    """The message of an entry of `errors` for readers of Chinese. What the codec wrote stands behind the rule's name."""
    if "zh" in one:
        return str(one["zh"])
    said = refusals.in_chinese(str(one["message"]))
    if said != one["message"]:
        return said
    return f"{meaning(str(one['rule'])).zh}（{one['message']}）"
