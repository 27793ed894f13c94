"""`gradeline remind`: customers are written to about what falls due and what is overdue; off until companies are named."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PROCESSES = 2


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(no_args_is_help=True)
    group.callback(help="Customers are written to about what falls due and what is overdue.")(lambda: None)
    group.command()(contacts)
    group.command()(send)
    app.add_typer(group, name="remind")


def contacts(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV: customer, email, language (zh, en).")],
) -> None:
    """Say where customers want to be written: those of FILE are written to at its addresses and at no others.

    A row without an address takes what is known away. Exit status: 0 done, 2 something is wrong and nothing was changed, 4 the
    database does not answer.
    """
    import getpass

    from gradeline import reminding
    from gradeline.database import reached, told
    from gradeline.language import say
    from shared.edge import clock

    customers, found = reminding.read(file)
    reached(reminding.keep_contacts(told(), customers, found, getpass.getuser(), clock.now()))
    typer.echo(say("{count:,} addresses of {customers:,} customers", count=len(found), customers=len(customers)))


def send(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False,
    processes: Annotated[int, typer.Option(min=1, help="How many compute at once.")] = PROCESSES,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Write to customers whose documents fall due or are overdue, each document once a step; to be run every morning.

    Only about documents of the companies that GRADELINE_REMIND_COMPANIES names. Exit status: 0 done, 2 it is switched off or
    configured wrongly, 4 the database does not answer.
    """
    import json

    from gradeline import reminding
    from gradeline.database import reached, told
    from gradeline.importing.progress import bars
    from gradeline.language import say
    from gradeline.reporting import read
    from shared.core.errors import Misconfigured
    from shared.edge import clock

    known = told()
    if not known.remind_companies:
        raise Misconfigured(
            "customers are written to nowhere; name our companies in GRADELINE_REMIND_COMPANIES, or * for all"
        )
    with bars() as show:
        found, today = read.accounts(known, None, processes, show)
    steps = reminding.at_a_step(found, today, frozenset(known.remind_companies.split(",")))
    done = reached(reminding.remind(known, steps, today, clock.now(), keep=not dry_run))
    if as_json:
        typer.echo(json.dumps(done._asdict(), ensure_ascii=False))
        return
    typer.echo(
        say(
            "{messages:,} messages to {customers:,} customers about {documents:,} documents",
            messages=done.messages, customers=done.customers, documents=done.documents,
        )
    )  # fmt: skip
    if done.unreachable:
        named = ", ".join(done.unreachable[:20])
        count = len(done.unreachable)
        typer.echo(say("{count:,} customers have no address: {named}", count=count, named=named))
    if dry_run:
        typer.echo(say("nothing was changed: this was a dry run"))
