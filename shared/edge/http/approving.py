"""Requests that others approve, over HTTP: who acts, what is posted, how it is answered. The same in every service."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import Header, Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.core import limits
from shared.core.approval.commands import Actor
from shared.core.approval.listed import ApprovalRow
from shared.core.errors import Forbidden
from shared.edge.http.auth import Principal

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def clean(value: str) -> str:
    """*value*, which may not hold control characters: no database keeps a NUL."""
    if _CONTROL.search(value):
        raise PydanticCustomError("characters", "characters")
    return value


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=limits.TEXT_CHARACTERS),
    AfterValidator(clean),
]
Code = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=limits.CODE_CHARACTERS),
    AfterValidator(clean),
]
Next = Annotated[str | None, Field(description="the cursor of the next page; null on the last")]
Id = Annotated[str, Path(min_length=1, max_length=limits.ID_CHARACTERS)]
Key = Annotated[
    str,
    Header(alias="Idempotency-Key", min_length=1, max_length=64, description="the same request again has the same key"),
]
MaybeKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=64)]


class Answer(BaseModel):
    """Reads its fields from the attributes of our own values."""

    model_config = ConfigDict(from_attributes=True)


class Body(BaseModel):
    """What is posted: nothing is ignored."""

    model_config = ConfigDict(extra="forbid")

    on_behalf_of: Code | None = Field(
        None, description="the person for whom a system acts; it needs the scope approvals:relay and names its evidence"
    )


class Reasoned(Body):
    """Why, and on what evidence."""

    reason: Line
    evidence: Line


class Grant(Body):
    """A step is granted, for exactly what was read."""

    payload_sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] = Field(
        description="of the payload that was read: what is granted is what was seen"
    )
    reason: Line | None = None
    evidence: Line | None = None


class Answered(Body):
    """Why a request is refused or taken back."""

    reason: Line
    evidence: Line | None = None


class GrantedStep(Answer):
    """A step that was granted."""

    step: int
    by: str
    acting: str = Field(description="the role that was used; another than the step's: a deputy's")
    on: date


class CommitteeVote(Answer):
    """A vote that was given in a committee."""

    step: int
    by: str
    seat: str = Field(description="the role, or person:NAME, as the committee names it")
    acting: str = Field(description="the role that was used; another than the seat's: a deputy's")
    vote: str = Field(description="for or against")
    reason: str
    on: date


class Approval(Answer):
    """One request, who grants it, and what became of it."""

    approval_id: str
    customer_id: str = Field(description="whom it is about; `~policy` where it is about the rules")
    kind: str
    payload: dict[str, Any]
    payload_sha256: str
    reason: str
    evidence: str
    requested_by: str
    requested_on: date
    roles: list[str] = Field(description="who grants, in order: roles, or committees")
    state: str = Field(description="open, granted, refused, withdrawn or expired")
    step: int = Field(description="the one that waits, or the last; 1 is the first")
    role: str = Field(description="whose step that is")
    escalated: str | None = Field(description="reminder or deputy, where the step has waited too long")
    deputy_on: date | None
    lapses_on: date | None
    grants: list[GrantedStep]
    members: list[str] = Field(
        description="the seats of the committee whose step that is, at that sitting; none: it is that of one role"
    )
    sits_on: date | None = Field(description="the sitting of the committee on whose agenda the step is; null: any day")
    votes: list[CommitteeVote] = Field(description="of committees, in the order in which they were given")
    ended_by: str | None
    ended_on: date | None
    ended_because: str | None


class Approvals(Answer):
    """A page of requests, the oldest first."""

    approvals: list[Approval]
    next: Next


def shown(row: ApprovalRow) -> Approval:
    """A request as it is answered."""
    told = msgspec.structs.asdict(row)
    told |= {"payload": msgspec.json.decode(row.payload), "state": row.place, "escalated": row.escalated or None}
    return Approval.model_validate(told)


def actor(who: Principal, body: Body, key: str | None) -> Actor:
    """Who acts: the person of the token, or the one for whom a system does. Raises Forbidden."""
    if body.on_behalf_of is not None:
        if not who.may("approvals:relay"):
            raise Forbidden("to act for a person this needs the scope approvals:relay")
        return Actor(body.on_behalf_of, who.subject, frozenset(), through=who.subject, key=key or "")
    if who.person is None or len(who.person) > limits.CODE_CHARACTERS:
        raise Forbidden("the token names no person of at most 64 characters, so nobody knows who would act")
    return Actor(who.person, who.subject, who.roles, key=key or "")
