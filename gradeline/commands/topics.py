"""`gradeline topics apply`: make the broker's topics what `deploy/topics/*.yaml` declares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    group = typer.Typer(help="Topics on the broker.", no_args_is_help=True)
    group.command("apply")(apply)
    app.add_typer(group, name="topics")


def apply(
    *,
    kafka: Annotated[str | None, typer.Option(help="host:port[,…]; else the running instance, else settings.")] = None,
    data: Annotated[Path, typer.Option(envvar="GRADELINE_DATA", help="Folder of the instance.")] = Path(".gradeline"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a topic.")] = False,
) -> None:
    """Create missing topics with their partition counts; change nothing else. Status 2: one has another count."""
    import msgspec

    from gradeline.brokers import found
    from shared.edge.kafka.topics import apply as carry_out
    from shared.edge.kafka.topics import load

    broker = found(kafka=kafka, data=data)
    applied = carry_out(broker.address, broker.profile, load(partitions=broker.partitions))
    for one in applied:
        plain = f"{one.state:<10} {one.name:<26} {one.partitions} partitions"
        typer.echo(msgspec.json.encode(one).decode() if as_json else plain)
