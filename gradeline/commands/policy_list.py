"""Which rules there are and in what state, what a check found, and what changed: tables on the terminal."""

from __future__ import annotations

from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table

from gradeline.language import language, say
from shared.core.policy.activation import basis
from shared.core.policy.changes import Change
from shared.core.policy.flaws import Finding
from shared.core.policy.policy import Policy
from shared.core.policy.rulebook import Rulebook

DRAFT = "to be activated"
"""A version after the first rates nobody before it is activated; whether it was, the installation knows."""


def list_record(rules: Rulebook, today: date) -> list[dict[str, Any]]:
    """Return every version of every method and warning as JSON values, with its state on *today*."""
    return [
        {
            "id": name,
            "what": what,
            "version": version.version,
            "purpose": what,
            "state": state,
            "effective": version.effective.isoformat(),
            "approved": version.approved.isoformat(),
            "owner": version.owner,
            "title": {"en": version.title.en, "zh": version.title.zh},
            "sha256": version.sha256,
        }
        for name, what, version, state in _versions(rules, today)
    ]


def print_list(listed: list[dict[str, Any]]) -> None:
    """Print every version of every method and warning."""
    table = Table(*map(say, ("id", "version", "purpose", "state", "effective", "title")))
    for one in listed:
        title = f"{one['title']['en']} {one['title']['zh']}"
        table.add_row(one["id"], one["version"], say(one["purpose"]), say(one["state"]), one["effective"], title)
    Console().print(table)


def _versions(rules: Rulebook, today: date) -> list[tuple[str, str, Any, str]]:
    used = {
        (purpose, one.method)
        for purpose in rules.methods.purposes(today)
        for order in rules.methods.orders
        for one in order.purposes.get(purpose, ())
    }
    named = {one.method for order in rules.methods.orders for entries in order.purposes.values() for one in entries}
    found: list[tuple[str, str, Any, str]] = []
    for name, book in sorted(rules.books.items()):
        for policy in book.versions:
            if name in named and policy not in basis(rules.methods, book):
                found.append((name, policy.purpose, policy, DRAFT))
                continue
            rates = (policy.purpose, name) in used
            found.append((name, policy.purpose, policy, _state(policy, (), today, used=rates)))
    for name, versions in sorted(rules.warnings.rules.items()):
        for place, rule in enumerate(versions):
            found.append((name, "warning", rule, _state(rule, versions[place + 1 :], today, used=True)))
    return found


def _state(version: Any, later: tuple[Any, ...], today: date, *, used: bool) -> str:
    if version.effective > today:
        return "to come"
    if any(other.effective <= today for other in later):
        return "superseded"
    return "in force" if used else "rates nobody"


def pick(rules: Rulebook, method: str, version: str | None, place: int) -> Policy | str:
    """Return a version of *method*, the one at *place* where none is named; a sentence where there is none."""
    if method not in rules.books:
        return say("there is no method {method!r}; choose one of {names}", method=method, names=", ".join(rules.books))
    versions = rules.books[method].versions
    if version is None:
        if len(versions) < -place:
            return say(
                "{method} has one version only; name another folder with --against, or the versions with --from and --to",
                method=method,
            )
        return versions[place]
    known = {policy.version: policy for policy in versions}
    names = ", ".join(known)
    return known.get(version) or say(
        "{method} has no version {version!r}; choose one of {names}", method=method, version=version, names=names
    )


def print_findings(found: list[Finding]) -> None:
    """Print one line a finding, and how many there are."""
    console = Console(soft_wrap=True, highlight=False)
    for finding in found:
        mark = "" if finding.grave else say("(note) ")
        words = finding.says_zh if language() == "zh" else finding.says
        console.print(say("{file}, line {line}: ", file=finding.file, line=finding.line) + mark + words, markup=False)
    grave = sum(finding.grave for finding in found)
    console.print(say("nothing is wrong") if not grave else say("{count} to mend", count=grave))


def print_changes(before: Policy, after: Policy, found: tuple[Change, ...]) -> None:
    """Print what changed, place by place."""
    console = Console()
    console.print(
        say(
            "{method}: version {old} ({old_sha}) to {new} ({new_sha})",
            method=after.method,
            old=before.version,
            old_sha=before.sha256[:12],
            new=after.version,
            new_sha=after.sha256[:12],
        )
    )
    if not found:
        console.print(say("nothing changed"))
        return
    table = Table(*map(say, ("place", "before", "after")))
    for change in found:
        table.add_row(change.at, change.before or "-", change.after or "-")
    console.print(table)
    if all(change.words_only for change in found):
        console.print(say("words only: the sha256 is the same"))
