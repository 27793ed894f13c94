"""Credit checks, held orders, supply: one command about one customer each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.exposure.core import checking, holds, supply
from services.exposure.core.answering import Checked
from services.exposure.core.found import Found
from services.exposure.core.judging import Asked
from services.exposure.core.release_form import ReleaseForm, release_form
from services.exposure.handlers.ports import Ports
from shared.core.approval.commands import Actor
from shared.core.brain import Decided
from shared.core.errors import Declined, NotFound


async def check(ports: Ports, customer_id: str, asked: Asked) -> Checked:
    """Answer *asked*. Asking again is harmless. Raises Unavailable."""
    answers: list[Checked] = []

    def decide(found: Found) -> Sequence[Decided]:
        act = checking.check(found.moment, asked)
        answers.append(act.answer)
        return act.decisions

    await ports.command(ports.database(), customer_id, decide, cause="fact", by_staff=False)
    return answers[-1]


async def form(ports: Ports, customer_id: str, order_id: str, render: Callable[[ReleaseForm], str]) -> str:
    """A held order as `release` would find it, groups included, written by *render*; nothing is decided.

    Raises NotFound, Unavailable.
    """
    pages: list[str] = []

    def decide(found: Found) -> Sequence[Decided]:
        made = release_form(found.moment, order_id)
        if made is None:
            raise NotFound("no such order is held")
        pages.append(render(made))
        return ()

    await ports.command(ports.database(), customer_id, decide, cause="override")
    return pages[-1]


async def release(ports: Ports, customer_id: str, order_id: str, by: Actor, note: str) -> holds.LetGo:
    """Let a held order go. Raises NotFound, Declined naming the rule, Unavailable."""
    answers: list[holds.LetGo] = []

    def decide(found: Found) -> Sequence[Decided]:
        made = holds.release(found.moment, order_id, by, note, found.register)
        if made is holds.Why.UNKNOWN:
            raise NotFound("no such order is held")
        if isinstance(made, holds.Why):
            raise Declined(made)
        answers.append(made.answer)
        return made.decisions

    await ports.command(ports.database(), customer_id, decide, cause="override")
    return answers[-1]


async def suspend(ports: Ports, customer_id: str, by: Actor, reason: str) -> None:
    """Stop supply to a customer. Raises Declined naming the rule, Unavailable."""
    await _supplied(ports, customer_id, lambda found: supply.suspend(found.moment, by, reason, found.register))


async def resume(ports: Ports, customer_id: str, by: Actor, reason: str) -> None:
    """Let supply to a customer go on. Raises Declined naming the rule, Unavailable."""
    await _supplied(ports, customer_id, lambda found: supply.resume(found.moment, by, reason, found.register))


async def _supplied(ports: Ports, customer_id: str, act: Callable[[Found], Sequence[Decided] | supply.Why]) -> None:
    def decide(found: Found) -> Sequence[Decided]:
        made = act(found)
        if isinstance(made, supply.Why):
            raise Declined(made)
        return made

    await ports.command(ports.database(), customer_id, decide, cause="override")
