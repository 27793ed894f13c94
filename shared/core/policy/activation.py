"""Which of the loaded versions rate anybody: the first of each method in use, and later ones once they are activated.

The first version of a method that the first order of methods names binds by its own dates: it replaces nothing, and
history is graded by it. Every other version, and every version of a method that a later order brings in, is a draft
until it is activated, and binds from the opening of the day that its activation names.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from shared.core.errors import Misconfigured
from shared.core.policy.methods import Methods
from shared.core.policy.policy import Book, Policy
from shared.core.policy.rulebook import Rulebook


class Activation(msgspec.Struct, frozen=True, order=True):
    """One version of one method in force from the opening of a day; of two for one day the later recorded holds."""

    effective: date
    number: int
    """In the order in which they were recorded."""
    method: str
    version: str
    sha256: str


def in_force(rulebook: Rulebook, activations: Iterable[Activation]) -> Rulebook:
    """Return *rulebook* with only the versions that rate somebody, each from the day on which it does.

    Raises Misconfigured where an activated version is not loaded, or is loaded with other content.
    """
    methods = rulebook.methods
    binding = {name: list(versions) for name, book in methods.books.items() if (versions := basis(methods, book))}
    for one in sorted(activations):
        version = loaded(methods.books, one)
        since = binding.setdefault(one.method, [])
        if since and since[-1].effective == one.effective:
            since.pop()
        since.append(msgspec.structs.replace(version, effective=one.effective))
    books = {name: Book(name, tuple(binding.get(name, ()))) for name in methods.books}
    drafts = frozenset(name for name, book in methods.books.items() if not basis(methods, book))
    return Rulebook(Methods(methods.orders, books, drafts), rulebook.warnings)


def basis(methods: Methods, book: Book) -> tuple[Policy, ...]:
    """The version of *book* that binds without an activation; none for a method that a later order brings in."""
    first = methods.orders[0].purposes.values()
    return book.versions[:1] if any(one.method == book.method for entries in first for one in entries) else ()


def loaded(books: dict[str, Book], wanted: Activation) -> Policy:
    """The version that *wanted* names. Raises Misconfigured where it is not loaded as it was activated."""
    book = books.get(wanted.method)
    found = next((one for one in book.versions if one.version == wanted.version), None) if book else None
    if found is None:
        raise Misconfigured(
            f"{wanted.method} version {wanted.version} is in force from {wanted.effective} and is not loaded; "
            "put its file back under the folder of the rules"
        )
    if found.sha256 != wanted.sha256:
        raise Misconfigured(
            f"{wanted.method} version {wanted.version} was activated as {wanted.sha256[:12]} and is loaded as "
            f"{found.sha256[:12]}; put back the file that was activated and give the changed rules a version of their own"
        )
    return found
