"""By what credit is granted: credit policies of segments, credit terms, and a limit before it is asked for."""

from __future__ import annotations

import decimal
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from services.exposure.api import telling
from services.exposure.api.answers import Decimal, Line, Term, Words
from services.exposure.api.asking import Reader, Viewed, Wired, money
from services.exposure.core.figures import Figures
from services.exposure.core.granting_rules import CreditPolicy
from services.exposure.core.proposing import Instead, Proposal, proposal
from services.exposure.core.telling import payable
from services.exposure.core.term import term_of, weighed
from shared.core.ledger.documents import units
from shared.core.money import plain
from shared.edge.http import query
from shared.edge.http.approving import Answer

router = APIRouter(prefix="/v1", tags=["granting"])
Amount = Annotated[
    str, Query(min_length=1, max_length=32, description="in the currency of the account, a decimal string")
]


class Standards(Answer):
    """Who is given credit."""

    stance: str
    grades: list[str]


class Period(Answer):
    """How long an invoice may stay open."""

    days: int
    pays_on: str = Field(description="due_date, or month_end: the last day of the month in which it falls due")


class Discount(Answer):
    """What is taken off an invoice that is paid early."""

    share: Decimal
    days: int
    a_year: Decimal | None = Field(description="what forgoing it costs a year; null: none is offered")


class Collecting(Answer):
    """How a debt is called in: days before and after its due date."""

    remind_before: int
    letters: list[int]
    hand_over: int


class Policy(Answer):
    """The four parts of the credit policy of one segment."""

    segment: str
    version: str
    effective: date
    is_in_force: bool
    sha256: str
    standards: Standards
    period: Period
    cash_discount: Discount
    collection: Collecting
    reference: str


class Policies(Answer):
    """The credit policies."""

    on: date
    policies: list[Policy]


class Pays(Answer):
    """A longer term that was negotiated."""

    term: Term
    pays: bool | None = Field(description="null: it cannot be said, and `missing` says what is missing")
    formula: list[Line]
    missing: str | None


class Other(Answer):
    """What gives the same room without a higher own limit."""

    name: str = Field(description="insured, guaranteed, prepaid, priced")
    amount: Decimal | None = Field(description="insured, guaranteed, or paid before each order of that size")
    share: Decimal | None = Field(description="covered; uplift; of the order paid before; of the price that is added")
    effective: Decimal = Field(description="the effective limit then")


class Paper(Answer):
    """A paper that must be on file."""

    paper: str
    en: str
    zh: str


class Proposed(Answer):
    """A limit before it is asked for."""

    currency: str
    amount: Decimal
    own: Decimal = Field(description="the own limit now")
    effective: Decimal = Field(description="the effective limit with what is wanted")
    policy_limit: Decimal | None = Field(description="what the rules would give")
    formula: list[Line]
    missing: str | None
    fits_need: bool | None = Field(description="within what the customer buys; null: it cannot be said")
    fits_ability: bool | None = Field(
        description="within its net assets and its ability to pay; null: it cannot be said"
    )
    why_not: Words | None = Field(description="what forbids it")
    papers: list[Paper]
    approvers: list[str]
    term: Term
    instead: list[Other]


@router.get("/credit-policies", summary="The credit policies of the segments")
async def credit_policies(
    who: Reader,
    wired: Wired,
    segment: query.Text | None = None,
    on: Annotated[query.Day | None, Query(description="in force when; default: today")] = None,
) -> Policies:
    """Return every version of every segment, or of one; those that hold on a day say so."""
    assert who.may("exposures:read")
    day = on or await wired.lists.today(wired.database())
    rules = wired.policies
    found = [one for one in rules.policies if segment in (None, one.segment)]
    told = [policy(one, in_force=rules.policy(one.segment, day.toordinal()) is one) for one in found]
    return Policies.model_validate({"on": day, "policies": told})


def policy(one: CreditPolicy, *, in_force: bool) -> dict[str, Any]:
    """A credit policy as it is told."""
    offered, a_year = one.cash_discount, one.discount_a_year
    return {
        "segment": one.segment,
        "version": one.version,
        "effective": one.effective,
        "is_in_force": in_force,
        "sha256": one.sha256,
        "standards": {"stance": one.stance, "grades": list(one.grades)},
        "period": {"days": one.period_days, "pays_on": one.pays_on},
        "cash_discount": {
            "share": str(offered.share),
            "days": offered.days,
            "a_year": None if a_year is None else format(a_year, "f"),
        },
        "collection": {
            "remind_before": one.collection.remind_before,
            "letters": list(one.collection.letters),
            "hand_over": one.collection.hand_over,
        },
        "reference": one.reference,
    }


@router.get("/exposures/{customer_id}/term", summary="The credit term of a customer, and whether a longer one pays")
async def term(
    found: Viewed,
    days: Annotated[int | None, Query(ge=1, le=720, description="the term that was negotiated")] = None,
    sales: Annotated[str, Query(min_length=1, max_length=32, description="extra sales a year that it brings")] = "0",
    margin: Annotated[
        str, Query(pattern=r"^(0(\.\d{1,6})?|1(\.0{1,6})?)$", description="what is earned of them; 1 = 100 %")
    ] = "0",
) -> Pays:
    """Return the term as it is calculated; with *days*, what a longer one costs and brings a year."""
    figures = Figures(found)
    calculated = telling.term(term_of(figures))
    if days is None:
        return Pays.model_validate({"term": calculated, "pays": None, "formula": [], "missing": None})
    more = units(money(sales, figures.currency, pointer="/sales"))
    one = weighed(figures, days, more, decimal.Decimal(margin))
    told = telling.weighed(one)
    body = {"term": calculated, "pays": one.pays, "formula": told["formula"], "missing": told["missing"]}
    return Pays.model_validate(body)


@router.get("/limits/{customer_id}/proposal", summary="A limit before it is asked for")
async def propose(found: Viewed, amount: Amount, kind: Literal["policy", "management"] = "management") -> Proposed:
    """Return what the rules would give, whether the amount fits need and ability, its papers and approvers.

    And what would do instead: insured, guaranteed, paid before, or at a price that pays for the risk.
    """
    figures = Figures(found)
    return Proposed.model_validate(proposed(proposal(found, kind, money(amount, figures.currency)), found))


def proposed(one: Proposal, found: Any) -> dict[str, Any]:
    """A proposal as it is told."""
    papers = found.rules.granting.papers
    code = one.currency
    return {
        "currency": code,
        "amount": str(payable(one.amount, code)),
        "own": str(payable(one.own, code)),
        "effective": str(payable(one.effective, code)),
        "policy_limit": None if one.formula.amount is None else str(payable(one.formula.amount, code)),
        "formula": [{"what": what, "amount": said} for what, said in one.formula.lines],
        "missing": one.formula.missing or None,
        "fits_need": one.fits_need,
        "fits_ability": one.fits_ability,
        "why_not": telling.words(one.why_not) if one.why_not else None,
        "papers": [{"paper": name, "en": papers[name][0], "zh": papers[name][1]} for name in one.papers],
        "approvers": list(one.approvers),
        "term": telling.term(one.term),
        "instead": [_other(other, code) for other in one.instead],
    }


def _other(one: Instead, code: str) -> dict[str, Any]:
    return {
        "name": one.name,
        "amount": None if one.amount is None else str(payable(one.amount, code)),
        "share": None if one.share is None else format(plain(one.share), "f"),
        "effective": str(payable(one.effective, code)),
    }
