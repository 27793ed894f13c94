"""Exceptions, committees, rises that the machine asks for, overrides under another purpose: over HTTP, on a real database."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.rating.adapters.ruling import rule as rule_day
from services.rating.adapters.ruling import shares
from shared.core.approval.chain import Chain, Chains, Committee
from shared.core.policy.methods import Methods
from shared.core.policy.movement import Approval
from shared.core.policy.policy import Book, sealed
from shared.core.policy.rulebook import Rulebook
from tests.support.covers import covers
from tests.support.customer import Customer
from tests.support.office import DAY, Office, kept, opened, rule
from tests.support.rating_api import RULES
from tests.support.several import level, rules, sold

covers("AP-05", "AP-07", "AP-16", "G-25")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(300)]

EXCEPTION = {
    "excepts": "LT-20", "terms": "100000 CNY, 1 month", "expires_on": "2026-04-01", "reason": "season", "evidence": "DOC-7",
}  # fmt: skip
PATH = "customers/C-1/exceptions"


def with_movement(base: Rulebook, method: str, *approvals: Approval) -> Rulebook:
    """*base* with other approvals in the only version of *method*."""
    (policy,) = base.books[method].versions
    movement = msgspec.structs.replace(policy.movement, approvals=approvals)
    book = Book(method, (sealed(msgspec.structs.replace(policy, movement=movement)),))
    return Rulebook(Methods(base.methods.orders, {**base.methods.books, method: book}), base.warnings)


async def may_rise(office: Office) -> dict[str, Any]:
    """What the machine asks of C-3, which may rise from C to B on the first of March, under a method of that approval."""
    await office.pool.execute("update partitions set day = '2026-03-01'")
    story = Customer("C-3")
    story.registered("2024-01-02", opened_on="2024-01-02", segment="dealer", manager="S-3")
    story.months("2024-01-05", 25)
    story.visited("2025-06-20")
    story.visited("2026-02-20")
    story.signals("S", "enforcement", "2025-10-03")
    story.tell("signal.lifted", date(2025, 10, 20), signal_id="S", lifted_on=date(2025, 10, 20))
    await kept(office.pool, "C-3", list(story.events))
    await office.asks("C-3", key="any", grade="D")  # whoever is decided on the first of the month is asked about
    (asked,) = (await office.does("GET", "approvals?kind=rise")).json()["approvals"]
    found: dict[str, Any] = asked
    return found


async def asks(office: Office, path: str = PATH, key: str = "k", **changes: Any) -> dict[str, Any]:
    answer = await office.does("POST", path, {**EXCEPTION, **changes}, key=key)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


@covers("RO-13")
async def test_an_exception_is_granted_by_those_who_are_named_and_lies_in_the_log(
    database: str, tmp_path: Path
) -> None:
    async with opened(database, tmp_path) as office:
        asked = await asks(office)
        assert (asked["kind"], asked["roles"]) == ("exception", ["risk_manager", "authorised_approver"])
        assert await asks(office) == asked
        assert asked["payload"]["excepts"] == "LT-20"
        too_long = await office.does("POST", PATH, {**EXCEPTION, "expires_on": "2026-06-01"}, key="l")
        assert (too_long.status_code, rule(too_long)) == (409, "EXCEPTION_TOO_LONG")
        over = await office.does("POST", PATH, {**EXCEPTION, "expires_on": "2026-03-01"}, key="o")
        assert rule(over) == "EXCEPTION_OVER"
        unknown = await office.does("POST", PATH, {**EXCEPTION, "method": "rm-99"}, key="m")
        assert rule(unknown) == "OVERRIDE_NO_GRADE"
        await office.approves(asked)
        assert "exception.granted" not in await office.published()
        other = await office.approves(asked, role="general_manager", who="guo")
        assert rule(other) == "APPROVAL_NOT_YOUR_STEP", "the named approver and nobody else"
        done = await office.approves(asked, role="authorised_approver", who="hou")
        assert done.json()["state"] == "granted", done.text
        said = await office.decisions()
        assert [name for name, _ in said][-2:] == ["approval.granted", "exception.granted"]
        granted = said[-1][1]
        assert (granted["excepts"], granted["terms"], granted["by"]) == ("LT-20", "100000 CNY, 1 month", "li")
        assert (await office.published())[-1] == "exception.granted"


async def test_a_committee_decides_by_votes_over_http(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        board = Committee(("risk_manager", "finance", "legal", "general_manager"), 3, 2, ("risk_manager",))
        deciding = office.app.state.ports.decide
        deciding.chains = tuple(
            msgspec.structs.replace(
                one, chains={**one.chains, "exception": Chain(("board",))}, committees={"board": board}
            )
            for one in deciding.chains
        )
        asked = await asks(office)
        assert (asked["role"], asked["members"]) == ("board", list(board.members))
        waits = await office.does("GET", "approvals?role=legal&state=open")
        assert [one["approval_id"] for one in waits.json()["approvals"]] == [asked["approval_id"]]
        assert rule(await office.approves(asked)) == "APPROVAL_REASON_MISSING"
        mine = await office.approves(asked, role="finance", who="S-1", body={"reason": "I know them"})
        assert rule(mine) == "APPROVAL_OWN_LINE", "the customer's own manager"
        await office.approves(asked, body={"reason": "the books are in order"})
        voted = await office.approves(asked, role="legal", who="qian", body={"reason": "the contract holds"})
        assert voted.json()["state"] == "open"
        path = f"approvals/{asked['approval_id']}/refuse"
        against = await office.does("POST", path, {"reason": "too much"}, role="finance", who="chen")
        assert against.json()["state"] == "open", "one vote against it is not the quota"
        done = await office.approves(asked, role="general_manager", who="hou", body={"reason": "agreed"})
        assert done.json()["state"] == "granted", done.text
        assert [(one["by"], one["vote"], one["reason"]) for one in done.json()["votes"]] == [
            ("wang", "for", "the books are in order"),
            ("qian", "for", "the contract holds"),
            ("chen", "against", "too much"),
            ("hou", "for", "agreed"),
        ]
        assert (await office.published()).count("approval.voted") == 4
        other = await asks(office, key="k2")
        path = f"approvals/{other['approval_id']}/refuse"
        veto = await office.does("POST", path, {"reason": "no"}, role="risk_manager", who="wang")
        assert veto.json()["state"] == "refused"


async def test_an_override_of_another_purpose_where_its_method_allows_it(database: str, tmp_path: Path) -> None:
    allowed = with_movement(rules(level()), "level", Approval("override", ("finance",)))
    async with opened(database, tmp_path, allowed) as office:
        story = Customer("C-3")
        story.registered("2024-01-02", opened_on="2024-01-02", kind="company", region="urban", manager="S-3")
        sold(story, "2026-02-20", 60, 70)
        sold(story, "2026-02-21", 60, 70)
        await kept(office.pool, "C-3", list(story.events))
        body = {"grade": "ordinary", "reason": "r", "evidence": "e", "method": "level"}
        answer = await office.does("POST", "customers/C-3/overrides", body, key="a")
        assert answer.status_code == 202, answer.text
        asked = answer.json()
        assert (asked["payload"]["method"], asked["roles"]) == ("level", ["finance"])
        label = await office.does(
            "POST", "customers/C-3/overrides", {**body, "method": "label", "grade": "low"}, key="c"
        )
        assert rule(label) == "OVERRIDE_NO_GRADE", "what compliance says is asked of nobody here"
        done = await office.approves(asked, role="finance", who="chen")
        assert done.status_code == 200, done.text
        said = [data for name, data in await office.decisions("C-3") if name == "grade.changed"]
        (change,) = [one for one in said if one.get("override_id")]
        assert (change["purpose"], change["to"], change["cause"]) == ("service", "ordinary", "override")
        counted = {one.method: (one.purpose, one.grades, one.overridden) for one in await shares(office.pool, DAY)}
        assert counted["level"] == ("service", 1, 1)


async def test_a_method_that_names_nobody_allows_no_override_of_another_purpose(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path, with_movement(rules(level()), "level")) as office:
        story = Customer("C-3")
        story.registered("2024-01-02", opened_on="2024-01-02", kind="company", region="urban")
        sold(story, "2026-02-20", 60, 70)
        await kept(office.pool, "C-3", list(story.events))
        body = {"grade": "ordinary", "reason": "r", "evidence": "e", "method": "level"}
        answer = await office.does("POST", "customers/C-3/overrides", body, key="a")
        assert (answer.status_code, rule(answer)) == (409, "OVERRIDE_NOT_ALLOWED")


async def test_a_rise_that_the_machine_asked_for_is_listed_and_granted_over_http(database: str, tmp_path: Path) -> None:
    loaded = with_movement(RULES, "rm-22", Approval("rise", ("risk_manager",)))
    async with opened(database, tmp_path, loaded) as office:
        asked = await may_rise(office)
        assert (asked["requested_by"], asked["payload"]["from"], asked["payload"]["to"]) == ("~rating", "C", "B")
        assert asked["deputy_on"] is not None
        await office.pool.execute("update partitions set day = $1", DAY + timedelta(days=2))
        done = await office.approves(asked)
        assert done.json()["state"] == "granted", done.text
        change = [data for name, data in await office.decisions("C-3") if name == "grade.changed"][-1]
        assert (change["from"], change["to"], change["cause"], change["as_of"]) == ("C", "B", "review", "2026-03-04")


@covers("G-26")
async def test_a_method_that_is_overridden_too_often_is_to_be_reviewed_once_a_month(
    database: str, tmp_path: Path
) -> None:
    async with opened(database, tmp_path) as office:
        decide = office.app.state.ports.decide_policy
        await office.approves(await office.asks())  # one of two dealers
        await office.asks("C-2", key="decides it")
        counted = {one.method: (one.grades, one.overridden) for one in await shares(office.pool, DAY)}
        assert counted == {"rm-22": (2, 1)}
        assert await rule_day(office.pool, decide) == DAY
        said = await office.decisions("~policy/" + decide.stream.partition("/")[2])
        assert [(name, data["review_id"], data["method"], data["as_of"]) for name, data in said] == [
            ("review.due", "G-26/rm-22/2026-03", "rm-22", "2026-03-02")
        ]
        await rule_day(office.pool, decide)
        assert len(await office.decisions(decide.stream)) == 1, "said once a month"
        nobody: Chains = decide.chains[0]
        bounds = msgspec.structs.replace(nobody.overrides, share=nobody.overrides.share * 6)
        other = decide.__class__(
            decide.rules, decide.settings, (msgspec.structs.replace(nobody, overrides=bounds),), decide.rests
        )
        await office.pool.execute("insert into business_days values ($1, now())", date(2026, 4, 1))
        await office.pool.execute("update partitions set day = $1, rated = $1", date(2026, 4, 1))
        await rule_day(office.pool, other)
        assert len(await office.decisions(decide.stream)) == 1, "half is below a mark of six tenths"
        await rule_day(office.pool, decide)
        assert len(await office.decisions(decide.stream)) == 2
