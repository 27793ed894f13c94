"""`gradeline import`: facts from a file of another system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from gradeline.importing.report import Summary

REFUSED = 3
"""Exit status when some rows were refused."""


class Ask(NamedTuple):
    """What was asked for on the command line."""

    file: Path
    mapping: str
    url: str | None
    data: Path
    token: str | None
    report: Path | None
    batch: int
    dry_run: bool
    known_as_occurred: bool


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="import")(import_file)


def import_file(
    file: Annotated[Path, typer.Argument(help="The delimited file (CSV) to import.")],
    *,
    mapping: Annotated[str, typer.Option(help="A shipped mapping by name, or the path of a mapping file.")],
    url: Annotated[str | None, typer.Option(help="The rating API; else the instance that runs from --data.")] = None,
    data: Annotated[Path, typer.Option(envvar="GRADELINE_DATA", help="Folder of the running instance.")] = Path(
        ".gradeline"
    ),
    token: Annotated[
        str | None, typer.Option(help="Bearer token; else GRADELINE_TOKEN, else the instance's own.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write every refusal to this CSV: row, column, rule, message.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Facts in one request.")] = 500,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, post nothing.")] = False,
    known_as_occurred: Annotated[
        bool, typer.Option("--known-as-occurred", help="Claim that each fact was known at the end of its own date.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Import FILE: each row becomes facts, as the mapping says. Rows that break a rule are reported, the others go on.

    Exit status: 0 all rows taken, 3 some rows refused, 2 wrong mapping or use, 4 the service stayed away (run it again:
    what was posted already does no harm).
    """
    from rich.console import Console

    from shared.core.errors import Unavailable

    ask = Ask(file, mapping, url, data, token, report, batch, dry_run, known_as_occurred)
    try:
        summary = _run(Console(stderr=as_json), ask)
    except Unavailable:
        typer.echo("Run the same command again to go on: what was posted already is not doubled.", err=True)
        raise
    if as_json:
        _print_json(summary)
    raise typer.Exit(REFUSED if summary.rows_refused else 0)


def _print_json(summary: Summary) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(summary).decode())


def _run(screen: Console, ask: Ask) -> Summary:
    from gradeline.importing import mapping as mappings
    from gradeline.importing.progress import bars
    from gradeline.importing.report import Report, Summary, show, show_samples
    from gradeline.importing.run import Import
    from gradeline.post import Poster
    from gradeline.target import target
    from shared.edge import clock

    rules, start = mappings.load(ask.mapping), clock.monotonic()
    _say_first(screen, rules.assumptions, known_as_occurred=ask.known_as_occurred)
    role = "operator" if ask.known_as_occurred else "integrator"  # only some may say when a fact was known
    to = None if ask.dry_run else target(url=ask.url, token=ask.token, data=ask.data, subject="import", role=role)
    with Report(ask.report) as report, bars() as shows:
        job = Import(ask.file, rules, ask.known_as_occurred, shows)
        survey = job.survey(report)
        taken, duplicates = survey.facts, 0
        if to is not None:
            with Poster(to.url, token=to.token) as poster:
                taken, duplicates = job.post(survey, poster, report, batch=ask.batch)
    summary = Summary(
        file=str(ask.file),
        mapping=rules.name,
        dry_run=ask.dry_run,
        known_as_occurred=ask.known_as_occurred,
        rows=survey.rows,
        rows_refused=len(report.rows),
        customers=len(survey.subjects),
        facts=dict(sorted(taken.items())),
        duplicates=duplicates,
        rules=dict(sorted(report.rules.items())),
        seconds=round(clock.monotonic() - start, 3),
        report=str(ask.report) if ask.report else None,
    )
    if ask.dry_run and not screen.stderr:
        show_samples(screen, survey.samples.values())
    show(screen, summary, report)
    return summary


def _say_first(screen: Console, assumptions: tuple[str, ...], *, known_as_occurred: bool) -> None:
    for assumption in assumptions:
        screen.print(f"assumed: {assumption}", markup=False, highlight=False)
    if known_as_occurred:
        screen.print(
            "known as occurred: every fact claims to have been known at the end of its own date. Only an API that "
            "grants this honours it; reports by known_at then show the past as if it had been lived.",
            style="bold yellow",
        )
