"""gradeline policy: the rules in force, what they say, and what they make of given measures. Needs no database."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

import services.rating
from gradeline.commands import policy_tables
from shared.core.errors import GradelineError, Misconfigured, NotFound
from shared.core.policy.evaluate import evaluate, refused
from shared.core.policy.policy import Policy, canonical
from shared.core.policy.rulebook import Rulebook
from shared.core.refusal import Refusal
from shared.edge import clock
from shared.edge.policy_files import load_rules
from shared.edge.policy_values import read_measures

SHIPPED = Path(services.rating.__file__).parent / "policies"
"""The rules that come with the product."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
"""Other forms of ISO 8601 (a week, no hyphens) are slips here."""

Folder = Annotated[Path, typer.Option("--policies", envvar="GRADELINE_POLICIES", help="The folder of the rules.")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="YYYY-MM-DD; today where it is left out.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
Zone = Annotated[str, typer.Option(envvar="GRADELINE_ZONE", hidden=True)]


def register(app: typer.Typer) -> None:
    """Add `gradeline policy …` to *app*."""
    policy = typer.Typer(no_args_is_help=True, help="Rating methods: list, show, evaluate.")
    policy.command("list")(list_policies)
    policy.command("show")(show_policy)
    policy.command("evaluate")(evaluate_policy)
    app.add_typer(policy, name="policy")


def list_policies(folder: Folder = SHIPPED, as_json: Json = False) -> None:
    """List every version of every rating method and early-warning rule."""
    rules = _load(folder)
    if as_json:
        _print(policy_tables.list_record(rules))
    else:
        policy_tables.print_list(rules)


def show_policy(
    method: str, as_of: AsOf = None, folder: Folder = SHIPPED, as_json: Json = False, zone: Zone = "Asia/Shanghai"
) -> None:
    """Show the version of METHOD in force: what it reads, its tables, vetoes, caps, movement and assumptions."""
    found = _in_force(_load(folder), method, _day(as_of, zone))
    if isinstance(found, Refusal):
        _fail(f"{method} had no version in force on that day", 3)
    if as_json:
        _print({"sha256": found.sha256, "rules": json.loads(canonical(found))})
    else:
        policy_tables.print_policy(found)


def evaluate_policy(
    method: str,
    measures: Annotated[str, typer.Option(metavar="FILE|-", help="A JSON object of measures; - reads standard input.")],
    as_of: AsOf = None,
    folder: Folder = SHIPPED,
    as_json: Json = False,
    zone: Zone = "Asia/Shanghai",
) -> None:
    """Grade given measures under METHOD. Exit status 0: a grade, 3: a refusal, 2: bad input."""
    book = _load(folder)
    day = _day(as_of, zone)
    policy = _in_force(book, method, day)
    if isinstance(policy, Refusal):
        _out_of_force(book, method, day, policy, as_json=as_json)
    try:
        values = read_measures(_read(measures), policy)
    except GradelineError as error:
        _fail(f"{measures}: {error.message}", 2)
    assessment = evaluate(policy, values, as_of=day)
    if as_json:
        _print(assessment.record())
    else:
        policy_tables.print_assessment(policy, assessment)
    raise typer.Exit(0 if assessment.refusal is None else 3)


def _out_of_force(book: Rulebook, method: str, day: date, refusal: Refusal, *, as_json: bool) -> NoReturn:
    """Say that nobody is graded: no version was in force, so none is named, and no measure is read."""
    if not as_json:
        _fail(f"no grade ({refusal}): {method} had no version in force on {day}", 3)
    nobody = refused(book.books[method].versions[0], refusal)
    _print(nobody.record() | {"version": None, "sha256": None})
    raise typer.Exit(3)


def _load(folder: Path) -> Rulebook:
    try:
        return load_rules(folder)
    except GradelineError as error:
        _fail(f"{folder}: {error.message}", 2)


def _in_force(book: Rulebook, method: str, day: date) -> Policy | Refusal:
    if method not in book.books:
        _fail(NotFound(f"there is no method {method!r}; choose one of {', '.join(book.books)}").message, 2)
    return book.books[method].at(day)


def _day(text: str | None, zone: str) -> date:
    if text is None:
        return clock.today(zone)
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        _fail(f"--as-of {text}: write a date as YYYY-MM-DD, e.g. 2026-07-01", 2)


def _read(measures: str) -> str:
    try:
        return sys.stdin.read() if measures == "-" else Path(measures).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"the file cannot be read ({type(error).__name__}); name a JSON file in UTF-8") from None


def _print(record: Any) -> None:
    typer.echo(json.dumps(record, ensure_ascii=False, indent=2))


def _fail(sentence: str, status: int) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(status)
