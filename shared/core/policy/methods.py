"""Which method rates whom: the methods of a purpose in order; the first whose conditions hold applies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property

import msgspec

from shared.core.policy.condition import Condition, Test, all_of
from shared.core.policy.policy import Book, Policy, Reference
from shared.core.refusal import Refusal


class Applies(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """One method of a purpose; without conditions it applies to everybody and is the last."""

    method: str
    applies_to: tuple[Condition, ...] = ()

    @cached_property
    def to(self) -> Test:
        """The conditions compiled, once; none at all holds for everybody."""
        return all_of(self.applies_to)


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """One dated version of the order of methods, by purpose."""

    effective: date
    approved: date
    reference: Reference
    purposes: dict[str, tuple[Applies, ...]]


class Methods(msgspec.Struct, frozen=True):
    """Every version of the order, and the book of each method."""

    orders: tuple[Order, ...]
    books: dict[str, Book]
    drafts: frozenset[str] = frozenset()
    """Methods that rate nobody before a version of theirs is activated: until then the next of the order applies."""

    def pick(
        self, purpose: str, attributes: Mapping[str, str | None], as_of: date, known_on: date | None = None
    ) -> Policy | Refusal:
        """Return the policy that rates a customer with *attributes* on *as_of*.

        NO_METHOD where the purpose has no method for this customer on that day; POLICY_NOT_IN_FORCE where the method
        has no version in force. An attribute that is not known (absent or None) meets no condition.
        """
        order = self._order(as_of, known_on)
        if order is None:
            return Refusal.NO_METHOD
        for applies in order.purposes.get(purpose, ()):
            if applies.to(attributes):
                found = self.books[applies.method].at(as_of, known_on)
                if found is Refusal.POLICY_NOT_IN_FORCE and applies.method in self.drafts:
                    continue
                return found
        return Refusal.NO_METHOD

    def purposes(self, as_of: date, known_on: date | None = None) -> tuple[str, ...]:
        """The purposes that are rated on *as_of*."""
        order = self._order(as_of, known_on)
        return tuple(order.purposes) if order else ()

    def rating(self, as_of: date) -> frozenset[str]:
        """The methods that the order of *as_of* names."""
        order = self._order(as_of, None)
        return frozenset(one.method for entries in order.purposes.values() for one in entries) if order else frozenset()

    def _order(self, as_of: date, known_on: date | None) -> Order | None:
        for order in reversed(self.orders):
            if order.effective <= as_of and (known_on is None or order.approved <= known_on):
                return order
        return None
