"""`gradeline import --watch`: what is said of each file that a drop folder takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

if TYPE_CHECKING:
    from gradeline.commands.importing import Ask
    from gradeline.importing.watch import Taken

PATIENCE_S = 600.0
"""How long one look waits for files that are still being written."""
SAID = {"done": "imported 已导入", "failed": "refused 被拒", "again": "imported before 此前已导入"}


class Look(NamedTuple):
    """How a folder is watched."""

    folder: Path
    once: bool
    marker: str | None
    settle_s: float
    every_s: float


def watch_folder(ask: Ask, look: Look, *, as_json: bool) -> int:
    """Watch as *look* says; how many files were not taken whole. Raises what `Watch.run` raises."""
    import msgspec

    from gradeline.commands.importing import job_of
    from gradeline.importing.folder import Folder
    from gradeline.importing.job import Job
    from gradeline.importing.progress import bars
    from gradeline.importing.watch import Watch
    from shared.core.errors import Misconfigured, Unavailable
    from shared.edge.codes import Words

    job_of(ask)  # what is wrong from the start ends it at once

    def job() -> Job:
        try:
            return job_of(ask)
        except Misconfigured as away:
            raise Unavailable(away.message) from away

    def say(what: Words) -> None:
        typer.echo(str(what), err=as_json)

    def took(taken: Taken) -> None:
        if as_json:
            typer.echo(msgspec.json.encode(taken).decode())
            return
        rows = f"{taken.summary.rows:,} rows, {taken.summary.rows_refused:,} refused" if taken.summary else taken.why
        typer.echo(f"{taken.file}: {SAID[taken.outcome]}: {rows} → {taken.moved_to}")

    say(Words(f"watching {look.folder}", f"正在监视 {look.folder}"))
    folder = Folder(look.folder, settle_s=look.settle_s, marker=look.marker)
    pause = min(look.every_s, look.settle_s) if look.once else look.every_s
    patience = max(PATIENCE_S, 3 * look.settle_s) if look.marker is None else 2 * look.settle_s
    return Watch(folder, job, bars, say, took).run(every_s=pause, once=look.once, patience_s=patience)
