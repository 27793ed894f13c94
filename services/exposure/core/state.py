"""What exposure knows about one customer: the facts, and what was granted, reserved, held and published."""

from __future__ import annotations

from typing import Any

import msgspec

from services.exposure.core.records import (
    Answer,
    Declared,
    Excepted,
    Grade,
    Hold,
    Limit,
    Membership,
    Published,
    Release,
    Reservation,
    is_group,
)
from shared.core.approval.request import Approvals
from shared.core.customer.state import Customer, Setting
from shared.core.ledger.documents import NOWHERE, Place
from shared.core.ledger.reading import Reading

ANSWERS_KEPT = 200
"""Answers of checks kept for being asked again, the newest; all of them are in the log."""
ENDED_KEPT = 60
"""Limits that are over and releases that were used, the newest kept."""


class Account(Customer[Any]):
    """One customer with its limits, reservations and holds."""

    __slots__ = (
        "answers",
        "approvals",
        "considered",
        "exceptions",
        "grades",
        "group",
        "groups",
        "head",
        "holds",
        "limits",
        "offered",
        "prepayments",
        "published",
        "releases",
        "reservations",
        "reviewed",
        "warnings",
    )

    def __init__(self, customer_id: str, setting: Setting, reading: Reading[Any]) -> None:
        """A customer of whom nothing is known."""
        super().__init__(customer_id, setting, reading)
        self.grades: list[Grade] = []
        """Of purpose `credit`, by (day, sequence)."""
        self.limits: dict[str, Limit] = {}
        """In the order in which they were granted."""
        self.reservations: dict[str, Reservation] = {}
        """Order → what is kept for it; one order has one reservation."""
        self.holds: dict[str, Hold] = {}
        """Order → why it waits."""
        self.releases: dict[str, Release] = {}
        """Order → how it was last let go by people."""
        self.answers: dict[str, Answer] = {}
        """Order → its last answer; the newest are last."""
        self.approvals: Approvals = {}
        self.group = Declared() if is_group(customer_id) else None
        """What is declared of it, where it is no customer but a group of them."""
        self.exceptions: dict[str, Excepted] = {}
        """Id → a rule that people let not hold (AP-16)."""
        self.groups: dict[str, Membership] = {}
        """Group → since when the customer belongs to it."""
        self.warnings: dict[str, str] = {}
        """Critical warning about finances that stands → its rule."""
        self.published = Published()
        self.prepayments: dict[str, list[str]] = {}
        """Order → payments that say they are for it. Derived of the payments, so that a check need not look at all."""
        self.head = 0
        """The day the account was last decided on; 0: never."""

        self.considered = (0, 0)
        """(day of the grade, month) for which a rise was last thought of."""
        self.reviewed = 0
        """The month for which a cut was last thought of."""
        self.offered = 0
        """The month for which a limit in advance was last thought of."""

    def draft(self) -> Account:
        """The same facts with what was decided copied, so that what follows of a decision can be seen before it is taken."""
        other = object.__new__(Account)
        for cls in Account.__mro__:
            for name in getattr(cls, "__slots__", ()):
                setattr(other, name, getattr(self, name))
        copied = msgspec.structs.replace
        other.limits = {name: copied(one) for name, one in self.limits.items()}
        other.reservations = {name: copied(one) for name, one in self.reservations.items()}
        other.approvals = {name: copied(one) for name, one in self.approvals.items()}
        other.holds, other.releases, other.answers = dict(self.holds), dict(self.releases), dict(self.answers)
        other.groups = {name: copied(one) for name, one in self.groups.items()}
        if self.group is not None:
            members = {name: copied(one) for name, one in self.group.members.items()}
            other.group = copied(self.group, members=members)
        other.published = copied(self.published)
        return other

    def attribute(self, name: str, day: int) -> Any:
        """As of a customer; the currency of a group is the one it was declared in."""
        if self.group is not None and name == "currency":
            return self.group.currency or None
        return super().attribute(name, day)

    def is_member(self, day: int) -> bool:
        """Whether the customer belongs to any group on *day*."""
        return any(one.holds(day) for one in self.groups.values())

    def grade_on(self, day: int) -> Grade | None:
        """The last grade told by *day*; None: none was told yet."""
        return next((one for one in reversed(self.grades) if one.day <= day), None)

    def own(self, place: Place = NOWHERE) -> list[Limit]:
        """The policy and management limits of *place*, in the order in which they were granted."""
        return [one for one in self.limits.values() if one.kind in {"policy", "management"} and one.place == place]
