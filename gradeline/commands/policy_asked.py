"""What the `policy` commands take in the same way, and how they end: one sentence and an honest status."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from gradeline import policy_page
from gradeline.language import sentence_of
from shared.core.errors import GradelineError, Misconfigured
from shared.core.policy.rulebook import Rulebook
from shared.edge import clock
from shared.edge.policy_files import load_rules

SHIPPED = policy_page.RULES
"""The rules that come with the product."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
"""Other forms of ISO 8601 (a week, no hyphens) are slips here."""

Folder = Annotated[Path, typer.Option("--policies", envvar="GRADELINE_POLICIES", help="The folder of the rules.")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="YYYY-MM-DD; today where it is left out.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
Zone = Annotated[str, typer.Option(envvar="GRADELINE_ZONE", hidden=True)]


def loaded(folder: Path) -> Rulebook:
    """The rules of *folder*; ends with 2 where they cannot be read."""
    try:
        return load_rules(folder)
    except GradelineError as error:
        fail(f"{folder}: {sentence_of(error)}", 2)


def day_of(text: str | None, zone: str) -> date:
    """The day that *text* names; today in *zone* where it is None."""
    if text is None:
        return clock.today(zone)
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        fail(f"--as-of {text}: write a date as YYYY-MM-DD, e.g. 2026-07-01", 2)


def text_of(measures: str) -> str:
    """The text of the file *measures*, or of standard input. Raises Misconfigured."""
    try:
        return sys.stdin.read() if measures == "-" else Path(measures).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"the file cannot be read ({type(error).__name__}); name a JSON file in UTF-8") from None


def put(record: Any) -> None:
    """Print *record* as JSON."""
    typer.echo(json.dumps(record, ensure_ascii=False, indent=2))


def fail(sentence: str, status: int) -> NoReturn:
    """Say *sentence* on standard error and end with *status*."""
    typer.echo(sentence, err=True)
    raise typer.Exit(status)
