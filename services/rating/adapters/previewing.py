"""Previews a version of a method over stored customers, folded from their facts: the live population, as of any day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.rating.adapters.context import context_of
from services.rating.core.brain import RatingBrain
from services.rating.core.context import Context
from services.rating.core.engine import Engine
from services.rating.core.preview import FORMER, Effect, look, trying
from shared.core.policy.activation import in_force
from shared.core.policy.policy import Policy
from shared.core.refusal import Refusal
from shared.edge.refolding import CUSTOMERS, DAYS
from shared.edge.store.pool import transaction
from shared.edge.store.read import load


async def preview(
    dsn: str,
    brain: RatingBrain,
    policy: Policy,
    streams: Sequence[str],
    as_of: date | None,
    former: Policy | None = None,
) -> Effect:
    """What *policy* would change for *streams* on *as_of* (None: the current day of each). Raises asyncpg errors.

    *former* is in force that day in its place; None: the rules that are. *brain* has both as of `with_trial`.
    """
    effect = Effect()
    async with transaction(dsn, schema="rating", readonly=True, isolation="repeatable_read") as connection:
        partitions = {row["stream"]: row["partition"] for row in await connection.fetch(CUSTOMERS, list(streams))}
        numbers = sorted(set(partitions.values()))
        days = {row["partition"]: row["day"] for row in await connection.fetch(DAYS, numbers)}
        engines: dict[int, tuple[Engine, Engine]] = {}
        for number in numbers:
            context = await context_of(connection, brain, number)
            day = as_of or days[number]
            tried, stands = trying(context, policy, day), _standing(brain, context, former, day)
            engines[number] = tuple(Engine(brain.rulebook, brain.setting, one) for one in (stands, tried))  # type: ignore[assignment] # two of them
        loaded = await load(connection, sorted(partitions), fold_version="", parked=True)
    for stream, one in loaded.items():
        before, after = engines[partitions[stream]]
        try:
            state = brain.initial(stream)
            for event in one.tail:
                brain.evolve(state, event)
            look(state, (as_of or days[partitions[stream]]).toordinal(), before, after, policy, effect)
        except Exception:  # whatever a brain raises parks a customer; here it is one that could not be read
            effect.unread.append(stream)
    return effect


def _standing(brain: RatingBrain, context: Context, former: Policy | None, day: date) -> Context:
    """*context* with *former* in force on *day*, unless it is already: then nothing begins on that day."""
    if former is None:
        return context
    stands = in_force(brain.rulebook, context.activations).books[former.method].at(day)
    if not isinstance(stands, Refusal) and stands.sha256 == former.sha256:
        return context
    return trying(context, former, day, FORMER)
