"""The second service beside the first, on a whole instance: it has every fact once, every grade, and the same day."""

from __future__ import annotations

import os
import signal
import urllib.request
from datetime import timedelta
from typing import Any

import pytest

from shared.edge.embedded.process import wait_until
from tests.support import told
from tests.support.instance import APPLIED_SECONDS, RunningInstance

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

BOTH = """
select r.stream, r.facts, e.facts as followed, c.grade, a.grade as seen, c.receivable_balance, a.exposure
from (select stream, count(*) as facts from rating.events where kind = 0 and stream = any($1::text[]) group by 1) r
left join (
    select stream, count(*) as facts from exposure.events
    where kind = 0 and stream = any($1::text[]) and type not like 'credit.grade.%' group by 1
) e using (stream)
join rating.customers c on c.customer_id = r.stream
left join exposure.accounts a on a.customer_id = r.stream
order by 1
"""


def test_exposure_has_what_rating_has_also_after_its_worker_and_the_broker_are_killed(
    own_instance: RunningInstance,
) -> None:
    day = own_instance.day()
    names = [f"EXP-{number}" for number in range(6)]
    histories = {name: told.good_history(name, day) for name in names}
    expected: dict[str, int] = {}

    def same(row: dict[str, Any]) -> bool:
        """Whether both know the same of a customer; these owe nothing but what is invoiced."""
        return bool(
            row["followed"] == row["facts"] == expected[row["stream"]]
            and row["seen"] == row["grade"]
            and row["exposure"] == row["receivable_balance"]
        )

    def caught_up() -> bool:
        found = own_instance.rows(BOTH, list(expected))
        # of the two services either may be ahead of the other; neither of what was posted
        assert all((row["followed"] or 0) <= expected[row["stream"]] for row in found), "a fact was kept twice"
        return len(found) == len(expected) and all(map(same, found))

    def posts(*some: str, extra: int) -> None:
        for name in some:
            facts = histories[name] + [told.invoice(name, f"X-{extra}", day - timedelta(days=3), "125.00")]
            new = own_instance.post(facts)
            expected[name] = expected.get(name, 0) + new

    posts(*names[:2], extra=0)
    assert wait_until(caught_up, APPLIED_SECONDS, pause=0.3), own_instance.rows(BOTH, list(expected))
    worker = own_instance.pid("exposure-worker")
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    posts(*names[:4], extra=1)
    broker = own_instance.pid("broker")
    assert broker is not None
    os.kill(broker, signal.SIGKILL)
    posts(*names, extra=2)
    assert wait_until(caught_up, APPLIED_SECONDS, pause=0.3), own_instance.rows(BOTH, list(expected))
    days = own_instance.rows("select array_agg(distinct day) as days from exposure.partitions")
    assert days == [{"days": [day]}]
    proof = own_instance.command("verify", "exposure", "--json")
    assert proof.returncode == 0, proof.stdout
    assert wait_until(lambda: own_instance.status()["healthy"], APPLIED_SECONDS, pause=1.0), own_instance.status()
    found = own_instance.status()
    assert found["exposure"] == own_instance.exposure
    with urllib.request.urlopen(f"{own_instance.exposure}/readyz", timeout=10) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(found["metrics"]["exposure-worker"], timeout=10) as answer:
        assert b'gradeline_events_applied_total{service="exposure"}' in answer.read()
