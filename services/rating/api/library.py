"""The measure library: what rules and pages may look at."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from services.rating.api.answers import Answer
from services.rating.api.asking import Reader
from services.rating.core.measures.listing import library
from shared.edge.measure_words import chinese_of

router = APIRouter(prefix="/v1", tags=["overview"])


class Parameter(Answer):
    """One parameter of a measure, as `with:` of a policy gives it."""

    name: str
    default: str = Field(description="how it is read where nothing is said; empty: no restriction")
    values: str = Field(description="what it may be")


class Measure(Answer):
    """One measure of the library."""

    name: str
    family: str
    family_title: str
    family_title_zh: str
    kind: str
    unit: str
    unit_zh: str
    title: str
    title_zh: str
    formula: str
    formula_zh: str
    source: str
    window: Literal["none", "any", "months"] = Field(description="whether `_90d`, `_12m` may follow the name")
    parameters: list[Parameter]
    unknown: str | None = Field(description="of a customer of whom nothing is known; null: not known")
    in_rules: bool = Field(description="whether a method or a warning may read it")
    reported_by: str | None = Field(description="the system that knows it; null: computed from events")


class Measures(Answer):
    """The library, family by family."""

    measures: list[Measure]


@router.get("/measures", summary="The measure library")
async def measures(
    who: Reader, family: Annotated[str | None, Query(max_length=64, description="of this family only")] = None
) -> Measures:
    """Return every measure with unit, titles, formula, source, windows, parameters and what it is where nothing is known."""
    shown = [one for one in library() if family in (None, one.family)]
    told = [{**msgspec.structs.asdict(one), **chinese_of(one.name, one.unit)} for one in shown]
    return Measures.model_validate({"measures": told})
