"""Which rules there are and in what state, what a check found, and what changed: tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table

from gradeline.language import language, say
from shared.core.policy.activation import Activation
from shared.core.policy.changes import Change
from shared.core.policy.flaws import Finding
from shared.core.policy.policy import Policy
from shared.core.policy.rulebook import Rulebook
from shared.core.policy.versions import Waiting, stand

STATES = {
    "draft": "draft",
    "loaded": "loaded, rates nobody",
    "waiting_for_approval": "waiting for approval",
    "in_force": "in force",
    "replaced": "replaced",
}
"""The words for the state of a version, besides `activated from` its day."""
Known = tuple[tuple[Activation, ...], Waiting]
"""What an installation knows of versions: those that were activated, and those that wait for an approval."""


def list_record(rules: Rulebook, today: date, known: Known | None = None) -> list[dict[str, Any]]:
    """Return every version of every method and warning as JSON values, with its state on *today*.

    *known*: the activations of an installation and what waits for approval; without it the files alone speak.
    """
    activations, waiting = known or ((), {})
    return [
        {
            "id": name,
            "what": what,
            "version": version.version,
            "purpose": what,
            "state": state,
            "since": since.isoformat() if since else None,
            "approval_id": approval_id,
            "effective": version.effective.isoformat(),
            "approved": version.approved.isoformat(),
            "owner": version.owner,
            "title": {"en": version.title.en, "zh": version.title.zh},
            "sha256": version.sha256,
        }
        for name, what, version, state, since, approval_id in _versions(rules, activations, waiting, today)
    ]


def print_list(listed: list[dict[str, Any]]) -> None:
    """Print every version of every method and warning."""
    table = Table(*map(say, ("id", "version", "purpose", "state", "effective", "title")))
    for one in listed:
        title = f"{one['title']['en']} {one['title']['zh']}"
        table.add_row(one["id"], one["version"], say(one["purpose"]), _said(one), one["effective"], title)
    Console().print(table)


def _versions(
    rules: Rulebook, activations: tuple[Activation, ...], waiting: Waiting, today: date
) -> Iterator[tuple[str, str, Any, str, date | None, str | None]]:
    for one in stand(rules, activations, waiting, today):
        yield one.policy.method, one.policy.purpose, one.policy, one.state, one.since, one.approval_id
    for name, versions in sorted(rules.warnings.rules.items()):
        for place, rule in enumerate(versions):
            later = any(other.effective <= today for other in versions[place + 1 :])
            state = "activated" if rule.effective > today else "replaced" if later else "in_force"
            yield name, "warning", rule, state, rule.effective, None


def _said(one: dict[str, Any]) -> str:
    if one["state"] == "activated":
        return say("activated from {day}", day=one["since"])
    return say(STATES[one["state"]])


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
