"""What is posted about requests and the staff register, and how they are answered. Nothing that is posted is ignored."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from services.rating.api.answers import Answer, Next
from shared.core import limits
from shared.edge.http import query, roles

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=limits.TEXT_CHARACTERS)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=limits.CODE_CHARACTERS)]


class Body(BaseModel):
    """What is posted: nothing is ignored."""

    model_config = ConfigDict(extra="forbid")

    on_behalf_of: Code | None = Field(
        None, description="the person for whom a system acts; it needs the scope approvals:relay and names its evidence"
    )


class OverrideAsked(Body):
    """An override: exactly one of `grade` and `cap`."""

    grade: Code | None = None
    cap: Code | None = None
    method: Code | None = Field(None, description="whose grade it is; default: that of purpose credit")
    expires_on: date | None = Field(None, description="its last day; default: as long as one may hold (G-25)")
    reason: Line
    evidence: Line

    @model_validator(mode="after")
    def _one_of(self) -> OverrideAsked:
        if (self.grade is None) == (self.cap is None):
            raise ValueError("give exactly one of grade and cap")
        return self


class ExceptionAsked(Body):
    """A rule does not hold for the customer for a while."""

    excepts: Code = Field(description="the rule that does not hold, by its code, such as LT-20")
    terms: Line | None = Field(None, description="what is allowed instead: an amount, a term, a condition")
    method: Code | None = Field(None, description="the method whose rule it is, where it is one of a method")
    expires_on: query.Day = Field(description="its last day")
    reason: Line
    evidence: Line


class Reasoned(Body):
    """Why, and on what evidence."""

    reason: Line
    evidence: Line


class ErasureAsked(Body):
    """On what basis personal fields are erased."""

    basis: Line = Field(description="the law, the letter, who decided")
    evidence: Line


class ActivationAsked(Body):
    """A version of a method is to be put in force, with exactly the rules that were looked at."""

    version: Code
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] = Field(
        description="of the rules as they were read: what is put in force is what was looked at"
    )
    effective: query.Day | None = Field(None, description="binds from the opening of this day; default: the next one")
    reason: Line
    evidence: Line | None = Field(
        None, description="what it rests on, such as a back-test; default: the rules themselves"
    )


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


class StaffSaid(BaseModel):
    """Which roles a person holds from now on."""

    model_config = ConfigDict(extra="forbid")

    roles: list[Code] = Field(description="none: the person has left")
    reason: Line

    @field_validator("roles")
    @classmethod
    def _known(cls, named: list[str]) -> list[str]:
        if unknown := sorted(set(named) - roles.roles().keys()):
            raise ValueError(f"{unknown[0]} is no role; choose among {', '.join(sorted(roles.roles()))}")
        return named


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
        description="the seats of the committee whose step that is; none: it is that of one role"
    )
    votes: list[CommitteeVote] = Field(description="of committees, in the order in which they were given")
    ended_by: str | None
    ended_on: date | None
    ended_because: str | None


class Approvals(Answer):
    """A page of requests, the oldest first."""

    approvals: list[Approval]
    next: Next


class Person(Answer):
    """Whom the staff register knows."""

    person: str
    roles: list[str]
    reason: str
    changed_by: str
    changed_at: datetime


class Staff(Answer):
    """A page of the register, by person."""

    staff: list[Person]
    next: Next
