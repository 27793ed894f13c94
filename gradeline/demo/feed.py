"""Posts the facts of the demonstration: the history as fast as it is taken, then live facts at a steady pace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from threading import Event as Signal
from typing import Any
from zoneinfo import ZoneInfo

from gradeline.demo.orders import Asks, Orders
from gradeline.demo.scenes import Scenes
from gradeline.demo.showing import Showing
from gradeline.demo.story import FIRST, Run, Story, batches
from gradeline.demo.words import Words
from gradeline.post import Busy, Poster, RefusedFact
from gradeline.simulator.agenda import Event
from gradeline.simulator.book import Book
from gradeline.simulator.busy import busy_day
from shared.core.errors import Unavailable
from shared.edge import clock

FACTS_A_SECOND = 12
TICK_S = 0.1
BURST = 24
"""After a pause so many facts at most are made up for at once."""
SAVE_S = 2.0
PAUSE_S, PAUSE_MOST_S = 0.5, 5.0
"""Before a post is tried again; twice as long each time."""
SETTLED_S = 20.0
"""The history counts as graded when nothing has moved for so long, at the latest."""
FIRST_S = 15.0
"""So long the first grade change is waited for, at most, before the rest of the history is posted."""
LEFT_OUT = "credit.signal."
"""Facts of the busy day that are not posted: what the world outside says is told by scenes, which end."""

INVENTING = Words("inventing customers", "生成客户")
TELLING = Words("posting 12 months of history over HTTP", "通过 HTTP 写入 12 个月历史")
CATCHING_UP = Words("posting the days since the last start", "补写上次运行以来的日子")
GRADING = Words("replaying the history and grading it", "回放历史并评级")
REMEMBERING = Words("remembering what every customer owes", "恢复客户账目")
LIVE = Words("live facts flow", "实时事实流入")


class Ending(Exception):
    """The instance is stopping."""


class Feed:
    """Tells a story to one instance, on a thread of its own. It ends soon after *stopping* is set."""

    def __init__(
        self,
        story: Story,
        poster: Poster,
        showing: Showing,
        *,
        data: Path,
        stopping: Signal,
        today: Callable[[], date],
        desk: Asks | None = None,
    ) -> None:
        """*today* is the business day in the zone of the instance. *poster* makes one attempt at a time. *desk*: whom
        orders are put to before they are taken; None: none are.
        """
        self._desk = desk
        self._story, self._poster, self._showing = story, poster, showing
        self._data, self._stopping, self._today = data, stopping, today
        self.refused = 0

    def run(self) -> None:
        """Tell what is missing of the history, then live facts until *stopping*. Raises what no waiting mends."""
        try:
            self.catch_up()
            while True:
                self.live(self._today())
        except Ending:
            pass

    def catch_up(self) -> None:
        """Post the history up to yesterday; what was posted before is not posted again. Raises Ending."""
        story = self._story
        first, told = story.told is None, story.told
        while story.go_on(self._today() - timedelta(days=1)):
            self._showing.say(INVENTING)
            if story.posted == 0:
                self._tell(story.history(FIRST), INVENTING)
            facts = story.history()
            if first:
                self._await_first()
            self._tell(facts, TELLING if first else CATCHING_UP)
            story.close()
            story.save(self._data)
        if story.told != told:
            self._settle()

    def _tell(self, facts: list[Event], phase: Words) -> None:
        """Post *facts* from where the story stands."""
        story = self._story
        self._showing.say(phase, history=(story.posted, len(facts)), at=clock.monotonic())
        for batch in batches(facts, story.posted):
            self._post(batch)
            story.posted += len(batch)
            story.save(self._data)
            self._showing.say(phase, history=(story.posted, len(facts)), at=clock.monotonic())

    def _settle(self) -> None:
        """Wait until every customer is graded, as far as it goes: long paths are walked when no facts come. Raises Ending."""
        showing, moved, reached = self._showing, clock.monotonic(), (-1, -1)
        while clock.monotonic() - moved < SETTLED_S:
            if self._stopping.wait(TICK_S):
                raise Ending
            with showing.lock:
                graded, there = (
                    len(showing.graded.keys() & showing.names.keys()),
                    (len(showing.graded), showing.waiting),
                )
            showing.say(GRADING, history=(graded, self._story.customers), at=clock.monotonic())
            if graded == self._story.customers:
                return
            if there != reached:
                moved, reached = clock.monotonic(), there

    def _await_first(self) -> None:
        """Let those who were told first be graded before the others keep the worker busy. Raises Ending."""
        until = clock.monotonic() + FIRST_S
        while self._showing.first_change_s is None and clock.monotonic() < until:
            if self._stopping.wait(TICK_S):
                raise Ending

    def live(self, day: date) -> None:
        """Post facts that happen on *day*, for as long as it lasts. Raises Ending."""
        story = self._story
        if story.go_on(day - timedelta(days=1)):  # a new day began
            self.catch_up()
        self._showing.say(REMEMBERING)
        book = story.book()
        run = story.begin(day=day, tag=clock.new_id()[:8])
        source = f"/simulator/{story.seed}/scenes/{day}"
        scenes = Scenes(book.subjects, Random(run.tag), day=day, tag=run.tag, source=source, at=self._time())
        orders = self._orders(book, run)
        if story.endings:
            self._post(story.endings)
            story.endings = []
        self._showing.say(LIVE)
        try:
            self._flow(run, book, scenes, orders)
        finally:
            self._curtain(scenes.endings + (orders.endings() if orders else []))
            story.save(self._data)

    def _orders(self, book: Book, run: Run) -> Orders | None:
        """What puts orders to the desk, where there is one."""
        if self._desk is None:
            return None
        source = f"/simulator/{self._story.seed}/orders/{run.day}"
        rng = Random(f"{run.tag} orders")
        return Orders(self._desk, book, rng, on=f"{run.day}", tag=run.tag, source=source, at=self._time())

    def _time(self) -> Callable[[float], str]:
        """Writes a second of the monotonic clock as RFC 3339 in the zone of the story."""
        now, second, zone = clock.now(), clock.monotonic(), ZoneInfo(self._story.zone)
        return lambda at: (now + timedelta(seconds=at - second)).astimezone(zone).isoformat(timespec="seconds")

    def _curtain(self, endings: list[Event]) -> None:
        """End what is going on; what cannot be posted now is posted at the next start."""
        try:
            answer = self._poster.post(endings) if endings else None
        except Unavailable:
            answer = None
            self._story.endings = endings
        if isinstance(answer, RefusedFact):
            self._showing.warn(f"an ending was refused: {answer.message}")

    def _flow(self, run: Run, book: Book, scenes: Scenes, orders: Orders | None) -> None:
        facts = busy_day(book, seed=self._story.seed, day=run.day, tag=run.tag, zone=self._story.zone)
        saved = last = clock.monotonic()
        owed = 0.0
        while run.day == self._today():
            if self._stopping.wait(TICK_S):
                raise Ending
            now = clock.monotonic()
            owed, last = min(owed + (now - last) * FACTS_A_SECOND, BURST), now
            some = list(islice(facts, int(owed)))
            scene = scenes.due(now, self._showing.graded.get)
            bought = orders.due(now, self._showing.graded.get) if orders else []
            self._post([fact for fact in some if not fact["type"].startswith(LEFT_OUT)] + scene + bought)
            owed -= len(some)
            run.facts += len(some)
            if now - saved > SAVE_S:
                saved, self._story.endings = now, scenes.endings
                self._story.save(self._data)
                self._story.endings = []

    def _post(self, batch: list[Event]) -> None:
        """Post until it is taken: a fact is kept once, however often it is posted. Raises Ending."""
        pause = PAUSE_S
        rest: list[dict[str, Any]] = list(batch)
        while rest:
            if self._stopping.is_set():
                raise Ending
            try:
                answer = self._poster.post(rest)
            except Unavailable as away:
                self._showing.warn(away.message)
                if self._stopping.wait((away.wait_s if isinstance(away, Busy) else None) or pause):
                    raise Ending from None
                pause = min(pause * 2, PAUSE_MOST_S)
                continue
            if not isinstance(answer, RefusedFact):
                self._showing.warn("")
                return
            rest = self._without(rest, answer)

    def _without(self, batch: list[dict[str, Any]], refused: RefusedFact) -> list[dict[str, Any]]:
        """*batch* without the fact that was refused, or nothing of it where none is named."""
        self.refused += 1
        known = refused.index is not None and refused.index < len(batch)
        named = batch[refused.index or 0]["id"] if known else "a batch"
        self._showing.warn(f"{named} was refused: {refused.message}")
        return [fact for at, fact in enumerate(batch) if at != refused.index] if known else []
