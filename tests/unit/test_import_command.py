"""`gradeline import` as people run it: exit status, report, summary, and nothing posted in a dry run."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from gradeline.commands import importing
from gradeline.main import build
from shared.edge import codec
from tests.support.plain_mapping import HEADER, PLAIN
from tests.support.posted_to import Answer, Events, accepted, listening

GOOD = ["C1,7,2026-01-05,2026-02-04,12.50,,", "C2,8,2026-01-06,,1,,"]
BAD = "C1,9,2026-01-05,,12.505,,"


def write(tmp_path: Path, lines: list[str], mapping: str = PLAIN) -> list[str]:
    (tmp_path / "rows.csv").write_text(HEADER + "".join(f"{line}\n" for line in lines))
    (tmp_path / "plain.yaml").write_text(mapping)
    return ["import", str(tmp_path / "rows.csv"), "--mapping", str(tmp_path / "plain.yaml"), "--data", str(tmp_path)]


def run(arguments: list[str]) -> Result:
    return CliRunner().invoke(build(), arguments, env={"GRADELINE_TOKEN": "", "COLUMNS": "200"})


def summary(result: Result) -> dict[str, Any]:
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_a_good_file_is_posted_and_ends_with_0(tmp_path: Path) -> None:
    with listening() as heard:
        result = run([*write(tmp_path, GOOD), "--url", heard.url, "--token", "t", "--json"])
    assert result.exit_code == 0, result.output
    assert [codec.decode(json.dumps(event).encode()).id for event in heard.events] == ["invoice-7", "invoice-8"]
    assert heard.tokens == ["Bearer t"]
    found = summary(result)
    assert (found["rows"], found["rows_refused"], found["customers"]) == (2, 0, 2)
    assert found["facts"] == {"credit.transaction.recorded.v1": 2}


def test_refused_rows_are_reported_by_row_and_column_and_end_with_3(tmp_path: Path) -> None:
    with listening() as heard:
        report = tmp_path / "report.csv"
        result = run([*write(tmp_path, [GOOD[0], BAD, GOOD[1]]), "--url", heard.url, "--report", str(report)])
    assert result.exit_code == 3
    assert [event["id"] for event in heard.events] == ["invoice-7", "invoice-8"]
    with report.open(newline="", encoding="utf-8-sig") as file:
        (line,) = csv.DictReader(file)
    assert (line["row"], line["column"], line["rule"]) == ("3", "amount", "scale")
    assert "12.505" in line["message"]
    assert line["message_zh"] == "金额小数位数超过币种规定"


def test_what_the_api_refuses_is_reported_like_any_other_row(tmp_path: Path) -> None:
    def conflict(events: Events) -> Answer:
        for index, event in enumerate(events):
            if event["id"] == "invoice-7":
                return Answer(409, {"detail": "other content", "index": index})
        return accepted(events)

    with listening(conflict) as heard:
        result = run([*write(tmp_path, GOOD), "--url", heard.url, "--json"])
    assert result.exit_code == 3
    found = summary(result)
    assert (found["rows_refused"], found["facts"], found["rules"]) == (
        1,
        {"credit.transaction.recorded.v1": 1},
        {"409": 1},
    )


def test_a_dry_run_says_what_it_would_post_and_posts_nothing(tmp_path: Path) -> None:
    with listening() as heard:
        result = run([*write(tmp_path, [*GOOD, BAD]), "--url", heard.url, "--dry-run"])
    assert result.exit_code == 3
    assert heard.batches == []
    assert '"transaction_id": "7"' in result.stdout
    assert "Would be posted" in result.stdout


def test_two_rows_that_give_one_fact_other_content_are_refused_before_anything_is_posted(tmp_path: Path) -> None:
    lines = [
        GOOD[0],
        GOOD[1],
        GOOD[0].replace("12.50", "77.70"),
        GOOD[0].replace("12.50", "12.5"),
        GOOD[1].replace("C2", "C3"),
    ]
    report = tmp_path / "report.csv"
    for more, posted in (["--dry-run"], []), ([], ["invoice-7", "invoice-8", "invoice-8"]):
        with listening() as heard:
            result = run([*write(tmp_path, lines), "--url", heard.url, "--report", str(report), "--json", *more])
        assert result.exit_code == 3
        with report.open(newline="", encoding="utf-8-sig") as file:
            (line,) = csv.DictReader(file)
        assert (line["row"], line["column"], line["rule"]) == ("4", "number", "identity")
        assert "row 2 has it with other content" in line["message"]
        assert sorted(event["id"] for event in heard.events) == posted
        assert summary(result)["facts"] == {"credit.transaction.recorded.v1": 3}
        assert summary(result)["repeated"] == 1


def test_a_conflict_with_what_was_posted_before_names_the_columns_of_the_id(tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    with listening(
        lambda events: Answer(409, {"detail": "other content", "index": 0, "errors": [{"pointer": "/0"}]})
    ) as heard:
        run([*write(tmp_path, GOOD[:1]), "--url", heard.url, "--report", str(report)])
    with report.open(newline="", encoding="utf-8-sig") as file:
        (line,) = csv.DictReader(file)
    assert (line["row"], line["column"]) == ("2", "number")


def test_the_same_file_again_gives_the_same_facts(tmp_path: Path) -> None:
    with listening() as heard:
        arguments = [*write(tmp_path, GOOD), "--url", heard.url]
        run(arguments)
        run(arguments)
    first, second = heard.batches
    assert first == second


def test_a_wrong_mapping_ends_with_2_and_posts_nothing(tmp_path: Path) -> None:
    with listening() as heard:
        result = run([*write(tmp_path, GOOD, PLAIN.replace("zone: Asia/Shanghai\n", "")), "--url", heard.url])
    assert result.exit_code == 2
    assert "plain.yaml:1" in result.output
    assert "zone" in result.output
    assert heard.batches == []


def test_without_an_instance_or_an_address_it_ends_with_2(tmp_path: Path) -> None:
    result = run(write(tmp_path, GOOD))
    assert result.exit_code == 2
    assert "--url" in result.output


def test_a_wrong_token_ends_with_2(tmp_path: Path) -> None:
    with listening(lambda _: Answer(401, {"detail": "no"})) as heard:
        result = run([*write(tmp_path, GOOD), "--url", heard.url])
    assert result.exit_code == 2
    assert "gradeline token" in result.output


def test_known_as_occurred_is_said_on_the_screen_and_in_the_facts(tmp_path: Path) -> None:
    with listening() as heard:
        result = run([*write(tmp_path, GOOD), "--url", heard.url, "--known-as-occurred"])
    assert "known as occurred" in result.output
    assert [event["recordedtime"] for event in heard.events] == [
        "2026-01-05T23:59:59+08:00",
        "2026-01-06T23:59:59+08:00",
    ]


def test_cells_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    result = run([*write(tmp_path, ["C1,7,2026-01-05,,[red]\x1b[2Jx,,"]), "--dry-run"])
    assert result.exit_code == 3
    assert "\x1b[2J" not in result.output
    assert "[red]" in result.output


@pytest.mark.parametrize("batch", ["0", "1001"])
def test_a_batch_has_a_sensible_size(tmp_path: Path, batch: str) -> None:
    assert run([*write(tmp_path, GOOD), "--dry-run", "--batch", batch]).exit_code == 2


def test_the_command_is_called_import() -> None:
    app = typer.Typer()
    importing.register(app)
    assert [command.name for command in app.registered_commands] == ["import"]
