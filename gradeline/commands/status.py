"""`gradeline status`: what runs on this machine, really asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

PROBE_SECONDS = 5.0


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="status")(status)


def status(
    *,
    data: Annotated[Path, typer.Option(envvar="GRADELINE_DATA", help="Folder of the instance.")] = Path(".gradeline"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say where the instance on --data listens and whether it is healthy. Status 0: healthy; 1: not, or not running."""
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
            typer.echo(f"{name:<15} process {process['pid']} {'runs' if process['alive'] else 'is gone'}")
    raise typer.Exit(0 if found["healthy"] else 1)


def look(data: Path) -> dict[str, Any]:
    """What `status --json` prints. Every part is asked, each for a few seconds at most."""
    import asyncio

    import psutil

    from gradeline.instance import running
    from shared.edge.embedded.wire import kafka_answers

    instance = running(data)
    if instance is None:
        nowhere = {"pid": None, "rating": None, "kafka": None, "postgres": None}
        return {**nowhere, "healthy": False, "answers": {}, "processes": {}}
    answered = {
        "rating": answers(f"{instance.rating}/healthz"),
        "kafka": kafka_answers(instance.kafka, seconds=PROBE_SECONDS),
        "postgres": asyncio.run(database_answers(instance.postgres)),
    }
    processes = {
        name: {"pid": pid, "alive": psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE}
        for name, pid in instance.processes.items()
    }
    return {
        "pid": instance.pid,
        "rating": instance.rating,
        "kafka": instance.kafka,
        "postgres": instance.postgres,
        "healthy": all(answered.values()) and all(process["alive"] for process in processes.values()),
        "answers": answered,
        "processes": processes,
    }


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
