"""The commands that work on methods and an installation's customers, as people call them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from gradeline.commands import policy, policy_live, review
from gradeline.main import Sentences
from services.rating.core.brain import RatingBrain
from shared.core.customer.state import Setting
from shared.edge.store.days import open_days
from tests.support.covers import covers
from tests.support.house import AT, BRAIN, HIGH, LAST, LOADED, SECOND, imported
from tests.support.machine import PARTITIONS, store
from tests.support.several import rules

covers("P8", "DP-20", "DP-22")

pytestmark = pytest.mark.slow
Run = Callable[..., Result]


@pytest.fixture
def run(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call a command on the test's database, with three purposes in force."""
    told = {"POSTGRES": database, "DATA": str(tmp_path), "EMBEDDED": "true", "PARTITIONS": str(PARTITIONS)}
    for name, value in told.items():
        monkeypatch.setenv(f"GRADELINE_{name}", value)
    monkeypatch.setattr("gradeline.commands.verify.brain_of", lambda *_: BRAIN)
    policy_live._MADE.clear()
    app = typer.Typer(cls=Sentences)
    for module in (policy, review):
        module.register(app)
    return lambda *words: CliRunner().invoke(app, list(words))


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


async def test_a_review_is_tried_and_held_and_a_version_previewed_and_activated(database: str, run: Run) -> None:
    async with store(database) as pool:
        house = await imported(pool, 12)
        await asyncio.to_thread(commands, run)
        await open_days(pool, LAST + timedelta(days=1), now=AT, partitions=PARTITIONS, instance="main")
        await house.runs()
        assert "nobody is being re-rated" in (await asyncio.to_thread(run, "policy", "progress")).stdout
        stands = told(await asyncio.to_thread(run, "policy", "progress", "--json"))
        assert stands == {"customers": 0, "done": 0, "partitions": 0, "to_come": 0}


def commands(run: Run) -> None:
    """Call each of them."""
    tried = told(run("review", "level", "--on", "2025-07-01", "--dry-run", "--json"))
    (one,) = tried["reviews"]
    assert tried["dry_run"]
    assert {place["why"] for place in one["placed"]} <= {"place", "no_place"}
    assert all(place["en"] and place["zh"] for place in one["placed"])
    held = told(run("review", "level", "--on", "2025-07-01", "--json"))["reviews"][0]
    assert held["told"] == sum(place["why"] == "place" for place in one["placed"]) > 0
    assert held["regions"] == one["regions"]
    again = run("review", "level", "--on", "2025-07-01")
    assert f"{held['told']} places moved" in again.stdout
    for words, says in (
        (("rm-22",), "no quota of a grade"),
        (("level", "--on", "2025-08-01"), "half-yearly"),
        (("nobody",), "no method 'nobody'"),
        (("level", "--on", "2030-01-01"), "not been opened"),
    ):
        refused = run("review", *words)
        assert (refused.exit_code, says in refused.stderr) == (2, True), refused.output

    seen = told(run("policy", "preview", "level", "--processes", "1", "--json"))
    assert (seen["version"], seen["customers"], seen["limit_moved"]) == ("2", 12, None)
    assert (seen["limit_moved_why"]["code"], "敞口" in seen["limit_moved_why"]["zh"]) == ("PURPOSE", True)
    assert run("policy", "preview", "level", "--against", "2", "--processes", "1").stdout.startswith(
        "level version 2: 12 customers"
    )
    assert run("policy", "preview", "level", "--against", "9", "--processes", "1").exit_code == 2

    assert "has no version '7'" in run("policy", "activate", "level", "7").stderr
    stale = run("policy", "activate", "level", "2", "--sha256", "0" * 64)
    assert (stale.exit_code, SECOND.sha256 in stale.stderr) == (2, True)
    late = run("policy", "activate", "level", "2", "--effective", str(LAST))
    assert (late.exit_code, "has been opened" in late.stderr) == (2, True)
    made = told(run("policy", "activate", "level", "2", "--by", "li.wei", "--json"))
    assert (made["version"], made["effective"], made["new"]) == ("2", str(date(2026, 1, 1)), True)
    assert not told(run("policy", "activate", "level", "2", "--effective", "2026-01-01", "--json"))["new"]
    assert told(run("policy", "progress", "--json"))["to_come"] == 1


async def test_a_diff_over_the_installation_names_who_moves_and_who_waits(
    database: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain = RatingBrain(rules(LOADED.books["level"].versions[0], SECOND, HIGH), Setting())
    monkeypatch.setattr("gradeline.commands.verify.brain_of", lambda *_: brain)
    async with store(database) as pool:
        await imported(pool, 12)
        await asyncio.to_thread(compared, run)


def compared(run: Run) -> None:
    asked = ("policy", "diff", "level", "--instance", "--processes", "1")
    seen = told(run("policy", "preview", "level", "--processes", "1", "--json"))
    moved = told(run(*asked, "--from", "1", "--to", "3", "--json"))["population"]
    for name in ("customers", "before", "after", "up", "down", "waiting"):
        assert moved[name] == seen[name], name
    gone = {one["customer"]: (one["before"], one["after"]) for one in moved["moved"] if one["before"] != one["after"]}
    assert set(gone.values()) == {("medium", "ordinary")}
    assert moved["steps"] == [{"before": "medium", "after": "ordinary", "customers": len(gone)}]
    assert [one["customer"] for one in moved["moved"]] == sorted(one["customer"] for one in seen["moved"])
    assert all(one["why"] for one in moved["moved"])

    back = told(run(*asked, "--from", "3", "--to", "1", "--json"))["population"]
    assert (back["before"], back["after"]) == (moved["after"], moved["before"]), (
        "first the version that is not in force"
    )
    assert (back["up"], back["down"]) == (moved["down"], moved["up"])

    second = told(run(*asked, "--from", "1", "--to", "2", "--json"))["population"]
    assert (second["up"], second["steps"]) == (0, []), "a better grade needs a place, which only a review gives"
    assert second["waiting"] == len(second["moved"]) > 0
    assert {one["by_rules"] for one in second["moved"]} == {"large"}

    lines = run(*asked, "--from", "1", "--to", "3").stdout
    assert f"12 customers: 0 up, {len(gone)} down" in lines
    other = run("policy", "diff", "level", "rm-22", "--instance")
    assert (other.exit_code, "two methods" in other.stderr) == (2, True), other.output
