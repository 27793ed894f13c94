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
