"""`gradeline events tail`: what is on a topic, as it comes."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from shared.edge.kafka.record import Place, Record
    from shared.edge.kafka.source import Source

LOOK_S = 0.5


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    group = typer.Typer(help="Events on the broker.", no_args_is_help=True)
    group.command("tail")(tail)
    app.add_typer(group, name="events")


def tail(
    *,
    topic: Annotated[str, typer.Option(help="Which topic.")] = "credit.ratings",
    from_start: Annotated[bool, typer.Option("--from-start", help="Also what is there already.")] = False,
    count: Annotated[int, typer.Option(min=0, help="End after so many; 0: go on until Ctrl-C.")] = 0,
    kafka: Annotated[str | None, typer.Option(help="host:port[,…]; else the running instance, else settings.")] = None,
    data: Annotated[Path, typer.Option(envvar="GRADELINE_DATA", help="Folder of the instance.")] = Path(".gradeline"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a record.")] = False,
) -> None:
    """Print the records of a topic, from now on. Joins no group and commits nothing."""
    import asyncio
    import contextlib

    from gradeline.brokers import found
    from shared.edge.kafka.source import Source

    broker = found(kafka=kafka, data=data)
    source = Source(broker.address, topics=[topic], group=None, profile=broker.profile)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_print(source, from_start=from_start, count=count, as_json=as_json))


async def _print(source: Source, *, from_start: bool, count: int, as_json: bool) -> None:
    import msgspec

    await source.start()
    try:
        printed = 0
        async for record in _records(source, from_start=from_start):
            seen = shown(record)
            typer.echo(msgspec.json.encode(seen).decode() if as_json else line(seen))
            printed += 1
            if printed == count:
                return
    finally:
        await source.stop()


async def _records(source: Source, *, from_start: bool) -> AsyncIterator[Record]:
    """Every record that comes. The end of a partition is known from a fetch only, so each is looked at from offset 0."""
    unsettled: set[Place] = set()
    while True:
        batch = await source.batch(500, LOOK_S)
        if batch is not None:
            await source.resume_at(dict.fromkeys(batch.assigned, 0))
            await source.resume_at({(what.topic, what.partition): what.edge or 0 for what in batch.truncated})
            if not from_start:
                unsettled |= batch.assigned
            for record in batch.records:
                if (record.topic, record.partition) not in unsettled:
                    yield record
        known = {place: mark for place in unsettled if (mark := source.highwater(*place)) is not None}
        await source.resume_at(known)
        unsettled -= known.keys()


def shown(record: Record) -> dict[str, Any]:
    """What `--json` prints: a structured event as it is, other bytes in base 64."""
    import msgspec

    value: Any = None
    if record.value is not None:
        try:
            value = msgspec.json.decode(record.value)
        except (msgspec.DecodeError, UnicodeDecodeError):
            value = {"base64": base64.b64encode(record.value).decode()}
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        "key": None if record.key is None else record.key.decode(errors="replace"),
        "headers": {name: text.decode(errors="replace") for name, text in record.headers},
        "value": value,
    }


def line(seen: dict[str, Any]) -> str:
    """One line for people."""
    import msgspec

    value = seen["value"] if isinstance(seen["value"], dict) else {}
    data = msgspec.json.encode(value.get("data", seen["value"])).decode()
    where = f"{seen['partition']}@{seen['offset']}"
    return f"{value.get('time', ''):<26} {where:<10} {seen['key'] or '-':<20} {value.get('type', ''):<34} {data}"
