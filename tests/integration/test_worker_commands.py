"""The commands that work on the database, as people call them."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from gradeline.commands import day, db, dead_letters
from gradeline.instance import Instance, exclusive
from gradeline.main import Sentences
from shared.edge import clock, codec
from shared.edge.store import secret
from shared.edge.store.pool import open_pool
from shared.edge.store.sealing import Box
from tests.support.machine import FakeLog, drain, invoice, make_worker
from tests.support.toy_brain import ROWS, ToyBrain

DEAD = codec.encode(invoice("C1", 1))


@pytest.fixture
def run(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Call a command on the test's database."""
    for name, value in {"POSTGRES": database, "DATA": str(tmp_path), "EMBEDDED": "true", "PARTITIONS": "4"}.items():
        monkeypatch.setenv(f"GRADELINE_{name}", value)
    app = typer.Typer(cls=Sentences)
    for module in (day, db, dead_letters):
        module.register(app)
    return lambda *words: CliRunner().invoke(app, list(words))


async def set_aside(dsn: str, folder: Path) -> None:
    """Park one customer, put one fact into quarantine, and let two customers share an identity."""
    pool = await open_pool(dsn, schema="rating")
    await pool.execute(ROWS)
    log = FakeLog()
    log.add(invoice("BAD", 1), invoice("C2", 2), invoice("C2", 2, "999"), invoice("C3", 2))
    worker = make_worker(pool, log, brain=ToyBrain(poison=frozenset({"BAD"})), identity_seconds=0.0)
    for _ in range(30):
        await worker.step()
    await worker.settle()
    await pool.close()


async def park(dsn: str) -> None:
    pool = await open_pool(dsn, schema="rating", size=1)
    await pool.execute("insert into parked (stream, version, reason, since) values ('BAD', 1, 'r', now())")
    await pool.close()


async def parked(dsn: str) -> list[tuple[str, bool]]:
    """(customer, whether about to be tried again)."""
    pool = await open_pool(dsn, schema="rating", size=1)
    rows = await pool.fetch("select stream, retry from parked")
    await pool.close()
    return [tuple(row) for row in rows]


async def bury(dsn: str, folder: Path) -> None:
    """Make one dead letter that can be posted again and one that cannot."""
    keys = secret.read(secrets_folder=None, data=folder, embedded=True)
    pool = await open_pool(dsn, schema="rating")
    log = FakeLog()
    log.raw(DEAD, key="C2", partition=0)
    log.raw(b"{broken", key="C3", partition=0)
    worker = make_worker(pool, log)
    worker.preparer.box = Box(keys.box)
    await drain(worker)
    await pool.close()


def test_an_upgrade_names_the_revision_and_can_be_repeated(run) -> None:  # type: ignore[no-untyped-def]
    first: Result = run("db", "upgrade", "rating", "--json")
    again: Result = run("db", "upgrade", "rating", "--json")
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout)["service"] == "rating"
    assert first.stdout == again.stdout


def test_days_are_opened_in_order_and_an_earlier_one_is_refused(run) -> None:  # type: ignore[no-untyped-def]
    assert "db upgrade" in run("open-day", "--date", "2026-03-01").output
    run("db", "upgrade")
    assert json.loads(run("open-day", "--date", "2026-03-01", "--json").stdout) == {"opened": ["2026-03-01"]}
    caught_up = json.loads(run("open-day", "--date", "2026-03-04", "--json").stdout)
    assert caught_up == {"opened": ["2026-03-02", "2026-03-03", "2026-03-04"]}
    assert "nothing to open" in run("open-day", "--date", "2026-03-04").stdout
    refused = run("open-day", "--date", "2026-03-02")
    assert refused.exit_code == 2
    assert "days never go back" in refused.output


def test_a_day_that_has_not_begun_is_refused_with_the_one_that_has(run) -> None:  # type: ignore[no-untyped-def]
    run("db", "upgrade")
    today = clock.today("Asia/Shanghai")
    for far in ("2199-12-31", f"{today + timedelta(days=2)}"):
        refused = run("open-day", "--date", far)
        assert refused.exit_code == 2
        assert f"{far} has not begun in Asia/Shanghai" in refused.output
    assert len(json.loads(run("open-day", "--json").stdout)["opened"]) == 1


