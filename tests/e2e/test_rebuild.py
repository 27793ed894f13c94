"""What is kept follows from what was told, and can be built again beside what is live, while facts come in."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import Any

import pytest

from gradeline.simulator.portfolio import simulate
from tests.support.covers import covers
from tests.support.instance import RunningInstance

covers("DP-15", "DP-23")

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

PLANT = """
update customers set grade = 'A', overdue_amount = 7
where customer_id = (select min(customer_id) from customers where grade is distinct from 'A')
returning customer_id
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


def built(instance: RunningInstance, *words: str, status: int) -> dict[str, Any]:
    """What `gradeline rebuild` says. It must end with *status*."""
    done = instance.command("rebuild", "--json", *words)
    assert done.returncode == status, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said
