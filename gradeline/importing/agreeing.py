"""Rows that tell of one document together, such as an invoice with a row for each of its payments, must agree on it.

A file may have a million documents, so of each only its row and digests are remembered: some hundred bytes.
"""

from __future__ import annotations

from hashlib import blake2b

from gradeline.importing.facts import Refusal, Shared


def _name(shared: Shared) -> bytes:
    return blake2b(f"{shared.key[0]} {shared.key[1]}".encode(), digest_size=16).digest()


class Agreed:
    """Which row tells first of each document, and what it says."""

    def __init__(self) -> None:
        """Nothing is told."""
        self._first: dict[bytes, tuple[int, bytes]] = {}

    def differing(self, shared: Shared) -> Refusal | None:
        """Why the row of *shared* is refused, where an earlier one says something else; else None."""
        name, rule = shared.key[1], shared.mark.rule
        row, said = self._first.get(_name(shared), (shared.row, shared.mark.content))
        if said == shared.mark.content:
            return None
        message = f"{rule.type} {shared.event['id']}: row {row} says something else of {name}; make the rows agree"
        return Refusal(shared.row, ", ".join(rule.once.columns if rule.once else ()), "differs", message)

    def note(self, shared: Shared) -> bool:
        """Take note of *shared*, which differs from none; whether it is the first."""
        self._first.setdefault(_name(shared), (shared.row, shared.mark.content))
        return self.is_first(shared)

    def is_first(self, shared: Shared) -> bool:
        """Whether the row of *shared* is the one whose fact is posted."""
        return self._first[_name(shared)][0] == shared.row
