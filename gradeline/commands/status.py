"""`gradeline status`: what runs on this machine, really asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gradeline.instance import Instance

PROBE_SECONDS = 5.0


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="status")(status)


def status(
    *,
    data: Annotated[Path, typer.Option(envvar="GRADELINE_DATA", help="Folder of the instance.")] = Path(".gradeline"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say where the instance on --data listens and whether it is healthy: every part runs and answers, and what waits
    to be published or applied moves on. Status 0: healthy; 1: not, or not running."""
    import json

    found = look(data.resolve())
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    elif found["pid"] is None:
        typer.echo(f"nothing runs on {data}")
    else:
        for name, answered in found["answers"].items():
            where = found[name].rpartition("@")[2]  # without the password
            typer.echo(f"{name:<15} {where}   {'answers' if answered else 'does not answer'}")
        for name, process in found["processes"].items():
            metrics = found["metrics"].get(name, "")
            typer.echo(f"{name:<15} process {process['pid']} {'runs' if process['alive'] else 'is gone'}   {metrics}")
        if (rerating := found["re_rating"]) and rerating["customers"]:
            typer.echo(f"re-rating       {rerating['done']:,} of {rerating['customers']:,} customers")
        for trouble in found["troubles"]:
            typer.echo(f"not well: {trouble}")
    raise typer.Exit(0 if found["healthy"] else 1)


def look(data: Path) -> dict[str, Any]:
    """What `status --json` prints. Every part is asked, each for a few seconds at most, and what waits is watched until
    it moves, for STILL_SECONDS at most."""
    import asyncio

    from gradeline.instance import running
    from shared.edge.embedded.wire import kafka_answers

    instance = running(data)
    if instance is None:
        nowhere = {"pid": None, "rating": None, "exposure": None, "alerts": None, "kafka": None, "postgres": None}
        return {
            **nowhere,
            "healthy": False,
            "answers": {},
            "metrics": {},
            "processes": {},
            "troubles": [],
            "re_rating": None,
        }
    answered = {
        "rating": answers(f"{instance.rating}/healthz"),
        "exposure": answers(f"{instance.exposure}/readyz"),
        "alerts": answers(f"{instance.alerts}/readyz"),
        "kafka": kafka_answers(instance.kafka, seconds=PROBE_SECONDS),
        "postgres": asyncio.run(database_answers(instance.postgres)),
    }
    processes = {name: {"pid": pid, "alive": alive(pid)} for name, pid in instance.processes.items()}
    troubles = [f"{name} does not answer" for name, well in answered.items() if not well]
    troubles += [f"{name}: process {one['pid']} is gone" for name, one in processes.items() if not one["alive"]]
    troubles += [f"{name} ends again and again; see {data}/logs/{name}.log" for name in looping(instance)]
    troubles += [
        f"{name} does not answer at {url}"
        for name, url in instance.metrics.items()
        if not name.endswith("-api") and processes.get(name, {}).get("alive") and not answers(url)
    ]
    if answered["postgres"]:
        troubles += asyncio.run(waiting(instance.postgres))
    rerating = asyncio.run(re_rating(instance.postgres)) if answered["postgres"] else None
    return {
        "re_rating": rerating,
        "pid": instance.pid,
        "rating": instance.rating,
        "exposure": instance.exposure,
        "alerts": instance.alerts,
        "kafka": instance.kafka,
        "postgres": instance.postgres,
        "healthy": not troubles,
        "answers": answered,
        "metrics": instance.metrics,
        "processes": processes,
        "troubles": troubles,
    }


def alive(pid: int) -> bool:
    """Whether the process *pid* runs; one that ended and was not yet waited for does not."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def looping(instance: Instance) -> list[str]:
    """Parts that are in a restart loop: they ended again and again, and have not run long enough since."""
    from gradeline.supervisor import STEADY_SECONDS
    from shared.edge import clock

    now = clock.now().timestamp()
    return [name for name, started in instance.looping.items() if now - started < STEADY_SECONDS]


async def waiting(dsn: str) -> list[str]:
    """A sentence for each queue of the database that stands still, or that cannot be looked at."""
    import asyncio

    import asyncpg

    from gradeline.commands.db import SERVICES
    from gradeline.progress import stuck

    try:
        found = await asyncio.gather(*(stuck(dsn, schema=service) for service in SERVICES))
        return [sentence for one in found for sentence in one]
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return [f"the database does not say what waits: {error!r}"]


async def re_rating(dsn: str) -> dict[str, int] | None:
    """How far the re-rating of everybody is; None where the database does not say."""
    import asyncpg
    import msgspec

    from services.rating.adapters.rerating import progress
    from shared.edge.store.pool import connect

    try:
        connection = await connect(dsn, schema="rating", statement_seconds=PROBE_SECONDS)
        try:
            return dict(msgspec.to_builtins(await progress(connection)))
        finally:
            connection.terminate()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None


def answers(url: str) -> bool:
    """Whether a GET of *url* is answered with 200 within a few seconds."""
    import urllib.request

    plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is never behind a proxy
    try:
        with plain.open(url, timeout=PROBE_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


async def database_answers(dsn: str) -> bool:
    """Whether a session can be opened at *dsn* and answers a query."""
    import asyncpg

    try:
        connection = await asyncpg.connect(dsn, timeout=PROBE_SECONDS, command_timeout=PROBE_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    try:
        return bool(await connection.fetchval("SELECT 1") == 1)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    finally:
        connection.terminate()
