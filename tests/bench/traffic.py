"""Facts for the measurements: customers with a past that is long enough for a grade, and their traffic of today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

Keyed = tuple[str, bytes]
"""Subject and encoded fact."""
TERM_DAYS = 30
LATE_SHARE = 0.1
"""Of the live invoices: those that are told one to three days after their booking."""
MONTHLY = range(180, 59, -TERM_DAYS)
"""How many days ago the paid invoices of a customer known for half a year were booked."""

_HEAD = (
    '{"specversion":"1.0","id":"%s","source":"/bench","type":"credit.%s.v1","subject":"%s",'
    '"time":"%sT10:00:00+08:00","datacontenttype":"application/json","data":'
)
_OPENED = _HEAD + '{"opened_on":"%s"}}'
_INVOICE = _HEAD + (
    '{"transaction_id":"%s","kind":"invoice","amount":"%s","currency":"CNY","booked_on":"%s","due_on":"%s"}}'
)
_PAYMENT = _HEAD + '{"payment_id":"P%s","amount":"%s","currency":"CNY","paid_on":"%s","allocations":[%s]}}'
_PROFILE = _HEAD + '{"region":"%s"}}'
_REPORTED = _HEAD + '{"name":"%s","value":"%s","period_end":"%s"}}'
_ALLOCATION = '{"transaction_id":"%s","amount":"%s"}'
_SIGNAL = _HEAD + '{"signal_id":"%s","kind":"dishonest_debtor","on":"%s"}}'


def subject_of(number: int) -> str:
    """The id of the customer *number*."""
    return f"B{number:06d}"


def invoice(subject: str, id_: str, amount: str, on: date, *, term: int = TERM_DAYS) -> Keyed:
    """An invoice booked on *on*, due *term* days later."""
    booked, due = on.isoformat(), (on + timedelta(days=term)).isoformat()
    head = (f"i-{id_}", "transaction.recorded", subject, booked)
    return subject, (_INVOICE % (*head, id_, amount, booked, due)).encode()


def payment(subject: str, id_: str, on: date, *paid: tuple[str, str]) -> Keyed:
    """A payment of whole invoices: *paid* are their ids and amounts, which add up to the payment's."""
    day, total = on.isoformat(), sum(int(amount.replace(".", "")) for _, amount in paid)
    parts = ",".join(_ALLOCATION % one for one in paid)
    head = (f"p-{id_}", "payment.recorded", subject, day)
    return subject, (_PAYMENT % (*head, id_, f"{total // 100}.{total % 100:02d}", day, parts)).encode()


def signal(number: int, on: date) -> Keyed:
    """The customer *number* is listed as a dishonest debtor, which ends every grade at once."""
    subject, day = subject_of(number), on.isoformat()
    return subject, (_SIGNAL % (f"s-{number}", "signal.reported", subject, day, f"S{number}", day)).encode()


def profile(subject: str, number: int, on: str, *, region: str) -> bytes:
    """The customer *number* belongs to *region*."""
    return (_PROFILE % (f"r-{number}", "customer.updated", subject, on, region)).encode()


def reported(subject: str, number: int, on: str, name: str, value: int) -> bytes:
    """Another system reports a measure."""
    return (_REPORTED % (f"{name}-{number}", "measure.reported", subject, on, name, value, on)).encode()


def opening(number: int) -> tuple[str, str]:
    """Id and amount of the invoice that the past of a customer leaves open."""
    return f"H{number}-open", _amount(number)


def half_a_year(customers: int, today: date) -> Iterator[Keyed]:
    """Customers who got an invoice a month for half a year and paid it near its due date; the last one is open."""
    for number in range(customers):
        subject = subject_of(number)
        for at, age in enumerate(MONTHLY):
            id_, amount, booked = f"H{number}-{at}", _amount(number + 7 * at), today - timedelta(days=age)
            yield invoice(subject, id_, amount, booked)
            yield payment(subject, id_, booked + timedelta(days=TERM_DAYS - 2 + number % 4), (id_, amount))
        yield invoice(subject, *opening(number), today - timedelta(days=10))


def quarter(customers: int, today: date) -> Iterator[Keyed]:
    """Old customers of whom we know since a hundred days, with the least that gives a grade, and a good one on every day of
    the year: three documents that fell due and were paid before, whatever rest days there were; one is open, not due."""
    begin = today - timedelta(days=100)
    opened = (today - timedelta(days=800)).isoformat()
    for number in range(customers):
        subject, paid = subject_of(number), [(f"H{number}-{at}", _amount(number + at)) for at in range(3)]
        head = (f"o-{number}", "customer.updated", subject, begin.isoformat())
        yield subject, (_OPENED % (*head, opened)).encode()
        for id_, amount in paid:
            yield invoice(subject, id_, amount, begin, term=2)
        yield payment(subject, f"H{number}", begin + timedelta(days=1), *paid)
        yield invoice(subject, *opening(number), today - timedelta(days=10))


def live(customers: int, events: int, today: date, *, seed: int = 1) -> Iterator[Keyed]:
    """*events* facts of today in the order of arrival: every customer is heard in turn, in an order that nobody chose;
    it books an invoice, or pays the oldest that is open."""
    random = Random(seed)
    order = list(range(customers))
    random.shuffle(order)
    unpaid = {number: [opening(number)] for number in order}
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
