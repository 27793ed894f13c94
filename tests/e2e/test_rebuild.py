"""What is kept follows from what was told, and can be built again beside what is live, while facts come in."""

from __future__ import annotations

import json
import threading
from collections import Counter
from itertools import product
from typing import Any

import httpx2
import pytest

from gradeline.simulator.portfolio import simulate
from shared.edge.embedded.process import wait_until
from tests.support import told
from tests.support.covers import covers
from tests.support.instance import APPLIED_SECONDS, RunningInstance

covers("DP-15", "DP-23")

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

PLANT = """
update customers set grade = 'A', overdue_amount = 7
where customer_id = (select min(customer_id) from customers where grade is distinct from 'A')
returning customer_id
"""
PLANT_ACCOUNT = """
update exposure.accounts set overdue = overdue + 7
where customer_id = (select min(customer_id) from exposure.accounts) returning customer_id
"""
FIELDS = {"grade", "overdue_amount"}
FACT = 'select * from events where kind = 0 and position(\'"amount":"1\'::bytea in data) > 0 order by stream, version limit 1'
WRITE = "update events set data = $3 where stream = $1 and version = $2 returning version"


def test_what_is_kept_is_proved_built_again_beside_the_live_rows_and_brought_back(
    own_instance: RunningInstance,
) -> None:
    instance = own_instance
    facts = list(simulate(20, 5, 17, instance.day()))
    half = len(facts) // 2
    instance.post(facts[:half])
    instance.until_applied(dict(Counter(fact["subject"] for fact in facts[:half])))

    assert findings(instance, status=0) == []
    fact, found = altered_by_hand(instance)
    assert {(one["customer"], one["what"]) for one in found} == {fact}

    wrong = instance.rows(PLANT)[0]["customer_id"]
    assert {(one["customer"], one["what"]) for one in findings(instance, status=1)} == {(wrong, x) for x in FIELDS}
    refused = built(instance, status=1)
    assert not refused["switched"]
    assert {customer for table in refused["tables"] for customer in table["different"]} == {wrong}
    assert findings(instance, status=1), "nothing was switched"

    upstream = threading.Thread(target=instance.post, args=(facts[half:],), kwargs={"batch": 20})
    upstream.start()
    switched = built(instance, "--accept-differences", status=0)
    upstream.join(120)
    assert switched["switched"]
    instance.until_applied(dict(Counter(fact["subject"] for fact in facts)))
    assert findings(instance, status=0) == []
    rows = instance.rows("select count(*) from customers")[0]["count"]
    assert rows == len({fact["subject"] for fact in facts})

    assert built(instance, "--return", status=0)["switched"]
    assert findings(instance, status=0) == [], "what was live before has caught up with the facts that came since"


def altered_by_hand(instance: RunningInstance) -> tuple[tuple[str, str], list[dict[str, Any]]]:
    """One digit of one fact is another one for a while. Returns which fact, and what is found meanwhile."""
    fact = instance.rows(FACT)[0]
    instance.rows(WRITE, fact["stream"], fact["version"], fact["data"].replace(b'"amount":"1', b'"amount":"2'))
    found = findings(instance, status=1)
    instance.rows(WRITE, fact["stream"], fact["version"], fact["data"])
    return (fact["stream"], f"version {fact['version']}"), found


def findings(instance: RunningInstance, *, status: int) -> list[dict[str, Any]]:
    """What `gradeline verify` finds. It must end with *status*."""
    done = instance.command("verify", "--json")
    assert done.returncode == status, done.stdout + done.stderr
    proof = json.loads(done.stdout)
    assert proof["customers"] > 0
    assert proof["decisions"] > 0
    found: list[dict[str, Any]] = proof["findings"]
    return found


def built(instance: RunningInstance, *words: str, status: int, service: str = "rating") -> dict[str, Any]:
    """What `gradeline rebuild` says. It must end with *status*."""
    done = instance.command("rebuild", service, "--json", *words)
    assert done.returncode == status, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_the_lists_of_exposure_are_built_again_while_orders_are_checked_and_brought_back(
    own_instance: RunningInstance,
) -> None:
    instance, day = own_instance, own_instance.day()
    names = [f"RB-{number}" for number in range(8)]
    histories = {name: told.good_history(name, day) for name in names}
    instance.post([fact for facts in histories.values() for fact in facts])
    assert wait_until(lambda: len(instance.rows(FOLLOWED, names)) == len(names), APPLIED_SECONDS, pause=0.2)
    orders = ordered(instance, names, range(3))
    assert {one["decision"] for one in orders} == {"held"}, "nobody has a limit"

    assert built(instance, status=0, service="exposure")["switched"], "what is built is what is live"
    wrong = instance.rows(PLANT_ACCOUNT)
    refused = built(instance, status=1, service="exposure")
    assert not refused["switched"]
    assert {customer for table in refused["tables"] for customer in table["different"]} == {wrong[0]["customer_id"]}

    asking = threading.Thread(target=ordered, args=(instance, names, range(3, 12)))
    asking.start()
    switched = built(instance, "--accept-differences", status=0, service="exposure")
    asking.join(120)
    assert switched["switched"]
    assert {table["table"] for table in switched["tables"]} == {
        "groups",
        "group_members",
        "accounts",
        "limits",
        "reservations",
        "holds",
        "approvals",
        "spread",
    }
    held = instance.rows("select count(*) as orders from exposure.holds")[0]["orders"]
    assert held == len(names) * 12, "what was held while the lists were built is in them"
    proof = instance.command("verify", "exposure", "--json")
    assert proof.returncode == 0, proof.stdout
    assert built(instance, "--return", status=0, service="exposure")["switched"]
    assert instance.rows("select count(*) as orders from exposure.holds")[0]["orders"] == held, "it has caught up"
    assert instance.command("verify", "exposure", "--json").returncode == 0


FOLLOWED = """
select customer_id from exposure.accounts a where customer_id = any($1::text[]) and grade is not null
  and (select count(*) from exposure.events where stream = a.customer_id and kind = 0 and type not like 'credit.grade.%')
    = (select count(*) from rating.events where stream = a.customer_id and kind = 0)
"""


def ordered(instance: RunningInstance, names: list[str], numbers: range) -> list[dict[str, Any]]:
    """The answers to an order of each number by each of *names*."""
    headers = {"authorization": f"Bearer {instance.token('order_system')}"}
    found = []
    with httpx2.Client(base_url=instance.exposure, headers=headers, timeout=60, trust_env=False) as http:
        for number, name in product(numbers, names):
            order = {"customer_id": name, "order_id": f"SO-{number}", "amount": "100.00", "currency": "CNY"}
            answer = http.post("/v1/credit-checks", json=order)
            assert answer.status_code == 200, answer.text
            found.append(answer.json())
    return found
