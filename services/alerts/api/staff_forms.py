"""What is posted about people, and how they are answered. Nothing that is posted is ignored."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.alerts.core.people import Calendar, Level
from shared.edge.http import query
from shared.edge.http.approving import Answer, Code, Line, Next

Codes = Annotated[list[Code], Field(max_length=200)]
Clock = Annotated[time, BeforeValidator(lambda value: time.fromisoformat(value) if isinstance(value, str) else value)]


class Said(BaseModel):
    """Nothing is ignored, and each change says why."""

    model_config = ConfigDict(extra="forbid")

    reason: Line = Field(description="why, for the journal")


class PostForm(Answer):
    """A role, everywhere or for a part."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    role: Code
    scope: Literal["", "region", "company", "unit"] = ""
    of: str = Field("", max_length=64, description="the code of that region, company or unit")


class ContactForm(Answer):
    """One way to reach a person."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    channel: Code
    address: Line = Field(description="a mail address; of a robot, a web hook: the name of its endpoint")
    rank: int = Field(1, ge=1, le=99, description="the smallest is tried first")
    verified: bool = Field(True, description="nothing goes to an address that nobody has verified")


class PersonSaid(Said):
    """A person as they are from now on, with all their posts and contacts."""

    name_en: Line
    name_zh: Line
    language: Literal["en", "zh"] = "zh"
    unit: str = Field("", max_length=64)
    leader: str = Field("", max_length=64, description="none: who leads the unit")
    codes: Codes = Field(default=[], description="what the ERP calls them as the manager of a customer")
    zone: Code = "Asia/Shanghai"
    calendar: Calendar = "china"
    quiet_from: Clock | None = Field(None, description="with quiet_to: quiet hours of their own")
    quiet_to: Clock | None = None
    mutes: Codes = Field(default=[], description="kinds of alerts they do not hear of, where that may be chosen")
    gone: bool = Field(False, description="they have left")
    posts: Annotated[list[PostForm], Field(max_length=50)] = []
    contacts: Annotated[list[ContactForm], Field(max_length=20)] = []


class AbsenceSaid(Said):
    """Days on which a person is away."""

    last: query.Day
    deputy: str = Field("", max_length=64, description="none: who leads them")


class UnitSaid(Said):
    """A unit as it is from now on."""

    name_en: Line
    name_zh: Line
    level: Level
    parent: str = Field("", max_length=64)
    leader: str = Field("", max_length=64)
    regions: Codes = []


class OwnerSaid(Said):
    """Whose a customer is."""

    person: Code
    first: query.Day
    last: query.Day | None = None


class AbsenceTold(Answer):
    """Days on which a person is away."""

    person: str
    first: date
    last: date
    deputy: str
    reason: str


class PersonTold(Answer):
    """A person, with posts and contacts."""

    person: str
    name_en: str
    name_zh: str
    language: str
    unit: str
    leader: str
    codes: list[str]
    zone: str
    calendar: str
    quiet_from: time | None
    quiet_to: time | None
    mutes: list[str]
    gone: bool
    posts: list[PostForm]
    contacts: list[ContactForm]
    line: list[str] = Field(description="who leads them, the nearest first")
    hears: str = Field(description="who hears today what is meant for them")
    absences: list[AbsenceTold]


class People(Answer):
    """A page of people."""

    staff: list[PersonTold]
    next: Next


class UnitTold(Answer):
    """A unit."""

    unit: str
    name_en: str
    name_zh: str
    level: str
    parent: str
    leader: str
    regions: list[str]


class Units(Answer):
    """All units."""

    units: list[UnitTold]


class OwnerTold(Answer):
    """A customer that was given to a person."""

    customer: str
    person: str
    first: date
    last: date | None


class Portfolio(Answer):
    """A page of customers that were given to people."""

    portfolio: list[OwnerTold]
    next: Next


class ChangeTold(Answer):
    """One change of the staff."""

    entry: int
    at: datetime
    by: str
    reason: str
    kind: str
    key: str
    before: Any = Field(description="null: it was not there")
    after: Any = Field(description="null: it is not there any more")


class Changes(Answer):
    """A page of changes, the newest first."""

    changes: list[ChangeTold]
    next: Next
