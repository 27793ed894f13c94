"""`gradeline policy diff`: what changed from one version to another, and who of a population would move by it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from gradeline.commands import policy_limits, policy_list
from gradeline.commands.policy_asked import SHIPPED, AsOf, Folder, Json, Zone, day_of, fail, loaded, put
from gradeline.commands.policy_live import PROCESSES, SHOWN, effect_of
from gradeline.commands.policy_population import members
from gradeline.language import both, say, sentence_of
from shared.core.errors import GradelineError
from shared.core.policy.assessment import plain
from shared.core.policy.changes import changes
from shared.core.policy.policy import Policy, Title
from shared.core.policy.rulebook import Rulebook

if TYPE_CHECKING:
    from gradeline.commands.policy_limits import Limits
    from services.rating.core.comparing import Compared, Shift
    from shared.edge.settings import Settings


def diff_policy(
    method: Annotated[str, typer.Argument(metavar="METHOD[@VERSION]")],
    other: Annotated[
        str | None, typer.Argument(metavar="[OTHER[@VERSION]]", help="Compare with this; else two versions of METHOD.")
    ] = None,
    before: Annotated[str | None, typer.Option("--from", metavar="VERSION", help="The last but one.")] = None,
    after: Annotated[str | None, typer.Option("--to", metavar="VERSION", help="The last.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="Another folder of rules, to which --to or OTHER belongs.")
    ] = None,
    population: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="Customers and their measures: JSON, one object a line, or .csv."),
    ] = None,
    instance: Annotated[
        bool, typer.Option("--instance", help="The customers of the running installation are the population.")
    ] = False,
    as_of: AsOf = None,
    processes: Annotated[int, typer.Option(min=1, help="How many compute at once, with --instance.")] = PROCESSES,
    folder: Folder = SHIPPED,
    as_json: Json = False,
    zone: Zone = "Asia/Shanghai",
) -> None:
    """Show what changed in METHOD, place by place, and with a population who would move, from which grade to which, and why.
    With --instance also what would become of the policy limits of those who move.

    Exit status 0, whatever changed; 2: bad input; 4: the database does not answer.
    """
    if population is not None and instance:
        fail(say("name --population or --instance, not both"), 2)
    known, rules = _installation() if instance else (None, loaded(folder))
    old, new = _pair(
        rules, loaded(against) if against else rules, _named(method, before), _second(method, other, after)
    )
    found = changes(old, new)
    day = day_of(as_of, zone) if as_of else None
    moved: Compared | None = None
    limits: Limits | None = None
    if population is not None:
        moved = _of_file(population, old, new)
    elif known is not None:
        moved = _of_installation(known, old, new, day, processes)
        limits = policy_limits.limits_of(known, new, moved.moved, day, processes)
    if as_json:
        put(record(old, new, moved, limits))
        return
    policy_list.print_changes(old, new, found)
    if moved is not None:
        print_moved(old, new, moved, limits)


def record(old: Policy, new: Policy, moved: Compared | None, limits: Limits | None = None) -> dict[str, Any]:
    """What `--json` prints. *limits* of an installation; a file of measures has none."""
    sides = [{"method": one.method, "version": one.version, "sha256": one.sha256} for one in (old, new)]
    found = msgspec.to_builtins(changes(old, new))
    told: dict[str, Any] = {"method": new.method, "before": sides[0], "after": sides[1], "changes": found}
    if moved is None:
        return told
    population = {**msgspec.to_builtins(moved), "stability": _stability(moved)}
    if limits is not None:
        population |= policy_limits.record(limits)
        population["moved"] = [one | policy_limits.record_of(limits, one["customer"]) for one in population["moved"]]
    return told | {"population": population}


def print_moved(old: Policy, new: Policy, moved: Compared, limits: Limits | None = None) -> None:
    """Print how many move from which grade to which and what limits that moves, then the customers with their reasons."""
    console = Console(soft_wrap=True, highlight=False)
    counted = {"customers": moved.customers, "up": moved.up, "down": moved.down, "waiting": moved.waiting}
    console.print(say("{customers:,} customers: {up:,} up, {down:,} down", **counted))
    if moved.waiting:
        console.print(say("{waiting:,} more wait for a rule of movement", **counted))
    if (stability := _stability(moved)) is not None:
        console.print(say("stability of the grades (PSI): {stability}", stability=stability))
    if moved.steps:
        table = Table(*map(say, ("from", "to", "customers")))
        for step in moved.steps:
            table.add_row(_grade(step.before), _grade(step.after), f"{step.customers:,}")
        console.print(table)
    for line in policy_limits.lines(limits) if limits is not None else ():
        console.print(line, markup=False)
    for one in moved.moved[:SHOWN]:
        why = "; ".join(both(Title(said.en, said.zh)) for said in one.why)
        limit = policy_limits.line_of(limits, one.customer) if limits is not None else ""
        ends = f"; {limit}" if limit else ""
        console.print(
            f"{one.customer}: {_grade(one.before)} → {_grade(one.after)}{_held(one)}; {why}{ends}", markup=False
        )
    if (more := len(moved.moved) - SHOWN) > 0:
        console.print(say("and {more:,} more; --json has all", more=more))
    if moved.not_read:
        console.print(say("not read: {customers}", customers=", ".join(moved.not_read[:SHOWN])), markup=False)


def _stability(moved: Compared) -> str | None:
    from services.rating.core.comparing import shifted

    found = shifted(moved)
    return None if found is None else plain(round(found, 4))


def _held(one: Shift) -> str:
    return "" if one.by_rules == one.after else say(" (by the rules alone {grade})", grade=_grade(one.by_rules))


def _grade(grade: str | None) -> str:
    return say("no grade") if grade in (None, "none") else str(grade)


def _installation() -> tuple[Settings, Rulebook]:
    from gradeline.commands.verify import brain_of
    from gradeline.database import told

    known = told()
    return known, brain_of(known.currency, known.policies).rulebook


def _named(text: str, version: str | None) -> tuple[str, str | None]:
    """`rm-32@2` as method and version."""
    method, at, named = text.partition("@")
    if at and version:
        fail(say("{text} names its version; leave out --from and --to", text=text), 2)
    return method, named if at else version


def _second(method: str, other: str | None, version: str | None) -> tuple[str, str | None] | None:
    """What is compared with; None: another version of *method*, which is not named."""
    if other is not None:
        return _named(other, version)
    return None if version is None else (method.partition("@")[0], version)


def _pair(
    rules: Rulebook, others: Rulebook, first: tuple[str, str | None], second: tuple[str, str | None] | None
) -> tuple[Policy, Policy]:
    """The two versions. Of one method in one folder the last two, where none is named; else the last of each."""
    alone = others is rules and (second is None or second[0] == first[0])
    old = policy_list.pick(rules, *first, -2 if alone else -1)
    new = policy_list.pick(others, *(second or (first[0], None)), -1)
    for one in (old, new):
        if isinstance(one, str):
            fail(one, 2)
    assert isinstance(old, Policy)
    assert isinstance(new, Policy)
    return old, new


def _of_file(population: str, old: Policy, new: Policy) -> Compared:
    from services.rating.adapters.comparing import WORDS
    from services.rating.core.comparing import compared

    try:
        return compared(old, new, members(population, old, new), WORDS)
    except GradelineError as error:
        fail(sentence_of(error), 2)


def _of_installation(known: Settings, old: Policy, new: Policy, day: date | None, processes: int) -> Compared:
    from services.rating.adapters.comparing import WORDS
    from services.rating.core.comparing import comparable, of_installation

    try:
        comparable(old, new)
    except GradelineError as error:
        fail(sentence_of(error), 2)
    return of_installation(effect_of(known, new, old, day, processes), old, new, WORDS)
