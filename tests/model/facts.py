"""What can be told about a customer, drawn at random: few documents, so that facts meet, contradict and come late."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from shared.core.envelope import Event
from shared.edge import codec
from tests.support.histories import ZONE
from tests.support.machine import DAY

CUSTOMERS = ("C0", "C1", "C3")
"""The first two share a partition."""
SOURCES = ("/erp", "/bank")
CRM = "/crm"
"""The system that knows customers by ids of its own."""
PERSON = "王小明"
"""A name that may be nowhere in clear."""
NUMBERS = range(2)

offsets = st.one_of(st.integers(-4, 4), st.integers(-60, -10), st.integers(5, 20))
"""Days from the first day of the installation: of now, late, or ahead."""
small = st.integers(1, 99_999).map(lambda cents: Decimal(cents).scaleb(-2))
amounts = st.one_of(small, small, small, st.sampled_from([Decimal("123456789012345.67"), Decimal("0.01")]))
"""Now and then one that a binary fraction cannot hold."""
numbers = st.sampled_from(NUMBERS)
hours = st.sampled_from((0, 0, 9))
"""Just after midnight here it is still yesterday in UTC."""


class Said(NamedTuple):
    """A fact without its identity: what it says, and when it was said."""

    type: str
    on: date
    hour: int
    data: dict[str, Any]


def said(kind: str, on: date, hour: int = 9, /, **data: Any) -> Said:
    """The fact `credit.<kind>.v1` of the day *on*."""
    kept = {name.rstrip("_"): value for name, value in data.items() if value is not None}
    return Said(f"credit.{kind}.v1", on, hour, kept)


def event(what: Said, *, id: str, subject: str, source: str = SOURCES[0]) -> Event:
    """*what* as the event *id* of *source*: the number in its id makes it later than those before it on its day."""
    data = codec.decode_data(what.type, msgspec.json.encode(what.data))
    time = datetime(what.on.year, what.on.month, what.on.day, what.hour, 30, tzinfo=ZONE)
    return Event(
        id=id, source=source, type=what.type, subject=subject, time=time + timedelta(seconds=int(id[1:])), data=data
    )


def other(what: Said) -> Said:
    """Another content, for the same identity."""
    data = dict(what.data)
    days = [name for name in ("undone_on", "reversed_on", "cancelled_on", "applied_on") if name in data]
    if "amount" in data:
        data["amount"] += Decimal("0.01")
    elif days:
        data[days[0]] += timedelta(days=1)
    else:
        data["evidence" if "into" in data else "region"] = "CN-31"
    return what._replace(data=data)


@st.composite
def invoices(draw: st.DrawFn) -> Said:
    on = _day(draw)
    return said("transaction.recorded", on, draw(hours), transaction_id=f"I{draw(numbers)}", kind="invoice",
                amount=draw(amounts), currency="CNY", booked_on=on, due_on=on + timedelta(days=draw(st.integers(0, 40))))  # fmt: skip


@st.composite
def payments(draw: st.DrawFn) -> Said:
    on = _day(draw)
    portions = draw(st.dictionaries(numbers, small, max_size=2))
    return said("payment.recorded", on, draw(hours), payment_id=f"P{draw(numbers)}", amount=draw(amounts),
                currency="CNY", paid_on=on, allocations=_portions(portions) or None)  # fmt: skip


@st.composite
def reversals(draw: st.DrawFn) -> Said:
    on = _day(draw)
    return said("payment.reversed", on, payment_id=f"P{draw(numbers)}", reversed_on=on, reason="bounced",
                amount=draw(st.one_of(st.none(), small)))  # fmt: skip


@st.composite
def settlements(draw: st.DrawFn) -> Said:
    """Out of the payment of the same number, so that a settlement has one payment for ever."""
    on, number = _day(draw), draw(numbers)
    return said("settlement.applied", on, settlement_id=f"S{number}", from_={"kind": "payment", "id": f"P{number}"},
                to=_portions(draw(st.dictionaries(numbers, small, min_size=1, max_size=2))), applied_on=on)  # fmt: skip


@st.composite
def undoings(draw: st.DrawFn) -> Said:
    on = _day(draw)
    return said("settlement.undone", on, settlement_id=f"S{draw(numbers)}", undone_on=on)


@st.composite
def changes(draw: st.DrawFn) -> Said:
    """Its day is the calendar date of its own clock, for it names none."""
    on = _day(draw)
    return said("transaction.amended", on, draw(hours), transaction_id=f"I{draw(numbers)}", amount=draw(small))


@st.composite
def cancellations(draw: st.DrawFn) -> Said:
    on = _day(draw)
    return said("transaction.cancelled", on, transaction_id=f"I{draw(numbers)}", cancelled_on=on)


@st.composite
def registrations(draw: st.DrawFn) -> Said:
    return registered(_day(draw), draw(st.sampled_from(["dealer", "plant"])))


facts = st.one_of(
    invoices(), payments(), reversals(), settlements(), undoings(), changes(), cancellations(), registrations()
)


def registered(on: date, segment: str = "dealer") -> Said:
    """Who the customer is, with the name of a person."""
    return said("customer.registered", on, name=f"{PERSON}商行", segment=segment, legal_representative=PERSON,
                opened_on=date(2025, 6, 1))  # fmt: skip


@st.composite
def stories(draw: st.DrawFn) -> list[Said]:
    """An item is made larger just after midnight, paid, its payment bounces, and it is paid again: told in any order."""
    on, amount, number = _day(draw), draw(amounts), draw(numbers)
    portion = {number: amount}
    paid = on + timedelta(days=draw(st.integers(0, 12)))
    back = paid + timedelta(days=draw(st.integers(0, 12)))
    told = [
        said("transaction.recorded", on, transaction_id=f"I{number}", kind="invoice", amount=amount, currency="CNY",
             booked_on=on, due_on=on + timedelta(days=5)),
        said("transaction.amended", on + timedelta(days=1), 0, transaction_id=f"I{number}", amount=amount + 7),
        said("payment.recorded", paid, payment_id=f"PA{number}", amount=amount, currency="CNY", paid_on=paid,
             allocations=_portions(portion)),
        said("payment.reversed", back, payment_id=f"PA{number}", reversed_on=back, reason="bounced"),
        said("payment.recorded", back, payment_id=f"PB{number}", amount=amount, currency="CNY", paid_on=back,
             allocations=_portions(portion)),
    ]  # fmt: skip
    return list(draw(st.permutations(told)))


def good_past() -> list[Said]:
    """Four items of the last winter, each paid on its day: enough for a grade."""
    told = [registered(date(2025, 6, 1))]
    for number in range(4):
        on = date(2025, 10, 10) + timedelta(days=20 * number)
        due = on + timedelta(days=20)
        told.append(said("transaction.recorded", on, transaction_id=f"W{number}", kind="invoice", amount=Decimal("500.00"),
                         currency="CNY", booked_on=on, due_on=due))  # fmt: skip
        told.append(said("payment.recorded", due, payment_id=f"PW{number}", amount=Decimal("500.00"), currency="CNY",
                         paid_on=due, allocations=[{"transaction_id": f"W{number}", "amount": Decimal("500.00")}]))  # fmt: skip
    return told


def _day(draw: st.DrawFn) -> date:
    return DAY + timedelta(days=draw(offsets))


def _portions(portions: dict[int, Decimal]) -> list[dict[str, Any]]:
    return [{"transaction_id": f"I{number}", "amount": amount} for number, amount in portions.items()]
