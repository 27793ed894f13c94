"""How each loaded version of each method stands on a day: draft, loaded, waiting, activated, in force, replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal

import msgspec

from shared.core.policy.activation import Activation, basis
from shared.core.policy.policy import Book, Policy
from shared.core.policy.rulebook import Rulebook

State = Literal["draft", "loaded", "waiting_for_approval", "activated", "in_force", "replaced"]
"""draft: nobody asked for it; loaded: no order of methods names it, so it would rate nobody; waiting_for_approval: others are
asked to put it in force; activated: it binds from a day that is to come; in_force; replaced: another has come after it."""

Waiting = Mapping[tuple[str, str, str], str]
"""(method, version, sha256) → the approval that would put it in force."""


class Stands(msgspec.Struct, frozen=True):
    """How one version stands."""

    policy: Policy
    state: State
    since: date | None
    """The day from whose opening it binds, or bound last; None: it never did."""
    approval_id: str | None
    """The approval that it waits for."""


def stand(rules: Rulebook, activations: Iterable[Activation], waiting: Waiting, day: date) -> list[Stands]:
    """How every version of every method stands on *day*, by method, oldest first."""
    methods, recorded = rules.methods, sorted(activations)
    named = {one.method for order in methods.orders for entries in order.purposes.values() for one in entries}
    rating = methods.rating(day)
    found: list[Stands] = []
    for name, book in sorted(rules.books.items()):
        binds = {policy.effective: (policy.version, policy.sha256) for policy in basis(methods, book)}
        binds |= {one.effective: (one.version, one.sha256) for one in recorded if one.method == name}
        found += _of(book, binds, waiting, day, named=name in named, rates=name in rating)
    return found


def _of(
    book: Book, binds: Mapping[date, tuple[str, str]], waiting: Waiting, day: date, *, named: bool, rates: bool
) -> list[Stands]:
    bound = [on for on in sorted(binds) if on <= day]
    current = binds[bound[-1]] if bound else None
    found = []
    for policy in book.versions:
        own = (policy.version, policy.sha256)
        past = [on for on in bound if binds[on] == own]
        to_come = [on for on in sorted(binds) if on > day and binds[on] == own]
        asked = waiting.get((policy.method, *own))
        state: State
        since: date | None = past[-1] if past else None
        if own == current and rates:
            state = "in_force"
        elif to_come:
            state, since = "activated", to_come[0]
        elif asked is not None:
            state = "waiting_for_approval"
        elif past and own != current:
            state = "replaced"
        else:
            state = "draft" if named and own != current else "loaded"
        found.append(Stands(policy, state, since, asked))
    return found
