"""A method that others put in force over HTTP: approved, announced on Kafka, and everybody rated again as its day opens."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.edge import clock
from shared.edge.policy_files import load_rules
from tests.e2e.test_author_walk import follow
from tests.e2e.test_overrides import Person
from tests.support.downstream import subscribed
from tests.support.instance import RunningInstance, up
from tests.support.shapes.facts import facts

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]
ACTIVATED, GRADE = "credit.policy.activated.v1", "credit.grade.changed.v1"


def state(instance: RunningInstance) -> tuple[str, str | None]:
    """How the version stands, as the API and the command line both say it."""
    mine = next(one for one in instance.get("/v1/policies")["policies"] if one["id"] == "our-card")
    listed = instance.command("policy", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    told: list[dict[str, Any]] = json.loads(listed.stdout)
    other = next(one for one in told if one["id"] == "our-card")
    assert (mine["state"], mine["since"], mine["approval_id"]) == (other["state"], other["since"], other["approval_id"])
    return mine["state"], mine["since"]


def test_a_version_that_others_granted_rates_live_customers_from_its_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(tmp_path)
    rules, today = tmp_path / "rules", clock.today("Asia/Shanghai")
    policy = load_rules(rules).books["our-card"].versions[-1]
    told = facts("WALK-1", policy, json.loads((tmp_path / "measures.json").read_text("utf-8")), today)
    told[0]["data"]["segment"] = "wholesale"
    with up(tmp_path / "instance", policies=rules) as instance, subscribed(instance.kafka) as subscriber:
        monkeypatch.setenv("GRADELINE_POLICIES", str(rules))
        instance.post(told)
        instance.until_applied({"WALK-1": len(told)})
        assert instance.customer("WALK-1")["method"] == "rm-32"
        assert state(instance) == ("draft", None)
        asker, checker = Person(instance, "risk_analyst", "li"), Person(instance, "risk_manager", "wang")
        day = instance.day() + timedelta(days=1)
        body = {"version": "1", "sha256": policy.sha256, "effective": day.isoformat(), "reason": "back-tested"}
        asked = asker.posts("policies/our-card/activations", body, "one")
        assert state(instance) == ("waiting_for_approval", None)
        granted = checker.posts(f"approvals/{asked['approval_id']}/approve", {"payload_sha256": asked["payload_sha256"]}, "one")  # fmt: skip
        assert granted["state"] == "granted"
        assert state(instance) == ("activated", day.isoformat())
        assert subscriber.until(lambda: bool(subscriber.about("~policy", ACTIVATED)))
        (said,) = subscriber.about("~policy", ACTIVATED)
        assert (said["data"]["method"], said["data"]["sha256"], said["data"]["effective"]) == ("our-card", policy.sha256, day.isoformat())  # fmt: skip
        instance.open_day(day)
        assert subscriber.until(
            lambda: any(one["data"]["method"] == "our-card" for one in subscriber.about("WALK-1", GRADE))
        )
        change = subscriber.about("WALK-1", GRADE)[-1]["data"]
        assert (change["cause"], change["method"], change["policy"]["sha256"]) == ("policy", "our-card", policy.sha256)
        assert state(instance) == ("in_force", day.isoformat())
