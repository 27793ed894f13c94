"""A method from scratch as docs/policies.md tells it: written, checked, put into force, and rating a live customer."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from shared.edge import clock
from shared.edge.policy_files import load_rules
from tests.policy.test_policy_page import FENCES
from tests.support.covers import covers
from tests.support.downstream import subscribed
from tests.support.instance import up
from tests.support.shapes.facts import facts

covers("DP-20", "DP-22")

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]
GRADE = "credit.grade.changed.v1"
UNTIL = "Scorecards that others fitted"


def follow(folder: Path) -> None:
    """Do what the page says, in a fresh *folder*, with the program as it is installed."""
    for kind, name, text in FENCES:
        if kind == "csv":
            return
        if kind == "json":
            (folder / name).write_text(text, "utf-8")
        elif kind == "yaml" and name:
            with (folder / "rules" / name).open("a", encoding="utf-8") as file:
                file.write(text)
        for step in text.split("$ ")[1:] if kind == "console" else ():
            words = [sys.executable, "-m", *shlex.split(step.partition("\n")[0])]
            subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=60)


def test_a_method_written_by_the_page_rates_a_live_customer_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(tmp_path)
    rules, today = tmp_path / "rules", clock.today("Asia/Shanghai")
    policy = load_rules(rules).books["our-card"].versions[-1]
    given = json.loads((tmp_path / "measures.json").read_text("utf-8"))
    told = facts("WALK-1", policy, given, today)
    told[0]["data"]["segment"] = "wholesale"
    other = facts("WALK-2", policy, given, today)
    other[0]["data"]["segment"] = "retail"
    with up(tmp_path / "instance", policies=rules) as instance, subscribed(instance.kafka) as subscriber:
        monkeypatch.setenv("GRADELINE_POLICIES", str(rules))
        activated = instance.command("policy", "activate", "our-card", "1", "--by", "li.wei")
        assert activated.returncode == 0, activated.stderr
        instance.open_day(today + timedelta(days=1))
        instance.post([*told, *other])
        instance.until_applied({"WALK-1": len(told), "WALK-2": len(other)})
        assert subscriber.until(lambda: bool(subscriber.about("WALK-1", GRADE)))
        said = instance.get("/v1/customers/WALK-1/explanation", reach="C")
        assert (said["method"], said["grade"], said["score"]) == ("our-card", "D", "41"), "as the page prints it"
        assert subscriber.about("WALK-1", GRADE)[-1]["data"]["method"] == "our-card"
        assert [one["words"] for one in said["because"]] == [
            "pays later than agreed",
            "liabilities are high against assets",
        ]
        assert said["ways"][0]["grade"] == "C"
        assert instance.customer("WALK-2")["method"] == "rm-32", "another segment, another method"
        assert {one["id"] for one in instance.get("/v1/policies")["policies"]} == {"our-card", "rm-22", "rm-32"}
        proof = instance.command("verify", "--json")
        assert proof.returncode in (0, 1)
