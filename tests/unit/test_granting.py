"""By what credit is granted: terms, credit policies, need and ability, papers, what does instead, sectors and segments."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from gradeline.commands import limits
from services.exposure.core.dossier import missing
from services.exposure.core.formulas import policy_limit
from services.exposure.core.granting_rules import EVERY
from services.exposure.core.proposing import Proposal, proposal
from services.exposure.core.requesting import LimitWanted, Why, why_not
from services.exposure.core.term import Weighed, term_of, weighed
from shared.core.ledger.documents import units
from tests.support.covers import covers
from tests.support.credit_desk import OPENED, RULES, CreditDesk, steps
from tests.support.customer import day
from tests.support.histories import Story

K = 10_000
"""Units of one yuan."""


def desk_of(grade: str = "B", limit: str = "100000", **profile: Any) -> CreditDesk:
    """A customer of *grade*, who bought for 10,000 in each of 24 months and paid."""
    made = CreditDesk()
    made.customer.registered("2024-01-02", **profile)
    made.customer.months("2024-01-05", 24)
    made.hears()
    made.graded(grade)
    if limit:
        made.granted(limit)
    return made


def states(desk: CreditDesk, **lines: str) -> None:
    """A statement of a year comes in."""
    desk.customer.tell("financials.reported", day("2026-02-20"), statement_id="S1", period_end="2025-12-31", months=12,
                       currency="CNY", lines=lines, basis="audited")  # fmt: skip
    desk.hears()


def publishes(desk: CreditDesk, series: str, **values: str) -> None:
    told = Story(0, "~reference").tell(
        "reference.published", day(OPENED), series=series, as_of="2026-03-01", values=values
    )
    desk.customer.context.refer(told)


def seen(answer: Any, name: str) -> tuple[str | None, str | None, str, str | None]:
    (step,) = [one for one in answer.judged.steps if one.name == name]
    return step.value, step.threshold, step.verdict, step.reason


def proposed(desk: CreditDesk, amount: str, kind: str = "management") -> Proposal:
    return proposal(desk.moment(), kind, Decimal(amount))


# --- terms


@covers("LT-08")
def test_a_term_is_the_least_of_grade_policy_and_the_cycle_in_which_the_customer_is_paid() -> None:
    desk = desk_of("A")
    assert (term_of(desk.figures).days, dict(term_of(desk.figures).lines)["by_policy"]) == (90, "90")
    states(desk, trade_receivables="100000", revenue="1000000", inventories="20000", cost_of_sales="365000")
    found = term_of(desk.figures)
    assert found.days == 56
    assert found.lines[-4:] == (
        ("receivable_days", "36"), ("inventory_days", "20"), ("by_cycle", "56"), ("term_days", "56")
    )  # fmt: skip
    assert desk.asks("SO-1", "1.00", "query").term == found, "it is answered with the check"
    desk.graded("D")
    assert term_of(desk.figures).days == 0
    assert term_of(desk_of("A", segment="retail").figures).days == 30, "what the policy of its segment allows"


@covers("LT-08")
def test_without_a_grade_no_term_is_made_up() -> None:
    desk = CreditDesk()
    desk.customer.registered("2024-01-02")
    desk.hears()
    assert (term_of(desk.figures).days, term_of(desk.figures).missing) == (None, "grade")


@covers("LT-08")
def test_a_longer_term_pays_where_the_extra_margin_is_more_than_capital_loss_and_handling() -> None:
    desk = desk_of("B")
    assert weighed(desk.figures, 90, 0, Decimal(0)).missing == "series lpr, one_year", "never a guessed rate"
    publishes(desk, "lpr", one_year="0.03")
    bought = units(Decimal(dict(weighed(desk.figures, 90, 0, Decimal(0)).lines)["purchases_a_year"]))
    sales = 73_000 * K
    extra = (bought + sales) * 90 // 365 - bought * 60 // 365
    cost = extra * Decimal("0.05") + extra * Decimal("0.018") + sales * Decimal("0.005")
    even = (cost / sales).quantize(Decimal("1e-6"))

    def at(margin: Decimal) -> Weighed:
        return weighed(desk.figures, 90, sales, margin)

    assert at(even + Decimal("0.0001")).pays is True
    assert at(even - Decimal("0.0001")).pays is False
    assert dict(at(even).lines)["capital_a_year"] == "0.05"
    assert weighed(desk.figures, 90, 0, Decimal(1)).pays is False, "longer for nothing"


# --- the credit policy


@covers("LT-13")
def test_each_segment_has_one_policy_of_four_parts_on_each_day_and_a_new_version_leaves_the_old_one_to_be_read() -> (
    None
):
    rules = RULES.granting
    own, every = rules.policy("dealer", OPENED.toordinal()), rules.policy("project", OPENED.toordinal())
    assert own is not None
    assert every is not None
    assert (own.segment, every.segment) == ("dealer", EVERY)
    assert (own.period_days, own.cash_discount.days, own.collection.letters) == (60, 10, (1, 10, 20))
    assert own.discount_a_year == Decimal("0.073737374"), "0.01 ÷ 0.99 × 365 ÷ 50"
    newer = msgspec.structs.replace(own, version="2", effective=date(2026, 4, 1), period_days=45)
    later = msgspec.structs.replace(rules, policies=(*rules.policies, newer))
    assert later.policy("dealer", date(2026, 3, 31).toordinal()) == own
    assert later.policy("dealer", date(2026, 4, 1).toordinal()) == newer
    assert len({one.sha256 for one in rules.policies}) == len(rules.policies)


@covers("LT-13")
def test_an_order_of_a_grade_that_the_policy_gives_no_credit_is_said() -> None:
    assert seen(desk_of("C", segment="retail").asks("SO-1", "1.00", "query"), "standards") == (
        "C", "A B", "warn", "BELOW_STANDARD"
    )  # fmt: skip
    assert seen(desk_of("C").asks("SO-1", "1.00", "query"), "standards")[2] == "pass"


# --- need and ability, papers, what does instead


@covers("LT-07")
def test_a_limit_is_no_more_than_the_customer_needs_and_can_pay_and_shows_both() -> None:
    desk = desk_of("A")
    terms = RULES.limits.of("A")
    assert terms is not None

    def found() -> tuple[int | None, dict[str, str]]:
        one = policy_limit(desk.account, desk.today.toordinal(), RULES.limits, desk.customer.context, terms, "CNY")
        return one.amount, dict(one.lines)

    need = Decimal(found()[1]["by_need"])
    states(desk, revenue="365000", net_assets="99000000")
    amount, lines = found()
    assert Decimal(lines["by_ability"]) == 21_000, "365,000 a year in 105 days, a fifth of it"
    assert (amount, lines["ability_share"]) == (min(21_000, int(need)) * K, "0.2")
    within = proposed(desk, "20000")
    assert (within.fits_need, within.fits_ability) == (True, True)
    beyond = proposed(desk, f"{int(need) + 1}.00")
    assert (beyond.fits_need, beyond.fits_ability) == (False, False)


@covers("LT-05")
@pytest.mark.parametrize(
    ("kind", "amount", "papers"),
    [
        ("management", "200000", ()),
        ("management", "200000.01", ("application", "sales_opinion")),
        ("management", "1000000.01", ("application", "sales_opinion", "statement_analysis", "credit_report")),
        ("guaranteed", "200000.01", ("cover_document",)),
        ("policy", "9000000", ()),
    ],
)
def test_a_limit_needs_the_papers_of_its_kind_and_amount(kind: str, amount: str, papers: tuple[str, ...]) -> None:
    desk = desk_of(limit="")
    assert missing(desk.moment(), kind, amount, "CNY", {}) == papers
    wanted = LimitWanted(customer_id="C1", kind=kind, amount=amount, currency="CNY", reason="r", evidence="e", by="li")
    assert why_not(wanted, desk.moment()) == (Why.PAPERS if papers else None)
    named = {paper: f"DOC-{paper}" for paper in papers}
    assert why_not(msgspec.structs.replace(wanted, papers=named), desk.moment()) is None


@covers("LT-04")
def test_instead_of_a_higher_limit_it_is_said_what_cover_money_or_price_would_give() -> None:
    desk = desk_of("B")
    publishes(desk, "lpr", one_year="0.03")
    found = proposed(desk, "140000")
    assert (found.own, found.effective, found.approvers) == (100_000 * K, 140_000 * K, ("credit_supervisor",))
    instead = {one.name: (one.amount, one.share, one.effective) for one in found.instead}
    assert instead["insured"] == (444_444_500, Decimal("0.90"), 140_000 * K), "44,444.45 × 0.9, rounded up to cover it"
    assert instead["guaranteed"] == (50_000 * K, Decimal("0.8"), 140_000 * K)
    assert instead["prepaid"] == (40_000 * K, Decimal("0.2857"), 100_000 * K)
    assert instead["priced"] == (None, Decimal("0.011178"), 140_000 * K), "(0.05 + 0.03 × 0.6) × 60 ÷ 365"
    desk.granted("50000", "guaranteed", share="0.8")
    assert desk.figures.effective.amount == instead["guaranteed"][2], "granted, it gives what was said"
    assert proposed(desk, "90000").instead == (), "nothing has to stand in for less"
    assert proposed(desk, "200000").why_not == Why.TOO_FAR


@covers("LT-11", "LT-46")
def test_the_rate_of_credit_follows_the_grade_and_the_market() -> None:
    desk = desk_of("A")
    assert term_of(desk.figures).rate_a_year is None, "never a guessed rate"
    publishes(desk, "lpr", one_year="0.03")
    rates = {}
    for grade in ("A", "B", "C"):
        desk.graded(grade)
        rates[grade] = term_of(desk.figures).rate_a_year
    assert rates == {"A": Decimal("0.0548"), "B": Decimal("0.068"), "C": Decimal("0.11")}, "0.03 + 0.02 + chance × 0.6"
    publishes(desk, "lpr", one_year="0.04")
    assert term_of(desk.figures).rate_a_year == Decimal("0.12")


# --- sectors and segments


@covers("LT-35")
def test_an_industry_that_is_controlled_warns_and_one_that_is_reduced_uses_half_of_a_limit() -> None:
    assert seen(desk_of(industry="pharma").asks("SO-1", "1.00", "query"), "industry") == (
        "pharma", "support", "pass", None
    )  # fmt: skip
    controlled = desk_of(industry="building_materials").asks("SO-1", "1.00", "query")
    assert seen(controlled, "industry")[2:] == ("warn", "INDUSTRY_CONTROLLED")
    desk = desk_of(industry="textiles")
    checks = RULES.checks
    holding = tuple(
        msgspec.structs.replace(one, strengths={"order": "hold"}) if one.name == "industry" else one
        for one in checks.steps
    )
    desk.brain = type(desk.brain)(
        msgspec.structs.replace(RULES, checks=msgspec.structs.replace(checks, steps=holding)), desk.brain.setting
    )
    assert steps(desk.asks("SO-1", "30000.00", "query")) == {"industry": "warn"}, "no full ban"
    assert desk.asks("SO-1", "39000.00").judged.decision == "approved"
    assert seen(desk.asks("SO-2", "11000.01"), "industry") == ("50000.01", "50000", "hold", "INDUSTRY_REDUCED")
    publishes(desk, "industry_list", textiles="neutral")
    assert desk.asks("SO-2", "11000.01").judged.decision == "approved", "what was published goes before the list"


@covers("LT-34")
def test_nobody_of_a_segment_owes_more_than_its_ceiling_nor_is_granted_more() -> None:
    desk = desk_of(limit="9000000", segment="rural_retail")
    desk.customer.invoice("I1", "4999000.00", "2026-02-01", due="2026-06-01")
    desk.hears()
    assert seen(desk.asks("SO-1", "1000.00", "query"), "ceiling") == ("5000000", "5000000", "pass", None)
    assert seen(desk.asks("SO-1", "1000.01", "query"), "ceiling")[2:] == ("hold", "CEILING_EXCEEDED")
    assert seen(desk_of().asks("SO-1", "1.00", "query"), "ceiling") == (None, None, "pass", None)
    small = desk_of(limit="", segment="rural_retail")
    papers = dict.fromkeys(RULES.granting.papers, "DOC")
    wanted = LimitWanted(customer_id="C1", kind="management", amount="5000000.01", currency="CNY", reason="r",
                         evidence="e", by="li", papers=papers)  # fmt: skip
    assert why_not(wanted, small.moment()) is Why.CEILING
    assert why_not(msgspec.structs.replace(wanted, amount="5000000"), small.moment()) is None


@covers("LT-34")
@pytest.mark.parametrize(
    ("assets", "revenue", "reason"),
    [
        ("10000000", "99000000", None),
        ("99000000", "30000000", None),
        ("10000000.01", "30000000.01", "SEGMENT_TOO_LARGE"),
    ],
)
def test_who_is_larger_than_both_sizes_is_none_of_the_segment(assets: str, revenue: str, reason: str | None) -> None:
    desk = desk_of(segment="rural_retail")
    states(desk, total_assets=assets, revenue=revenue)
    assert seen(desk.asks("SO-1", "1.00", "query"), "ceiling")[3] == reason


# --- better and worse terms


@covers("LT-42", "LT-43")
def test_a_guarantee_takes_the_place_of_a_down_payment_and_a_deposit_is_security() -> None:
    desk = desk_of("C")
    assert seen(desk.asks("SO-1", "1000.00", "query"), "down_payment")[:3] == ("0", "300", "hold")
    desk.granted("500", "guaranteed", share="0.8")
    assert seen(desk.asks("SO-1", "1000.00", "query"), "down_payment")[:2] == ("0", "180"), "30 % of what is left of it"
    desk.granted("750", "guaranteed", share="0.8")
    assert seen(desk.asks("SO-1", "1000.00", "query"), "down_payment")[2] == "pass"
    bonded = desk_of("C")
    assert seen(bonded.asks("SO-1", "1000.00", "query"), "security")[:3] == ("0", "1000", "warn")
    bonded.customer.tell("deposit.received", bonded.today, deposit_id="D1", amount="1000.00", currency="CNY",
                         on=bonded.today, kind="performance")  # fmt: skip
    bonded.hears()
    assert seen(bonded.asks("SO-1", "1000.00", "query"), "security")[:3] == ("1000", "1000", "pass")


@covers("LT-44")
def test_the_better_the_grade_the_higher_the_limit_and_the_better_the_terms() -> None:
    found, days, down, decisions = [], [], [], []
    for grade in "ABCD":
        desk = desk_of(grade)
        terms = RULES.limits.of(grade)
        assert terms is not None
        today, context = desk.today.toordinal(), desk.customer.context
        found.append(policy_limit(desk.account, today, RULES.limits, context, terms, "CNY").amount or 0)
        days.append(term_of(desk.figures).days or 0)
        down.append(terms.down_payment)
        decisions.append(desk.asks("SO-1", "100.00", "query").judged.decision)
    assert found == sorted(found, reverse=True)
    assert found[0] > found[2] > found[3] == 0
    assert (days, down) == ([90, 60, 30, 0], sorted(down))
    assert decisions == ["approved", "approved", "held", "refused"], "the weak pay beforehand, or not at all on credit"


@covers("LT-13")
def test_the_command_lists_every_version_with_its_hash() -> None:
    app = typer.Typer()
    limits.register(app)
    told = CliRunner().invoke(app, ["limits", "policies", "--segment", "dealer", "--as-of", "2026-03-31", "--json"])
    assert told.exit_code == 0, told.output
    (policy,) = json.loads(told.output)["rows"]
    held = RULES.granting.policy("dealer", OPENED.toordinal())
    assert held is not None
    assert (policy["in_force"], policy["period"], policy["sha256"]) == (True, "60 due_date", held.sha256)
