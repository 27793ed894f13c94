"""`gradeline review`: the population review of a method under a quota: who has a place, who does not, and why."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gradeline.importing.run import Shows
    from services.rating.adapters.populations import Run
    from services.rating.core.brain import RatingBrain
    from shared.core.policy.quota import Region
    from shared.edge.settings import Settings

WHY = {
    "keeps": ("keeps its place", "保留名额"),
    "place": ("is given a place", "取得名额"),
    "no_place": ("finds no place", "未取得名额"),
    "pushed_out": ("loses its place", "名额收回"),
}
SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="review")(review)


def review(
    method: str,
    *,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day of the review; the current day if left out.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come of it; nothing is kept.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of sentences.")] = False,
) -> None:
    """Rank the customers of METHOD under its quotas on a day of review, and give and take places by rank.

    It is held by itself as its day opens; this is for a day before that, such as one of an imported history, in order of
    the days. A review that was held stands. Exit status: 0 done, 2 there is no such review, 4 the database does not answer.
    """
    from gradeline.commands.verify import brain_of
    from gradeline.database import reached, told
    from gradeline.importing.progress import bars

    known = told()
    brain = brain_of(known.currency, known.policies)
    with bars() as show:
        found = reached(_held(known, brain, method, on.date() if on else None, show, dry_run=dry_run))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        for line in _lines(found):
            typer.echo(line)


async def _held(
    known: Settings, brain: RatingBrain, method: str, on: date | None, show: Shows, *, dry_run: bool
) -> dict[str, Any]:
    from gradeline.database import pool_of
    from services.rating.adapters import reviewing
    from shared.edge.store.days import last_opened

    async with pool_of(known) as pool:
        async with pool.acquire() as connection:
            day = on or await last_opened(connection)
            runs = await reviewing.runs_of(connection, brain, method, day)
        if dry_run:
            return {"dry_run": True, "reviews": [await _tried(pool, brain, run, show) for run in runs]}
        held = [await reviewing.hold(pool, brain, run, known, show=show) for run in runs]
    return {
        "dry_run": False,
        "reviews": [
            {"method": one.method, "holds": one.holds, "on": str(one.on), "told": one.told, **_regions(one.regions)}
            for one in held
        ],
    }


async def _tried(pool: Any, brain: RatingBrain, run: Run, show: Shows) -> dict[str, Any]:
    from services.rating.adapters import reviewing

    regions, placed = await reviewing.tried(pool, brain, run, show=show)
    return {
        "method": run.policy.method,
        "holds": run.quota.holds,
        "on": str(run.on),
        **_regions(regions),
        "placed": [
            {"customer": one.customer, "place": one.place, "why": one.why, "gets": one.gets, "en": WHY[one.why][0],
             "zh": WHY[one.why][1]}
            for one in placed
        ],
    }  # fmt: skip


def _regions(regions: Any) -> dict[str, Any]:
    return {"regions": [_region(one) for one in regions]}


def _region(one: Region) -> dict[str, Any]:
    return {
        "region": one.region,
        "active": one.active,
        "places": one.places,
        "taken": one.taken,
        "exceeded": one.exceeded,
    }


def _lines(found: dict[str, Any]) -> list[str]:
    lines = []
    for one in found["reviews"]:
        head = f"{one['method']}, {one['holds']}, {one['on']}"
        lines.append(f"{head}: nothing was kept" if found["dry_run"] else f"{head}: {one['told']} places moved")
        for region in one["regions"]:
            over = "   over the quota 超出定额" if region["exceeded"] else ""
            lines.append(
                f"  {region['region']:<16} {region['active']:>8,} active {region['places']:>7,} places"
                f" {region['taken']:>7,} taken{over}"
            )
        placed = one.get("placed", [])
        lines += [f"  {p['place']:>6} {p['customer']:<20} {p['en']} {p['zh']}, {p['gets']}" for p in placed[:SHOWN]]
        if len(placed) > SHOWN:
            lines.append(f"  and {len(placed) - SHOWN:,} more; --json has all")
    return lines
