"""`gradeline simulate`: an invented portfolio, as facts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gradeline.importing.run import Shows
    from gradeline.post import RefusedFact
    from gradeline.simulator.agenda import Event
    from gradeline.target import Target

BATCH = 500
FIRST = date(1950, 1, 1)
"""The first day of the longest history."""


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="simulate")(simulate)


def simulate(
    *,
    customers: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many customers.")] = 200,
    months: Annotated[int, typer.Option(min=1, max=240, help="How many months of history.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same facts.")] = 1,
    end: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day; else today.")] = None,
    zone: Annotated[str, typer.Option(envvar="GRADELINE_ZONE", help="IANA time zone of the facts.")] = "Asia/Shanghai",
    post: Annotated[bool, typer.Option("--post", help="Post the facts to the rating API.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the facts to this file, one JSON object a line.")] = None,
    url: Annotated[str | None, typer.Option(help="The rating API; else the instance that runs from --data.")] = None,
    data: Annotated[Path, typer.Option(envvar="GRADELINE_DATA", help="Folder of the running instance.")] = Path(
        ".gradeline"
    ),
    token: Annotated[
        str | None, typer.Option(help="Bearer token; else GRADELINE_TOKEN, else the instance's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Invent a portfolio of customers and tell its history as facts, in order of time.

    Without --post and --out the facts go to standard output, one JSON object a line.
    """
    from gradeline.importing.progress import bars
    from gradeline.simulator.portfolio import simulate as facts
    from gradeline.target import target
    from shared.core.errors import Misconfigured
    from shared.edge import clock

    _check_zone(zone, Misconfigured)
    if as_json and not post and out is None:
        raise Misconfigured("--json prints a summary where the facts would go; add --post or --out FILE")
    last = end.date() if end else clock.today(zone)
    _check_end(last, months, Misconfigured)
    to = target(url=url, token=token, data=data, subject="simulate") if post else None
    start, count = clock.monotonic(), 0
    with _written(out, also=not post, failed=Misconfigured) as lines, bars() as show:
        told = _shown(facts(customers, months, seed, last, zone=zone), months, last, show)
        count = _post(told, lines, to) if to else _write(told, lines)
    summary = {
        "facts": count,
        "customers": customers,
        "end": last.isoformat(),
        "seconds": round(clock.monotonic() - start, 3),
    }
    if as_json:
        import json

        typer.echo(json.dumps(summary))
    elif post or out:
        typer.echo(f"{count:,} facts about {customers:,} customers until {last}, {summary['seconds']} s", err=True)


def _check_zone(zone: str, failed: type[Exception]) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise failed(f"--zone: '{zone}' is no time zone; write an IANA name, e.g. Asia/Shanghai") from None


def _check_end(last: date, months: int, failed: type[Exception]) -> None:
    """A history lies where offsets from UTC are whole minutes everywhere, and before the dates that nobody means."""
    from gradeline.simulator.portfolio import origin_of
    from shared.core import limits

    earliest = FIRST + (limits.LATEST_DATE - origin_of(limits.LATEST_DATE, months))
    if not earliest <= last <= limits.LATEST_DATE:
        raise failed(
            f"--end: {months} months that end with {last} are no history that can be told; "
            f"write a day from {earliest} to {limits.LATEST_DATE}"
        )


@contextmanager
def _written(out: Path | None, *, also: bool, failed: type[Exception]) -> Iterator[IO[bytes] | None]:
    """Where the lines go: the file, standard output, or nowhere."""
    if out is None:
        yield sys.stdout.buffer if also else None
        return
    try:
        file = out.open("wb")
    except OSError as closed:
        raise failed(f"--out: {out} cannot be written ({closed.strerror}); check the path") from closed
    with file:
        yield file


def _shown(events: Iterator[Event], months: int, last: date, show: Shows) -> Iterator[Event]:
    """The same events; the bar counts the days told."""
    from gradeline.simulator.portfolio import origin_of

    first = origin_of(last, months)
    total = (last - first).days + 1
    for count, event in enumerate(events):
        if count % 512 == 0:
            show((date.fromisoformat(event["time"][:10]) - first).days, total, "days")
        yield event
    show(total, total, "days")


def _write(events: Iterator[Event], lines: IO[bytes] | None) -> int:
    from itertools import islice

    import msgspec

    encoder, count = msgspec.json.Encoder(), 0
    while some := list(islice(events, BATCH)):
        count += len(some)
        if lines:
            lines.write(encoder.encode_lines(some))
    return count


def _post(events: Iterator[Event], lines: IO[bytes] | None, to: Target) -> int:
    from itertools import islice

    from gradeline.post import Poster, RefusedFact
    from shared.core.errors import Malformed

    count = 0
    with Poster(to.url, token=to.token) as poster:
        while some := list(islice(events, BATCH)):
            answer = poster.post(some)
            if isinstance(answer, RefusedFact):
                raise Malformed(_said(answer, some), rule=answer.rule)
            count += len(some)
            _write(iter(some), lines)
    return count


def _said(refused: RefusedFact, some: list[Event]) -> str:
    named = some[refused.index]["id"] if refused.index is not None and refused.index < len(some) else "a fact"
    remedy = (
        "another history of this seed was posted before; use another --seed"
        if refused.status == 409
        else "mend the simulator"
    )
    return f"{named} was refused: {refused.message}; {remedy}"
