"""Very cheap facts for measuring: encoded invoices and their payments, as keys and values of Kafka records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

FIRST_DAY = date(2025, 1, 1)
_INVOICE = (
    '{"specversion":"1.0","id":"i%d","source":"/flat/%d","type":"credit.transaction.recorded.v1","subject":"%s",'
    '"time":"%sT10:00:00+08:00","datacontenttype":"application/json","data":{"transaction_id":"I%d","kind":"invoice",'
    '"amount":"%d.%02d","currency":"CNY","booked_on":"%s","due_on":"%s"}}'
)
_PAYMENT = (
    '{"specversion":"1.0","id":"p%d","source":"/flat/%d","type":"credit.payment.recorded.v1","subject":"%s",'
    '"time":"%sT11:00:00+08:00","datacontenttype":"application/json","data":{"payment_id":"P%d",'
    '"amount":"%d.%02d","currency":"CNY","paid_on":"%s","allocations":[{"transaction_id":"I%d","amount":"%d.%02d"}]}}'
)


def payments_and_invoices(customers: int, events: int, seed: int, *, days: int = 360) -> Iterator[tuple[bytes, bytes]]:
    """*events* facts of *customers* customers, key and value, spread over *days* days in order of booking: each invoice
    is due after 30 days and followed at once by its payment, 0 to 59 days after booking."""
    rng = Random(seed)
    pairs = (events + 1) // 2
    first = FIRST_DAY.toordinal()
    iso = [date.fromordinal(first + day).isoformat() for day in range(days + 61)]
    keys = [f"F{seed}-{number:06d}" for number in range(customers)]
    encoded = [key.encode() for key in keys]
    draws = rng.random
    for number in range(pairs):
        draw = int(draws() * 6_000_000_000)
        minor, lag, who = 10_000 + draw // 60 % 9_000_000, draw % 60, number % customers
        day, subject, key = number * days // pairs, keys[who], encoded[who]
        whole, part = divmod(minor, 100)
        booked, paid = iso[day], iso[day + lag]
        yield key, (_INVOICE % (number, seed, subject, booked, number, whole, part, booked, iso[day + 30])).encode()
        if 2 * number + 1 < events:
            values = (number, seed, subject, paid, number, whole, part, paid, number, whole, part)
            yield key, (_PAYMENT % values).encode()
