"""Price and interest below the rule are granted by graded authority: the further from it, the higher (AP-09)."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.rating.adapters.viewing import customer_view
from shared.core.errors import Misconfigured
from shared.edge.approval_chains import load
from tests.support.covers import covers
from tests.support.office import DAY, opened, rule
from tests.support.rating_api import RULES, settings

covers("AP-09")

PATH = "customers/C-1/exceptions"
ASKED = {
    "excepts": "PENALTY_RATE", "size": "0.25", "terms": "a quarter of the penalty of May", "expires_on": "2026-04-01",
    "reason": "the delivery was late", "evidence": "DOC-9",
}  # fmt: skip
SHIPPED = Path(__file__).parents[2] / "services/rating/approvals.yaml"


@pytest.mark.parts
@pytest.mark.timeout(300)
async def test_the_size_of_an_exception_says_who_grants_it_and_is_kept(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        grants = {}
        for at, size in enumerate(("0", "0.10", "0.100001", "0.5", "1")):
            answer = await office.does("POST", PATH, {**ASKED, "size": size}, key=f"k{at}")
            assert answer.status_code == 202, answer.text
            grants[size] = answer.json()["roles"]
        assert grants == {
            "0": ["credit_manager"],
            "0.10": ["credit_manager"],
            "0.100001": ["finance_director"],
            "0.5": ["deputy_general_manager"],
            "1": ["general_manager"],
        }
        price = await office.does("POST", PATH, {**ASKED, "excepts": "LIST_PRICE", "size": "0.10"}, key="p")
        assert price.json()["roles"] == ["deputy_general_manager"]

        asked = (await office.does("POST", PATH, ASKED, key="mine")).json()
        assert asked == (await office.does("POST", PATH, ASKED, key="mine")).json()
        small = await office.approves(asked, role="credit_manager", who="wang")
        assert rule(small) == "APPROVAL_NOT_YOUR_STEP", "a quarter is beyond its authority"
        done = await office.approves(asked, role="deputy_general_manager", who="zhou")
        assert done.json()["state"] == "granted", done.text
        seen = await customer_view(settings(database, tmp_path), RULES)(office.pool, "C-1", DAY, None)
        assert seen is not None
        assert [(one.excepts, one.size, one.in_force) for one in seen.exceptions] == [("PENALTY_RATE", "0.25", True)]
        assert (await office.decisions())[-1][1]["size"] == "0.25"


@pytest.mark.parts
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("language", "says"),
    [("en", "who grants this exception depends on its size"), ("zh-CN", "该例外按幅度分级审批")],
)
async def test_without_a_size_it_is_asked_for(database: str, tmp_path: Path, language: str, says: str) -> None:
    async with opened(database, tmp_path) as office:
        body = {name: value for name, value in ASKED.items() if name != "size"}
        answer = await office.does("POST", PATH, body, key="n", language=language)
        assert (answer.status_code, rule(answer)) == (409, "EXCEPTION_SIZE_MISSING")
        assert says in answer.text


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('up_to: "0.20", by: [finance_director]', 'up_to: "0.05", by: [finance_director]', "steps must grow by up_to"),
        ("      - {by: [general_manager]}\n    LIST", "    LIST", "only the last has none"),
        ("by: [finance_director]}", "by: [boss]}", "unknown role boss"),
        ("by: [finance_director]}", "by: [sales]}", "sales may grant nothing"),
    ],
)
def test_steps_that_leave_a_gap_are_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = SHIPPED.read_text("utf-8")
    assert old in text
    file = tmp_path / "approvals.yaml"
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(Misconfigured, match=says):
        load(file)
