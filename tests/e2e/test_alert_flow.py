"""A fact becomes mail: posted over HTTP, graded, alerted, planned for people, sent; taken on and told back; and withdrawn where a
correction says that its cause never was, which whoever was told hears (features 4.7, 4.8)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support import told
from tests.support.mailed import mailed, soon

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

NAME = "FLOW-1"
TOLD = ("li.na@example.com", "zhou.qing@example.com", "desk", "risk")
"""Owner and management by mail, the supervisor by webhook, the head of risk by robot."""


def test_a_fact_is_mail_that_is_acknowledged_and_a_correction_is_told_to_whoever_had_been_told(tmp_path: Path) -> None:
    with mailed(tmp_path, f"{NAME},li.na,2020-01-01,\n") as one:
        instance = one.instance
        day = instance.day()

        def alert() -> dict[str, Any] | None:
            found = one.alerts("GET", f"/v1/alerts?subject={NAME}&kind=grade_worse", "credit_manager")["alerts"]
            return found[0] if found else None

        instance.post(told.good_history(NAME, day))
        soon(lambda: bool(instance.rows("select 1 from alerts.alerts where subject = $1", NAME)), one)
        instance.post([told.invoice(NAME, "LATE", day - timedelta(days=200), "90000.00")])
        soon(lambda: all(one.to(whom) for whom in TOLD), one)
        opened = alert()
        assert opened is not None
        assert (opened["severity"], opened["state"]) == ("critical", "open")

        def hearers() -> dict[str, str]:
            """Who hears of the fall: what else the fact brought about may have been told first, then this goes after it."""
            found = one.alerts("GET", f"/v1/notices?alert={opened['alert_id']}", "auditor")["notices"]
            return {hearing["person"]: hearing["state"] for notice in found for hearing in notice["hearings"]}

        soon(lambda: hearers() == dict.fromkeys(("li.na", "zhou.qing", "lin.hao", "xu.tao"), "told"), one)
        assert any(NAME in mail.title for mail in one.to("li.na@example.com"))
        note = {"note": "I call them today"}
        taken = one.alerts("POST", f"/v1/alerts/{opened['alert_id']}/acknowledge", "credit_manager", note)
        assert (taken["state"], taken["owner"]) == ("acknowledged", "credit_manager-e2e")

        instance.open_day(day + timedelta(days=1))
        before = len(one.arrived)

        def heard(whom: str) -> list[str]:
            return [at.what.title + at.what.text for at in one.arrived[before:] if at.what.to == whom]

        instance.post([told.payment(NAME, "LATE", day - timedelta(days=170), "90000.00")])
        soon(lambda: (found := alert()) is not None and found["state"] == "withdrawn", one)
        soon(lambda: all(any("withdrawn" in said or "已撤销" in said for said in heard(whom)) for whom in TOLD), one)
