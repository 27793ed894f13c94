"""What people do with an approval, who they are, and what it is decided with. Plain values."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from shared.core.approval.chain import Chain, Chains, Rests
from shared.core.approval.steps import Register


class Actor(msgspec.Struct, frozen=True):
    """Who acts: a person, through an account; or a system for that person, which needs evidence."""

    person: str
    account: str
    roles: frozenset[str]
    through: str | None = None
    """The system that acts for the person; None: the person acts."""
    key: str = ""
    """What the caller calls this one act: under the same key it is the same act."""


def roles_of(by: Actor, register: Register) -> frozenset[str]:
    """The roles that *by* holds now: the register takes away, and gives nothing that the token does not."""
    known = register.get(by.person)
    return by.roles if known is None else known & by.roles


class Request(msgspec.Struct, frozen=True):
    """Somebody asks. *payload* is the text whose hash is approved."""

    approval_id: str
    kind: str
    payload: str
    by: Actor
    reason: str
    evidence: str
    chain: Chain
    until: date | None = None
    """The last day on which it has a sense, where it has one."""


class Approve(msgspec.Struct, frozen=True):
    """Somebody grants the step that waits, for exactly the content *sha256*."""

    approval_id: str
    sha256: str
    by: Actor
    reason: str = ""
    evidence: str = ""


class Refuse(msgspec.Struct, frozen=True):
    """Somebody who could grant the step refuses the whole request."""

    approval_id: str
    by: Actor
    reason: str
    evidence: str = ""


class Withdraw(msgspec.Struct, frozen=True):
    """Who asked takes it back."""

    approval_id: str
    by: Actor
    reason: str
    evidence: str = ""


Command = Request | Approve | Refuse | Withdraw


class Desk(msgspec.Struct, frozen=True):
    """What is decided with: the day, the rules of approvals in force, the work calendar, the staff register."""

    day: date
    chains: Chains
    rests: Rests
    register: Register
    common: dict[str, Any]
    """`cause` and `labels` of every decision."""
