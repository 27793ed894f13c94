"""A version of a method is put in force by persons other than the one who asked: over HTTP, on a real database."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.rating.adapters.policy_deciding import PolicyDeciding
from services.rating.adapters.ruling import rule as rule_day
from shared.edge import clock
from shared.edge.store.days import open_days
from tests.support.covers import covers
from tests.support.office import DAY, Office, opened, rule
from tests.support.several import level, rules

covers("AP-08")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(300)]

SECOND = level("2", bands="{grade: large, rank: 100, from: 40}")
LOADED = rules(level("1"), SECOND)
ACTIVATION = {"version": "2", "sha256": SECOND.sha256, "effective": "2026-03-05", "reason": "back-tested"}
PATH = "policies/level/activations"


@asynccontextmanager
async def ruled(database: str, folder: Path) -> AsyncIterator[Office]:
    async with opened(database, folder, LOADED) as office:
        yield office


async def asks(office: Office, key: str = "k1", **changes: Any) -> dict[str, Any]:
    answer = await office.does("POST", PATH, {**ACTIVATION, **changes}, key=key)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def opens(office: Office, day: date) -> None:
    await open_days(office.pool, day, now=clock.now(), partitions=12, instance="main")


async def states(office: Office) -> dict[str, tuple[Any, ...]]:
    listed = (await office.does("GET", "policies")).json()["policies"]
    return {one["version"]: (one["state"], one["since"], one["approval_id"]) for one in listed if one["id"] == "level"}


async def said(office: Office) -> list[tuple[str, dict[str, Any]]]:
    rows = await office.pool.fetch("select value from outbox where key = '~policy' order by position")
    events = [json.loads(row["value"]) for row in rows]
    assert [event["subject"] for event in events] == ["~policy"] * len(events)
    return [(event["type"].split(".", 1)[1].removesuffix(".v1"), event["data"]) for event in events]


async def activations(office: Office) -> list[tuple[Any, ...]]:
    rows = await office.pool.fetch(
        "select method, version, sha256, effective, activated_by, approval from activations order by number"
    )
    return [tuple(row) for row in rows]


async def test_a_version_is_in_force_from_its_day_once_a_second_person_has_granted_it(
    database: str, tmp_path: Path
) -> None:
    async with ruled(database, tmp_path) as office:
        assert await states(office) == {"1": ("in_force", "2000-01-01", None), "2": ("draft", None, None)}
        asked = await asks(office)
        assert (asked["customer_id"], asked["kind"], asked["roles"]) == ("~policy", "policy", ["risk_manager"])
        assert asked["payload"] == {
            "method": "level", "version": "2", "sha256": SECOND.sha256, "effective": "2026-03-05",
            "reason": "back-tested", "by": "li",
        }  # fmt: skip
        assert asked["lapses_on"] == "2026-03-04", "on the day itself it is too late"
        assert await asks(office) == asked
        assert (await states(office))["2"] == ("waiting_for_approval", None, asked["approval_id"])
        assert (await office.does("GET", "approvals?kind=policy&role=risk_manager")).json()["approvals"] == [asked]
        assert await activations(office) == []

        granted = await office.approves(asked)
        assert (granted.status_code, granted.json()["state"]) == (200, "granted"), granted.text
        assert await activations(office) == [
            ("level", "2", SECOND.sha256, date(2026, 3, 5), "li", asked["approval_id"])
        ]
        names = [name for name, _ in await said(office)]
        assert names == ["approval.requested", "approval.granted", "policy.activated"]
        assert (await said(office))[-1][1]["effective"] == "2026-03-05"
        assert (await states(office))["2"] == ("activated", "2026-03-05", None)
        assert (await office.approves(asked)).json() == granted.json()
        assert [name for name, _ in await said(office)] == names, "the same grant again says nothing"
        versions = await office.pool.fetch(
            "select version from events where stream = (select stream from streams where stream ~ '^~policy') order by 1"
        )
        assert [row["version"] for row in versions] == [1, 2, 3]

        await opens(office, date(2026, 3, 5))
        assert await states(office) == {
            "1": ("replaced", "2000-01-01", None),
            "2": ("in_force", "2026-03-05", None),
        }


async def test_who_asked_never_grants_and_what_is_granted_is_what_was_seen(database: str, tmp_path: Path) -> None:
    async with ruled(database, tmp_path) as office:
        office.app.state.verifier._person = "staff_no"
        one = {"claims": {"staff_no": "0042"}, "role": "risk_manager"}
        asked = (await office.does("POST", PATH, ACTIVATION, key="k", who="li.work", **one)).json()
        mine = await office.approves(asked, who="li.admin", claims=one["claims"])
        assert rule(mine) == "APPROVAL_OWN_REQUEST", "the same person with two accounts"
        other: Any = {"who": "wang", "claims": {"staff_no": "0043"}}
        assert rule(await office.approves({**asked, "payload_sha256": "0" * 64}, **other)) == "APPROVAL_OTHER_CONTENT"
        assert rule(await office.approves(asked, **{**other, "role": "finance"})) == "APPROVAL_NOT_YOUR_STEP"
        await office.pool.execute(
            "update events set data = convert_to(replace(convert_from(data, 'utf8'), '2026-03-05', '2026-03-09'), 'utf8')"
            " where stream ~ '^~policy'"
        )
        assert rule(await office.approves(asked, **other)) == "APPROVAL_CHANGED"
        assert await activations(office) == []
        assert (await office.does("POST", PATH, ACTIVATION, key="s", who="x", role="sales", **{"claims": {"staff_no": "1"}})).status_code == 403  # fmt: skip


async def test_what_cannot_be_activated_is_refused_when_it_is_asked_for(database: str, tmp_path: Path) -> None:
    async with ruled(database, tmp_path) as office:

        async def answer(**changes: Any) -> httpx2.Response:
            return await office.does("POST", PATH, {**ACTIVATION, **changes}, key=str(changes)[:60])

        late = await answer(effective="2026-03-02")
        assert late.status_code == 422
        assert "a version takes effect from 2026-03-03 on" in late.text
        assert (await answer(version="9")).status_code == 404
        stale = await answer(sha256="0" * 64)
        assert (stale.status_code, SECOND.sha256 in stale.text) == (409, True)
        first = LOADED.books["level"].versions[0].sha256
        assert (await answer(version="1", sha256=first)).status_code == 409, "it is in force"
        assert (await office.does("GET", "approvals")).json()["approvals"] == []
        left_out = await office.does("POST", PATH, {k: v for k, v in ACTIVATION.items() if k != "effective"}, key="d")
        assert left_out.json()["payload"]["effective"] == "2026-03-03"
        again = await office.does("POST", PATH, {k: v for k, v in ACTIVATION.items() if k != "effective"}, key="d")
        assert again.json() == left_out.json()


async def test_a_day_that_was_opened_meanwhile_stops_it_with_the_remedy(database: str, tmp_path: Path) -> None:
    async with ruled(database, tmp_path) as office:
        asked = await asks(office, effective="2026-03-03")
        commit = PolicyDeciding._commit
        days: list[date] = []

        async def late(self: Any, pool: Any, read: Any, act: Any) -> None:
            if not days:
                await opens(office, DAY + timedelta(days=1))
            days.append(read.day)
            await commit(self, pool, read, act)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(PolicyDeciding, "_commit", late)
            answer = await office.approves(asked)
        assert days == [DAY], "it was decided for the day that was open, and then not written"
        assert (answer.status_code, rule(answer)) == (409, "ACTIVATION_DAY_OPENED")
        assert "ask again with a later day" in answer.json()["detail"]
        assert await activations(office) == []
        assert (await states(office))["2"][0] == "waiting_for_approval"
        await office.pool.execute("update partitions set rated = $1", DAY + timedelta(days=1))
        assert await rule_day(office.pool, office.app.state.ports.decide_policy) == DAY + timedelta(days=1)
        assert (await said(office))[-1][0] == "approval.expired"
        assert (await states(office))["2"] == ("draft", None, None)
        assert (await office.does("GET", "approvals?kind=policy")).json()["approvals"][0]["state"] == "expired"


async def test_of_two_checkers_at_once_one_grant_takes_effect(database: str, tmp_path: Path) -> None:
    async with ruled(database, tmp_path) as office:
        asked = await asks(office)
        answers = await asyncio.gather(*[office.approves(asked, who=f"checker-{n}") for n in range(5)])
        assert sorted(one.status_code for one in answers) == [200, 409, 409, 409, 409]
        assert {rule(one) for one in answers if one.status_code == 409} == {"APPROVAL_CLOSED"}
        assert len(await activations(office)) == 1
        assert [name for name, _ in await said(office)].count("policy.activated") == 1


async def test_two_requests_for_one_day_are_both_granted_and_only_the_first_takes_effect(
    database: str, tmp_path: Path
) -> None:
    async with ruled(database, tmp_path) as office:
        first, second = await asks(office), await asks(office, key="k2")
        assert (await office.approves(second)).status_code == 200
        answer = await office.approves(first)
        assert (answer.status_code, rule(answer)) == (409, "ACTIVATION_IN_FORCE")
        assert len(await activations(office)) == 1


async def test_other_rules_under_the_number_by_then_are_not_put_in_force(database: str, tmp_path: Path) -> None:
    async with ruled(database, tmp_path) as office:
        asked = await asks(office)
        decide = office.app.state.ports.decide_policy
        for loaded, why in ((rules(level("1"), level("2")), "ACTIVATION_OTHER_RULES"), (rules(level("1")), "ACTIVATION_NOT_LOADED")):  # fmt: skip
            office.app.state.ports.decide_policy = dataclasses.replace(decide, rules=loaded)
            answer = await office.approves(asked)
            assert (answer.status_code, rule(answer)) == (409, why)
        assert await activations(office) == []
        office.app.state.ports.decide_policy = decide
        assert (await office.approves(asked)).status_code == 200


async def test_a_role_that_is_lost_meanwhile_stops_the_last_grant(database: str, tmp_path: Path) -> None:
    async with ruled(database, tmp_path) as office:
        asked = await asks(office)
        commit, tried = PolicyDeciding._commit, []

        async def late(self: Any, pool: Any, read: Any, act: Any) -> None:
            if not tried:
                await office.pool.execute("insert into staff values ('wang', '{}', 'left', 'hr', now())")
            tried.append(act)
            await commit(self, pool, read, act)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(PolicyDeciding, "_commit", late)
            assert rule(await office.approves(asked)) == "APPROVAL_LEFT"
        assert len(tried) == 1
        assert await activations(office) == []
        assert (await office.approves(asked, who="zhao")).status_code == 200


async def test_an_office_system_acts_for_a_registered_person_and_who_asked_withdraws(
    database: str, tmp_path: Path
) -> None:
    async with ruled(database, tmp_path) as office:
        asked, other = await asks(office), await asks(office, key="k2", effective="2026-03-06")
        body = {"on_behalf_of": "wang", "evidence": "OA-2026-118"}
        system: Any = {"role": "office_automation", "who": "oa"}
        assert rule(await office.approves(asked, **system, body=dict(body))) == "APPROVAL_NOT_REGISTERED"
        await office.does("PUT", "staff/wang", {"roles": ["risk_manager"], "reason": "appointed"}, role="operator")
        assert (await office.approves(asked, **system, body=dict(body))).status_code == 200
        granted = next(data for name, data in await said(office) if name == "approval.granted")
        assert (granted["by"], granted["through"], granted["evidence"]) == ("wang", "oa", "OA-2026-118")
        path = f"approvals/{other['approval_id']}/withdraw"
        assert (await office.does("POST", path, {"reason": "not now"})).json()["state"] == "withdrawn"


async def test_who_sees_some_customers_only_does_not_decide_about_the_rules_of_all(
    database: str, tmp_path: Path
) -> None:
    async with ruled(database, tmp_path) as office:
        asked = await asks(office)
        limited = await office.approves(asked, limits={"regions": ["east"]})
        assert limited.status_code == 404
        assert (await office.approves(asked)).status_code == 200
