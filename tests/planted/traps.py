"""The ten traps of credit control as they are fallen into: what is naive, how it is planted, and which tests must notice it.

Imports are inside, for only one is planted.
"""

from __future__ import annotations

from typing import Any

from tests.planted.bugs import BUGS, Bug
from tests.planted.grafting import graft

UNIT = "tests/unit/test_credit_traps.py::"
TRAPS: dict[str, Bug] = {}


def trap(name: str, says: str, *tests: str) -> Any:
    """Declare what is naive by the function that plants it; tests without a file are those of the ten traps."""

    def declare(plant: Any) -> None:
        TRAPS[name] = Bug(name, says, plant, tuple(one if "::" in one else UNIT + one for one in tests))

    return declare


@trap(
    "1 parts without the future",
    "what is not due yet is left out of the parts of a balance",
    "test_1_the_parts_add_up_to_the_whole_on_every_day",
)
def _future_left_out() -> None:
    from services.exposure.core import exposure
    from services.exposure.core.holding import NOT_DUE

    def lines(*given: Any, **named: Any) -> Any:
        return [line for line in right(*given, **named) if line.category != NOT_DUE]

    right = graft(exposure, "lines", lines)


@trap(
    "1 ageing without the future",
    "the ageing of a balance begins with what is late",
    "tests/unit/test_measures_customer.py::test_ageing_has_every_bucket_at_its_edges_and_adds_up_with_what_falls_due_in_future",
)
def _ageing_without_the_future() -> None:
    from decimal import Decimal

    from services.rating.core.measures import payment

    def ageing(reader: Any, params: Any) -> Any:
        return {**right(reader, params), "not_due": Decimal(0)}

    right = graft(payment, "ageing", ageing)


@trap(
    "2 ratio rounded",
    "a ratio is rounded to hundredths, so that a little is nothing and nearly all is all",
    "test_2_a_ratio_is_never_rounded_to_nothing",
)
def _ratio_rounded() -> None:
    from decimal import Decimal

    from services.exposure.core import watching

    graft(watching, "utilisation", lambda used, limit: round(Decimal(used) / Decimal(limit), 2) if limit > 0 else None)


@trap(
    "3 money opens a limit of nothing",
    "what was paid beforehand is taken off exposure, which falls below zero",
    "test_3_what_was_paid_beforehand_opens_no_limit_of_nothing",
)
def _money_opens_a_limit() -> None:
    from services.exposure.core.wanted import Wanted
    from shared.core.ledger.documents import NOWHERE, Place, units

    def below(self: Any, place: Place = NOWHERE) -> int:
        return exposed(self, place) - sum(units(one) for one in self.figures.details(place).apart.values())

    exposed = graft(Wanted, "exposed", below)


@trap(
    "4 own document twice",
    "an order that is in the books is added to exposure once more when it is checked",
    "test_4_the_own_document_is_not_counted_twice",
)
def _own_document_twice() -> None:
    from services.exposure.core.figures import Figures

    graft(Figures, "own", lambda self, orders, place=None: 0)


@trap(
    "5 as of is as known",
    "a day that is over is shown with everything that happened since",
    "test_5_a_receipt_dated_back_counts_from_its_date_and_no_later_one_before",
)
def _as_of_is_as_known() -> None:
    from services.exposure.core import exposure

    graft(exposure, "_stand", lambda ledger, day, rules: ledger.move_to(max([day, *ledger.effect_days])))


@trap(
    "6 a release is for a customer",
    "an order is let go because another one of the customer, as large, was",
    "test_6_no_copy_no_reopening_and_no_other_number_gets_around_a_hold",
)
def _release_for_a_customer() -> None:
    from services.exposure.core import judging

    def released(figures: Any, asked: Any, steps: Any, excess: int) -> bool:
        return any(asked.amount <= one.amount for one in figures.account.releases.values())

    graft(judging, "_is_released", released)


@trap(
    "6 another number is another order",
    "an order under a new number counts beside the one whose place it takes",
    "test_6_another_number_takes_the_place_of_the_old_and_only_that",
)
def _another_number() -> None:
    from services.exposure.core.judging import Asked

    graft(Asked, "orders", property(lambda self: frozenset({self.order_id})))


@trap(
    "7 all is checked alike",
    "an order that becomes smaller is checked like a new one",
    "test_7_an_approved_order_may_always_become_smaller",
)
def _all_is_checked_alike() -> None:
    from services.exposure.core import judging

    graft(judging, "_lowers", lambda figures, asked: False)


@trap(
    "7 giving back is blocked",
    "what is kept for an order is given back only where the order would pass the check",
    "test_7_what_lowers_exposure_is_never_blocked",
)
def _giving_back_is_blocked() -> None:
    from services.exposure.core import checking
    from services.exposure.core.figures import Figures
    from services.exposure.core.judging import judge

    def release(moment: Any, asked: Any) -> Any:
        return right(moment, asked) if judge(Figures(moment), asked).would_be == "approved" else []

    right = graft(checking, "_release", release)


@trap(
    "7 what is smaller is good",
    "an order that nobody approved passes because it became smaller",
    "test_7_what_nobody_approved_does_not_become_good_by_becoming_smaller",
)
def _smaller_is_good() -> None:
    from services.exposure.core import judging

    def lowers(figures: Any, asked: Any) -> bool:
        held = figures.account.answers.get(asked.order_id)
        return held is not None and asked.amount < held.amount

    graft(judging, "_lowers", lowers)


@trap(
    "8 terms do not matter",
    "an order with other terms of payment is the order that was approved",
    "test_8_other_terms_are_another_question",
)
def _terms_do_not_matter() -> None:
    from services.exposure.core import judging

    def same(held: Any, asked: Any) -> bool:
        return (held.amount, held.currency) == (asked.amount, asked.currency)

    graft(judging, "same_question", same)


@trap(
    "8 a due date stands",
    "a due date that moves is written down and nothing follows of it",
    "test_8_a_due_date_that_moves_is_seen_at_once",
)
def _a_due_date_stands() -> None:
    from shared.core.customer import evolve
    from shared.core.events.transaction import TransactionTermsChanged

    evolve.HANDLERS[TransactionTermsChanged] = lambda *given: None


@trap(
    "9 nothing is kept",
    "a check looks at what is owed, and at nothing that was promised to another check",
    "test_9_checks_that_race_for_one_headroom_never_both_get_it",
    "tests/integration/test_exposure_machine.py::test_of_200_checks_at_once_no_more_is_reserved_than_there_is_room",
)
def _nothing_is_kept() -> None:
    from services.exposure.core.figures import Figures
    from shared.core.ledger.documents import NOWHERE

    graft(Figures, "reserved", lambda self, place=NOWHERE, without=frozenset(): 0)


@trap(
    "10 stored and not told",
    "a limit that changed is kept in the log and not published",
    "test_10_a_limit_that_changed_is_always_told",
)
def _stored_and_not_told() -> None:
    from services.exposure.core.announce import Saying

    def say(self: Any, data: Any, *, publish: bool = True) -> None:
        right(self, data, publish=False)

    right = graft(Saying, "say", say)


@trap(
    "10 a grade stored and not told",
    "a grade that changed is kept in the log and not published",
    "tests/unit/test_announce.py::test_a_grade_change_is_published_exactly_when_the_effective_grade_changes",
)
def _grade_stored_and_not_told() -> None:
    from services.rating.core import announce
    from shared.core.brain import Decided

    graft(announce, "Decided", lambda data, publish: Decided(data, False))


PLANTED = {**BUGS, **TRAPS}
"""Everything that can be planted, by its name."""
