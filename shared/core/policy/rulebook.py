"""Everything a rating service knows about rules, loaded once: methods, their books, and the early warnings."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from shared.core.policy.methods import Methods
from shared.core.policy.policy import Book
from shared.core.policy.warning import WarningBook


class Rulebook(msgspec.Struct, frozen=True):
    """The rules of one folder."""

    methods: Methods
    warnings: WarningBook

    @property
    def books(self) -> Mapping[str, Book]:
        """The versions of each method, by id."""
        return self.methods.books
