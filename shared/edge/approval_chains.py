"""The chains of approval, read from YAML. What is wrong there is said with the file and the place."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import yaml

from shared.core.approval.chain import PERSON, Chains, Committee
from shared.core.errors import Misconfigured
from shared.edge.http.roles import granting, roles

Versions = tuple[Chains, ...]


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
    named = {f"chains.{kind}": chain.by for kind, chain in version.chains.items()}
    named |= {f"deputies.{role}": (role, *others) for role, others in version.deputies.items()}
    for where, held in named.items():
        if not held:
            raise Misconfigured(f"{place}: {where} names nobody; name the roles in their order")
        allowed = roles().keys() | (version.committees.keys() if where.startswith("chains.") else ())
        if unknown := [role for role in held if role not in allowed]:
            known = ", ".join(sorted(allowed))
            raise Misconfigured(f"{place}: {where} names the unknown role {unknown[0]}; choose among {known}")
        _check_granting(held, f"{place}: {where}")
    limits = version.limits
    if not 0 < limits.remind <= limits.deputy < limits.lapse:
        raise Misconfigured(f"{place}: limits must grow: remind, deputy, lapse; write for example 1, 2, 10")
    for name, committee in version.committees.items():
        _check_committee(name, committee, f"{place}: committees.{name}")


def _check_granting(named: Iterable[str], place: str) -> None:
    """A role without the scope to grant would leave its step waiting for ever."""
    if idle := [one for one in named if one in roles() and one not in granting()]:
        raise Misconfigured(f"{place}: {idle[0]} may grant nothing; choose among {', '.join(granting())}")


def _check_committee(name: str, committee: Committee, place: str) -> None:
    seats = len(committee.members)
    if name in roles():
        raise Misconfigured(f"{place}: {name} is a role; give the committee another name")
    if unknown := [one for one in committee.members if one not in roles() and not one.startswith(PERSON)]:
        known = ", ".join(sorted(roles()))
        raise Misconfigured(f"{place}: {unknown[0]} is no role; choose among {known}, or write person:NAME")
    _check_granting(committee.members, place)
    if missing := [one for one in committee.veto if one not in committee.members]:
        raise Misconfigured(f"{place}: {missing[0]} has a veto and no seat; name it among the members")
    if not (0 < committee.grant <= seats and committee.refuse == seats - committee.grant + 1):
        raise Misconfigured(
            f"{place}: of {seats} seats `grant` votes grant and the rest must not be able to: "
            f"write grant between 1 and {seats}, and refuse: {seats} - grant + 1"
        )
