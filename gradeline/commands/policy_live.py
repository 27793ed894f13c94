"""`gradeline policy preview` and `gradeline policy activate`: versions of a method and the customers of an installation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from gradeline.commands import policy_limits
from gradeline.language import say

if TYPE_CHECKING:
    from gradeline.commands.policy_limits import Limits
    from gradeline.commands.policy_list import Known
    from services.rating.core.brain import RatingBrain
    from services.rating.core.preview import Effect, Moved
    from shared.core.policy.policy import Policy
    from shared.edge.settings import Settings

SHOWN = 20
PROCESSES = 2
LOOK_SECONDS = 0.5


def preview_policy(
    method: str,
    against: Annotated[
        str | None,
        typer.Option(metavar="VERSION|DIR", help="The version to try, or a folder of rules with it; else the last."),
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day to look at; the current day if left out.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="How many compute at once.")] = PROCESSES,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Say what a version of METHOD would change before it is activated: the grades before and after, who moves and why,
    and what would become of the policy limits of those who move.

    Exit status: 0 done, 2 there is no such version, 4 the database does not answer.
    """
    from gradeline.commands.verify import brain_of
    from gradeline.database import told

    known = told()
    policy = tried(brain_of(known.currency, known.policies), method, against)
    day = as_of.date() if as_of else None
    effect = effect_of(known, policy, None, day, processes)
    effect.moved.sort(key=lambda one: (-(one.receivable_balance or 0), one.customer))
    limits = policy_limits.limits_of(known, policy, effect.moved, day, processes)
    if as_json:
        typer.echo(json.dumps(record(policy, effect, limits), ensure_ascii=False, indent=2))
    else:
        for line in lines(policy, effect, limits):
            typer.echo(line)


def effect_of(known: Settings, policy: Policy, former: Policy | None, as_of: date | None, processes: int) -> Effect:
    """What *policy* in the place of *former* (None: of what is in force) makes of every customer. Raises Unavailable."""
    from gradeline.database import pool_of, reached
    from gradeline.importing.progress import bars
    from gradeline.spread import spread
    from services.rating.core.preview import Effect
    from shared.edge.proof import customers
    from shared.edge.waiting import named

    async def chosen() -> list[str]:
        async with pool_of(known) as pool, pool.acquire() as connection:
            return await customers(connection, None, "")

    streams, effect = reached(chosen()), Effect()
    work = partial(looked, named(known), known.currency, known.policies, policy, former, as_of)
    with bars() as show:
        for piece in spread(work, streams, processes=processes, show=show, what="preview"):
            effect.add(piece)
    return effect


def looked(
    dsn: str,
    currency: str,
    policies: Path | None,
    policy: Policy,
    former: Policy | None,
    as_of: date | None,
    streams: Sequence[str],
) -> Effect:
    """Look at some customers, in this process."""
    from gradeline.database import reached
    from services.rating.adapters import previewing

    brain = _trying(currency, policies, policy, former)
    return reached(previewing.preview(dsn, brain, policy, streams, as_of, former))


_MADE: dict[tuple[str, ...], RatingBrain] = {}
"""The brain of the last preview of this process: making one takes longer than looking at a customer."""


def _trying(currency: str, policies: Path | None, policy: Policy, former: Policy | None) -> RatingBrain:
    """The brain with the versions beside those in force, made once a process."""
    from gradeline.commands.verify import brain_of
    from services.rating.adapters.comparing import both
    from services.rating.core.brain import RatingBrain

    key = (currency, str(policies), policy.sha256, former.sha256 if former else "")
    if key not in _MADE:
        live = brain_of(currency, policies)
        _MADE.clear()
        _MADE[key] = RatingBrain(both(live.rulebook, former or policy, policy), live.setting, live.chains)
    return _MADE[key]


def tried(brain: RatingBrain, method: str, against: str | None) -> Policy:
    """The version to try. Raises NotFound, Misconfigured."""
    from gradeline.commands.policy_list import pick
    from shared.core.errors import NotFound
    from shared.edge.policy_files import load_rules

    rules = brain.rulebook
    if method not in rules.books:
        raise NotFound(f"there is no method {method!r} in force; choose one of {', '.join(rules.books)}")
    folder = Path(against) if against and Path(against).is_dir() else None
    found = pick(load_rules(folder) if folder else rules, method, None if folder else against, -1)
    if isinstance(found, str):
        raise NotFound(found)
    return found


def record(policy: Policy, effect: Effect, limits: Limits) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "method": policy.method,
        "version": policy.version,
        "sha256": policy.sha256,
        "customers": effect.customers,
        "before": effect.before,
        "after": effect.after,
        "underlying_after": effect.underlying_after,
        "up": effect.up,
        "down": effect.down,
        "waiting": effect.waiting,
        "receivable_balance_up": _amounts(effect.balance_up),
        "receivable_balance_down": _amounts(effect.balance_down),
        "balance_not_known": effect.unknown_balance,
        **policy_limits.record(limits),
        "not_read": sorted(effect.unread),
        "moved": [
            {
                **msgspec.to_builtins(one),
                "why": _why(policy, one),
                **policy_limits.record_of(limits, one.customer),
            }
            for one in effect.moved
        ],
    }


