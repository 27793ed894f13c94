"""All customers together: the use of the budget, concentration, and rates that are missing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from services.exposure.core.figures import Moment
from services.exposure.core.group import Spent
from services.exposure.core.listing import Everybody, Part, Summed
from services.exposure.core.portfolio import mark, standing
from services.exposure.core.portfolio_rules import Share
from tests.support.covers import covers
from tests.support.credit_desk import OPENED, RULES, CreditDesk
from tests.support.customer import Customer, day
from tests.support.histories import Story

K = 10_000


def published(book: Customer, series: str, **values: str) -> None:
    """Tell something of ourselves."""
    told = Story(0, "~reference").tell(
        "reference.published", day(OPENED), series=series, as_of="2026-03-01", values=values
    )
    book.context.refer(told)


class Desk(CreditDesk):
    """A customer of grade A with a limit of 100,000, among others who owe *others*."""

    others: tuple[Spent, ...] | None = None

    def moment(self) -> Moment:
        return super().moment()._replace(everybody=self.others)


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.customer.registered("2024-01-02")
    made.hears()
    made.graded("A")
    made.granted("100000")
    made.others = (Spent("CNY", 800_000 * K, 40_000 * K),)
    return made


def seen(answer: Any, name: str) -> tuple[str | None, str | None, str, str | None]:
    (step,) = [one for one in answer.judged.steps if one.name == name]
    return step.value, step.threshold, step.verdict, step.reason


@covers("LT-02")
@pytest.mark.parametrize(
    ("amount", "value", "verdict", "reason"),
    [
        ("9999.99", "0.84999999", "pass", None),
        ("10000.00", "0.85", "warn", "BUDGET_NEARLY_USED"),
        ("20000.00", "0.86", "warn", "BUDGET_NEARLY_USED"),
    ],
)
def test_an_order_says_how_much_of_the_budget_all_would_use_with_it(
    desk: Desk, amount: str, value: str, verdict: str, reason: str | None
) -> None:
    published(desk.customer, "own_budget", total="1000000")
    answer = desk.asks("SO-1", amount)
    assert seen(answer, "budget") == (value, "0.85", verdict, reason)
    assert answer.judged.decision == "approved", "it warns, and binds nobody"


@covers("LT-02")
def test_nearly_all_of_the_budget_is_said_as_such_and_a_missing_rate_never_counts_as_one(desk: Desk) -> None:
    assert seen(desk.asks("SO-0", "1.00", "query"), "budget")[2:] == ("pass", None), "nothing was published of a budget"
    published(desk.customer, "own_budget", total="880000")
    assert seen(desk.asks("SO-1", "1000.00"), "budget") == ("0.955681818", "0.95", "warn", "BUDGET_USED")
    desk.others = (Spent("CNY", K, 0), Spent("EUR", K, 0))
    assert seen(desk.asks("SO-2", "1000.00"), "budget") == (None, "0.85", "warn", "TOTAL_NOT_KNOWN")
    assert seen(desk.asks("SO-2", "1000.00"), "concentration") == (None, "0.1", "warn", "TOTAL_NOT_KNOWN")


@covers("LT-45")
def test_the_share_of_one_customer_is_watched_from_a_tenth_on(desk: Desk) -> None:
    desk.others = (Spent("CNY", 160_000 * K, 0),)
    assert seen(desk.asks("SO-1", "10000.00"), "concentration")[2:] == ("pass", None)
    desk.others = (Spent("CNY", 170_000 * K, 0),)
    assert seen(desk.asks("SO-2", "8888.88"), "concentration")[:3] == ("0.105590017", "0.1", "warn")
    desk.others = (Spent("CNY", 110_000 * K, 0),)
    answer = desk.asks("SO-3", "10000.00")
    assert seen(answer, "concentration")[1:] == ("0.15", "warn", "TOO_CONCENTRATED")
    desk.others = None
    assert seen(desk.asks("SO-4", "10000.00", "query"), "concentration") == (None, None, "pass", None)


@covers("LT-45")
def test_the_largest_and_the_sum_of_squares_are_told_in_one_currency() -> None:
    book = Customer()
    book.rates(OPENED, CNY="1", USD="7")
    published(book, "own_budget", total="200")
    sums = (
        Summed("CNY", 70 * K, True, 3, Decimal(50 * 50 + 10 * 10 + 10 * 10)),
        Summed("USD", 10 * K, True, 1, Decimal(10 * 10)),
        Summed("EUR", 5 * K, True, 1, Decimal(25)),
    )
    customers = (Part("B", "CNY", 50 * K), Part("C", "CNY", 10 * K), Part("D", "CNY", 10 * K), Part("A", "USD", 10 * K))
    found = standing(
        Everybody(OPENED.toordinal(), RULES.portfolio, book.context, sums, customers, (Part("g:x", "USD", 5 * K),), ()),
        20,
    )
    assert (found.use.used, found.use.missing, found.use.share, found.customers) == (140 * K, ("EUR",), None, 5)
    assert [(one.name, str(one.share), one.mark) for one in found.largest] == [
        ("A", "0.5", "breach"), ("B", "0.357142857", "breach"), ("C", "0.071428571", None), ("D", "0.071428571", None)
    ]  # fmt: skip
    assert str(found.hhi) == str((Decimal(7600) / Decimal(19600)).quantize(Decimal("1e-9"), "ROUND_DOWN"))
    assert [(one.name, one.mark) for one in found.groups] == [("g:x", "breach")]
    nobody = standing(Everybody(OPENED.toordinal(), RULES.portfolio, book.context, (), (), (), ()), 20)
    assert (nobody.hhi, nobody.top_share, nobody.use.share) == (0, 0, 0)


@covers("LT-41")
def test_industries_products_and_salespeople_have_marks_of_their_own() -> None:
    book = Customer()
    sums = (Summed("CNY", 100 * K, True, 2, Decimal(5000)),)
    spread = {
        "industry": (Part("food", "CNY", 30 * K), Part("pharma", "CNY", 29 * K)),
        "product_group": (Part("valves", "CNY", 39 * K), Part("pumps", "CNY", 40 * K)),
        "salesperson": (Part("wang", "CNY", 15 * K),),
    }
    found = standing(Everybody(OPENED.toordinal(), RULES.portfolio, book.context, sums, (), (), (), spread=spread), 20)
    assert {name: [(one.name, one.mark) for one in parts] for name, parts in found.spread.items()} == {
        "industry": [("food", "watch"), ("pharma", None)],
        "product_group": [("pumps", "watch"), ("valves", None)],
        "salesperson": [("wang", "watch")],
    }


@covers("LT-41")
def test_what_a_customer_owes_is_spread_over_its_industry_and_where_its_documents_belong() -> None:
    desk = CreditDesk()
    desk.customer.registered("2024-01-02", industry="food")
    where = {"product_group": "valves", "salesperson": "wang"}
    desk.customer.invoice("I1", "1000.00", "2026-02-01", due="2026-06-01", **where)
    desk.customer.invoice("I2", "500.00", "2026-02-01", due="2026-06-01", product_group="pumps")
    desk.hears()
    desk.graded("A")
    desk.granted("100000")
    desk.asks("SO-1", "200.00", place={"product_group": "pumps"})
    assert [(*one[:2], one.used // K) for one in desk.row.spread] == [
        ("industry", "food", 1700), ("product_group", "pumps", 700), ("product_group", "valves", 1000),
        ("salesperson", "wang", 1000),
    ]  # fmt: skip
    desk.customer.pays("P1", "1000.00", "2026-03-02", for_={"I1": "1000.00"})
    desk.hears()
    assert [one[:2] for one in desk.row.spread] == [("industry", "food"), ("product_group", "pumps")]


def test_a_mark_holds_from_its_share_on() -> None:
    marks = Share(Decimal("0.10"), Decimal("0.15"))
    told = {text: mark(Decimal(text), marks) for text in ("0.099999999", "0.1", "0.149999999", "0.15")}
    assert told == {"0.099999999": None, "0.1": "watch", "0.149999999": "watch", "0.15": "breach"}
    assert mark(None, marks) is None
