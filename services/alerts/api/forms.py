"""What is posted to the alerts service. Nothing that is posted is ignored."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.core import limits
from shared.edge.http import query
from shared.edge.http.approving import Code, Line


class Posted(BaseModel):
    """A body."""

    model_config = ConfigDict(extra="forbid")


class Noted(Posted):
    """What somebody may write beside what is done."""

    note: Line | None = None


class Reasoned(Posted):
    """Why."""

    reason: Line


class Assigned(Noted):
    """Who is to deal with it."""

    owner: Code = Field(description="the person, as tokens name persons")


class Snoozed(Reasoned):
    """Until when it is silent."""

    until: query.Instant = Field(description="an instant with offset, 30 days from now at most")


class Commented(Posted):
    """What somebody writes down."""

    text: Line
    reference: Line | None = Field(None, description="a document, a ticket, a file")


class Planned(Posted):
    """One step of a plan."""

    what: Line
    owner: Code = Field(description="the person, as tokens name persons")
    due_on: query.Day


class Reported(Posted):
    """What somebody reports."""

    kind: Code = Field(description="of alert: one that people report, as alerts.yaml says")
    subject: Code | None = Field(
        None, description="the customer, or the group (g:…); left out where the kind is of the house, or with `of`"
    )
    text: Line = Field(description="what is reported; kept in the log of the case, on no topic and in no message")
    reference: Line | None = Field(None, description="the report itself: a document, a file")
    figures: Annotated[dict[Code, Code], Field(max_length=20)] = Field(
        default_factory=dict, description="those of the kind: topic, unit, weight …; they are published"
    )
    labels: Annotated[dict[Code, Line], Field(max_length=20)] | None = Field(
        None, description="region, manager, company …, of a customer of whom nothing is known yet, or of the house"
    )
    of: Line | None = Field(
        None, description="the report that this one amends, or the alert of whose plan it is a step"
    )
    owner: Code | None = Field(None, description="the person who is to deal with it")
    due_on: query.Day | None = Field(None, description="the day by which it is to be done")
    plan: Annotated[list[Planned], Field(max_length=20)] = Field(default_factory=list, description="what is to be done")


class Silenced(Reasoned):
    """Which alerts nobody is told of, and until when."""

    matchers: Annotated[dict[Code, list[Line]], Field(min_length=1, max_length=20)] = Field(
        description="label to the texts of which it must be one: kind, severity, subject, region, segment, manager …"
    )
    until: query.Instant = Field(description="an instant with offset, 14 days from now at most")


class Routed(Posted):
    """An alert whose way is asked for."""

    labels: Annotated[dict[Code, Line], Field(max_length=limits.CODE_CHARACTERS)] = Field(
        description="kind and severity, and the labels of the decision: region, segment, manager, purpose …"
    )
    at: query.Instant | None = Field(None, description="when it would be opened; default: now")
