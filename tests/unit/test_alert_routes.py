"""The tree of routes: who hears of what, by Alertmanager's rules; and files that are wrong are refused by line with a remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gradeline.main import build
from services.alerts.adapters import route_files, rule_files
from services.alerts.core.routing import filled, group_of, ways
from services.alerts.core.rules import Route, Routes
from services.alerts.core.showing import show
from shared.core.errors import Misconfigured
from tests.support.alert_desk import HOURS, NINE, RULES
from tests.support.covers import covers

covers("AL-04", "AL-06", "AL-07", "AL-15", "AL-10", "AL-14", "RO-06", "RO-07", "RO-08", "RO-18", "RO-21")

HEAD = """
working_time: {from: "08:30", to: "17:30"}
escalations: {up: [{after: 2 working hours, to: [line]}]}
"""


def read(tree: str, head: str = HEAD) -> Routes:
    return route_files.read_routes(f"{head}{tree}", "routes.yaml", RULES.kinds)


def taken(root: Route, **labels: str) -> list[str]:
    return [way.route.name for way in ways(root, labels)]


@pytest.mark.parametrize(
    ("kind", "severity", "labels", "route", "to"),
    [
        ("grade_better", "info", {}, "information", ("owner",)),
        ("grade_worse", "warning", {}, "warning", ("owner", "role:credit_supervisor")),
        ("grade_worse", "critical", {}, "critical",
         ("owner", "role:credit_supervisor", "role:risk_manager", "role:deputy_general_manager")),
        ("advance_beyond", "critical", {}, "advances",
         ("owner", "role:legal", "role:finance", "role:deputy_general_manager", "role:general_manager")),
        ("limit_watched", "warning", {}, "warning", ("owner", "role:credit_supervisor")),
        ("collection_stage", "warning", {}, "collection", ("owner", "role:collector")),
        ("overdue", "warning", {}, "overdue", ("owner", "role:credit_supervisor", "role:collector")),
        ("overdue", "critical", {}, "overdue-long", ("owner", "role:credit_supervisor", "role:collector")),
        ("contract_ends", "warning", {}, "contracts", ("role:customer_service", "owner")),
        ("complaint", "warning", {}, "complaints", ("owner", "line", "role:customer_service")),
        ("review_due", "info", {"task": "yes"}, "tasks", ("owner",)),
        ("compliance_grade", "critical", {"purpose": "compliance"}, "restricted", ("role:compliance_officer",)),
        ("grade_worse", "critical", {"purpose": "compliance"}, "restricted", ("role:compliance_officer",)),
    ],
)  # fmt: skip
def test_the_shipped_routes_are_those_of_the_seeds(
    kind: str, severity: str, labels: dict[str, str], route: str, to: tuple[str, ...]
) -> None:
    (one,) = show(RULES, HOURS, {"kind": kind, "severity": severity, **labels}, NINE)
    assert (one.route, one.to, one.unknown) == (route, to, ())


def test_information_goes_with_the_digest_and_critical_breaks_through() -> None:
    by_name = {one.name: one for one in RULES.routes.root.walk()}
    assert {name for name, one in by_name.items() if one.digest} == {"information", "rules", "groups", "reports-daily"}
    assert {name for name, one in by_name.items() if one.urgent} == {
        "restricted",
        "advances",
        "overdue-long",
        "complaints",
        "reports-urgent",
        "assets",
        "critical",
    }
    critical = by_name["critical"]
    assert (critical.wait_seconds, critical.interval_seconds, critical.repeats) == (30, 300, 5)


def test_the_first_child_that_matches_is_taken_deepest_and_those_after_it_where_it_says_continue() -> None:
    root = read("""
route:
  name: root
  to: [owner]
  routes:
    - name: watch
      match: {region: east}
      continue: yes
      to: ["role:auditor"]
    - name: red
      match: {severity: critical}
      routes:
        - {name: red-east, match: {region: [east, north]}, to: [line]}
        - {name: red-big, match: {amount: ">= 100"}}
    - {name: rest, match: {severity: not info}}
