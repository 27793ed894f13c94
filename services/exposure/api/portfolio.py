"""All customers together: the use of the credit budget, and on whom it is concentrated."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from services.exposure.api.answers import Decimal
from services.exposure.api.asking import Reader, Wired
from services.exposure.api.groups import Everybody
from services.exposure.core import listing as core
from services.exposure.core.portfolio import CNY, Largest, advanced, standing
from services.exposure.core.spreading import INDUSTRY, PRODUCT, SALESPERSON
from services.exposure.core.telling import payable
from shared.edge.http.approving import Answer

router = APIRouter(prefix="/v1", tags=["portfolio"])
MOST = 20


class Marks(Answer):
    """The shares from which on something is watched, and is too much."""

    watch: Decimal
    breach: Decimal


class Budget(Answer):
    """How much of the credit budget all customers use."""

    budget: Decimal | None = Field(description="of series own_budget and own_net_assets; null: nothing was published")
    share: Decimal | None
    mark: str | None = Field(description="watch or breach; null: below both")
    marks: Marks


class Advances(Answer):
    """How much of the cap of all advance funding is granted (LT-15)."""

    granted: Decimal
    cap: Decimal
    share: Decimal | None = Field(description="null: a rate is missing")
    watch: Decimal = Field(description="the share from which on its use is told")
    missing: list[str]


class Part(Answer):
    """One customer, group, region, industry, product group or salesperson."""

    name: str
    used: Decimal
    share: Decimal
    mark: str | None


class Portfolio(Answer):
    """All customers together. Amounts in CNY, at the rates of the day."""

    as_of: date
    currency: str
    customers: int = Field(description="those that owe anything")
    used: Decimal = Field(description="what all owe, and what is reserved for them")
    missing: list[str] = Field(description="currencies without a rate, which count as nothing; ? of unknown figures")
    budget: Budget
    largest: list[Part]
    largest_marks: Marks
    top_share: Decimal = Field(description="of the largest together")
    top_mark: str | None
    hhi: Decimal = Field(description="sum of the squares of all shares")
    hhi_mark: str | None
    groups: list[Part]
    group_marks: Marks
    regions: list[Part]
    advances: Advances | None
    industries: list[Part]
    product_groups: list[Part]
    salespeople: list[Part]


@router.get("/portfolio", summary="All customers together", dependencies=[Everybody])
async def portfolio(who: Reader, wired: Wired) -> Portfolio:
    """Return what all customers owe now against the credit budget, and who has how large a share of it."""
    everybody = await wired.totals(wired.database())
    found, rules = standing(everybody, MOST), everybody.rules
    use = found.use
    told = {
        "as_of": date.fromordinal(everybody.day),
        "currency": CNY,
        "customers": found.customers,
        "used": str(payable(use.used, CNY)),
        "missing": list(use.missing),
        "budget": {
            "budget": str(payable(use.budget, CNY)) if use.budget is not None else None,
            "share": None if use.share is None else format(use.share, "f"),
            "mark": found.budget_mark,
            "marks": _marks(rules.budget),
        },
        "largest": _parts(found.largest),
        "largest_marks": _marks(rules.customer),
        "top_share": format(found.top_share, "f"),
        "top_mark": "watch" if found.top_share > rules.top_share else None,
        "hhi": format(found.hhi, "f"),
        "hhi_mark": found.hhi_mark,
        "groups": _parts(found.groups),
        "group_marks": _marks(rules.group),
        "regions": _parts(found.regions),
        "advances": _advances(everybody),
        "industries": _parts(found.spread[INDUSTRY]),
        "product_groups": _parts(found.spread[PRODUCT]),
        "salespeople": _parts(found.spread[SALESPERSON]),
    }
    return Portfolio.model_validate(told)


def _advances(everybody: core.Everybody) -> dict[str, Any] | None:
    rules = everybody.advance_rules
    if rules is None:
        return None
    use = advanced(everybody)
    return {
        "granted": str(payable(use.used, CNY)),
        "cap": str(payable(rules.total, CNY)),
        "share": None if use.share is None else format(use.share, "f"),
        "watch": str(rules.total_watch),
        "missing": list(use.missing),
    }


def _marks(marks: Any) -> dict[str, str]:
    return {"watch": str(marks.watch), "breach": str(marks.breach)}


def _parts(parts: Iterable[Largest]) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "used": str(payable(one.used, CNY)), "share": format(one.share, "f"), "mark": one.mark}
        for one in parts
    ]
