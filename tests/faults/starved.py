"""Rows 10-13: our processes have no memory, no processor time, no file descriptors, and are started with nonsense."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import sys
from contextlib import ExitStack
from random import Random
from typing import NamedTuple

import psutil

from shared.edge import clock
from shared.edge.embedded.process import free_port, spawn
from shared.edge.settings import PREFIX, Settings
from tests.faults.cgroups import bounded, put
from tests.faults.load import Load
from tests.faults.process import Process
from tests.faults.seen import ready, until, until_applied
from tests.faults.world import World

MORE_MEMORY = 1 << 20
CLIENTS = 60
SEEDS = 5
NONSENSE = {
    "postgres": ("nonsense", "postgresql://nobody@127.0.0.1:port/x"),
    "kafka": ("nonsense", "http://127.0.0.1:9092"),
    "host": ("256.1.1.1", "no host"),
    "port": ("port", "65536", "-1"),
    "metrics_port": ("port", "65536", "-1"),
    "zone": ("Mars/Olympus", "../etc/passwd"),
    "instance": ("Two Words", "x" * 40),
    "data": ("/dev/null/folder",),
    "embedded": ("perhaps",),
    "partitions": ("0", "1e9", "twelve"),
    "currency": ("yuan", "¥"),
    "secrets": ("/nowhere/at/all", "/dev/null"),
    "oidc_jwks": ("ftp://keys.example", "http://keys.example/jwks"),
    "cache_mb": ("1", "lots"),
    "pool": ("1", "1000"),
    "readers": ("0", "many"),
    "read_seconds": ("0", "nan", "soon"),
    "pool_seconds": ("-1", "inf"),
    "statement_seconds": ("0", "1e400"),
    "drain_seconds": ("0", "1.5"),
    "log_level": ("loud",),
}
ANYTHING = {"oidc_issuer", "oidc_audience"}
"""Whatever is written there may be right."""
ONLY = {"host": "serve"}
"""Settings that only one kind of process can find wrong."""


async def row_10(world: World, load: Load, rng: Random) -> None:
    """The kernel ends a worker that asks for more memory than there is."""
    worker = world.workers[0]
    with bounded("memory", "oom", memory__limit_in_bytes=str(MORE_MEMORY)) as group:
        async with load.flowing():
            await load.reached(rng.uniform(0.1, 0.3))
            put(group, worker.pid)  # what it has is not counted, only what it takes from now on
            status = await worker.died()
            world.fault()
            said = dict(line.split() for line in (group / "memory.oom_control").read_text().splitlines())
            worker.start()
    world.note(oom_kills=int(said["oom_kill"]))
    assert status == -signal.SIGKILL, worker.said()
    assert int(said["oom_kill"]) > 0, "it was not the kernel"


async def row_11(world: World, load: Load, rng: Random) -> None:
    """Both workers together get a tenth of one core; they go on, slowly, and without leaving the group again and again."""
    with bounded("cpu", "starved", cpu__cfs_period_us="100000", cpu__cfs_quota_us="10000") as group:
        for worker in world.workers:
            put(group, worker.pid)
        async with load.flowing():
            await load.reached(rng.uniform(0.1, 0.9))
        world.note(behind_s=round(await until_applied(world, load, 120.0), 1))
        world.fault()
        said = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    assert int(said["nr_throttled"]) > 0, "they were never held back"
    world.note(held_back=int(said["nr_throttled"]))
    again = sum(worker.said(60_000).count("work is read again") for worker in world.workers)
    world.note(read_again=again)


async def row_12(world: World, load: Load, rng: Random) -> None:
    """No process gets another file descriptor, while clients come and the database ends every session."""
    with ExitStack() as clients:
        limits = {one: resource.prlimit(one.pid, resource.RLIMIT_NOFILE) for one in world.processes}
        async with load.flowing():
            await load.reached(rng.uniform(0.2, 0.5))
            for one in world.processes:
                _limit(one, psutil.Process(one.pid).num_fds() + 1, limits[one][1])
            for _ in range(CLIENTS):
                clients.enter_context(_client(world.url))
            await world.rows(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()"
            )
            world.note(ready_meanwhile="yes" if await ready(world) else "no")
            await asyncio.sleep(4.0)
            clients.close()
            for one in world.processes:
                _limit(one, *limits[one])
            world.fault()
            world.note(ready_again_s=round(await until("the API serves again", lambda: ready(world)), 1))


async def row_13(world: World, load: Load, rng: Random) -> None:
    """Each wrong setting ends each process at once, with one sentence that names it; the seeds share them out."""
    missing = Settings.model_fields.keys() - NONSENSE.keys() - ANYTHING
    assert not missing, f"nothing wrong is known for {sorted(missing)}"
    await load.rest()
    seed = int(load.name.rpartition("-")[2])
    tried = [Trial(name, value, ONLY.get(name, kind)) for name, values in NONSENSE.items()
             for value in values for kind in ("serve", "work", "relay")]  # fmt: skip
    tried = sorted(set(tried))
    mine = [one for number, one in enumerate(tried) if number % SEEDS == seed % SEEDS]
    wrong, slowest = [], 0.0
    for one in mine:
        seconds, failed = await asyncio.to_thread(_refused, world, one)
        slowest = max(slowest, seconds)
        if failed:
            wrong.append(f"{one.kind} with {one.name}={one.value!r} {failed}")
    world.note(settings_tried=len(mine), longest_s=round(slowest, 1))
    assert not wrong, f"{len(wrong)} of {len(mine)}: {'; '.join(wrong)[:380]}"


class Trial(NamedTuple):
    """A process told something wrong."""

    name: str
    value: str
    kind: str


def _refused(world: World, one: Trial) -> tuple[float, str]:
    """Start it. Returns how long it took to end, and what was wrong about its end."""
    variable = PREFIX + one.name.upper()
    told = world.environment() | {"GRADELINE_PORT": str(free_port()), variable: one.value}
    since = clock.monotonic()
    child = spawn(
        [sys.executable, "-W", "ignore", "-m", "gradeline", one.kind, "rating"],
        log=world.folder / "wrong.log", environment=told, die_with=signal.SIGKILL,
    )  # fmt: skip
    ended = child.wait(15.0)
    seconds = clock.monotonic() - since
    if not ended:
        child.kill()
        return seconds, "goes on"
    said = child.output().strip()
    if child.exit_status == 0:
        return seconds, "ended with status 0"
    if "Traceback" in said or variable not in said:
        return seconds, f"said {said[-160:]!r}"
    return seconds, ""


def _limit(process: Process, soft: int, hard: int) -> None:
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (soft, hard))


def _client(url: str) -> socket.socket:
    host, _, port = url.rpartition("/")[2].partition(":")
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex((host, int(port)))
    return client
