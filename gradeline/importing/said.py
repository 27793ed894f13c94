"""What is said to people, in English and Chinese."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """The same in two languages."""

    en: str
    zh: str

    def __str__(self) -> str:
        """Both, for one line of the screen or of a log."""
        return f"{self.en} / {self.zh}"
