"""What is posted about requests. Nothing that is posted is ignored."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from shared.edge.http import query
from shared.edge.http.approving import Body, Code, Line


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
    size: Annotated[str, StringConstraints(pattern=r"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$")] | None = Field(
        None, description="how far from the rule, as a share of what it says, where that decides who grants it (AP-09)"
    )
    method: Code | None = Field(None, description="the method whose rule it is, where it is one of a method")
    expires_on: query.Day = Field(description="its last day")
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
