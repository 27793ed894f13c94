"""Somebody who reads the mail of the demonstration: a while after a critical alert was told, who was told takes it on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event as Signal
from typing import Any
from urllib.parse import quote

from gradeline.asking import Ask
from shared.core.errors import GradelineError
from shared.edge import clock

EVERY_S = 2.0
READ = timedelta(seconds=4)
"""So long a person reads."""
MOST = 20
"""Of the newest alerts: who has more is called up by the rules."""
NOTE = "I look into it 我来处理"


class Reading:
    """Looks every EVERY_S seconds, and takes one alert on each time."""

    def __init__(self, ask: Callable[[str], Ask]) -> None:
        """*ask* asks the alerts API as a person."""
        self._ask = ask

    def run(self, stopping: Signal) -> None:
        """Read until *stopping* is set; an API that is away is asked again."""
        while not stopping.wait(EVERY_S):
            try:
                self.look(clock.now())
            except GradelineError:
                continue

    def look(self, now: datetime) -> str | None:
        """Take the newest alert on that was told and read by *now*. Returns its id. Raises GradelineError."""
        asked = {"state": "open", "severity": "critical", "limit": f"{MOST}"}
        for alert in self._ask("demo")("GET", "/v1/alerts", asked, None)["alerts"]:
            name = alert["alert_id"]
            notices = self._ask("demo")("GET", "/v1/notices", {"alert": name}, None)["notices"]
            person = _told(notices, now - READ)
            if person is not None:
                self._ask(person)("POST", f"/v1/alerts/{quote(name, safe='')}/acknowledge", {}, {"note": NOTE})
                return str(name)
        return None


def _told(notices: list[dict[str, Any]], before: datetime) -> str | None:
    """Who was sent one of *notices* by then."""
    for notice in notices:
        for hearing in notice["hearings"]:
            sent = [datetime.fromisoformat(message["created_at"]) for message in hearing["messages"]]
            if hearing["state"] == "told" and sent and min(sent) <= before:
                return str(hearing["person"])
    return None
