"""The embedded PostgreSQL keeps what it acknowledged, listens on loopback only, and ends with its owner."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from shared.core.errors import Misconfigured
from shared.edge.embedded.postgres import EmbeddedPostgres, NoSpace
from shared.edge.embedded.postgres_settings import MIB, PostgresSettings
from shared.edge.embedded.process import wait_until

pytestmark = pytest.mark.parts
DURABLE = PostgresSettings(shared_buffers=32 * MIB, max_wal_size=256 * MIB, fsync=True)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path / "pg", settings=DURABLE) as running:
        yield running


COUNT_FOR_SECONDS = "SELECT count(*) FROM generate_series(1, 4000) a, generate_series(1, 10000) b"


async def rows(dsn: str, query: str) -> list[object]:
    connection = await asyncpg.connect(dsn, timeout=20)
    try:
        return [row[0] for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def insert_until_it_breaks(dsn: str, writer: int, acknowledged: set[tuple[int, int]]) -> None:
    connection = await asyncpg.connect(dsn, timeout=20, command_timeout=20)
    try:
        number = 0
        while True:
            await connection.execute("INSERT INTO kept VALUES ($1, $2)", writer, number)
            acknowledged.add((writer, number))
            number += 1
    finally:
        connection.terminate()


async def test_no_acknowledged_row_is_lost_when_the_postmaster_is_killed(server: EmbeddedPostgres) -> None:
    await rows(server.dsn, "CREATE TABLE kept (writer integer, number integer)")
    acknowledged: set[tuple[int, int]] = set()
    writers = [asyncio.create_task(insert_until_it_breaks(server.dsn, writer, acknowledged)) for writer in range(3)]
    for _ in range(1500):
        if len(acknowledged) >= 300:
            break
        await asyncio.sleep(0.02)
    busy = asyncio.create_task(rows(server.dsn, COUNT_FOR_SECONDS))
    assert server.pid is not None
    postmaster = psutil.Process(server.pid)
    for _ in range(1500):
        if any("SELECT" in " ".join(backend.cmdline()) for backend in postmaster.children()):
            break
        await asyncio.sleep(0.02)
    before = server.dsn
    server.kill()
    ended = await asyncio.gather(*writers, return_exceptions=True)
    assert all(isinstance(error, Exception) for error in ended), "the writers did not notice the kill"
    server.start()  # the busy backend outlives its postmaster for a while and holds the shared memory
    await asyncio.gather(busy, return_exceptions=True)
    found = set(await rows(server.dsn, "SELECT (writer, number) FROM kept"))
    assert len(acknowledged) >= 300
    assert acknowledged <= found
    assert server.dsn == before, "services keep their address over a restart"


async def test_the_data_is_there_after_a_stop_and_a_start(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg", settings=DURABLE) as first:
        await rows(first.dsn, "CREATE TABLE kept AS SELECT 7 AS n")
        assert await first.create_database("gradeline") == first.dsn, "making it again is no error"
        first_port = first.port
    with pytest.raises(OSError, match=r"Connect call failed|refused"):
        await rows(first.dsn, "SELECT 1")
    with EmbeddedPostgres(tmp_path / "pg", settings=DURABLE) as second:
        assert await rows(second.dsn, "SELECT n FROM kept") == [7]
    assert first_port > 0


async def test_databases_come_and_go_even_with_sessions_open(server: EmbeddedPostgres) -> None:
    dsn = await server.create_database("visitor")
    connection = await asyncpg.connect(dsn, timeout=20)
    await server.drop_database("visitor")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await rows(dsn, "SELECT 1")
    connection.terminate()
    with pytest.raises(Misconfigured, match="no name for a database"):
        await server.create_database('x"; DROP DATABASE gradeline; --')


async def test_nobody_gets_in_without_the_password_and_only_loopback_is_listened_on(server: EmbeddedPostgres) -> None:
    for user in ("postgres", "gradeline_rt"):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://{user}:wrong@127.0.0.1:{server.port}/gradeline", timeout=20)
    assert server.pid is not None
    listening = [c.laddr[0] for c in psutil.Process(server.pid).net_connections("inet") if c.status == "LISTEN"]
    assert listening == ["127.0.0.1"]
    passwords = list(server.data_dir.glob("*.password"))
    assert len(passwords) == 2
    assert {file.stat().st_mode & 0o777 for file in passwords} == {0o600}


async def test_durability_is_on(server: EmbeddedPostgres) -> None:
    for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert await rows(server.dsn, f"SHOW {name}") == ["on"], name


def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "pg" / "cluster.new" / "base").mkdir(parents=True)
    with EmbeddedPostgres(tmp_path / "pg", settings=DURABLE) as server:
        assert server.alive


OWNER = """
import sys, time
from pathlib import Path
from shared.edge.embedded.postgres import EmbeddedPostgres
from shared.edge.embedded.postgres_settings import PostgresSettings
server = EmbeddedPostgres(Path(sys.argv[1]), settings=PostgresSettings.small()).start()
print(server.pid, flush=True)
time.sleep(300)
"""


def test_the_server_ends_when_its_owner_is_killed_and_its_data_can_be_used_again(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path / "pg")], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        server = psutil.Process(int(owner.stdout.readline()))
        assert server.is_running()
        os.kill(owner.pid, signal.SIGKILL)
    try:
        assert wait_until(lambda: not server.is_running(), 30.0)
    finally:
        with suppress(psutil.NoSuchProcess):
            server.kill()
    with EmbeddedPostgres(tmp_path / "pg", settings=PostgresSettings.small()) as again:
        assert again.alive


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(disk)]
    try:
        mounted = (
            os.geteuid() == 0 and subprocess.run(mount, capture_output=True, timeout=30, check=False).returncode == 0
        )
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a small disk can only be made by root where mounting is allowed")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True, timeout=30)


async def test_a_full_disk_is_named_and_the_data_is_whole_when_there_is_space_again(small_disk: Path) -> None:
    settings = PostgresSettings(shared_buffers=32 * MIB, max_wal_size=64 * MIB)
    server = EmbeddedPostgres(small_disk / "pg", settings=settings).start()
    await rows(server.dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    server.stop()
    filler = small_disk / "filler"
    for file in (filler, small_disk / "pg" / "postgres.log"):  # not even the message finds room
        with file.open("ab", buffering=0) as out, suppress(OSError):
            while out.write(b"\n" * 4096) == 4096:
                pass
    with pytest.raises(NoSpace, match="full"):
        server.start()
    filler.unlink()
    try:
        server.start()
        assert await rows(server.dsn, "SELECT n FROM kept") == [7]
    finally:
        server.stop()
