"""What a customer is written to: what falls due and what is overdue, each document once a step. Pure.

Documents, dates and amounts, and nothing that a grade or a limit could be told from (AL-14).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from services.alerts.core.message import Message
from services.alerts.core.notice import Notice


class Steps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a customer is written to (DN-02.01, DN-03)."""

    before: tuple[int, ...]
    """Days before the due date; 0: on it."""
    after: tuple[int, ...]
    """Days past due."""
    late_days: int
    """A step that passed longer ago is not made up for."""

    def reached(self, due: date, today: date) -> int | None:
        """The step, in days from *due*, that *today* is at; None: none."""
        days = (today - due).days
        passed = [step for step in (*(-one for one in self.before), *self.after) if step <= days]
        last = max(passed, default=None)
        return last if last is not None and days - last <= self.late_days else None


class Contact(NamedTuple):
    """To whom a customer wants to be written."""

    customer: str
    address: str
    language: Literal["en", "zh"]


class Owed(msgspec.Struct, frozen=True):
    """What is open of one document."""

    customer: str
    document: str
    due_on: date
    amount: Decimal
    currency: str


class Step(NamedTuple):
    """A document that is at a step."""

    owed: Owed
    step: int

    @property
    def key(self) -> tuple[str, str, date, int]:
        """What is done once."""
        return self.owed.customer, self.owed.document, self.owed.due_on, self.step


def written(contact: Contact, steps: Sequence[Step], today: date, now: datetime) -> list[Message]:
    """The messages to *contact* about *steps*: one of what falls due, one of what is overdue."""
    kinds = (
        ("customer_due", [one for one in steps if one.step <= 0]),
        ("customer_overdue", [one for one in steps if one.step > 0]),
    )
    return [_message(kind, contact, held, today, now) for kind, held in kinds if held]


def _message(kind: str, contact: Contact, steps: Sequence[Step], today: date, now: datetime) -> Message:
    ordered = sorted(steps, key=lambda one: (one.owed.due_on, one.owed.document))
    text = "\n".join((kind, contact.address, *(f"{one.key}" for one in ordered)))
    name = hashlib.sha256(text.encode()).hexdigest()[:32]
    notice = Notice(
        notice_id=f"~customer.{name}/1",
        alert_id=f"~customer.{name}",
        subject=contact.customer,
        what="opened",
        kind=kind,
        severity="info",
        figures={"day": f"{today}", **_total(one.owed for one in ordered)},
        to=(),
        route="customers",
        at=now,
        group="",
        rows=tuple(_row(one.owed) for one in ordered),
    )
    return Message(
        message_id=name, person=f"customer:{contact.customer}", channel="email", address=contact.address,
        language=contact.language, form="customer", severity="info", notices=(notice,), created_at=now, sees_grades=False,
    )  # fmt: skip


def _total(owed: Iterable[Owed]) -> dict[str, str]:
    found = list(owed)
    currencies = {one.currency for one in found}
    if len(currencies) > 1:
        return {}
    return {"total": format(sum((one.amount for one in found), Decimal(0)), "f"), "currency": min(currencies)}


def _row(one: Owed) -> dict[str, str]:
    return {
        "document": one.document,
        "due_on": f"{one.due_on}",
        "amount": format(one.amount, "f"),
        "currency": one.currency,
    }
