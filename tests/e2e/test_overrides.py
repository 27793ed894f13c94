"""An override from the request to Kafka and past its last day, while facts about the same customers come in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest

from shared.edge.http import tokens
from tests.support import told
from tests.support.downstream import Subscriber, subscribed
from tests.support.instance import RunningInstance

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

GRADE, SET, EXPIRED = "credit.grade.changed.v1", "credit.override.set.v1", "credit.override.expired.v1"
GRANTED = "credit.approval.granted.v1"


@pytest.fixture
def subscriber(instance: RunningInstance) -> Iterator[Subscriber]:
    with subscribed(instance.kafka) as one:
        yield one


class Person:
    """Somebody who comes to the API with a token of their own."""

    def __init__(self, instance: RunningInstance, role: str, name: str) -> None:
        token = tokens.issue(data=instance.data, role=role, subject=name, ttl=timedelta(hours=1))
        self._url, self._headers = instance.url, {"authorization": f"Bearer {token}"}

    def posts(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        headers = {**self._headers, "Idempotency-Key": key}
        with httpx2.Client(base_url=self._url, headers=headers, timeout=60, trust_env=False) as http:
            for _ in range(20):
                answer = http.post(f"/v1/{path}", json=body)
                if (
                    answer.status_code != 503
                ):  # facts about the customer were quicker every time: the same act again is harmless
                    break
        assert answer.status_code in {200, 202}, answer.text
        found: dict[str, Any] = answer.json()
        return found


def overridden(asker: Person, checker: Person, customer: str, until: date, grade: str = "D") -> str:
    body = {"grade": grade, "expires_on": until.isoformat(), "reason": "a guarantor failed", "evidence": "DOC-7"}
    asked = asker.posts(f"customers/{customer}/overrides", body, "one")
    granted = checker.posts(
        f"approvals/{asked['approval_id']}/approve", {"payload_sha256": asked["payload_sha256"]}, "one"
    )
    assert granted["state"] == "granted"
    return str(asked["approval_id"])


def test_an_override_is_heard_once_holds_against_facts_and_ends_aloud(
    instance: RunningInstance, subscriber: Subscriber
) -> None:
    asker, checker = Person(instance, "risk_analyst", "li"), Person(instance, "risk_manager", "wang")
    name, day = "override-1", instance.day()
    history = told.good_history(name, day)
    instance.post(history)
    instance.until_applied({name: len(history)})
    before = instance.customer(name)
    until = day + timedelta(days=2)

    override_id = overridden(asker, checker, name, until)

    assert subscriber.until(lambda: bool(subscriber.about(name, SET)))
    assert subscriber.until(lambda: len(subscriber.about(name, GRADE)) == 2)
    change = subscriber.about(name, GRADE)[-1]["data"]
    assert (change["cause"], change["to"], change["underlying"]) == ("override", "D", before["grade"])
    now = instance.customer(name)
    assert (now["grade"], now["ratings"][0]["underlying"], now["ratings"][0]["override_id"]) == (
        "D",
        before["grade"],
        override_id,
    )
    assert instance.customer(name, as_of=str(day - timedelta(days=1)))["grade"] == before["grade"]
    why = instance.get(f"/v1/customers/{name}/explanation")
    assert (why["overrides"][0]["by"], why["overrides"][0]["reason"]) == ("li", "a guarantor failed")

    more = told.invoice(name, "X-1", day, "10.00")
    instance.post([more])  # the worker holds the customer as it was before the override
    instance.until_applied({name: len(history) + 1})
    assert instance.customer(name)["grade"] == "D"

    instance.open_day(until)
    assert not subscriber.about(name, EXPIRED)
    instance.open_day(until + timedelta(days=1))
    assert subscriber.until(lambda: bool(subscriber.about(name, EXPIRED)))
    assert subscriber.until(lambda: len(subscriber.about(name, GRADE)) == 3)
    back = subscriber.about(name, GRADE)[-1]["data"]
    assert (back["cause"], back["from"], back["to"], back["as_of"]) == (
        "override",
        "D",
        before["grade"],
        str(until + timedelta(days=1)),
    )
    runs = [(run["grade"], run["cause"]) for run in instance.get(f"/v1/customers/{name}/ratings")["ratings"]][-2:]
    assert runs == [("D", "override"), (before["grade"], "override")]
    assert (
        len(subscriber.about(name, SET))
        == len(subscriber.about(name, EXPIRED))
        == len(subscriber.about(name, GRANTED))
        == 1
    )


def test_commands_and_facts_about_the_same_customers_at_once_lose_and_double_nothing(
    instance: RunningInstance, subscriber: Subscriber
) -> None:
    asker, checker = Person(instance, "risk_analyst", "li"), Person(instance, "risk_manager", "wang")
    names, day = [f"override-race-{number}" for number in range(8)], instance.day()
    history = {name: told.good_history(name, day) for name in names}
    for facts in history.values():
        instance.post(facts)
    instance.until_applied({name: len(facts) for name, facts in history.items()})
    later = [told.invoice(name, f"X-{number}", day, "10.00") for number in range(60) for name in names]

    upstream = threading.Thread(target=instance.post, args=(later,), kwargs={"batch": 4}, daemon=True)
    upstream.start()
    for name in names:
        overridden(asker, checker, name, day + timedelta(days=30))
    upstream.join(180)

    instance.until_applied({name: len(history[name]) + 60 for name in names})
    for name in names:
        assert subscriber.until(lambda name=name: bool(subscriber.about(name, SET)))  # type: ignore[misc]
        assert instance.customer(name)["grade"] == "D"
        changes = [event["data"] for event in subscriber.about(name, GRADE)]
        assert [one["to"] for one in changes].count("D") == 1, changes
        assert len(subscriber.about(name, SET)) == 1
    proof = instance.command("verify", "--json")
    assert proof.returncode == 0, proof.stdout
    built = instance.command("rebuild", "--json")
    assert built.returncode == 0, built.stdout + built.stderr
