"""The state machine of approvals, sentence by sentence."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.core.approval.chain import Bounds, Chain, Chains, Limits, in_force, working_days_after
from shared.core.approval.commands import Actor, Approve, Command, Desk, Refuse, Request, Withdraw
from shared.core.approval.deciding import Decided, decide
from shared.core.approval.payload import sealed
from shared.core.approval.request import Approval, Approvals, evolve
from shared.core.approval.saying_no import No
from shared.core.approval.timing import NEVER, due, next_due
from shared.core.errors import Misconfigured
from shared.core.events.approval import ApprovalEscalated, ApprovalExpired, ApprovalGranted, ApprovalRequested
from shared.edge.approval_chains import load
from shared.edge.codes import meaning

MONDAY = date(2026, 3, 2)
CHAINS = Chains(
    MONDAY,
    Limits(1, 2, 10),
    {"override": Chain(("risk_manager", "general_manager"))},
    Bounds(1, 90, 2),
    {"risk_manager": ("deputy",)},
)
PAYLOAD, SHA = sealed({"customer": "C-1", "grade": "A"})


def weekend(day: int) -> bool:
    return day % 7 in {6, 0}


def actor(person: str, *roles: str, account: str = "", through: str | None = None) -> Actor:
    return Actor(person, account or person, frozenset(roles), through)


ASKER = actor("li", "sales")
ASKED = Request("AP-1", "override", PAYLOAD, ASKER, "a guarantee came in", "DOC-7", CHAINS.of("override"))
MANAGER = actor("wang", "risk_manager")
HEAD = actor("zhao", "general_manager")


class Table:
    """One stream of approvals on which commands are carried out."""

    def __init__(self) -> None:
        self.approvals: Approvals = {}
        self.day = MONDAY
        self.register: dict[str, frozenset[str]] = {}

    @property
    def desk(self) -> Desk:
        return Desk(self.day, CHAINS, weekend, self.register, {"cause": "override", "labels": {}})

    def does(self, command: Command) -> Decided:
        made = decide(command, self.approvals.get(command.approval_id), self.desk)
        for one in made if isinstance(made, tuple) else ():
            evolve(self.approvals, one)
        return made

    @property
    def one(self) -> Approval:
        return self.approvals["AP-1"]


@pytest.fixture
def table() -> Table:
    made = Table()
    made.does(ASKED)
    return made


def approve(by: Actor, sha256: str = SHA, **more: Any) -> Approve:
    return Approve("AP-1", sha256, by, **more)


def test_a_request_names_its_content_its_steps_and_its_time_limits(table: Table) -> None:
    (asked,) = decide(ASKED, None, table.desk)
    assert isinstance(asked, ApprovalRequested)
    assert (asked.payload, asked.payload_sha256, asked.roles) == (PAYLOAD, SHA, ("risk_manager", "general_manager"))
    assert (asked.remind_on, asked.deputy_on, asked.lapses_on) == (
        date(2026, 3, 3),
        date(2026, 3, 4),
        date(2026, 3, 16),
    )
    assert asked.deputies == {"risk_manager": ("deputy",)}


def test_steps_are_granted_in_order_and_only_the_last_takes_effect(table: Table) -> None:
    assert table.does(approve(HEAD)) is No.NOT_YOUR_STEP
    (first,) = table.does(approve(MANAGER))
    assert isinstance(first, ApprovalGranted)
    assert (first.step, first.final) == (1, False)
    (last,) = table.does(approve(HEAD))
    assert isinstance(last, ApprovalGranted)
    assert (last.step, last.final, table.one.place) == (2, True, "granted")


def test_the_maker_is_never_the_checker_whatever_roles_and_accounts_they_have(table: Table) -> None:
    assert table.does(approve(actor("li", "risk_manager", account="li.admin"))) is No.OWN_REQUEST


def test_one_person_takes_one_step_whatever_accounts_they_have(table: Table) -> None:
    table.does(approve(MANAGER))
    assert table.does(approve(actor("wang", "general_manager", account="wang.2"))) is No.SAME_PERSON


def test_what_is_granted_is_what_was_seen(table: Table) -> None:
    _, other = sealed({"customer": "C-1", "grade": "D"})
    assert table.does(approve(MANAGER, other)) is No.OTHER_CONTENT


def test_content_that_was_changed_after_it_was_asked_for_never_takes_effect(table: Table) -> None:
    table.does(approve(MANAGER))
    table.approvals["AP-1"] = msgspec.structs.replace(table.one, payload='{"customer":"C-1","grade":"B"}')
    assert table.does(approve(HEAD)) is No.CHANGED


def test_the_same_again_changes_nothing_and_other_content_under_the_id_is_refused(table: Table) -> None:
    assert table.does(ASKED) == ()
    payload, _ = sealed({"customer": "C-1", "grade": "B"})
    assert table.does(msgspec.structs.replace(ASKED, payload=payload)) is No.ID_TAKEN
    table.does(approve(MANAGER))
    table.does(approve(HEAD))
    assert table.does(approve(HEAD)) == ()
    assert table.does(approve(actor("sun", "general_manager"))) is No.CLOSED


def test_reason_and_evidence_are_written(table: Table) -> None:
    fresh = msgspec.structs.replace(ASKED, approval_id="AP-2")
    assert decide(msgspec.structs.replace(fresh, reason=" "), None, table.desk) is No.REASON_MISSING
    assert decide(msgspec.structs.replace(fresh, evidence=""), None, table.desk) is No.EVIDENCE_MISSING
    assert table.does(Refuse("AP-1", MANAGER, "")) is No.REASON_MISSING


def test_who_could_grant_may_refuse_and_who_asked_may_withdraw(table: Table) -> None:
    assert table.does(Withdraw("AP-1", MANAGER, "not needed")) is No.NOT_YOURS
    assert table.does(Refuse("AP-1", HEAD, "too much")) is No.NOT_YOUR_STEP
    other = Table()
    other.does(ASKED)
    table.does(Refuse("AP-1", MANAGER, "too much"))
    other.does(Withdraw("AP-1", ASKER, "not needed"))
    assert (table.one.place, other.one.place) == ("refused", "withdrawn")
    assert table.does(approve(MANAGER)) is No.CLOSED
    assert table.does(Refuse("AP-1", MANAGER, "too much")) == ()


def test_a_role_that_was_lost_meanwhile_opens_its_step_again(table: Table) -> None:
    table.does(approve(MANAGER))
    table.register["wang"] = frozenset({"sales"})
    assert table.does(approve(HEAD)) is No.NOT_YOUR_STEP
    (again,) = table.does(approve(actor("sun", "risk_manager")))
    assert isinstance(again, ApprovalGranted)
    assert (again.step, again.final) == (1, False)
    (last,) = table.does(approve(HEAD))
    assert isinstance(last, ApprovalGranted)
    assert last.final


def test_who_has_left_neither_grants_nor_has_asked(table: Table) -> None:
    table.register["wang"] = frozenset()
    assert table.does(approve(MANAGER)) is No.LEFT
    table.register = {"li": frozenset()}
    assert table.does(approve(MANAGER)) is No.LEFT


def test_the_register_takes_away_and_never_gives_to_who_comes_with_a_token_of_their_own(table: Table) -> None:
    table.register["li.2"] = frozenset({"risk_manager"})
    assert table.does(approve(actor("li.2", "sales"))) is No.LEFT


def test_a_system_acts_only_for_who_is_registered_and_with_evidence(table: Table) -> None:
    system = actor("wang", "office_automation", account="oa", through="oa")
    assert table.does(approve(system, evidence="OA-77")) is No.NOT_REGISTERED
    table.register["wang"] = frozenset({"risk_manager"})
    assert table.does(approve(system)) is No.EVIDENCE_MISSING
    (granted,) = table.does(approve(system, evidence="OA-77"))
    assert (granted.by, granted.account, granted.through, granted.evidence) == ("wang", "oa", "oa", "OA-77")


def test_deputies_act_once_the_step_has_waited_too_long(table: Table) -> None:
    deputy = actor("qian", "deputy")
    table.day = date(2026, 3, 3)
    assert table.does(approve(deputy)) is No.NOT_YOUR_STEP
    table.day = date(2026, 3, 4)
    (granted,) = table.does(approve(deputy))
    assert isinstance(granted, ApprovalGranted)
    assert (granted.role, granted.acting) == ("risk_manager", "deputy")


def test_time_limits_are_said_once_each_when_their_day_opens(table: Table) -> None:
    said, day = [], MONDAY.toordinal()
    while (on := next_due(table.one, day)) < NEVER:
        day = on
        while (one := due(table.one, day, {"cause": "day", "labels": {}})) is not None:
            evolve(table.approvals, one)
            said.append((str(one.as_of), one.to if isinstance(one, ApprovalEscalated) else type(one).__name__))
    assert said == [("2026-03-03", "reminder"), ("2026-03-04", "deputy"), ("2026-03-17", ApprovalExpired.__name__)]
    assert table.one.place == "expired"


def test_a_day_that_was_skipped_says_only_what_still_matters(table: Table) -> None:
    day = date(2026, 3, 9).toordinal()
    one = due(table.one, day, {"cause": "day", "labels": {}})
    assert isinstance(one, ApprovalEscalated)
    assert one.to == "deputy"
    evolve(table.approvals, one)
    assert due(table.one, day, {"cause": "day", "labels": {}}) is None


def test_a_request_is_not_granted_after_its_last_day_though_nobody_said_so_yet(table: Table) -> None:
    table.day = date(2026, 3, 16)
    assert isinstance(table.does(approve(MANAGER)), tuple)
    table.day += timedelta(days=1)
    assert table.does(approve(HEAD)) is No.LAPSED


def test_working_days_leave_out_rest_days() -> None:
    friday = date(2026, 3, 6)
    assert working_days_after(friday, 1, weekend) == date(2026, 3, 9)
    assert working_days_after(friday, 0, weekend) == friday


def test_every_no_has_its_sentences() -> None:
    for no in No:
        assert meaning(no).en != no
        assert meaning(no).zh


def test_the_shipped_chains_are_read_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    shipped = load(Path(__file__).parents[2] / "services/rating/approvals.yaml")
    assert in_force(shipped, MONDAY).chains["erasure"].by == ("privacy_officer",)
    file = tmp_path / "approvals.yaml"
    good = "- effective: 2026-01-01\n  limits: {remind: 1, deputy: 2, lapse: 10}\n  overrides: {up_steps: 1, days: 90, renewals: 2}\n  chains: {override: {by: [legal]}}\n"
    file.write_text(good)
    assert load(file)[0].chains["override"].by == ("legal",)
    for wrong, word in {
        "[legal]": "nobody",
        "[sales]": "sales may grant nothing",
        "[boss]": "boss",
        "[]": "names nobody",
    }.items():
        file.write_text(
            good.replace("[legal]", wrong).replace("deputy: 2", "deputy: 20" if word == "nobody" else "deputy: 2")
        )
        with pytest.raises(Misconfigured, match="limits must grow" if word == "nobody" else word):
            load(file)
