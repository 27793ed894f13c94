"""Approvals over HTTP, on a real database: requests, steps, effects, and who may see and do what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.edge.commanding.commands import Commands
from tests.support.office import ASKED, DAY, Office, opened, rule

pytestmark = [pytest.mark.parts, pytest.mark.timeout(300)]


async def test_an_override_holds_once_a_second_person_has_granted_it(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        asked = await office.asks()
        assert (asked["state"], asked["role"], asked["roles"], asked["requested_by"]) == (
            "open",
            "risk_manager",
            ["risk_manager"],
            "li",
        )
        assert asked["payload"]["expires_on"] == "2026-05-31"
        assert (await office.does("GET", "approvals?state=open")).json()["approvals"] == [asked]
        before = await office.pool.fetchrow(
            "select grade, underlying, override_id from customers where customer_id = 'C-1'"
        )
        assert before["override_id"] is None

        granted = await office.approves(asked)
        assert granted.status_code == 200, granted.text
        assert granted.json()["state"] == "granted"
        assert granted.json()["grants"][0]["by"] == "wang"
        row = await office.pool.fetchrow(
            "select grade, underlying, override_id from customers where customer_id = 'C-1'"
        )
        assert tuple(row) == ("C", before["grade"], asked["approval_id"])
        said = await office.decisions()
        assert [name for name, _ in said][-4:] == [
            "approval.requested",
            "approval.granted",
            "override.set",
            "grade.changed",
        ]
        change = said[-1][1]
        assert (change["cause"], change["from"], change["to"], change["underlying"]) == (
            "override",
            before["grade"],
            "C",
            before["grade"],
        )
        assert (await office.published())[-3:] == ["approval.granted", "override.set", "grade.changed"]

        again = await office.approves(asked)
        assert again.json() == granted.json()
        assert await office.decisions() == said


async def test_what_is_refused_says_the_rule_in_both_languages_and_changes_nothing(
    database: str, tmp_path: Path
) -> None:
    async with opened(database, tmp_path) as office:
        asked = await office.asks()
        said = await office.decisions()
        own = await office.approves(asked, who="li")
        assert (own.status_code, rule(own)) == (409, "APPROVAL_OWN_REQUEST")
        chinese = await office.approves(asked, who="li", language="zh-CN")
        assert chinese.json()["detail"] == "申请人不得审批自己的申请"
        assert rule(await office.approves(asked, role="finance")) == "APPROVAL_NOT_YOUR_STEP"
        assert rule(await office.approves({**asked, "payload_sha256": "0" * 64})) == "APPROVAL_OTHER_CONTENT"
        assert (await office.approves(asked, role="sales")).status_code == 403
        for wrong, why in (({"grade": "A"}, ""), ({"grade": "Z"}, "OVERRIDE_NOT_ON_SCALE"), ({"expires_on": "2026-06-01"}, "OVERRIDE_TOO_LONG"),
                           ({"expires_on": "2026-03-01"}, "OVERRIDE_OVER")):  # fmt: skip
            answer = await office.does("POST", "customers/C-1/overrides", {**ASKED, **wrong}, key=f"w{wrong}"[:60])
            if why:
                assert (answer.status_code, rule(answer)) == (409, why)
        both = await office.does("POST", "customers/C-1/overrides", {**ASKED, "cap": "C"}, key="b")
        assert both.status_code == 422
        no_key = await office.does("POST", "customers/C-1/overrides", ASKED)
        assert no_key.status_code == 422
        unknown = await office.does("POST", "customers/C-9/overrides", ASKED, key="u")
        assert unknown.status_code == 404
        assert [name for name, _ in await office.decisions()][len(said) :] == ["approval.requested"], (
            "the one that was in order"
        )


async def test_the_same_request_again_is_the_same_and_another_under_its_key_is_refused(
    database: str, tmp_path: Path
) -> None:
    async with opened(database, tmp_path) as office:
        asked = await office.asks()
        await office.pool.execute("update partitions set day = $1", DAY + timedelta(days=1))
        assert await office.asks() == asked
        other = await office.does("POST", "customers/C-1/overrides", {**ASKED, "grade": "D"}, key="k1")
        assert (other.status_code, rule(other)) == (409, "APPROVAL_ID_TAKEN")


async def test_of_two_checkers_at_once_one_grant_takes_effect(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        asked = await office.asks()
        answers = await asyncio.gather(*[office.approves(asked, who=f"checker-{n}") for n in range(6)])
        assert sorted(one.status_code for one in answers) == [200, 409, 409, 409, 409, 409]
        assert {rule(one) for one in answers if one.status_code == 409} == {"APPROVAL_CLOSED"}
        names = [name for name, _ in await office.decisions()]
        assert (names.count("approval.granted"), names.count("override.set")) == (1, 1)
        assert (await office.published()).count("override.set") == 1


async def test_four_eyes_are_two_persons_not_two_accounts(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        office.app.state.verifier._person = "staff_no"
        asked = await office.does(
            "POST", "customers/C-1/overrides", ASKED, key="p", who="li.work", claims={"staff_no": "0042"}
        )
        assert asked.json()["requested_by"] == "0042"
        mine = await office.approves(asked.json(), who="li.admin", claims={"staff_no": "0042"})
        assert rule(mine) == "APPROVAL_OWN_REQUEST"
        nobody = await office.approves(asked.json(), who="zhao")
        assert nobody.status_code == 403
        other = await office.approves(asked.json(), who="zhao", claims={"staff_no": "0043"})
        assert other.status_code == 200


async def test_a_role_that_the_register_takes_away_is_lost_at_once(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        asked = await office.asks()
        left = await office.does("PUT", "staff/wang", {"roles": [], "reason": "left"}, role="operator", who="hr")
        assert left.status_code == 204
        assert rule(await office.approves(asked)) == "APPROVAL_LEFT"
        assert (await office.does("GET", "staff", role="operator")).json()["staff"][0]["person"] == "wang"
        assert (
            await office.does("PUT", "staff/wang", {"roles": ["boss"], "reason": "x"}, role="operator")
        ).status_code == 422
        assert (await office.approves(asked, who="zhao")).status_code == 200


async def test_an_office_system_acts_for_a_registered_person_with_evidence(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        asked = await office.asks()
        for_wang = {"on_behalf_of": "wang", "evidence": "OA-2026-118"}
        assert (await office.approves(asked, who="zhao", body=for_wang)).status_code == 403
        system: Any = {"role": "office_automation", "who": "oa", "body": for_wang}
        assert rule(await office.approves(asked, **{**system, "body": dict(for_wang)})) == "APPROVAL_NOT_REGISTERED"
        await office.does("PUT", "staff/wang", {"roles": ["risk_manager"], "reason": "appointed"}, role="operator")
        answer = await office.approves(asked, **{**system, "body": dict(for_wang)})
        assert answer.status_code == 200, answer.text
        granted = next(data for name, data in await office.decisions() if name == "approval.granted")
        assert (granted["by"], granted["through"], granted["evidence"]) == ("wang", "oa", "OA-2026-118")


async def test_an_override_is_taken_back_through_an_approval_of_its_own(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        asked = await office.asks()
        await office.approves(asked)
        path = f"customers/C-1/overrides/{asked['approval_id']}/end"
        end = await office.does("POST", path, {"reason": "the guarantor paid", "evidence": "DOC-8"}, key="e")
        assert end.status_code == 202, end.text
        assert (await office.approves(end.json())).status_code == 200
        said = await office.decisions()
        assert [name for name, _ in said][-2:] == ["override.withdrawn", "grade.changed"]
        assert said[-1][1]["from"] == "C"
        assert await office.pool.fetchval("select override_id from customers where customer_id = 'C-1'") is None


async def test_who_asked_takes_it_back_and_who_may_grant_refuses(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        first, second = await office.asks(key="a"), await office.asks(key="b")
        path = f"approvals/{first['approval_id']}/withdraw"
        assert rule(await office.does("POST", path, {"reason": "no"}, who="wang")) == "APPROVAL_NOT_YOURS"
        assert (await office.does("POST", path, {"reason": "no"})).json()["state"] == "withdrawn"
        path = f"approvals/{second['approval_id']}/refuse"
        refused = await office.does("POST", path, {"reason": "too much"}, role="risk_manager", who="wang")
        assert (refused.json()["state"], refused.json()["ended_because"]) == ("refused", "too much")
        assert rule(await office.approves(second)) == "APPROVAL_CLOSED"


async def test_an_erasure_needs_a_second_person_and_makes_personal_fields_unreadable(
    database: str, tmp_path: Path
) -> None:
    async with opened(database, tmp_path) as office:
        await office.pool.execute("insert into subject_keys (subject, wrapped) values ('C-1', 'x')")
        body = {"basis": "PIPL art. 47, letter of 1 March", "evidence": "DOC-9"}
        assert (await office.does("POST", "customers/C-1/erasure", body, key="x")).status_code == 403
        asked = await office.does("POST", "customers/C-1/erasure", body, key="x", role="privacy_officer", who="sun")
        assert asked.status_code == 202, asked.text
        assert rule(await office.approves(asked.json(), role="privacy_officer", who="sun")) == "APPROVAL_OWN_REQUEST"
        assert await office.pool.fetchval("select erased_at from subject_keys") is None
        done = await office.approves(asked.json(), role="privacy_officer", who="qian")
        assert done.status_code == 200, done.text
        assert await office.pool.fetchval(
            "select erased_at is not null and wrapped is null from subject_keys where subject = 'C-1'"
        )
        (fact,) = [
            json.loads(row["value"]) for row in await office.pool.fetch("select value from intake where stream = 'C-1'")
        ]
        assert fact["data"]["basis"] == body["basis"]
        assert fact["data"]["request_id"] == asked.json()["approval_id"]


@contextmanager
def meanwhile(office: Office, statement: str, *arguments: Any) -> Iterator[list[date]]:
    """Somebody is quicker: *statement* is carried out after the first command was decided and before it is written."""
    write, tried = Commands.write, []

    async def late(self: Any, connection: Any, prepared: Any, now: datetime, read: Any) -> None:
        if not tried:
            await office.pool.execute(statement, *arguments)
        tried.append(read[-1].day)
        await write(self, connection, prepared, now, read)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Commands, "write", late)
        yield tried


async def test_a_day_that_opens_while_a_command_is_decided_lets_it_be_decided_again(
    database: str, tmp_path: Path
) -> None:
    async with opened(database, tmp_path) as office:
        asked = await office.asks()
        with meanwhile(office, "update partitions set day = $1", DAY + timedelta(days=1)) as tried:
            assert (await office.approves(asked)).status_code == 200
        assert tried == [DAY, DAY + timedelta(days=1)]
        said = [data for name, data in await office.decisions() if name == "override.set"]
        assert [one["as_of"] for one in said] == ["2026-03-03"]


async def test_a_role_that_is_lost_while_the_last_grant_is_written_stops_it(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        asked = await office.asks()
        left = "insert into staff values ('wang', '{}', 'left', 'hr', now())"
        with meanwhile(office, left):
            assert rule(await office.approves(asked)) == "APPROVAL_LEFT"
        assert "override.set" not in [name for name, _ in await office.decisions()]
