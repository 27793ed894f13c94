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
    first: Result = run("db", "upgrade", "--json")
    again: Result = run("db", "upgrade", "--json")
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
        assert json.loads(run("db", "upgrade", "--json").stdout)["service"] == "rating"


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
