"""The staff register of approvals over HTTP: the routes of every service that has approvals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Security
from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.edge import clock
from shared.edge.http import paging, roles
from shared.edge.http.approving import Answer, Code, Id, Line, Next
from shared.edge.http.auth import Principal, principal
from shared.edge.http.paging import PAGE_USUAL, After, Limit, cursor, place
from shared.edge.store import approvals

router = APIRouter()
PATHS = frozenset({"/v1/staff", "/v1/staff/{person}"})
"""They tell of no customer."""

Registrar = Annotated[Principal, Security(principal, scopes=["admin:users"])]


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


async def _database(request: Request) -> Any:
    return request.app.state.ports.database()


Database = Annotated[Any, Depends(_database)]


@router.get("/staff", summary="The staff register")
async def staff(who: Registrar, database: Database, limit: Limit = PAGE_USUAL, after: After = None) -> Staff:
    """Return whom the register knows, by person."""
    start = place(after, tuple[paging.Text])[0] if after else ""
    rows = await approvals.staff(database, after=start, limit=limit + 1)
    page = rows[:limit]
    following = cursor(page[-1].person) if len(rows) > limit else None
    return Staff.model_validate({"staff": page, "next": following})


@router.put("/staff/{person}", status_code=204, summary="Say which roles a person holds")
async def put_staff(who: Registrar, database: Database, person: Id, body: StaffSaid) -> None:
    """From now on *person* holds these roles for approvals, whatever a token says besides; none: the person has left.

    A grant whose role is lost before the request took effect counts no more: its step waits again.
    """
    by = who.person or who.subject
    await approvals.put_staff(database, person, body.roles, reason=body.reason, by=by, now=clock.now())
