"""Who of a population would move from one version to another: given measures, or this installation, a part at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from services.rating.api import answers
from services.rating.api.asking import RESTRICTED, Reader, Wired
from services.rating.api.policies import Diff, Given, Id, book_of, is_restricted, version_of
from services.rating.core.comparing import Compared, Comparison
from services.rating.core.view import Told
from shared.core import limits
from shared.core.errors import Forbidden, NotFound
from shared.core.policy.changes import changes
from shared.edge.http import problem, query
from shared.edge.http.auth import Principal, Seen
from shared.edge.http.problem import Invalid
from shared.edge.http.wording import refusal

_TOO_LONG = problem.KINDS["took-too-long"]
router = APIRouter(prefix="/v1/policies", tags=["policies"])

CustomerId = Annotated[str, Field(min_length=1, max_length=limits.SUBJECT_CHARACTERS)]


class Member(BaseModel):
    """One customer of a population, by its measures."""

    model_config = ConfigDict(extra="forbid")

    customer_id: CustomerId
    measures: Annotated[dict[str, Given], Field(max_length=limits.MEASURES)] = Field(
        description="alias → value, as for a trial; what only one of both versions reads is read by that one"
    )


class Asked(BaseModel):
    """Which versions, and over whom: exactly one of `population` and `installation`."""

    model_config = ConfigDict(extra="forbid")

    before: query.Text | None = Field(None, description="a version's number; default: the last but one")
    after: query.Text | None = Field(None, description="a version's number; default: the last")
    other: query.Text | None = Field(
        None, description="the method of `after`, where it is another; not with installation"
    )
    population: Annotated[list[Member], Field(min_length=1, max_length=limits.POPULATION)] | None = None
    installation: StrictBool = Field(False, description="the customers of this installation, in the order of their ids")
    following: CustomerId | None = Field(None, description="of the installation: go on after this customer")
    limit: Annotated[int, Field(strict=True, ge=1, le=limits.POPULATION_PART)] = limits.POPULATION_PART
    as_of: query.Day | None = Field(None, description="of the installation: true when; default: the current day")


class Step(answers.Answer):
    """How many go from one grade to another."""

    before: str = Field(description="`none`: no grade")
    after: str
    customers: int


class Shift(answers.Answer):
    """One customer that moves."""

    customer_id: str
    before: str | None = Field(description="null: no grade")
    after: str | None
    by_rules: str | None = Field(
        description="what the rules alone give; not `after`: a rule of movement holds the customer"
    )
    because: list[answers.Because] = Field(
        description="reasons of the version after, then the lines that give something else"
    )


class Population(answers.Answer):
    """What becomes of the population, or of this part of it: parts add up."""

    customers: int
    before: dict[str, int] = Field(description="grade → customers; `none`: without one")
    after: dict[str, int]
    up: int
    down: int
    waiting: int = Field(description="whom a rule of movement holds where they are; of the installation only")
    steps: list[Step]
    moved: list[Shift]
    not_read: list[str] = Field(description="customers whose facts could not be folded")
    following: str | None = Field(description="go on after this customer; null: that was all")


class Compare(Diff):
    """What changed, and who moves."""

    population: Population


@router.post(
    "/{policy_id}/comparisons",
    summary="Who of a population would move",
    responses={_TOO_LONG.status: {"description": _TOO_LONG.title, "content": problem.CONTENT}},
)
async def compare(
    who: Reader, seen: Seen, wired: Wired, policy_id: Id, asked: Asked, request: Request, response: Response
) -> Compare:
    """Grade a population under both versions and name who moves, from which grade to which, and why. Nothing is kept.

    Given measures are graded by the rules alone; customers of the installation are walked with their rules of movement.
    """
    _check(asked)
    book, others = book_of(wired.books, policy_id), book_of(wired.books, asked.other or policy_id)
    old = version_of(book, asked.before, -2 if asked.other in (None, policy_id) else -1)
    new = version_of(others, asked.after, -1)
    if asked.installation:
        _may(who, seen.all, is_restricted(wired.books, policy_id))
    given: Sequence[Any] | None = asked.population and [(one.customer_id, one.measures) for one in asked.population]
    found = await wired.compare(
        Comparison(
            before=(old.method, old.version),
            after=(new.method, new.version),
            members=None if given is None else list(given),
            as_of=asked.as_of,
            behind=asked.following or "",
            limit=asked.limit,
        )
    )
    if found is None:
        raise NotFound("there is no such method or version")
    chinese = problem.wants_chinese(request.scope)
    response.headers["Content-Language"], response.headers["Vary"] = "zh" if chinese else "en", "Accept-Language"
    named = [answers.PolicyId(id=one.method, version=one.version, sha256=one.sha256) for one in (old, new)]
    told = {"id": policy_id, "before": named[0], "after": named[1], "changes": changes(old, new)}
    return Compare.model_validate(told | {"population": _population(found, chinese)})


def _check(asked: Asked) -> None:
    """Raise Invalid for what does not go together."""
    found = []
    if asked.installation == (asked.population is not None):
        pointer = "/population" if asked.population is None else "/installation"
        found.append(refusal(pointer, pointer[1:], "one-of", fields="population, installation"))
    for name in ("following", "as_of"):
        if getattr(asked, name) is not None and not asked.installation:
            found.append(refusal(f"/{name}", name, "goes-with", field="installation"))
    if asked.other is not None and asked.installation:
        found.append(refusal("/other", "other", "one-of", fields="other, installation"))
    named = [one.customer_id for one in asked.population or ()]
    for place, name in enumerate(named):
        if name in named[:place]:
            found.append(refusal(f"/population/{place}/customer_id", "customer_id", "twice"))
            break
    if found:
        raise Invalid(found)


def _may(who: Principal, sees_all: bool, restricted: bool) -> None:
    """Raise Forbidden where *who* may not see everybody, or not what the method says of anybody."""
    if not sees_all:
        raise Forbidden("the whole installation is compared; who sees only some customers gives their measures instead")
    if restricted and not who.may(RESTRICTED):
        raise Forbidden(f"what a method of purpose compliance says of a customer needs the scope {RESTRICTED}")


def _population(found: Compared, chinese: bool) -> dict[str, Any]:
    moved = [
        {
            "customer_id": one.customer,
            "before": one.before,
            "after": one.after,
            "by_rules": one.by_rules,
            "because": [{"code": said.code, "words": _words(said, chinese)} for said in one.why],
        }
        for one in found.moved
    ]
    steps = [msgspec.structs.asdict(one) for one in found.steps]
    return {**msgspec.structs.asdict(found), "steps": steps, "moved": moved}


def _words(said: Told, chinese: bool) -> str:
    return said.zh if chinese else said.en
