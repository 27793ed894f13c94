"""The chains of approval, read from YAML. What is wrong there is said with the file and the place."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import yaml

from shared.core.approval.chain import PERSON, Chains, Committee, Graded, Limits
from shared.core.errors import Misconfigured
from shared.edge.http.roles import granting, roles

Versions = tuple[Chains, ...]
WEEK = 5
"""Working days between one sitting of a weekday and the next."""


def load(file: Path) -> Versions:
    """The versions in *file*, by date. Raises Misconfigured naming what is wrong and what to write instead."""
    try:
        # BaseLoader: every scalar is text, nothing turns into a boolean or a date
        read = yaml.load(file.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - BaseLoader builds text only
        versions = msgspec.convert(read, Versions, strict=False)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise Misconfigured(f"{file}: {error}; see docs/approvals.md for its form") from error
    if not versions:
        raise Misconfigured(f"{file}: states no version; write one with its date `effective`")
    for one in versions:
        _check(one, f"{file}, version of {one.effective}")
    return tuple(sorted(versions, key=lambda one: one.effective))


def _check(version: Chains, place: str) -> None:
    if taken := sorted(version.chains.keys() & (roles().keys() | version.committees.keys())):
        raise Misconfigured(f"{place}: {taken[0]} is a role or a committee; give the chain another name")
    named = {f"graded.{rule}[{at}]": one.by for rule, steps in version.graded.items() for at, one in enumerate(steps)}
    named |= {f"chains.{kind}": chain.by for kind, chain in version.chains.items()}
    named |= {f"deputies.{role}": (role, *others) for role, others in version.deputies.items()}
    for where, held in named.items():
        if not held:
            raise Misconfigured(f"{place}: {where} names nobody; name the roles in their order")
        allowed = roles().keys() | (() if where.startswith("deputies.") else version.committees.keys())
        if unknown := [role for role in held if role not in allowed]:
            known = ", ".join(sorted(allowed))
            raise Misconfigured(f"{place}: {where} names the unknown role {unknown[0]}; choose among {known}")
        _check_granting(held, f"{place}: {where}")
    for rule, steps in version.graded.items():
        _check_graded(steps, f"{place}: graded.{rule}")
    limits = version.limits
    if not 0 < limits.remind <= limits.deputy < limits.lapse:
        raise Misconfigured(f"{place}: limits must grow: remind, deputy, lapse; write for example 1, 2, 10")
    for name, committee in version.committees.items():
        _check_committee(name, committee, limits, f"{place}: committees.{name}")


def _check_graded(steps: tuple[Graded, ...], place: str) -> None:
    edges = [one.up_to for one in steps[:-1] if one.up_to is not None]
    if not steps or steps[-1].up_to is not None or len(edges) < len(steps) - 1 or sorted(set(edges)) != edges:
        raise Misconfigured(f"{place}: steps must grow by up_to, and only the last has none")


def _check_granting(named: Iterable[str], place: str) -> None:
    """A role without the scope to grant would leave its step waiting for ever."""
    if idle := [one for one in named if one in roles() and one not in granting()]:
        raise Misconfigured(f"{place}: {idle[0]} may grant nothing; choose among {', '.join(granting())}")


def _check_committee(name: str, committee: Committee, limits: Limits, place: str) -> None:
    if name in roles():
        raise Misconfigured(f"{place}: {name} is a role; give the committee another name")
    turns = committee.seated()
    seated = tuple(dict.fromkeys(one for turn in turns for one in turn))
    if unknown := [one for one in seated if one not in roles() and not one.startswith(PERSON)]:
        known = ", ".join(sorted(roles()))
        raise Misconfigured(f"{place}: {unknown[0]} is no role; choose among {known}, or write person:NAME")
    _check_granting(seated, place)
    if missing := [one for one in committee.veto if one not in committee.members]:
        raise Misconfigured(f"{place}: {missing[0]} has a veto and no seat; name it among the members")
    if committee.joint:
        if committee.grant or committee.refuse or committee.veto or committee.sits or committee.lines:
            raise Misconfigured(f"{place}: posts that sign together are all needed, on any day; write only the members")
        return
    seats = len(turns[0])
    if any(len(turn) != seats for turn in turns):
        raise Misconfigured(f"{place}: sits.rota gives weeks unlike numbers of seats; name as many in each")
    if not (0 < committee.grant <= seats and committee.refuse == seats - committee.grant + 1):
        raise Misconfigured(
            f"{place}: of {seats} seats `grant` votes grant and the rest must not be able to: "
            f"write grant between 1 and {seats}, and refuse: {seats} - grant + 1"
        )
    if strange := [one for one in committee.lines if one not in seated or one in committee.veto]:
        raise Misconfigured(f"{place}: lines names {strange[0]}, which has no seat or a veto; name other seats")
    if any(sum(one not in committee.lines for one in turn) < committee.grant for turn in turns):
        raise Misconfigured(f"{place}: without the seats of lines nothing could be granted; name fewer of them")
    if committee.sits is not None and (not committee.sits.days or committee.sits.notice + WEEK > limits.lapse):
        raise Misconfigured(
            f"{place}: sits.days names nothing, or a request lapses before the sitting; "
            f"name a weekday, and a notice of at most limits.lapse - {WEEK}"
        )