""").root
    assert taken(root, severity="info", region="west") == ["root"]
    assert taken(root, severity="critical", region="east") == ["watch", "red-east"]
    assert taken(root, severity="critical", region="west") == ["red"]
    assert taken(root, severity="critical", region="west", amount="100") == ["red-big"]
    assert taken(root, severity="critical", amount="99") == ["red"]
    assert taken(root, severity="critical", amount="many") == ["red"]
    assert taken(root, severity="warning", region="east") == ["watch", "rest"]
    inherited = ways(root, {"severity": "critical", "amount": "100"})[0].route
    assert inherited.to == ("owner",)


def test_a_receiver_that_no_figure_fills_in_is_nobody_and_is_said() -> None:
    assert filled(("role:{next_role}", "owner", "owner"), {}) == ("owner",)
    assert filled(("role:{next_role}",), {"next_role": "legal"}) == ("role:legal",)
    (one,) = show(RULES, HOURS, {"kind": "approval_waits", "severity": "info", "task": "yes"}, NINE)
    assert (one.to, one.unknown) == ((), ("role:{next_seats}",))


def test_a_figure_of_several_is_a_receiver_for_each() -> None:
    figures = {"next_seats": "legal,finance,legal,person:zhao"}
    assert filled(("role:{next_seats}", "line"), figures) == ("role:legal", "role:finance", "person:zhao", "line")


def test_a_group_is_of_one_route_and_equal_labels() -> None:
    route = Route(name="r", group_by=("subject", "region"))
    assert group_of(route, "C-1", {"region": "east"}) == "r/C-1/east"


@pytest.mark.parametrize(
    ("tree", "line", "words"),
    [
        ("route: {name: r, to: [owner], match: {a: b}}", 4, "the root takes what no other route takes"),
        ("route: {name: r}", 4, "the root tells nobody"),
        ("route: {name: r, to: [everybody]}", 4, "'everybody' is nobody; write owner, line, role:NAME, person:NAME"),
        ('route: {name: r, to: ["role:king"]}', 4, "'king' is no role"),
        ("route: {name: r, to: [owner], escalation: down}", 4, "there is no escalation 'down'; write one of up"),
        ("route: {name: r, to: [owner], repeat_interval: 4h}", 4, "it repeats without end; write `repeat_limit: 5`"),
        ("route: {name: r, to: [owner], group_wait: soon}", 4, "write 30s, 5m or 4h"),
        ("route:\n  name: r\n  to: [owner]\n  routes:\n    - {name: r, match: {a: b}}", 8, "the name 'r' stands twice"),
        ("route:\n  name: r\n  to: [owner]\n  routes:\n    - {name: a}\n    - {name: b, match: {x: y}}", 8, "matches everything"),
        ("route:\n  name: r\n  to: [owner]\n  routes:\n    - {name: a, match: {kind: flood}}", 8, "'flood' is no kind of alert"),
        ("route: {name: r, to: [owner], colour: red}", 4, "the key 'colour' is not known here"),
        ("route: {name: r, to: [owner]}\ninhibit_rules:\n  - {name: i, source: {}, target: {a: b}, equal: []}", 6, "need a condition each"),
    ],
)  # fmt: skip
def test_a_tree_that_is_wrong_is_refused_by_line_with_the_remedy(tree: str, line: int, words: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read(tree)
    assert refused.value.message.startswith(f"routes.yaml, line {line}: ")
    assert words in refused.value.message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("on: credit.review.due.v1, when", "on: credit.review.done.v1, when"), "is not the type of a decision"),
        (("severity: [{is: critical}]", "severity: [{is: grave}]"), "write one of info, warning, critical"),
        (('is_worst: "yes"', 'is_worst: "=> 2"'), "is no condition; write >= 2"),
        (
            ("acknowledge: 2 working hours", "acknowledge: quickly"),
            "write 30 minutes, 4h, 2 working hours or 1 working day",
        ),
        (("dwell_days: 3", "dwell_days: long"), "write a whole number"),
        (("  - kind: grade_better", "  - kind: grade_worse"), "grade_worse stands twice; keep one"),
        (("    acknowledge: no\n    lapse_days: 7", "    lapse_days: 7"), "what must be acknowledged does not lapse"),
        (('remind: ["-3", "0"]', "remind: [soon]"), "is no number of working days"),
    ],
)
def test_kinds_that_are_wrong_are_refused_by_line_with_the_remedy(change: tuple[str, str], words: str) -> None:
    text = (rule_files.FOLDER / rule_files.ALERTS).read_text("utf-8")
    assert change[0] in text
    with pytest.raises(Misconfigured) as refused:
        rule_files.read_kinds(text.replace(*change, 1), "alerts.yaml")
    assert refused.value.message.startswith("alerts.yaml, line ")
    assert words in refused.value.message


def test_the_command_shows_path_receivers_times_and_why(tmp_path: Path) -> None:
    runner, app = CliRunner(), build()
    words = ["routes", "test", "--kind", "grade_worse", "--label", "region=east", "--at", "2026-03-02T17:00+08:00"]
    said = runner.invoke(app, words)
    assert said.exit_code == 0, said.output
    assert "default > critical" in said.output
    assert "because severity is critical" in said.output
    assert "2026-03-03 10:00: line, where nobody took it on for 2 working hours" in said.output
    told = json.loads(runner.invoke(app, [*words, "--json"]).output)
    assert told["routes"][0]["escalation"][2]["to"] == ["role:deputy_general_manager"]
    alert = tmp_path / "alert.json"
    alert.write_text(
        json.dumps({"data": {"kind": "approval_waits", "severity": "info", "figures": {"next_seats": "legal"}}})
    )
    assert "told: role:legal" in runner.invoke(app, ["routes", "test", "--alert", str(alert)]).output
    chinese = runner.invoke(app, words, env={"GRADELINE_LANGUAGE": "zh"}).output
    assert "通知：owner" in chinese


@pytest.mark.parametrize(
    "words",
    [["--kind", "flood"], ["--kind", "grade_worse", "--label", "east"], ["--kind", "grade_worse", "--at", "noon"],
     ["--alert", "/nowhere"], ["--kind", "grade_worse", "--severity", "grave"]],
)  # fmt: skip
def test_a_question_that_is_wrong_ends_with_two_and_a_sentence(words: list[str]) -> None:
    said = CliRunner().invoke(build(), ["routes", "test", *words])
    assert said.exit_code == 2
    assert "write" in said.output or "say --kind" in said.output or "cannot be read" in said.output


def test_check_reads_the_rules_of_a_folder(tmp_path: Path) -> None:
    runner, app = CliRunner(), build()
    assert runner.invoke(app, ["routes", "check"]).exit_code == 0
    for name in (rule_files.ALERTS, rule_files.ROUTES):
        (tmp_path / name).write_text((rule_files.FOLDER / name).read_text("utf-8"), "utf-8")
    found = json.loads(runner.invoke(app, ["routes", "check", "--rules", str(tmp_path), "--json"]).output)
    assert found["routes"] == sum(1 for _ in RULES.routes.root.walk())
    (tmp_path / rule_files.ROUTES).write_text("route: 3", "utf-8")
    refused = runner.invoke(app, ["routes", "check", "--rules", str(tmp_path)])
    assert (refused.exit_code, "routes.yaml, line 1" in refused.output) == (2, True)
