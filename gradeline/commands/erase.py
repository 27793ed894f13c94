"""`gradeline erase`: make the personal data of one customer unreadable for good, and prove it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from shared.edge.settings import Settings
    from shared.edge.store.erasing import Erasure

KEPT_DAYS = 7
"""How long topics are kept."""


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="erase")(erase)


def erase(
    customer: Annotated[str, typer.Argument(help="The customer whose persons are erased.")],
    *,
    request: Annotated[str, typer.Option(help="The id of the request; the same request again changes nothing.")],
    basis: Annotated[str, typer.Option(help="On what basis: the law, the letter, who decided.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of sentences.")] = False,
) -> None:
    """Destroy the key of CUSTOMER's personal fields: names, ids, contacts, comments. Balances and grades stay as they are.

    The request is kept as a fact, which proves when and why. Exit status: 0 nothing personal can be read any more, 1 some
    still can, 2 CUSTOMER is unknown, 4 the database does not answer.
    """
    import msgspec

    from gradeline.database import reached, told
    from shared.edge import clock

    if not yes:
        typer.confirm(f"This destroys the personal data of {customer} for good. Go on?", abort=True)
    now = clock.now()
    done = reached(_erased(told(), customer, request, basis, now))
    if as_json:
        typer.echo(msgspec.json.encode(done))
    else:
        for line in told_of(done, now):
            typer.echo(line)
    raise typer.Exit(1 if done.readable else 0)


async def _erased(known: Settings, customer: str, request: str, basis: str, now: datetime) -> Erasure:
    from zoneinfo import ZoneInfo

    from gradeline.database import pool_of
    from shared.core.errors import NotFound
    from shared.edge.store import erasing, secret
    from shared.edge.store.intake import accept
    from shared.edge.store.keys import SubjectKeys
    from shared.edge.store.read import known_anywhere

    wrapping = secret.read(secrets_folder=known.secrets, data=known.data, embedded=known.embedded).wrapping
    async with pool_of(known) as pool:
        if not await pool.fetchval("select exists (select from streams where stream = $1)", customer):
            raise NotFound(f"there is no customer {customer}; write the id as `gradeline` shows it")
        at = now.astimezone(ZoneInfo(known.zone))
        event = erasing.request(customer, request, basis, at=at, instance=known.instance)
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            kept, waiting = await known_anywhere(connection, [(customer, event.identity)])
        if not kept and not waiting:
            await accept(pool, [event], now=now, partitions=known.partitions, sealer=None)
        return await erasing.erase(pool, SubjectKeys(pool, wrapping), customer, now=now)


def told_of(done: Erasure, now: datetime) -> list[str]:
    """What was erased, in sentences."""
    until = (now + timedelta(days=KEPT_DAYS)).date()
    return [
        f"{done.customer}: {done.fields} personal fields in {done.facts} facts were readable, {done.readable} are now",
        f"{done.dead_letters} dead letters about the customer were dropped",
        f"what an upstream produced in clear straight to Kafka leaves the topic by {until}",
    ]
