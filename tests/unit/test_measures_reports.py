"""Worked examples of the families that read statements, expert panels, reported series, collateral, votes and value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.customer import Customer, Day, day
from tests.support.histories import Story

D = Decimal


@pytest.fixture
def book() -> Customer:
    return Customer()


# --- statements


def filed(book: Customer, id: str, end: Day, lines: dict[str, str], period: int = 12, **more: Any) -> None:
    book.tell("financials.reported", day(end), statement_id=id, period_end=day(end), months=period, currency="CNY",
              lines=lines, **more)  # fmt: skip


LINES = {"total_assets": "1000.00", "total_liabilities": "600.00", "current_assets": "500.00", "inventories": "200.00",
         "current_liabilities": "250.00", "revenue": "1200.00", "cost_of_sales": "730.00", "net_profit": "40.00",
         "trade_receivables": "240.00", "operating_cash_flow": "50.00", "profit_before_tax": "60.00",
         "interest_expense": "20.00"}  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("statement_alr", "0.6"), ("statement_current", "2"), ("statement_quick", "1.2"), ("statement_ocf", "0.2"),
        ("statement_icov", "4"), ("statement_npm", "0.033333333"), ("statement_roe", "0.1"), ("statement_ard", "73"),
        ("statement_ivd", "100"), ("statement_gro", "0.2"), ("statement_debt_to_revenue", "0.5"),
        ("statement_equity_ratio", "0.4"), ("net_assets", "400"), ("yearly_revenue", "1200"), ("profit_years", "2"),
        ("statement_years", "2"), ("statement_age_months", "3"),
    ],
)  # fmt: skip
def test_every_ratio_by_its_accounting_formula(book: Customer, measure: str, value: str) -> None:
    filed(book, "OLD", "2023-12-31", {"revenue": "1000.00", "net_profit": "1.00"})
    filed(book, "NEW", "2024-12-31", LINES)

    assert book.at("2025-03-31")[measure] == D(value)


def test_half_a_year_is_brought_to_a_year_and_compared_with_the_same_half(book: Customer) -> None:
    filed(book, "OLD", "2024-06-30", {"revenue": "400.00"}, 6)
    filed(book, "YEAR", "2024-12-31", {"revenue": "900.00"})
    filed(book, "NEW", "2025-06-30", LINES | {"revenue": "600.00"}, 6)
    seen = book.at("2025-07-31")

    assert (seen["yearly_revenue"], seen["statement_ard"], seen["statement_gro"]) == (1200, 73, D("0.5"))
    assert (seen["statement_roe"], seen["statement_npm"]) == (D("0.2"), D("0.066666667"))


@pytest.mark.parametrize(
    ("changed", "measure", "value"),
    [
        ({"interest_expense": "0.00"}, "statement_icov", D(100)),
        ({"interest_expense": "0.00", "profit_before_tax": "-5.00"}, "statement_icov", D(0)),
        ({"ebit": "10.00"}, "statement_icov", D("0.5")),
        ({"total_liabilities": "1001.00"}, "statement_roe", D(-1)),
        ({"total_liabilities": "1001.00"}, "negative_equity", True),
        ({}, "negative_equity", False),
        ({"current_liabilities": "0.00"}, "statement_quick", None),
    ],
)
def test_what_cannot_be_divided(book: Customer, changed: dict[str, str], measure: str, value: object) -> None:
    filed(book, "F", "2024-12-31", LINES | changed)

    assert book.at("2025-03-31")[measure] == value
    assert book.at("2026-07-01")[measure] is None  # 18 months after its period it is no longer usable


def test_statements_in_another_currency_need_its_rate(book: Customer) -> None:
    book.registered("2024-01-01", currency="CNY")
    filed(book, "F", "2024-12-31", LINES)
    book.events[-1:] = []
    book.tell("financials.reported", day("2024-12-31"), statement_id="F", period_end=day("2024-12-31"), months=12,
              currency="USD", lines=LINES)  # fmt: skip

    assert (book.at("2025-03-31")["net_assets"], book.at("2025-03-31")["statement_alr"]) == (None, D("0.6"))
    book.rates("2025-01-01", CNY="1", USD="7")
    assert book.at("2025-03-31")["net_assets"] == 2800


# --- experts


def scored(book: Customer, on: Day, round_: int, **scores: str) -> None:
    for expert, points in scores.items():
        book.tell("assessment.recorded", day(on), assessment_id=f"{expert}{round_}{on}", method="rm-23",
                  assessed_on=day(on), round=round_, assessor=expert, scores={"outlook": points, "record": "3"})  # fmt: skip


def test_a_panel_converges_in_its_second_round(book: Customer) -> None:
    scored(book, "2025-04-01", 1, a="1", b="3", c="4", d="5", e="5")
    scored(book, "2025-04-10", 2, a="3", b="3.5", c="4", d="4", e="4.5")

    def seen(on: str) -> list[Any]:
        names = ("median", "spread", "shift", "rounds", "experts", "converged")
        return [book.at(on).read(f"delphi_{name}", question="outlook") for name in names]

    assert seen("2025-04-09") == [4, 2, None, 1, 5, False]
    assert seen("2025-04-10") == [4, D("0.5"), 0, 2, 5, True]
    assert seen("2025-10-11") == [None, None, None, 0, 0, None]
    assert book.at("2025-04-10")["delphi_median"] == D("3.5")
    assert book.at("2025-04-10").read("delphi_rounds", method="other") == 0


def test_a_new_panel_begins_where_an_expert_starts_again_and_the_last_score_of_a_round_counts(book: Customer) -> None:
    scored(book, "2025-04-01", 1, a="1", b="1")
    scored(book, "2025-04-02", 2, a="1", b="1")
    scored(book, "2025-06-01", 1, a="4")
    scored(book, "2025-06-02", 1, b="2")
    scored(book, "2025-06-03", 1, b="5")
    seen = book.at("2025-06-30")

    assert seen.read("delphi_median", question="outlook") == D("4.5")
    assert (seen["delphi_rounds"], seen["delphi_experts"], seen["delphi_converged"]) == (1, 2, False)


def test_a_single_assessor_counts_for_a_year(book: Customer) -> None:
    scored(book, "2025-04-01", 1, a="2")
    scored(book, "2025-05-01", 1, a="4")

    assert book.at("2025-05-01").read("expert_score", question="outlook") == 4
    assert book.at("2025-04-30")["expert_score"] == D("2.5")
    assert book.at("2026-05-01").read("expert_score", question="outlook") == 4
    assert book.at("2026-05-02")["expert_score"] is None
    assert book.at("2025-05-01").read("expert_score", question="unasked") is None


# --- reports: series, cover, votes, value


def test_a_meter_that_runs_low(book: Customer) -> None:
    values = ["100", "104", "98", "102", "96", "101", "99", "103", "97", "100", "101", "99", "60", "55"]
    for month, value in enumerate(values):
        year, place = divmod(month + 2, 12)
        book.reports("consumption", value, day("2024-01-28").replace(year=2024 + year, month=place + 1))
    seen = book.at("2025-05-01")

    assert (seen["series_last"], seen["series_low_periods_24m"]) == (55, 2)
    assert seen["series_change"] == (D(55) / 104 - 1).quantize(D("1e-9"))
    assert seen["series_z_24m"] == (D("-44.5") / (D("2") * D("1.4826"))).quantize(D("1e-9"))
    assert seen["series_mean_3m"] == D("71.333333333")
    assert seen["series_sum_3m"] == 214
    assert book.at("2025-01-31")["series_z_24m"] is None
    assert seen.read("series_last", series="power") is None


def test_collateral_counts_after_the_published_haircut(book: Customer) -> None:
    book.invoice("I", "1000.00", "2025-03-03", due="2025-06-30")
    book.reports("pledged_deposits", "200", "2025-03-31")
    book.reports("mortgaged_real_estate", "1000", "2025-03-31")

    assert book.at("2025-04-01")["collateral_cover"] is None
    fact = Story(0, "~reference").tell("reference.published", day("2025-04-01"), series="collateral_share",
                                       as_of=day("2025-04-01"),
                                       values={"pledged_deposits": "1", "mortgaged_real_estate": "0.7"})  # fmt: skip
    book.context.refer(fact)
    seen = book.at("2025-04-01")

    assert (seen["collateral_value"], seen["collateral_cover"]) == (900, D("0.9"))
    assert seen.read("collateral_value", valid_months=1) == 900
    assert book.at("2026-04-02")["collateral_value"] == 0
    assert book.at("2025-05-02").read("collateral_value", valid_months=1) == 0


def test_votes_of_the_example_are_90_per_cent_basically_satisfied(book: Customer) -> None:
    votes = {
        "very_satisfied": 40,
        "satisfied": 30,
        "basically_satisfied": 20,
        "dissatisfied": 5,
        "very_dissatisfied": 5,
    }
    for level, count in votes.items():
        book.reports(f"votes_{level}", str(count), "2025-04-01")
    seen = book.at("2025-05-01")

    assert seen["basic_satisfaction_rate"] == D("0.9")
    assert seen["satisfaction"] == D("77.5")
    assert seen.read("satisfaction", weights="1/1/0/0/0") == D("0.7")
    assert book.at("2026-04-02")["satisfaction"] is None


@pytest.mark.parametrize(
    ("value", "loyalty", "cell"),
    [("70", "60", "keep"), ("70", "59.9", "win_back"), ("45", "60", "grow"), ("69.9", "0", "develop"),
     ("44.9", "100", "serve_cheaply"), ("0", "0", "let_go")],
)  # fmt: skip
def test_the_six_cells_of_value_and_loyalty(book: Customer, value: str, loyalty: str, cell: str) -> None:
    for part in ("margin", "sales", "growth", "size", "wallet", "groups", "payment", "service"):
        book.reports(f"value_{part}", value, "2025-04-01")
    for part in ("relation", "orders", "wallet", "satisfaction"):
        book.reports(f"loyalty_{part}", loyalty, "2025-04-01")

    assert book.at("2025-05-01")["value_cell"] == cell


def test_an_index_shares_the_weight_of_what_is_not_known_down_to_half(book: Customer) -> None:
    book.reports("value_margin", "80", "2025-04-01")
    book.reports("value_sales", "40", "2025-04-01")
    assert book.at("2025-05-01")["value_index"] is None
    book.reports("value_size", "50", "2025-04-01")

    assert book.at("2025-05-01")["value_index"] == D(80 * 25 + 40 * 15 + 50 * 10) / 50
    assert book.at("2025-05-01").read("value_index", weights="1/3/0/0/0/0/0/0") == 50
    assert book.at("2025-05-01")["value_cell"] is None
