"""What is posted about requests and the staff register, and how they are answered. Nothing that is posted is ignored."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.rating.api.answers import Answer, Next
from shared.edge.http import roles
from shared.edge.http.approving import Body, Code, Line


class OverrideAsked(Body):
    """An override: exactly one of `grade` and `cap`."""

    grade: Code | None = None
    cap: Code | None = None
    expires_on: date | None = Field(None, description="its last day; default: as long as one may hold (G-25)")
    reason: Line
    evidence: Line

    @model_validator(mode="after")
    def _one_of(self) -> OverrideAsked:
        if (self.grade is None) == (self.cap is None):
            raise ValueError("give exactly one of grade and cap")
        return self


class ErasureAsked(Body):
    """On what basis personal fields are erased."""

    basis: Line = Field(description="the law, the letter, who decided")
    evidence: Line


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
