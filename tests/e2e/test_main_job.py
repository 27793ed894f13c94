"""One invoice in, one grade change out: the main job over HTTP and Kafka, as an ERP and a downstream system see it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support import told
from tests.support.covers import covers
from tests.support.downstream import Subscriber, subscribed
from tests.support.instance import RunningInstance

covers("MN-01", "MN-02", "MN-05", "MN-12", "MN-34", "DP-01", "DP-03", "DP-23")

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

GRADE = "credit.grade.changed.v1"
CORRECTED = "credit.decision.corrected.v1"
RAISED, CLEARED, WITHDRAWN = (f"credit.warning.{what}.v1" for what in ("raised", "cleared", "withdrawn"))
BIG = "50000.00"


@pytest.fixture
def subscriber(instance: RunningInstance) -> Iterator[Subscriber]:
    with subscribed(instance.kafka) as one:
        yield one


class Customer:
    """One customer of one test: posts facts about it and hears what is decided."""

    def __init__(self, name: str, instance: RunningInstance, subscriber: Subscriber) -> None:
        self.name, self._instance, self._subscriber = name, instance, subscriber
        self._facts, self._told, self._fences = 0, 0, 0

    def post(self, *facts: dict[str, Any], new: bool = True) -> list[dict[str, Any]]:
        """Post *facts* and return everything that was published because of them."""
        assert self._instance.post(facts) == (len(facts) if new else 0)
        self._facts += len(facts) if new else 0
        self._instance.until_applied({self.name: self._facts})
        return self.news()

    def news(self) -> list[dict[str, Any]]:
        """What was published about the customer since the last time, all of it.

        A partition is one line: what is published about a customer who comes later proves that nothing is under way. Two
        of them, because those that were decided in one transaction may leave in any order.
        """
        for _ in range(2):
            self._fences += 1
            fence = told.same_partition(self.name, f"{self.name}-fence-{self._fences}")
            self._instance.post(told.good_history(fence, self._instance.day()))
            assert self._subscriber.until(lambda fence=fence: bool(self._subscriber.about(fence, GRADE)))  # type: ignore[misc]
        heard = self._subscriber.about(self.name)
        fresh, self._told = heard[self._told :], len(heard)
        return fresh

    def where(self) -> dict[str, Any]:
        return self._instance.customer(self.name)


def of(type_: str, news: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event["data"] for event in news if event["type"] == type_]


def rules(type_: str, news: list[dict[str, Any]]) -> set[str]:
    return {data["rule"] for data in of(type_, news)}


def test_one_invoice_in_one_grade_change_out(instance: RunningInstance, subscriber: Subscriber) -> None:
    day = instance.day()
    customer = Customer("E2E-1", instance, subscriber)
    history = told.good_history("E2E-1", day)

    (first,) = of(GRADE, customer.post(*history))
    assert first | {"as_of": f"{day}", "cause": "fact", "direction": "first", "from": None, "to": "B"} == first
    assert (first["method"], first["purpose"], first["policy"]["id"]) == ("rm-32", "credit", "rm-32")
    assert len(first["policy"]["sha256"]) == 64
    assert first["measures"]["due_documents"] == "11"
    assert first["measures"]["overdue_ratio"] == "0"
    assert first["reasons"]

    late = told.invoice("E2E-1", "BAD", day - timedelta(days=75), BIG)
    news = customer.post(late)
    (down,) = of(GRADE, news)
    assert down | {"as_of": f"{day}", "direction": "down", "from": "B"} == down
    assert down["to"] in {"C", "D"}
    assert {"PAYS_LATE", "OVERDUE_HIGH"} <= set(down["reasons"])
    assert rules(RAISED, news) == {"AL-07", "MN-01", "MN-02", "MN-05"}
    assert not of(CORRECTED, news), "nothing of the past was ever decided otherwise"

    assert customer.post(late, *history, new=False) == [], "the same facts again change nothing"
    now = customer.where()
    assert (now["grade"], now["method"]) == (down["to"], "rm-32")
    assert now["measures"]["overdue_amount"] == BIG
    assert {warning["rule"] for warning in now["warnings"]} == {"AL-07", "MN-01", "MN-02", "MN-05"}


def test_late_knowledge_is_one_correction_and_withdraws_what_had_no_cause(
    instance: RunningInstance, subscriber: Subscriber
) -> None:
    day = instance.day()
    customer = Customer("E2E-2", instance, subscriber)
    booked = day - timedelta(days=75)
    customer.post(*told.good_history("E2E-2", day))
    news = customer.post(told.invoice("E2E-2", "BAD", booked, BIG))
    (down,) = [event for event in news if event["type"] == GRADE]
    warned = {data["warning_id"] for data in of(RAISED, news)}
    assert len(warned) == 4

    instance.open_day(day + timedelta(days=1))
    assert not [event for event in customer.news() if event["type"] != "credit.review.due.v1"], "a day alone is no news"

    paid = booked + timedelta(days=told.TERM_DAYS)
    news = customer.post(told.payment("E2E-2", "BAD", paid, BIG))
    assert_corrected(news, fact="E2E-2:pay-BAD", since=paid, decision=down["id"], was=down["data"]["to"], would_be="B")
    (up,) = of(GRADE, news)
    assert (up["direction"], up["from"], up["to"]) == ("up", down["data"]["to"], "B"), (
        "never punished for late knowledge"
    )
    assert {data["warning_id"] for data in of(WITHDRAWN, news)} == warned
    assert not of(CLEARED, news), "they were never true, so they are not cleared"
    assert customer.where()["warnings"] == []

    instance.open_day(day + timedelta(days=2))
    news = customer.post(told.reversal("E2E-2", "BAD", paid + timedelta(days=1)))
    (corrected,) = of(CORRECTED, news)
    assert corrected["fact"]["id"] == "E2E-2:reverse-BAD"
    assert {"as_of": f"{day + timedelta(days=1)}", "was": "B"}.items() <= corrected["decisions"][-1].items()
    (again,) = of(GRADE, news)
    assert (again["direction"], again["from"]) == ("down", "B")
    assert rules(RAISED, news) == {"AL-07", "MN-01", "MN-02", "MN-05"}


def assert_corrected(
    news: list[dict[str, Any]], *, fact: str, since: date, decision: str, was: str, would_be: str
) -> None:
    """Exactly one correction, caused by *fact*, naming exactly *decision*."""
    (corrected,) = of(CORRECTED, news)
    assert (corrected["fact"]["id"], corrected["fact"]["source"]) == (fact, told.SOURCE)
    assert corrected["from"] == f"{since}"
    (only,) = corrected["decisions"]
    assert (only["id"], only["was"], only["would_be"]) == (decision, was, would_be)


def test_the_grade_of_any_day_can_be_explained(instance: RunningInstance) -> None:
    day = instance.day()
    before = day - timedelta(days=60)
    facts = told.good_history("E2E-3", day)
    facts.append(told.invoice("E2E-3", "BAD", day - timedelta(days=75), BIG))
    assert instance.post(facts) == len(facts)
    instance.until_applied({"E2E-3": len(facts)})
    now = instance.get("/v1/customers/E2E-3/explanation")
    then = instance.get("/v1/customers/E2E-3/explanation", as_of=f"{before}")
    assert (now["policy"]["id"], then["policy"]) == ("rm-32", now["policy"])
    assert {line["characteristic"] for line in now["lines"]} >= {"days_beyond_terms", "overdue_ratio", "on_time_ratio"}
    assert (then["grade"], then["measures"]["overdue_ratio"]) == ("B", "0")
    assert now["grade"] in {"C", "D"}
    assert now["measures"]["overdue_ratio"] == "1"
    path = instance.get("/v1/customers/E2E-3/ratings")["ratings"]
    (on_that_day,) = [step for step in path if step["since"] <= f"{before}" <= (step["until"] or "9")]
    assert (on_that_day["grade"], path[-1]["grade"], path[-1]["until"]) == ("B", now["grade"], None)
