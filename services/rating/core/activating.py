"""Putting a version of a method in force: what must hold, and the decision that says it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from shared.core.errors import Conflict, Malformed, NotFound
from shared.core.events.rating import PolicyActivated
from shared.core.policy.activation import Activation, basis
from shared.core.policy.policy import Policy
from shared.core.policy.rulebook import Rulebook
from shared.core.policy.versions import Waiting


class Wanted(msgspec.Struct, frozen=True):
    """What somebody asks for."""

    method: str
    version: str
    effective: date | None = None
    """The day at whose opening it begins; None: the next one."""
    sha256: str | None = None
    """The rules as who asks has seen them; None: as they are loaded."""


class Standing(NamedTuple):
    """What the state of each version of a method follows from."""

    activations: tuple[Activation, ...]
    waiting: Waiting
    day: date
    """The last one that was opened."""


def decided(wanted: Wanted, rules: Rulebook, before: tuple[Activation, ...], today: date) -> PolicyActivated | None:
    """The activation of *wanted*; None where it was recorded before. *today* is the last day that was opened.

    Raises NotFound, Conflict (other content, in force already), Malformed (a day that has been opened).
    """
    policy = _loaded(wanted, rules)
    if wanted.sha256 is not None and wanted.sha256 != policy.sha256:
        raise Conflict(
            f"{policy.method} version {policy.version} is loaded as {policy.sha256}; look at it again and name that"
        )
    effective = wanted.effective or today + timedelta(days=1)
    if any((one.method, one.version, one.effective) == (policy.method, policy.version, effective) for one in before):
        return None
    if effective <= today:
        message = f"effective: {effective} has been opened; a version takes effect from {today + timedelta(days=1)} on"
        raise Malformed(message, pointer="/effective", rule="range")
    if _last(policy.method, rules, before, effective) == policy.version:
        raise Conflict(f"{policy.method} version {policy.version} is the version in force on {effective} already")
    return PolicyActivated(
        as_of=effective,
        cause="policy",
        method=policy.method,
        version=policy.version,
        sha256=policy.sha256,
        effective=effective,
    )


def _loaded(wanted: Wanted, rules: Rulebook) -> Policy:
    book = rules.books.get(wanted.method)
    if book is None:
        raise NotFound(f"there is no method {wanted.method!r}; choose one of {', '.join(rules.books)}")
    found = next((one for one in book.versions if one.version == wanted.version), None)
    if found is None:
        versions = ", ".join(one.version for one in book.versions)
        raise NotFound(f"{wanted.method} has no version {wanted.version!r}; loaded are {versions}")
    return found


def _last(method: str, rules: Rulebook, before: tuple[Activation, ...], day: date) -> str | None:
    """The version of *method* that is in force on *day* as far as is recorded."""
    since = [
        (one.effective, one.number, one.version) for one in before if one.method == method and one.effective <= day
    ]
    if since:
        return max(since)[2]
    return next((p.version for p in basis(rules.methods, rules.books[method]) if p.effective <= day), None)
