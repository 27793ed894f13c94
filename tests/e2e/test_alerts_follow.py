"""The third service on a whole instance: a grade that falls is one alert, published once whoever dies, and withdrawn when a
correction says that its cause never was (feature 4.7)."""

from __future__ import annotations

import json
import os
import signal
from datetime import timedelta
from typing import Any

import pytest

from shared.edge.embedded.process import wait_until
from tests.support import told
from tests.support.downstream import subscribed
from tests.support.instance import APPLIED_SECONDS, RunningInstance

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_fall_is_one_alert_that_a_correction_withdraws_though_worker_and_relay_are_killed(
    own_instance: RunningInstance,
) -> None:
    day, name = own_instance.day(), "ALERT-1"

    def alerts(kind: str = "grade_worse") -> list[dict[str, Any]]:
        query = "select * from alerts.alerts where subject = $1 and kind = $2 order by alert_id"
        return own_instance.rows(query, name, kind)

    def state() -> str:
        return ",".join(row["state"] for row in alerts())

    with subscribed(own_instance.kafka, "credit.alerts") as topic:
        own_instance.post(told.good_history(name, day))
        assert wait_until(lambda: bool(alerts("grade_first")), APPLIED_SECONDS, pause=0.3)
        for part in ("alerts-worker", "alerts-relay"):
            pid = own_instance.pid(part)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        own_instance.post([told.invoice(name, "LATE", day - timedelta(days=200), "90000.00")])
        assert wait_until(lambda: state() == "open", APPLIED_SECONDS, pause=0.3), own_instance.logs()
        (opened,) = alerts()
        taken = own_instance.command("alerts", "ack", opened["alert_id"], "--json")
        assert taken.returncode == 0, taken.stderr
        assert json.loads(taken.stdout)["state"] == "acknowledged"
        own_instance.open_day(day + timedelta(days=1))
        own_instance.post([told.payment(name, "LATE", day - timedelta(days=170), "90000.00")])
        assert wait_until(lambda: state() == "withdrawn", APPLIED_SECONDS, pause=0.3), alerts()
        said = own_instance.rows(
            "select notice from alerts.notices where alert_id = $1 order by at, notice_id", opened["alert_id"]
        )
        assert [json.loads(row["notice"])["what"] for row in said] == ["opened", "withdrawn"]

        def heard() -> list[str]:
            mine = [one for one in topic.about(name) if one["data"]["alert_id"] == opened["alert_id"]]
            return [one["type"].split(".")[2] for one in mine]

        assert topic.until(lambda: len(heard()) == 3), heard()
        assert heard() == ["opened", "acknowledged", "withdrawn"]
    proof = own_instance.command("verify", "alerts", "--json")
    assert proof.returncode == 0, proof.stdout
    assert wait_until(lambda: own_instance.status()["healthy"], APPLIED_SECONDS, pause=1.0), own_instance.status()
