"""Facts for the measurements: customers with a short past that is long enough for a grade, and their traffic of today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random

Keyed = tuple[str, bytes]
"""Subject and encoded fact."""
TERM_DAYS = 30
LATE_SHARE = 0.1
"""Of the live invoices: those that are told one to three days after their booking."""
MONTHLY = (*range(360, 59, -30), 10)
"""How many days ago the invoices of a customer known for a year were booked; the last one is open."""
COMPACT = (100, 99, 98, 10)
"""The same for the least past that gives a grade: three due documents within a year, three months of relation."""

_HEAD = (
    '{"specversion":"1.0","id":"%s","source":"/bench","type":"credit.%s.recorded.v1","subject":"%s",'
    '"time":"%sT10:00:00+08:00","datacontenttype":"application/json","data":'
)
_INVOICE = _HEAD + (
    '{"transaction_id":"%s","kind":"invoice","amount":"%s","currency":"CNY","booked_on":"%s","due_on":"%s"}}'
)
_PAYMENT = _HEAD + '{"payment_id":"%s","amount":"%s","currency":"CNY","paid_on":"%s","allocations":[%s]}}'
_ALLOCATION = '{"transaction_id":"%s","amount":"%s"}'


def subject_of(number: int) -> str:
    """The id of the customer *number*."""
    return f"B{number:06d}"


def invoice(subject: str, id_: str, amount: str, on: date) -> Keyed:
    """An invoice booked on *on*, due after TERM_DAYS."""
    booked, due = on.isoformat(), (on + timedelta(days=TERM_DAYS)).isoformat()
    return subject, (_INVOICE % (f"i-{id_}", "transaction", subject, booked, id_, amount, booked, due)).encode()


def payment(subject: str, id_: str, on: date, *paid: tuple[str, str]) -> Keyed:
    """A payment of whole invoices: *paid* are their ids and amounts, which add up to the payment's."""
    day, total = on.isoformat(), sum(int(amount.replace(".", "")) for _, amount in paid)
    parts = ",".join(_ALLOCATION % one for one in paid)
    amount = f"{total // 100}.{total % 100:02d}"
    return subject, (_PAYMENT % (f"p-{id_}", "payment", subject, day, f"P{id_}", amount, day, parts)).encode()


def opening_invoice(number: int) -> tuple[str, str]:
    """Id and amount of the invoice that the past of a customer leaves open."""
    return f"H{number}-last", _amount(number)


def paid_by(number: int, at: int) -> str:
    """What the past of a customer calls its invoice *at*; `P` before it is the payment of it and of those since the last."""
    return f"H{number}-{at}"


def past(customers: int, today: date, ages: Sequence[int], *, together: int) -> Iterator[Keyed]:
    """The past of each customer: an invoice for each of *ages* (days ago), all paid near their due date but the last.

    One payment pays *together* of them.
    """
    for number in range(customers):
        subject, paid = subject_of(number), list[tuple[str, str]]()
        for at, age in enumerate(ages[:-1]):
            id_, amount, booked = paid_by(number, at), _amount(number + 7 * at), today - timedelta(days=age)
            yield invoice(subject, id_, amount, booked)
            paid.append((id_, amount))
            if len(paid) == together:
                on = min(booked + timedelta(days=TERM_DAYS + number % 3), today - timedelta(days=1))
                yield payment(subject, id_, on, *paid)
                paid.clear()
        yield invoice(subject, *opening_invoice(number), today - timedelta(days=ages[-1]))


def live(customers: int, events: int, today: date, *, seed: int = 1) -> Iterator[Keyed]:
    """*events* facts of today in the order of arrival: every customer is heard in turn, in an order that nobody chose;
    it books an invoice, or pays the oldest that is open."""
    random = Random(seed)
    order = list(range(customers))
    random.shuffle(order)
    unpaid = {number: [opening_invoice(number)] for number in order}
    for count in range(events):
        turn, place = divmod(count, customers)
        number = order[place]
        subject, waiting = subject_of(number), unpaid[number]
        if waiting and (turn + number) % 2:
            yield payment(subject, f"L{count}", today, waiting.pop(0))
        else:
            back = random.randint(1, 3) if random.random() < LATE_SHARE else 0
            waiting.append((f"L{count}", _amount(count)))
            yield invoice(subject, *waiting[-1], today - timedelta(days=back))


def _amount(number: int) -> str:
    return f"{1000 + number * 37 % 9000}.{number % 100:02d}"
