"""By what credit is granted, over HTTP on a real database: policies, terms, a limit before it is asked for, and its papers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.test_exposure_api import DAY, LIMIT, opened, rule
from tests.support.covers import covers

pytestmark = [pytest.mark.parts, pytest.mark.timeout(300)]


@covers("LT-13")
async def test_the_policy_in_force_is_read_with_its_hash(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        found = (await office.does("GET", "credit-policies?segment=dealer")).json()
        assert found["on"] == f"{DAY}"
        (one,) = found["policies"]
        assert (one["version"], one["is_in_force"], len(one["sha256"])) == ("1", True, 64)
        assert one["cash_discount"] == {"share": "0.01", "days": 10, "a_year": "0.073737374"}
        before = (await office.does("GET", "credit-policies?segment=dealer&on=1999-12-31")).json()
        assert [one["is_in_force"] for one in before["policies"]] == [False]
        assert (await office.does("GET", "credit-policies", role="order_system")).status_code == 403


@covers("LT-08")
async def test_a_term_is_told_with_the_limit_and_with_the_check_and_is_never_guessed(
    database: str, tmp_path: Path
) -> None:
    async with opened(database, tmp_path) as office:
        none = {"days": None, "rate_a_year": None, "formula": [], "missing": "grade"}
        assert (await office.does("GET", "exposures/C-1")).json()["term"] == none
        assert (await office.checks(kind="query"))["term"] == none
        assert (await office.checks(kind="query", role="order_system"))["term"] is None
        longer = (await office.does("GET", "exposures/C-1/term?days=90&sales=1000.00&margin=0.2")).json()
        assert (longer["pays"], longer["missing"]) == (None, "grade")
        wrong = await office.does("GET", "exposures/C-1/term?days=90&sales=1.001")
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/sales")


@covers("LT-05")
async def test_a_request_without_its_papers_is_refused_by_their_names_and_granted_with_them(
    database: str, tmp_path: Path
) -> None:
    async with opened(database, tmp_path) as office:
        body = {**LIMIT, "kind": "management", "amount": "200000.01", "papers": {"sales_opinion": "DOC-1"}}
        answer = await office.does("POST", "limits/C-1/requests", body, key="p1", role="sales")
        assert (answer.status_code, rule(answer)) == (409, "LIMIT_PAPERS_MISSING")
        assert "application (the customer's written application)" in answer.text
        assert "sales_opinion" not in answer.text
        chinese = await office.does("POST", "limits/C-1/requests", body, key="p1", role="sales", language="zh")
        assert "application（客户书面申请）" in chinese.json()["errors"][0]["message"]
        papers = {"application": "DOC-7", "sales_opinion": "DOC-1"}
        asked = await office.asks(kind="management", amount="200000.01", papers=papers)
        assert asked["payload"]["papers"] == papers, "what others approve names the documents"
        granted = await office.approves(asked)
        assert granted.json()["state"] == "granted", granted.text


@covers("LT-04", "LT-07")
async def test_a_proposal_says_what_would_do_instead(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        await office.has_a_limit()
        found = (await office.does("GET", "limits/C-1/proposal?amount=140000")).json()
        assert (found["own"], found["effective"], found["approvers"]) == (
            "100000.00", "140000.00", ["credit_supervisor"]
        )  # fmt: skip
        assert {one["name"]: one["amount"] for one in found["instead"]} == {
            "insured": "44444.45", "guaranteed": "50000.00", "prepaid": "40000.00", "priced": None
        }  # fmt: skip
        assert (found["fits_need"], found["missing"]) == (None, "grade"), "never a guess"
        far = (await office.does("GET", "limits/C-1/proposal?amount=300000")).json()
        assert far["why_not"]["code"] == "LIMIT_RISE_TOO_FAR"
        assert [one["paper"] for one in far["papers"]] == ["application", "sales_opinion"]
