"""A committee that decides about a limit: votes in the exposure service, in its list and on its topic."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.exposure.adapters import rule_files
from tests.integration.test_exposure_api import DAY, Office, opened
from tests.support.covers import covers

covers("AP-07", "RO-14")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(300)]

CHAINS = """
- effective: 2000-01-01
  limits: {remind: 1, deputy: 2, lapse: 10}
  chains:
    limit: {by: [credit_manager]}
    limit-end: {by: [board]}
    advance: {by: [general_manager]}
  committees:
    board: {members: [credit_manager, finance, legal], grant: 2, refuse: 2, veto: [credit_manager]}
"""


async def asks_for_an_end(office: Office) -> dict[str, Any]:
    """The request to take back the one limit that there is."""
    await office.has_a_limit()
    (limit,) = (await office.does("GET", "approvals?state=granted")).json()["approvals"]
    path = f"limits/C-1/limits/{limit['approval_id']}/end"
    answer = await office.does("POST", path, {"reason": "closed", "evidence": "file 8"}, key="e1", role="sales")
    assert answer.status_code == 202, answer.text
    asked: dict[str, Any] = answer.json()
    return asked


async def test_a_limit_is_taken_back_by_the_votes_of_a_committee(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chains = tmp_path / "approvals.yaml"
    chains.write_text(CHAINS)
    monkeypatch.setattr(rule_files, "load", partial(rule_files.load, chains=chains))
    async with opened(database, tmp_path) as office:
        asked = await asks_for_an_end(office)
        assert (asked["role"], asked["members"], asked["votes"]) == (
            "board",
            ["credit_manager", "finance", "legal"],
            [],
        )
        assert (await office.does("GET", "approvals?role=legal&state=open")).json()["approvals"] == [asked]

        vote = {"payload_sha256": asked["payload_sha256"], "reason": "seen"}
        place = f"approvals/{asked['approval_id']}/approve"
        first = await office.does("POST", place, vote, role="legal", who="qian")
        assert (first.status_code, first.json()["state"]) == (200, "open"), first.text
        assert [(one["by"], one["seat"], one["vote"]) for one in first.json()["votes"]] == [("qian", "legal", "for")]
        second = await office.does("POST", place, vote, role="finance", who="sun")
        assert second.json()["state"] == "open", "nothing is granted without who has the veto"
        last = await office.does("POST", place, vote, role="credit_manager", who="wang")
        assert (last.json()["state"], len(last.json()["votes"])) == ("granted", 3)
        assert "limit.ended" in await office.decisions()
        assert [topic for topic, name in await office.published() if name == "approval.voted"] == ["credit.limits"] * 3


async def test_the_shipped_committee_votes_at_its_sitting_by_turns_and_not_on_its_own_line(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chains = tmp_path / "approvals.yaml"
    shipped = rule_files.CHAINS.read_text("utf-8")
    chains.write_text(shipped.replace("limit-end: {by: [credit_supervisor]", "limit-end: {by: [credit_committee]"))
    monkeypatch.setattr(rule_files, "load", partial(rule_files.load, chains=chains))
    async with opened(database, tmp_path) as office:
        asked = await asks_for_an_end(office)
        sits_on = date.fromisoformat(asked["sits_on"])
        assert sits_on > DAY
        assert sits_on.weekday() in {1, 3}
        assert len(asked["members"]) == 7

        vote = {"payload_sha256": asked["payload_sha256"], "reason": "heard in the meeting"}
        place = f"approvals/{asked['approval_id']}/approve"

        async def votes(role: str) -> str:
            given = await office.does("POST", place, vote, role=role, who=f"p-{role}", language="zh-CN")
            return str(given.json()["state"] if given.status_code == 200 else given.json()["errors"][0]["rule"])

        assert await votes("credit_manager") == "APPROVAL_NOT_SITTING"
        await office.pool.execute("update partitions set day = $1", sits_on)
        away = {"finance_director", "sales_director", "finance", "service_head"} - set(asked["members"])
        assert [await votes(role) for role in sorted(away)] == ["APPROVAL_OFF_ROTA"] * 2
        assert await votes("general_manager") == "APPROVAL_NOT_YOUR_STEP"
        line = {"sales_director", "service_head"} & set(asked["members"])
        if "sales_director" in line:  # its turn, and C-1 is a dealer
            assert await votes("sales_director") == "APPROVAL_OWN_LINE"
        before = [await votes(role) for role in asked["members"] if role not in {*line, "credit_manager"}]
        assert before == ["open"] * 5, "five are for it, and the credit department is not heard yet"
        assert await votes("credit_manager") == "granted"
        assert "limit.ended" in await office.decisions()
