"""A progress bar with rate and time left, on standard error; silent where that is no terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from gradeline.importing.run import Shows


class _Rate(ProgressColumn):
    """Units a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "–/s")


@contextmanager
def bars() -> Iterator[Shows]:
    """A bar for each kind of work, shown while the context lasts."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:>8}"), BarColumn(), _percent(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks: dict[str, int] = {}

        def show(done: int, total: int, what: str) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)  # type: ignore[arg-type]

        yield show


def _percent() -> TextColumn:
    return TextColumn("{task.percentage:>3.0f} %")
