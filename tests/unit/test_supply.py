"""Supply: stopped by the rules or by people, and who lets it go on; and orders that are to be delivered later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from services.exposure.core import snapshot, supply
from services.exposure.core.supply import Why
from shared.core.approval.commands import Actor
from shared.core.events.granting import CheckDecided
from shared.core.events.limit import LimitChanged, SupplyResumed, SupplySuspended
from tests.support.covers import covers
from tests.support.credit_desk import CreditDesk, steps


@pytest.fixture
def desk() -> CreditDesk:
    """A customer of grade A with a limit of 100,000, who owes 1,000 due on 20 March."""
    made = CreditDesk()
    made.customer.registered("2024-01-02")
    made.customer.invoice("I1", "1000.00", "2026-02-01", due="2026-03-20")
    made.hears()
    made.graded("A")
    made.granted("100000")
    return made


def acts(desk: CreditDesk, what: Any, role: str = "credit_manager", who: str = "li", reason: str = "rumours") -> Any:
    made = what(desk.moment(), Actor(who, who, frozenset({role})), reason, {})
    if isinstance(made, Sequence) and not isinstance(made, str):
        desk.does(made, "override")
    return made


@covers("LT-40")
def test_people_stop_supply_with_a_reason_and_let_it_go_on(desk: CreditDesk) -> None:
    acts(desk, supply.suspend)
    assert steps(desk.asks("SO-1", "1.00")) == {"supply": "hold"}
    desk.opens("2026-03-04")
    assert desk.account.published.suspended_by == "li", "the rules do not let go on what people stopped"
    acts(desk, supply.resume, who="zhao", reason="talked to them")
    assert "SO-1" not in desk.account.holds, "what waited for it goes"
    said = [(type(one.data), one.publish) for one in desk.log if isinstance(one.data, SupplySuspended | SupplyResumed)]
    assert said == [(SupplySuspended, True), (SupplyResumed, True)]
    (on,) = desk.said(SupplyResumed)
    assert (on.by, on.reason, on.cause) == ("zhao", "talked to them", "override")


def test_what_people_may_not_do_to_supply_is_named(desk: CreditDesk) -> None:
    assert acts(desk, supply.suspend, role="sales") is Why.NO_AUTHORITY
    assert acts(desk, supply.resume) is Why.NOT
    acts(desk, supply.suspend)
    version = desk.version
    assert acts(desk, supply.suspend) == ()
    assert desk.version == version, "twice is one act"
    assert acts(desk, supply.suspend, who="zhao") is Why.AGAIN
    assert acts(desk, supply.resume, role="credit_supervisor") is Why.NO_AUTHORITY, "who may stop may not always go on"
    lost = supply.resume(desk.moment(), Actor("li", "li", frozenset({"credit_manager"})), "x", {"li": frozenset()})
    assert lost is Why.NO_AUTHORITY, "a role that was lost"


@covers("LT-40")
def test_what_the_rules_would_stop_again_does_not_go_on_and_people_may_keep_it_stopped(desk: CreditDesk) -> None:
    desk.opens("2026-04-19")
    (first,) = desk.said(SupplySuspended)
    assert first.by is None
    assert acts(desk, supply.resume) is Why.LATE
    acts(desk, supply.suspend, reason="insolvency rumoured")
    desk.customer.pays("P1", "1000.00", desk.today, for_={"I1": "1000.00"})
    desk.hears()
    assert desk.account.published.suspended_on, "the item was paid, and people stopped it as well"
    acts(desk, supply.resume)
    assert not desk.account.published.suspended_on


@covers("LT-03")
def test_an_order_for_later_competes_with_what_is_open_by_then(desk: CreditDesk) -> None:
    desk.customer.books("order", "O-near", "20000.00", desk.today, due="2026-03-20")
    desk.customer.books("order", "O-may", "60000.00", desk.today, due="2026-05-20")
    desk.customer.books("order", "O-july", "90000.00", desk.today, due="2026-07-20")
    desk.hears()

    def exposed(order: str, **more: Any) -> str | None:
        answer = desk.asks(order, "30000.00", "query", **more)
        return next(step.value for step in answer.judged.steps if step.name == "limit")

    assert exposed("SO-1") == "51000", "what is to be delivered after 30 days does not eat the limit"
    assert exposed("SO-1", deliver_on=date(2026, 4, 19).toordinal()) == "51000", "O-may is due 31 days after it"
    assert exposed("SO-1", deliver_on=date(2026, 4, 20).toordinal()) == "111000"
    assert exposed("O-may", deliver_on=date(2026, 5, 20).toordinal()) == "51000", "its own document counts once"
    assert exposed("SO-1", deliver_on=date(2026, 3, 2).toordinal()) == "51000"
    desk.asks("SO-1", "30000.00")
    assert desk.asks("SO-1", "30000.00").judged.exclusion == "reserved"
    other = desk.asks("SO-1", "30000.00", deliver_on=date(2026, 4, 20).toordinal())
    assert (other.judged.decision, other.judged.exclusion) == ("held", None), "another day is another question"
    assert desk.said(CheckDecided)[-1].deliver_on == date(2026, 4, 20)


@covers("LT-39")
def test_a_sub_limit_that_is_another_is_published_with_its_place(desk: CreditDesk) -> None:
    place = {"segment": "dealer", "company": "1000"}
    desk.granted("40000", id="S-1", place=place, kind="policy")
    desk.granted("30000", id="S-2", place=place)
    desk.decides("day")
    desk.opens("2027-03-02")
    said = [one for one in desk.said(LimitChanged) if one.place]
    assert [(str(one.from_ or "-"), str(one.to)) for one in said] == [
        ("-", "40000.00"), ("40000.00", "30000.00"), ("30000.00", "0.00")
    ], "once each, and that it ran out"  # fmt: skip
    assert {(one.limit_id, one.kind) for one in said} == {("C1/company=1000,segment=dealer", "sub-limit")}
    assert said[0].place == place
    again = snapshot.load(snapshot.dump(desk.account), desk.brain.setting, desk.brain.reading)
    assert again.published == desk.account.published
