"""An import into the real rating API over a real PostgreSQL: taken once, however often it is run."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner

from gradeline.main import build
from shared.edge.http import tokens
from shared.edge.store.migrate import upgraded
from tests.support.plain_mapping import HEADER, PLAIN
from tests.support.rating_api import rows, wired

pytestmark = pytest.mark.parts

LINES = [f"C{number % 7},{number},2026-01-05,2026-02-04,{number}.50,," for number in range(1, 121)]


@pytest.fixture
async def url(database: str, tmp_path: Path) -> AsyncIterator[str]:
    await upgraded(database, "rating")
    tokens.ensure_key(tmp_path)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(wired(database, tmp_path), log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await asyncio.wait_for(serving, 30)


async def run(tmp_path: Path, url: str, lines: list[str]) -> tuple[int, str]:
    (tmp_path / "rows.csv").write_text(HEADER + "".join(f"{line}\n" for line in lines))
    (tmp_path / "plain.yaml").write_text(PLAIN)
    arguments = ["import", str(tmp_path / "rows.csv"), "--mapping", str(tmp_path / "plain.yaml"), "--url", url,
                 "--data", str(tmp_path), "--batch", "50"]  # fmt: skip
    result = await asyncio.to_thread(CliRunner().invoke, build(), arguments, env={"COLUMNS": "200"})
    return result.exit_code, result.output


async def kept(database: str) -> int:
    return int((await rows(database, "select count(*) as n from intake"))[0]["n"])


async def test_an_import_run_twice_leaves_every_fact_once(url: str, database: str, tmp_path: Path) -> None:
    status, output = await run(tmp_path, url, LINES)
    assert status == 0, output
    assert await kept(database) == 120
    status, output = await run(tmp_path, url, LINES)
    assert status == 0, output
    assert "120 facts were there already" in output
    assert await kept(database) == 120


async def test_a_changed_row_is_refused_by_name_and_the_rest_is_taken(url: str, database: str, tmp_path: Path) -> None:
    await run(tmp_path, url, LINES[:10])
    changed = [LINES[0].replace("1.50", "2.50"), *LINES[1:20]]
    status, output = await run(tmp_path, url, changed)
    assert status == 3, output
    assert "invoice-1" in output
    assert await kept(database) == 20
