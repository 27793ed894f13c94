"""`gradeline import`: facts from a file of another system."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from gradeline.importing.job import Job
    from gradeline.importing.report import Summary

REFUSED = 3
"""Exit status when some rows were refused."""


class Ask(NamedTuple):
    """What was asked for on the command line."""

    mapping: str
    cut_over: date | None
    url: str | None
    data: Path
    token: str | None
    batch: int
    dry_run: bool
    known_as_occurred: bool


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="import")(import_file)


def import_file(
    file: Annotated[Path | None, typer.Argument(help="The table to import: CSV, .xlsx or .xls.")] = None,
    *,
    mapping: Annotated[str, typer.Option(help="A shipped mapping by name, or the path of a mapping file.")],
    cut_over: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day as of which what was booked by then stands as opening balance."),
    ] = None,
    url: Annotated[str | None, typer.Option(help="The rating API; else the instance that runs from --data.")] = None,
    data: Annotated[Path, typer.Option(envvar="GRADELINE_DATA", help="Folder of the running instance.")] = Path(
        ".gradeline"
    ),
    token: Annotated[
        str | None, typer.Option(help="Bearer token; else GRADELINE_TOKEN, else the instance's own.")
    ] = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(help="Write every refusal to this .csv, or to this .xlsx: the sheet with a comment on each cell."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Facts in one request.")] = 500,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, post nothing.")] = False,
    known_as_occurred: Annotated[
        bool, typer.Option("--known-as-occurred", help="Claim that each fact was known at the end of its own date.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    watch: Annotated[
        Path | None, typer.Option(help="Take every file that lands in this folder, until SIGTERM.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="With --watch: take what is there, then end.")] = False,
    marker: Annotated[
        str | None, typer.Option(help="With --watch: a file is whole once NAME plus this stands beside it, e.g. .done.")
    ] = None,
    settle: Annotated[
        float,
        typer.Option(min=0.1, max=3600, help="With --watch: seconds without a change after which a file is whole."),
    ] = 10.0,
    every: Annotated[float, typer.Option(min=0.1, max=3600, help="With --watch: seconds between looks.")] = 10.0,
) -> None:
    """Import FILE: each row becomes facts, as the mapping says. Rows that break a rule are reported, the others go on.

    With --watch DIR each file is imported once and moved to DIR/done, or with its report to DIR/failed.

    Exit status: 0 all rows taken, 3 some rows (or files) refused, 2 wrong mapping or use, 4 the service stayed away
    (run it again: what was posted already does no harm).
    """
    from rich.console import Console

    from shared.core.errors import Misconfigured, Unavailable

    day = cut_over.date() if cut_over else None
    ask = Ask(mapping, day, url, data, token, batch, dry_run, known_as_occurred)
    if (file is None) == (watch is None):
        raise Misconfigured("name one FILE, or a folder with --watch")
    if watch is not None:
        from gradeline.commands.watching import Look, watch_folder

        if dry_run or report:
            raise Misconfigured("--dry-run and --report go with a FILE; a watched folder keeps its reports itself")
        look = Look(watch, once=once, marker=marker, settle_s=settle, every_s=every)
        raise typer.Exit(REFUSED if watch_folder(ask, look, as_json=as_json) else 0)
    assert file is not None
    try:
        summary = _run(Console(stderr=as_json), file, report or [], ask)
    except Unavailable:
        typer.echo("Run the same command again to go on: what was posted already is not doubled.", err=True)
        raise
    if as_json:
        _print_json(summary)
    raise typer.Exit(REFUSED if summary.rows_refused else 0)


def _print_json(summary: Summary) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(summary).decode())


def _run(screen: Console, file: Path, reports: list[Path], ask: Ask) -> Summary:
    from gradeline.importing.progress import bars
    from gradeline.importing.report import show, show_samples

    job = job_of(ask)
    _say_first(screen, job.mapping.assumptions, known_as_occurred=ask.known_as_occurred)

    with bars() as shows:
        done = job.carry_out(file, reports, shows)
    for note in done.summary.notes:
        screen.print(f"found: {note}", markup=False, highlight=False)
    if ask.dry_run and not screen.stderr:
        show_samples(screen, done.survey.samples.values())
    show(screen, done.summary, done.report)
    return done.summary


def job_of(ask: Ask) -> Job:
    """How files are imported. Raises Misconfigured for a wrong mapping, or where nothing says where to post."""
    from gradeline.importing import mapping as mappings
    from gradeline.importing.job import Job
    from gradeline.target import target
    from shared.core.errors import Misconfigured

    rules = mappings.load(ask.mapping, cut_over=ask.cut_over)
    if not rules.facts:
        raise Misconfigured(
            f"the mapping '{rules.name}' has no facts: to import; `gradeline reconcile` compares with it"
        )
    role = "operator" if ask.known_as_occurred else "integrator"  # only some may say when a fact was known
    to = None if ask.dry_run else target(url=ask.url, token=ask.token, data=ask.data, subject="import", role=role)
    return Job(rules, to, ask.batch, ask.known_as_occurred)


def _say_first(screen: Console, assumptions: tuple[str, ...], *, known_as_occurred: bool) -> None:
    for assumption in assumptions:
        screen.print(f"assumed: {assumption}", markup=False, highlight=False)
    if known_as_occurred:
        screen.print(
            "known as occurred: every fact claims to have been known at the end of its own date. Only an API that "
            "grants this honours it; reports by known_at then show the past as if it had been lived.",
            style="bold yellow",
        )
