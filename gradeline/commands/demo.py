"""The live part of `gradeline up --demo`: fill the instance with a believable portfolio and show what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from gradeline.demo.showing import Change, Dealt, Showing, Step
    from gradeline.demo.sink import Arrived, Sink
    from gradeline.instance import Instance

LOOK_S = 0.25
SUMMARY_S = 5.0
LEAVE_S = 3.0
"""How long the threads may take to end, all together; they are waited for no longer."""


def run(instance: Instance, sink: Sink) -> None:
    """Post, listen and show until `instance.stopping` is set; then return within a few seconds. *sink* takes the mail.

    A terminal gets a live view, anything else plain lines. Called on a thread of its own, beside the supervisor.
    """
    import sys

    from gradeline.demo.showing import Showing
    from shared.edge import clock

    _log_to(instance.data / "logs" / "demo.log")
    showing = Showing(rating=instance.rating, kafka=instance.kafka, data=str(instance.data))
    fresh: list[Change | Dealt | Step] = []
    sink.hears(_mail(showing, fresh.append))
    threads = _start(instance, showing, fresh.append)
    try:
        if sys.stdout.isatty():
            _show_live(instance, showing)
        else:
            _show_plain(instance, showing, fresh)
    finally:
        until = clock.monotonic() + LEAVE_S
        for thread in threads:
            thread.join(max(0.0, until - clock.monotonic()))
        sink.stop()


def _start(instance: Instance, showing: Showing, changed: Callable[[Change | Dealt | Step], None]) -> list[Any]:
    """Threads that post, listen and count."""
    import asyncio
    import threading
    from datetime import timedelta

    from gradeline.asking import Ask, asks
    from gradeline.demo.counts import Counting
    from gradeline.demo.decisions import follow
    from gradeline.demo.reading import Reading
    from gradeline.target import Target
    from shared.edge.http import tokens

    def token(role: str) -> str:
        return tokens.issue(data=instance.data, role=role, subject="demo", ttl=tokens.TTL_MAX - timedelta(days=1))

    def as_person(person: str) -> Ask:
        made = tokens.issue(
            data=instance.data, role="credit_manager", subject=person, ttl=tokens.TTL_MAX - timedelta(days=1)
        )
        return asks(Target(instance.alerts, made))

    reading = Reading(as_person)
    counting = Counting(instance, showing, token=token("risk_analyst"))
    heard = _hearing(showing, changed)
    work: dict[str, Callable[[], None]] = {
        "demo-feed": lambda: _feed(instance, showing, token),
        "demo-decisions": lambda: asyncio.run(follow(lambda: instance.kafka, heard, instance.stopping)),
        "demo-reading": lambda: reading.run(instance.stopping),
        "demo-counts": lambda: asyncio.run(counting.run(instance.stopping)),
    }
    threads = [threading.Thread(target=_kept(target, showing), name=name, daemon=True) for name, target in work.items()]
    for thread in threads:
        thread.start()
    return threads


def _kept(work: Callable[[], None], showing: Showing) -> Callable[[], None]:
    """*work*, which says on the screen why it ended, where it should not have; the rest goes on."""
    import logging

    from shared.core.errors import GradelineError

    def guarded() -> None:
        try:
            work()
        except GradelineError as error:
            showing.warn(error.message)
        except Exception as error:  # the instance runs on; the log has the trace
            logging.getLogger(__name__).exception("a part of the demonstration ended")
            showing.warn(f"a part of the demonstration ended: {error!r}; see logs/demo.log")

    return guarded


def _feed(instance: Instance, showing: Showing, token: Callable[[str], str]) -> None:
    from datetime import timedelta

    from gradeline.demo.desk import Desk
    from gradeline.demo.feed import Feed
    from gradeline.demo.story import load
    from gradeline.post import Poster
    from shared.edge import clock, settings

    zone = settings.load().zone
    story = load(instance.data, yesterday=clock.today(zone) - timedelta(days=1), zone=zone)
    names = story.names
    with showing.lock:
        showing.names = names
    desk = Desk(
        instance.exposure,
        instance.postgres,
        {role: token(role) for role in ("order_system", "risk_manager", "general_manager")},
    )
    with Poster(instance.rating, token=token("integrator"), attempts=1) as poster:
        feed = Feed(
            story,
            poster,
            showing,
            data=instance.data,
            stopping=instance.stopping,
            today=lambda: clock.today(story.zone),
            desk=desk,
        )
        feed.run()


def _hearing(
    showing: Showing, changed: Callable[[Change | Dealt | Step], None]
) -> Callable[[dict[str, Any], int], None]:
    """Takes decisions from Kafka. Those recorded before this process began are not shown: a broker got them again."""
    from datetime import datetime

    import psutil

    from gradeline.demo.showing import Change, Dealt, Step
    from shared.edge import clock

    began = psutil.Process().create_time()

    def heard(event: dict[str, Any], recorded_ms: int) -> None:
        at = datetime.fromtimestamp(recorded_ms / 1000).astimezone()
        seen = showing.decided(
            event,
            lived=recorded_ms / 1000 >= began,
            at=f"{at:%H:%M:%S}",
            since_start=clock.now().timestamp() - began,
        )
        if isinstance(seen, Change | Dealt | Step):
            changed(seen)

    return heard


def _mail(showing: Showing, changed: Callable[[Change | Dealt | Step], None]) -> Callable[[Arrived], None]:
    """Takes what arrives at the mail server."""
    from shared.edge import clock

    def heard(one: Arrived) -> None:
        changed(showing.mailed(f"{clock.now().astimezone():%H:%M:%S}", one.to, one.title))

    return heard


def _show_live(instance: Instance, showing: Showing) -> None:
    from rich.console import Console
    from rich.live import Live

    from gradeline.demo.screen import last_words, render
    from shared.edge import clock

    console = Console()

    def drawn() -> Any:
        return render(showing, width=console.width, height=console.height, now=clock.monotonic())

    # the supervisor writes to standard error meanwhile: only a screen of its own is drawn over whole
    with Live(drawn(), console=console, screen=True, auto_refresh=False) as live:
        while not instance.stopping.wait(LOOK_S):
            live.update(drawn(), refresh=True)
    console.print(last_words(showing))


def _show_plain(instance: Instance, showing: Showing, fresh: list[Change | Dealt | Step]) -> None:
    from gradeline.demo.plain import line_of, summary
    from shared.edge import clock

    due = clock.monotonic() + SUMMARY_S
    try:
        while not instance.stopping.wait(LOOK_S):
            while fresh:
                _print(line_of(fresh.pop(0)))
            if clock.monotonic() >= due:
                due += SUMMARY_S
                _print(summary(showing, now=clock.monotonic()))
        _print(summary(showing, now=clock.monotonic()))
    except OSError:  # nobody reads any more; the instance runs on
        instance.stopping.wait()


def _print(line: str) -> None:
    import typer

    typer.echo(line)


def _log_to(file: Path) -> None:
    """Send what libraries have to say to *file*; on the terminal it would spoil the view."""
    import logging

    file.parent.mkdir(parents=True, exist_ok=True)
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.FileHandler(file, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        root.addHandler(handler)
        root.setLevel(logging.WARNING)
