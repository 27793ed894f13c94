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


def _meanings() -> dict[str, Words]:
    text = files("shared.edge").joinpath("codes.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), dict[str, Words])


MEANINGS = _meanings()


def meaning(code: str) -> Words:
    """What *code* means; one that a newer release wrote stands for itself."""
    return MEANINGS.get(code) or Words(code, code)
