"""`gradeline verify`: compute customers again from their first fact, and say what differs from what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from services.alerts.core.brain import AlertsBrain
    from services.exposure.core.brain import ExposureBrain
    from services.rating.core.brain import RatingBrain
    from shared.edge.proof import Proof

SHOWN = 20
PROCESSES = 2


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="verify")(verify)


def verify(
    service: Annotated[Literal["rating", "exposure", "alerts"], typer.Argument(help="Which service.")] = "rating",
    *,
    sample: Annotated[int | None, typer.Option(min=1, help="So many customers; without it, all.")] = None,
    seed: Annotated[str, typer.Option(help="Chooses the sample; another seed, other customers.")] = "",
    processes: Annotated[int, typer.Option(min=1, help="How many compute at once.")] = PROCESSES,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of sentences.")] = False,
) -> None:
    """Prove that grades, balances and warnings, or limits and exposure, or alerts and notices, follow from the log. Runs
    beside the workers; nothing is changed.

    Each event is compared with its digests, so that what was altered by hand is found; each customer is folded from its
    first event and compared with its row; each recorded grade is evaluated again from the measures in its event.
    Exit status: 0 no difference, 1 differences, 4 the database does not answer.
    """
    import msgspec

    from gradeline.database import pool_of, reached, told
    from gradeline.importing.progress import bars
    from gradeline.spread import spread
    from shared.edge.proof import Proof, customers
    from shared.edge.waiting import named

    known = told()
    named(known)

    async def chosen() -> list[str]:
        async with pool_of(known, schema=service) as pool, pool.acquire() as connection:
            return await customers(connection, sample, seed)

    streams, proof = reached(chosen()), Proof()
    work = partial(prove, service, known.postgres, known.currency, known.policies)
    with bars() as show:
        for piece in spread(work, streams, processes=processes, show=show, what="verify"):
            proof.add(piece)
    if as_json:
        typer.echo(msgspec.json.encode(proof))
    else:
        for line in told_of(proof):
            typer.echo(line)
    raise typer.Exit(1 if proof.findings else 0)


def prove(service: str, dsn: str, currency: str, policies: Path | None, streams: Sequence[str]) -> Proof:
    """Prove some customers of *service*, in this process."""
    from gradeline.database import reached

    if service == "exposure":
        from services.exposure.adapters import proving as accounts

        return reached(accounts.prove(dsn, accounts_brain(currency), streams))
    if service == "alerts":
        from services.alerts.adapters import proving as cases

        return reached(cases.prove(dsn, cases_brain(), streams))
    from services.rating.adapters import proving

    return reached(proving.prove(dsn, brain_of(currency, policies), streams))


@lru_cache(maxsize=1)
def brain_of(currency: str, policies: Path | None) -> RatingBrain:
    """The brain of rating in this installation, made once a process."""
    from services.rating.worker import brain

    return brain(currency, policies)


@lru_cache(maxsize=1)
def accounts_brain(currency: str) -> ExposureBrain:
    """The brain of exposure in this installation, made once a process."""
    from services.exposure.adapters import wiring

    return wiring.brain(currency)


@lru_cache(maxsize=1)
def cases_brain() -> AlertsBrain:
    """The brain of alerts in this installation, made once a process."""
    from gradeline.database import told
    from services.alerts.adapters import wiring

    return wiring.brain(told())


def told_of(proof: Proof) -> list[str]:
    """The proof in sentences, the first differences first."""
    lines = [f"{one.customer}  {one.what}: kept {one.kept}, computed {one.computed}" for one in proof.findings[:SHOWN]]
    if len(proof.findings) > SHOWN:
        lines.append(f"… and {len(proof.findings) - SHOWN} more; --json lists all")
    aside = f"; {proof.skipped} are parked or being brought to a new day and were left out" if proof.skipped else ""
    what = f"{proof.customers:,} customers, {proof.decisions:,} recorded grades"
    return [*lines, f"{what}: {len(proof.findings) or 'no'} differences{aside}"]
