"""Chains of the installation that a method names: the posts of AP-01 in their order, and the confirmation of AP-06."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.rating.adapters import catalogue
from services.rating.adapters.viewing import customer_view
from shared.core.errors import Misconfigured
from shared.core.policy.movement import Approval
from shared.core.policy.rulebook import Rulebook
from shared.edge.policy_chains import check_chains
from tests.integration.test_exceptions_and_committees import EXCEPTION, may_rise, with_movement
from tests.support.covers import covers
from tests.support.office import DAY, Office, opened, rule
from tests.support.rating_api import RULES, settings

pytestmark = [pytest.mark.parts, pytest.mark.timeout(300)]


def named(chain: str, of: Any = "rise") -> Rulebook:
    """The shipped rules, whose method RM-22 names *chain*."""
    return check_chains(with_movement(RULES, "rm-22", Approval(of, (), chain=chain)), catalogue.chains())


async def signs(office: Office, asked: dict[str, Any], role: str, who: str) -> dict[str, Any]:
    answer = await office.approves(asked, role=role, who=who)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def changed(office: Office) -> tuple[str | None, str, str]:
    change = [data for name, data in await office.decisions("C-3") if name == "grade.changed"][-1]
    return change.get("from"), change["to"], change["cause"]


@covers("AP-01", "RO-04", "RO-05", "RO-06", "RO-07", "RO-08")
async def test_a_grade_rises_once_all_posts_of_the_chain_have_signed(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path, named("grade")) as office:
        asked = await may_rise(office)
        assert asked["roles"] == ["grade_proposal", "grade_review", "general_manager"]
        assert asked["members"] == ["customer_service", "business_developer", "finance", "legal"]
        assert rule(await office.approves(asked, role="general_manager", who="hou")) == "APPROVAL_NOT_YOUR_STEP"
        await signs(office, asked, "legal", "qian")
        await signs(office, asked, "business_developer", "S-3")  # the customer's own: it proposes
        await signs(office, asked, "finance", "chen")
        after = await signs(office, asked, "customer_service", "han")
        assert (after["step"], after["members"]) == (2, ["deputy_general_manager", "finance_director", "legal"])
        assert [one["seat"] for one in after["votes"]] == ["legal", "business_developer", "finance", "customer_service"]
        assert rule(await office.approves(asked, role="legal", who="qian")) == "APPROVAL_SAME_PERSON"
        await signs(office, asked, "legal", "deng")
        await signs(office, asked, "deputy_general_manager", "zhou")
        after = await signs(office, asked, "finance_director", "peng")
        assert (after["step"], after["role"], after["state"]) == (3, "general_manager", "open")
        assert (await changed(office))[1:] == ("C", "day"), "nothing rose yet"
        await office.pool.execute("update partitions set day = $1", DAY + timedelta(days=2))
        done = await signs(office, asked, "general_manager", "hou")
        assert done["state"] == "granted"
        assert await changed(office) == ("C", "B", "review")


@covers("AP-01")
async def test_one_post_that_does_not_sign_ends_the_request(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path, named("grade", "override")) as office:
        asked = await office.asks()
        assert asked["roles"] == ["grade_proposal", "grade_review", "general_manager"]
        await signs(office, asked, "legal", "qian")
        path = f"approvals/{asked['approval_id']}/refuse"
        ended = await office.does("POST", path, {"reason": "the report is missing"}, role="finance", who="chen")
        assert (ended.json()["state"], ended.json()["ended_because"]) == ("refused", "the report is missing")


@covers("AP-06", "RO-11")
async def test_a_rating_is_confirmed_by_a_certified_rater_and_by_nobody_else(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path, named("central")) as office:
        asked = await may_rise(office)
        assert asked["roles"] == ["certified_rater"]
        for role in ("risk_manager", "general_manager", "customer_service"):
            assert rule(await office.approves(asked, role=role, who="x")) == "APPROVAL_NOT_YOUR_STEP"
        await office.pool.execute("update partitions set day = $1", DAY + timedelta(days=2))
        assert (await signs(office, asked, "certified_rater", "tang"))["state"] == "granted"
        assert await changed(office) == ("C", "B", "review")


@covers("AP-06", "RO-11")
async def test_a_first_rating_is_none_before_the_certified_rater_has_confirmed_it(
    database: str, tmp_path: Path
) -> None:
    async with opened(database, tmp_path, named("central", "first")) as office:
        await office.does("POST", "customers/C-1/exceptions", EXCEPTION, key="decides it")
        (asked,) = (await office.does("GET", "approvals?kind=rise")).json()["approvals"]
        assert (asked["roles"], asked["payload"]["from"]) == (["certified_rater"], "")
        assert "grade.changed" not in [name for name, _ in await office.decisions()]
        seen = await customer_view(settings(database, tmp_path), named("central", "first"))(
            office.pool, "C-1", DAY, None
        )
        assert seen is not None
        (rating,) = seen.ratings
        assert (rating.grade, rating.refusal, rating.underlying) == (None, "GRADE_UNCONFIRMED", asked["payload"]["to"])
        body = {"grade": "C", "reason": "r", "evidence": "e"}
        early = await office.does("POST", "customers/C-1/overrides", body, key="early")
        assert (early.status_code, rule(early)) == (409, "OVERRIDE_NO_GRADE")
        assert (await signs(office, asked, "certified_rater", "tang"))["state"] == "granted"
        given = [data for name, data in await office.decisions() if name == "grade.changed"][-1]
        assert (given["to"], given["direction"], given["cause"]) == (asked["payload"]["to"], "first", "review")


@covers("AP-06")
async def test_a_second_rating_of_the_same_purpose_cannot_stand_beside_the_first(database: str, tmp_path: Path) -> None:
    """RM-32 of the same purpose applies to every customer: the first method of the order rates, and no other."""
    (order,) = RULES.methods.orders
    assert [(one.method, one.to({"segment": "dealer"})) for one in order.purposes["credit"]] == [
        ("rm-22", True),
        ("rm-32", True),
    ]
    async with opened(database, tmp_path) as office:
        await office.asks("C-1", key="decides it")
        change = [data for name, data in await office.decisions() if name == "grade.changed"]
        assert {(one["purpose"], one["method"]) for one in change} == {("credit", "rm-22")}
        seen = await customer_view(settings(database, tmp_path), RULES)(office.pool, "C-1", DAY, None)
        assert seen is not None
        assert [(one.purpose, one.method) for one in seen.ratings] == [("credit", "rm-22")]
        body = {"grade": "C", "reason": "r", "evidence": "e", "method": "rm-32"}
        second = await office.does("POST", "customers/C-1/overrides", body, key="second")
        assert (second.status_code, rule(second)) == (409, "OVERRIDE_NO_GRADE"), "what does not rate has no grade"


def test_a_method_that_names_a_chain_that_is_none_is_refused_as_the_service_starts() -> None:
    with pytest.raises(Misconfigured, match=r"rm-22/1\.yaml: movement\.approvals names 'board', which is no chain"):
        named("board")


def test_naming_no_chain_leaves_what_is_approved_as_it_was() -> None:
    policy = RULES.books["rm-22"].versions[-1]
    assert "chain" not in str(msgspec.to_builtins(policy.movement))
