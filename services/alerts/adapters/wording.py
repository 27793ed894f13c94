"""Reads the words of every language: `words_en.yaml`, `words_zh.yaml`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec
import yaml

from services.alerts.core.composing import Words
from shared.core.errors import Misconfigured
from shared.edge.codes import MEANINGS, REASONS

LANGUAGES = ("en", "zh")


@cache
def words() -> dict[str, Words]:
    """By language. Raises Misconfigured where a file is not what it should be."""
    found = {}
    for language in LANGUAGES:
        name = f"words_{language}.yaml"
        try:
            said = yaml.safe_load(files("services.alerts.adapters").joinpath(name).read_text("utf-8"))
            said["codes"] = codes(language) | said["codes"]
            found[language] = msgspec.convert(said, Words)
        except (msgspec.ValidationError, yaml.YAMLError) as error:
            raise Misconfigured(f"{name}: {error}") from error
    return found


def codes(language: str) -> dict[str, str]:
    """What the codes of reasons and refusals mean."""
    return {code: getattr(meaning, language) for code, meaning in {**MEANINGS, **REASONS}.items() if len(code) > 3}
