"""The command line. Each module of `gradeline.commands` adds its own; nothing heavy is imported before one runs."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from shared.core.errors import GradelineError, Misconfigured, Rejected, Unavailable

COMMANDS = (
    "up",
    "status",
    "importing",
    "mappings",
    "reconcile",
    "report",
    "exposure",
    "limits",
    "holds",
    "simulate",
    "serve",
    "work",
    "relay",
    "day",
    "review",
    "topics",
    "db",
    "events",
    "dead_letters",
    "verify",
    "rebuild",
    "erase",
    "policy",
    "measures",
    "routes",
    "alerts",
    "worklists",
    "remind",
    "token",
    "staff",
    "sink",
)
"""Modules of `gradeline.commands`, in the order of the help page. Each has `register(app)`."""


def exit_status(error: GradelineError) -> int:
    """2: what was asked or configured is wrong; 4: a part does not answer, try again later; 1: anything else."""
    if isinstance(error, Rejected | Misconfigured):
        return 2
    return 4 if isinstance(error, Unavailable) else 1


class Sentences(TyperGroup):
    """Ends with one sentence and an honest status where a command raises one of our own errors."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except GradelineError as error:
            from gradeline.language import sentence_of

            typer.echo(f"gradeline: {sentence_of(error)}", err=True)
            raise typer.Exit(exit_status(error)) from error


def build() -> typer.Typer:
    """The application with all its commands."""
    made = typer.Typer(
        cls=Sentences,
        help="Credit risk for companies that sell on account.",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
    )
    made.callback()(options)
    for name in COMMANDS:
        module = f"gradeline.commands.{name}"
        if find_spec(module) is not None:
            import_module(module).register(made)
    return made


def version(wanted: bool) -> None:
    """Print the version and end, where it is *wanted*: before anything asks which command was meant."""
    if wanted:
        from shared.edge.release import software_version

        typer.echo(f"gradeline {software_version()}")
        raise typer.Exit


def options(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=version)
    ] = False,
) -> None:
    """Credit risk for companies that sell on account."""


app = build()