def lines(policy: Policy, effect: Effect, limits: Limits) -> list[str]:
    """The preview in sentences and a table of grades, those who owe most first."""
    order = [*policy.grades, *sorted(({*effect.before, *effect.after}) - set(policy.grades))]
    found = [
        f"{policy.method} version {policy.version}: {effect.customers:,} customers, {effect.up:,} up 上调,"
        f" {effect.down:,} down 下调, {effect.waiting:,} wait for a rule of movement 待移动规则",
        f"{'grade 等级':<14}{'before 前':>12}{'after 后':>12}{'by the rules alone 仅按规则':>24}",
    ]
    for grade in order:
        numbers = [counts.get(grade, 0) for counts in (effect.before, effect.after, effect.underlying_after)]
        found.append(f"{grade:<16}{numbers[0]:>11,}{numbers[1]:>13,}{numbers[2]:>18,}")
    for name, sums in (("up 上调", effect.balance_up), ("down 下调", effect.balance_down)):
        owed = ", ".join(f"{amount:,} {currency}" for currency, amount in sorted(sums.items())) or "nothing"
        found.append(f"those who go {name} owe 应收余额: {owed}")
    found += policy_limits.in_both(lambda: policy_limits.lines(limits))
    for one in effect.moved[:SHOWN]:
        why = "; ".join(f"{said['en']} {said['zh']}" for said in _why(policy, one))
        (limit,) = policy_limits.in_both(lambda: [policy_limits.line_of(limits, one.customer)])  # noqa: B023 - called at once
        found.append(
            f"  {one.customer}: {one.before or '–'} → {one.after or '–'} ({one.underlying_after or '–'}); {why}"
            f"{f'; {limit}' if limit.strip() else ''}"
        )
    if len(effect.moved) > SHOWN:
        found.append(f"  and {len(effect.moved) - SHOWN:,} more; --json has all")
    if effect.unread:
        found.append(f"not read: {', '.join(sorted(effect.unread)[:SHOWN])}")
    return found


def _why(policy: Policy, one: Moved) -> list[dict[str, str]]:
    """What the new rules say of the customer, in words, and the lines of the card that give something else."""
    from services.rating.adapters.comparing import WORDS
    from services.rating.core.comparing import why

    return [{"code": said.code, "en": said.en, "zh": said.zh} for said in why(policy, one, WORDS)]


def _amounts(sums: dict[str, Decimal]) -> dict[str, str]:
    return {currency: format(amount, "f") for currency, amount in sorted(sums.items())}


def known_versions() -> tuple[Known | None, date | None]:
    """What the installation knows of versions, and its last day; (None, None) where there is none or it does not answer."""
    from gradeline.database import pool_of, reached, told
    from services.rating.adapters.lists import standing
    from shared.core.errors import Misconfigured, Unavailable

    async def read(known: Settings) -> tuple[Known, date]:
        async with pool_of(known) as pool, pool.acquire() as connection:
            found = await standing(connection)
            return (found.activations, found.waiting), found.day

    try:
        known = told()
        return reached(read(known)) if known.postgres else (None, None)
    except (Misconfigured, Unavailable) as error:
        typer.echo(say("the files alone speak: {why}", why=error.message), err=True)
        return None, None


def activate_policy(
    method: str,
    version: str,
    effective: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Binds from the opening of this day; the next one if left out."),
    ] = None,
    sha256: Annotated[str | None, typer.Option(help="The rules that were approved, by their hash.")] = None,
    by: Annotated[str, typer.Option(help="Who decided it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Put VERSION of METHOD in force from the opening of a day that is to come: recorded, and announced once.

    It asks nobody and is for whoever runs the installation; over HTTP others grant it (docs/policies.md).

    Exit status: 0 done (also where it was done before), 2 it cannot be, 4 the database does not answer.
    """
    from gradeline.commands.verify import brain_of
    from gradeline.database import pool_of, reached, told
    from services.rating.adapters import activating
    from services.rating.core.activating import Wanted
    from shared.edge import clock

    known = told()
    rules = brain_of(known.currency, known.policies).rulebook
    wanted = Wanted(method, version, effective.date() if effective else None, sha256)

    async def done() -> tuple[Any, bool]:
        async with pool_of(known) as pool:
            return await activating.activate(pool, rules, wanted, known, by=by, approval=None, now=clock.now())

    found, new = reached(done())
    if as_json:
        typer.echo(json.dumps({**msgspec.to_builtins(found), "new": new}))
    else:
        again = "" if new else " (recorded before)"
        typer.echo(f"{found.method} version {found.version} is in force from the opening of {found.effective}{again}")


def progress_policy(
    as_json: Annotated[bool, typer.Option("--json", help="Say where it stands and end.")] = False,
) -> None:
    """Follow the re-rating of everybody, after an activation or new reference facts, to its end.

    Exit status: 0 nobody is being re-rated any more (with --json: it was told), 4 the database does not answer.
    """
    from gradeline.database import pool_of, reached, told
    from gradeline.importing.progress import bars
    from services.rating.adapters.rerating import Rerating, progress

    known = told()

    async def followed() -> Rerating:
        async with pool_of(known) as pool:
            with bars() as show:
                while True:
                    async with pool.acquire() as connection:
                        found = await progress(connection)
                    if as_json or not found.customers:
                        return found
                    show(found.done, found.customers, "re-rating")
                    await asyncio.sleep(LOOK_SECONDS)

    found = reached(followed())
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(found)))
    else:
        to_come = f"; {found.to_come} activations wait for their day" if found.to_come else ""
        typer.echo(f"nobody is being re-rated{to_come}")
