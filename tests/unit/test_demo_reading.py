"""Who was told of a critical alert takes it on after a while: as that person, the newest first, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from gradeline.demo.reading import READ, Reading

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def sent(person: str, at: datetime, state: str = "told") -> dict[str, Any]:
    return {"hearings": [{"person": person, "state": state, "messages": [{"created_at": at.isoformat()}]}]}


def test_the_newest_alert_that_was_told_and_read_is_taken_on_by_who_was_told() -> None:
    notices = {
        "C.3": [sent("li.na", NOW)],  # has just come
        "C.2": [sent("wang.wei", NOW - READ, "planned"), sent("ma.jie", NOW - READ - timedelta(seconds=1))],
        "C.1": [sent("li.na", NOW - timedelta(hours=1))],
    }
    acts: list[tuple[str, str]] = []

    def ask(person: str) -> Callable[..., Any]:
        def asked(method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None) -> Any:
            if method == "POST":
                acts.append((person, path))
                return {}
            if path == "/v1/alerts":
                assert query["state"] == "open"
                return {"alerts": [{"alert_id": name} for name in notices]}
            return {"notices": notices[query["alert"]]}

        return asked

    reading = Reading(ask)
    assert reading.look(NOW) == "C.2"
    del notices["C.2"], notices["C.1"]
    assert reading.look(NOW) is None
    assert acts == [("ma.jie", "/v1/alerts/C.2/acknowledge")]
