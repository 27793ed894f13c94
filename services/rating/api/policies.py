"""The rules for their authors: one version whole, what changed, and trials that touch nothing live."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from services.rating.api import answers, listed
from services.rating.api.asking import RESTRICTED, Reader, Times, Wired, readable, view
from services.rating.api.telling import told
from services.rating.core.trying import Trial
from shared.core import limits
from shared.core.errors import Forbidden, NotFound
from shared.core.policy.changes import changes
from shared.core.policy.policy import Book, Policy, canonical
from shared.edge.http import problem, query
from shared.edge.http.auth import Seen
from shared.edge.http.problem import Invalid
from shared.edge.http.wording import refusal

_TOO_LONG = problem.KINDS["took-too-long"]
router = APIRouter(prefix="/v1/policies", tags=["policies"])

Id = Annotated[str, Path(min_length=1, max_length=limits.CODE_CHARACTERS, pattern="^[^/?#%]+$")]
Version = Annotated[query.Text | None, Query(description="a version's number; default: the newest")]


class Whole(listed.Policy):
    """One version whole."""

    title: str
    owner: str
    rules: dict[str, Any] = Field(description="the canonical rules, over which the sha256 is; numbers are strings")
    words: dict[str, dict[str, str]] = Field(description="what the method's own reason codes mean")


class Changed(answers.Answer):
    """One place that changed."""

    at: str
    before: str | None = Field(description="null: it was not there")
    after: str | None = Field(description="null: it is no longer there")
    words_only: bool = Field(description="a matter of words, which leaves the sha256 as it was")


class Diff(answers.Answer):
    """What changed from one version to another."""

    id: str
    before: answers.PolicyId
    after: answers.PolicyId
    changes: list[Changed]


def _given(value: Any) -> Any:
    """A number with a point would pass through binary floating point, so it is refused like anywhere else."""
    if not isinstance(value, str | int | None) or (isinstance(value, str) and len(value) > limits.CODE_CHARACTERS):
        raise PydanticCustomError("measure", "measure")
    return value


Given = Annotated[StrictStr | StrictBool | StrictInt | None, BeforeValidator(_given)]


class TrialAsked(BaseModel):
    """A trial: given measures or a customer; a draft of a version, or one that is loaded."""

    model_config = ConfigDict(extra="forbid")

    measures: Annotated[dict[str, Given], Field(max_length=limits.MEASURES)] | None = Field(
        None, description="alias → value: decimal strings, whole numbers, true or false, null: not known"
    )
    customer_id: Annotated[str, Field(min_length=1, max_length=limits.SUBJECT_CHARACTERS)] | None = None
    as_of: query.Day | None = Field(None, description="true when; default: today, of a customer its current day")
    known_at: query.Instant | None = Field(None, description="known when; of a customer only")
    version: query.Text | None = Field(None, description="else the one in force on `as_of`")
    reach: query.Text | None = Field(None, description="search what would give this grade")
    draft: Annotated[str, Field(max_length=limits.DRAFT_CHARACTERS)] | None = Field(
        None, description="YAML of a version, tried in place of any that is loaded; needs the scope rules:propose"
    )
    cases: Annotated[str, Field(max_length=limits.DRAFT_CHARACTERS)] = Field(
        "", description="YAML of the draft's cases"
    )


class Finding(answers.Answer):
    """What a check of the draft found."""

    file: str
    line: int
    rule: str
    message: str = Field(description="what is wrong and what to do about it")
    grave: bool = Field(description="whether the draft should not be activated as it is")


class Assessed(answers.Advice):
    """What the rules say by themselves: movement, approvals and overrides are no part of a trial."""

    policy: answers.PolicyId
    as_of: date
    grade: str | None
    score: answers.Decimal | None
    refusal: str | None
    refusal_detail: str | None
    because: list[answers.Because]
    caps: list[str]
    tasks: list[str]
    labels: dict[str, str]
    measures: dict[str, answers.Measure]
    lines: list[answers.Line]


class TrialFound(answers.Answer):
    """The findings of a draft, and the result."""

    findings: list[Finding]
    result: Assessed | None = Field(description="null: the draft cannot be read, or nothing was given to try it on")


@router.get("/{policy_id}", summary="One version of a method, whole")
async def policy(who: Reader, wired: Wired, policy_id: Id, version: Version = None) -> Whole:
    """Return scale, measures, cards, rules and movement, as they are hashed."""
    found = version_of(book_of(wired.books, policy_id), version, -1)
    summary = next(one for one in wired.policies if (one.id, one.version) == (policy_id, found.version))
    words = {code: {"en": said.en, "zh": said.zh} for code, said in found.words.items()}
    whole = {"owner": found.owner, "rules": msgspec.json.decode(canonical(found)), "words": words}
    return Whole.model_validate({**msgspec.structs.asdict(summary), **whole})


@router.get("/{policy_id}/diff", summary="What changed between two versions")
async def diff(
    who: Reader,
    wired: Wired,
    policy_id: Id,
    before: Annotated[query.Text | None, Query(description="default: the last but one")] = None,
    after: Annotated[query.Text | None, Query(description="default: the last")] = None,
) -> Diff:
    """Return every place that differs, in the order of a file."""
    book = book_of(wired.books, policy_id)
    old, new = version_of(book, before, -2), version_of(book, after, -1)
    named = [answers.PolicyId(id=one.method, version=one.version, sha256=one.sha256) for one in (old, new)]
    found = changes(old, new)
    return Diff.model_validate({"id": policy_id, "before": named[0], "after": named[1], "changes": found})


@router.post(
    "/{policy_id}/trials",
    summary="Try a method",
    responses={_TOO_LONG.status: {"description": _TOO_LONG.title, "content": problem.CONTENT}},
)
async def trial(
    who: Reader, seen: Seen, wired: Wired, policy_id: Id, asked: TrialAsked, request: Request, response: Response
) -> TrialFound:
    """Assess given measures, or a customer, under a version that is loaded or under a draft. Nothing is kept or published."""
    if asked.draft is not None and not who.may("rules:propose"):
        raise Forbidden("a draft needs the scope rules:propose")
    _check(asked)
    if asked.customer_id is not None and is_restricted(wired.books, policy_id) and not who.may(RESTRICTED):
        raise Forbidden(f"what a method of purpose compliance says of a customer needs the scope {RESTRICTED}")
    customer_id = None if asked.customer_id is None else await readable(who, seen, wired, asked.customer_id)
    if customer_id is not None and not seen.all:  # it may have been merged into one that is not to be seen
        await view(who, customer_id, seen, wired, Times(asked.as_of, asked.known_at))
    fields = asked.model_dump() | {"customer_id": customer_id}
    found = await wired.attempt(Trial(method=policy_id, **fields))
    if found is None:
        raise NotFound("there is no such method, version or customer")
    chinese = problem.wants_chinese(request.scope)
    result = found.tried and {**msgspec.structs.asdict(found.tried), **told(found.tried, request, response)}
    findings = [
        {**msgspec.structs.asdict(one), "message": one.says_zh if chinese else one.says} for one in found.findings
    ]
    return TrialFound.model_validate({"findings": findings, "result": result})


def _check(asked: TrialAsked) -> None:
    """Raise Invalid for what does not go together."""
    found = []
    if asked.measures is not None and asked.customer_id is not None:
        found.append(refusal("/customer_id", "customer_id", "one-of", fields="measures, customer_id"))
    if asked.measures is None and asked.customer_id is None and asked.draft is None:
        found.append(refusal("/measures", "measures", "one-of", fields="measures, customer_id"))
    if asked.known_at is not None and asked.customer_id is None:
        found.append(refusal("/known_at", "known_at", "goes-with", field="customer_id"))
    if asked.reach is not None and asked.measures is None and asked.customer_id is None:
        found.append(refusal("/reach", "reach", "goes-with", field="measures"))
    if asked.cases and asked.draft is None:
        found.append(refusal("/cases", "cases", "goes-with", field="draft"))
    if asked.version is not None and asked.draft is not None:
        found.append(refusal("/version", "version", "one-of", fields="version, draft"))
    if found:
        raise Invalid(found)


def is_restricted(books: Any, policy_id: str) -> bool:
    """Whether the method is of purpose compliance; one that is not loaded is not."""
    book: Book | None = books.get(policy_id)
    return book is not None and any(policy.purpose == "compliance" for policy in book.versions)


def book_of(books: Any, policy_id: str) -> Book:
    """The versions of *policy_id*. Raises NotFound."""
    found: Book | None = books.get(policy_id)
    if found is None:
        raise NotFound("there is no such method")
    return found


def version_of(book: Book, version: str | None, place: int) -> Policy:
    """The named version of *book*; the one at *place* where none is named. Raises NotFound."""
    if version is None and len(book.versions) >= -place:
        return book.versions[place]
    found = next((policy for policy in book.versions if policy.version == version), None)
    if found is None:
        raise NotFound("there is no such version of the method" if version else "the method has one version only")
    return found
