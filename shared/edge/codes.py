"""What our codes mean, in the words of staff: of refusals, dead letters, quarantined facts and parked customers."""

from __future__ import annotations

from importlib.resources import files

import msgspec
import yaml


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same in two languages."""

    en: str
    zh: str

    def __str__(self) -> str:
        """Both, for a table that everybody reads."""
        return self.en if self.en == self.zh else f"{self.en} {self.zh}"


def read(file: str) -> dict[str, Words]:
    """Return the words of `shared/edge/`*file*, by code."""
    text = files("shared.edge").joinpath(file).read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), dict[str, Words])


MEANINGS = read("codes.yaml")
REASONS = read("reasons.yaml")
"""Why a grade is what it is, or why there is none."""


def meaning(code: str) -> Words:
    """What *code* means; one that a newer release wrote stands for itself."""
    return MEANINGS.get(code) or Words(code, code)