def test_an_upgrade_finds_the_database_of_the_running_instance_and_guesses_none(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.delenv("GRADELINE_POSTGRES")
    refused = run("db", "upgrade")
    assert refused.exit_code == 2
    assert "GRADELINE_POSTGRES is not set" in refused.output
    with exclusive(tmp_path):
        Instance(data=tmp_path, rating="", kafka="", postgres=database).save()
        assert json.loads(run("db", "upgrade", "rating", "--json").stdout)["service"] == "rating"


def test_dead_letters_are_listed_shown_and_posted_again(database: str, tmp_path: Path, run) -> None:  # type: ignore[no-untyped-def]
    run("db", "upgrade")
    asyncio.run(bury(database, tmp_path))
    listed = json.loads(run("dead-letters", "list", "--json").stdout)
    assert sorted(letter["rule"] for letter in listed) == ["key", "not-json"]
    (place,) = [letter["place"] for letter in listed if letter["rule"] == "key"]
    assert run("dead-letters", "show", place).stdout_bytes.strip() == DEAD
    posted = run("dead-letters", "redrive", "--json")
    assert posted.exit_code == 3
    assert sorted(one["state"] for one in json.loads(posted.stdout)["letters"]) == ["open", "redriven"]
    left = json.loads(run("dead-letters", "list", "--json").stdout)
    assert [letter["rule"] for letter in left] == ["not-json"]
    assert "no dead letter" in run("dead-letters", "show", "nonsense").output
    assert "not-json" in run("dead-letters", "list").stdout


def test_what_was_set_aside_is_listed_in_both_languages(database: str, tmp_path: Path, run) -> None:  # type: ignore[no-untyped-def]
    run("db", "upgrade")
    asyncio.run(set_aside(database, tmp_path))
    listed = json.loads(run("dead-letters", "list", "--parked", "--json").stdout)
    assert [(one["customer_id"], one["reason"], one["retry"]) for one in listed] == [
        ("BAD", "RuntimeError: poison", False)
    ]
    assert "搁置" in run("dead-letters", "list", "--parked").stdout
    aside = json.loads(run("dead-letters", "list", "--quarantined", "--json").stdout)
    assert sorted((one["customer_id"], one["reason"], one["other"]) for one in aside) == [
        ("C2", "SAME_IDENTITY_OTHER_CONTENT", None),
        ("C2", "SAME_IDENTITY_OTHER_CUSTOMER", "C3"),
        ("C3", "SAME_IDENTITY_OTHER_CUSTOMER", "C2"),
    ]
    assert [one["data"]["amount"] for one in aside if one["data"]] == ["999.00"]
    assert {one["about"]["zh"][:2] for one in aside} == {"同一", "另一"}
    assert "C3" in run("dead-letters", "list", "--quarantined").stdout
    refused = run("dead-letters", "list", "--parked", "--quarantined")
    assert refused.exit_code == 2
    assert "one of" in refused.output


def test_parked_customers_are_tried_again_beside_the_open_letters(database: str, tmp_path: Path, run) -> None:  # type: ignore[no-untyped-def]
    run("db", "upgrade")
    asyncio.run(bury(database, tmp_path))
    asyncio.run(park(database))
    assert asyncio.run(parked(database)) == [("BAD", False)]
    told = run("dead-letters", "redrive", "--parked", "--json")
    done = json.loads(told.stdout)
    assert sorted(one["state"] for one in done["letters"]) == ["open", "redriven"]
    assert done["customers"] == 1
    assert asyncio.run(parked(database)) == [("BAD", True)]
    assert "1 parked customer" in run("dead-letters", "redrive", "--parked").stdout


def test_a_letter_that_nobody_wants_is_discarded_once(database: str, tmp_path: Path, run) -> None:  # type: ignore[no-untyped-def]
    run("db", "upgrade")
    asyncio.run(bury(database, tmp_path))
    listed = json.loads(run("dead-letters", "list", "--json").stdout)
    assert {one["about"]["zh"] for one in listed} == {"内容不是有效的 JSON", "记录键与客户编号不一致"}
    first, second = sorted(one["place"] for one in listed)
    wrong = run("dead-letters", "discard", first, "credit.events/0/999@")
    assert wrong.exit_code != 0
    assert len(json.loads(run("dead-letters", "list", "--json").stdout)) == 2, "all of them or none"
    assert run("dead-letters", "discard", first).exit_code == 0
    assert [one["place"] for one in json.loads(run("dead-letters", "list", "--json").stdout)] == [second]
    gone = json.loads(run("dead-letters", "list", "--state", "discarded", "--json").stdout)
    assert [one["place"] for one in gone] == [first]
    assert "no open dead letter" in run("dead-letters", "discard", first).output
