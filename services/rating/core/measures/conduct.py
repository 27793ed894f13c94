"""Conduct: default, breaches and violations, promises, bounced payments, disputes, claims, reminders."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from services.rating.core.measures.reading import UNDISPUTED, Params, Reader, ratio
from services.rating.core.measures.records import is_open, is_proven, records_of
from services.rating.core.measures.signals import signals_that_stand
from shared.core.customer.state import Record
from shared.core.ledger.days import window_start
from shared.core.ledger.documents import units
from shared.core.ledger.position import BOOKED, COLLECTED, CREDITED, DISPUTED

_DEFAULT_DAYS, _DEFAULT_CNY, _DEFAULT_SHARE = 90, 5000 * 10**4, 100
"""Default: so many days past due, above so many units of CNY and above one in so many of all receivables (G-17)."""


def in_default(r: Reader, _: Params) -> bool:
    """A default stands (G-17) or ended less than three months ago (G-18).

    Triggers read here: an undisputed item 90 days past due or more, above 5,000 CNY and 1 % of all receivables, each at
    the rate of the day (where one is missing, by the bare number); an insolvency signal. The three months after are held
    by the grade path, which knows when it ended.
    """
    if signals_that_stand(r, "insolvency"):
        return True
    lens = r.setting.lenses.index(UNDISPUTED) if UNDISPUTED in r.setting.lenses else 0
    for rate, code, position in r.parts:
        opened = position.opens[lens]
        largest = 0
        for due in opened.dues:
            if r.day - due < _DEFAULT_DAYS:
                break
            if due:
                largest = max(largest, *opened.items[due].values())
        if largest and largest > _default_least(r, code, rate):
            return True
    return False


def broken_commitments(r: Reader, p: Params) -> int:
    """Promises broken and payments bounced in the window (P5)."""
    return broken_promises(r, p) + bounced_payments(r, p)


def broken_promises(r: Reader, p: Params) -> int:
    """Promises that were reported broken in the window."""
    low = window_start(r.day, p.window)
    promises = r.state.records.get("promise")
    ends = [x.end_by(r.day) for x in promises.values()] if promises else []
    return sum(1 for end in ends if end is not None and end[0][0] > low)


def bounced_payments(r: Reader, p: Params) -> int:
    """Payments that bounced in the window: reversals for the reason `bounced`, and bills that were not honoured.

    A bill that is told both ways, by the bank and by the books of the payment that it is, bounced once.
    """
    low = window_start(r.day, p.window)
    told: dict[str, Counter[str]] = {}
    for one in records_of(r, "bounced"):
        if one.day > low:
            ((way, name),) = one.what.items()
            bill = r.state.ledger.bills.get(name) if way == "bill" else None
            payment = bill.payment if bill is not None and bill.payment else f"{way} {name}"
            told.setdefault(name if way == "payment" else payment, Counter())[way] += 1
    return sum(max(ways.values()) for ways in told.values())


def open_promises(r: Reader, _: Params) -> int:
    """Promises whose day has not passed and that are not broken."""
    return sum(1 for x in records_of(r, "promise") if x.what["due_on"] >= r.day and is_open(r, x))


def promise_kept_ratio(r: Reader, p: Params) -> Decimal | None:
    """Of the promises whose day passed in the window, the share not reported broken: by amount, or by count (*basis*).

    None where none fell due, or the rate of a currency is missing.
    """
    low = window_start(r.day, p.window)
    due = [x for x in records_of(r, "promise") if low < x.what["due_on"] < r.day]
    weights = [_promised(r, x) if p.basis == "amount" else 1 for x in due]
    if not due or None in weights:
        return None
    total = sum(weight for weight in weights if weight)
    kept = sum(weight for weight, x in zip(weights, due, strict=True) if weight and is_open(r, x))
    return ratio(kept, total) if total else None


def _promised(r: Reader, promise: Record) -> int | None:
    return r.converted(units(Decimal(promise.what["amount"])), str(promise.what["currency"]))


def breaches(r: Reader, p: Params) -> int:
    """Breaches (conduct `breach`) that are open, or were found in the window and closed with outcome `proven` (MN-05)."""
    low = window_start(r.day, p.window)
    held = [x for x in records_of(r, "conduct") if x.what["kind"] == "breach"]
    return sum(1 for x in held if is_open(r, x) or (x.day > low and is_proven(r, x)))


def fraud_proven(r: Reader, _: Params) -> bool:
    """A matter of fraud or theft was closed with outcome `proven` (G-19); one that is open is a suspicion and no proof."""
    return any(x.what["kind"] in _GRAVE and is_proven(r, x) for x in records_of(r, "conduct"))


def _default_least(r: Reader, code: str, rate: Decimal | None) -> int:
    """The amount in units of *code* above which an old item is default."""
    everything = r.balance(Params())
    share = (everything if rate is None else int(everything / rate)) // _DEFAULT_SHARE
    floor = r.context.from_cny(_DEFAULT_CNY, code, r.day)
    return max(_DEFAULT_CNY if floor is None else floor, share)


_GRAVE = frozenset({"fraud", "theft"})


def _matters(kind: str) -> Callable[[Reader, Params], int]:
    """Make the measure that counts matters of *kind*, of the parameter `kind` where none is named."""

    def measure(r: Reader, p: Params) -> int:
        """Matters of conduct that were found in the window; *severity*: of this one only, *proven*: closed as proven only."""
        low, severity, wanted = window_start(r.day, p.window), p.word("severity"), kind or p.word("kind")
        held = [x for x in records_of(r, "conduct") if x.day > low and wanted in ("", x.what["kind"])]
        held = [x for x in held if severity in ("", x.what.get("severity"))]
        return sum(1 for x in held if not p.said.get("proven") or is_proven(r, x))

    return measure


violations = _matters("violation")
complaints = _matters("complaint")
conduct_matters = _matters("")


def open_complaints(r: Reader, _: Params) -> int:
    """Complaints that nothing has closed by the end of the day (AL-15)."""
    return sum(1 for x in records_of(r, "conduct") if x.what["kind"] == "complaint" and is_open(r, x))


def open_suspicions(r: Reader, _: Params) -> int:
    """Matters of fraud or theft that nothing has closed by the end of the day (AL-10)."""
    return sum(1 for x in records_of(r, "conduct") if x.what["kind"] in _GRAVE and is_open(r, x))


def disputes(r: Reader, p: Params) -> int:
    """Disputes about receivables that were opened in the window."""
    return r.lanes(DISPUTED, p.window, 3, (1, 2))[1]


def open_disputes(r: Reader, _: Params) -> int:
    """Disputes about receivables that are open."""
    return r.lanes(DISPUTED, "", 3, (1, 2))[2]


def disputed_ratio(r: Reader, p: Params) -> Decimal | None:
    """What was disputed in the window ÷ invoiced in it; None without sales."""
    return _of_sales(r, p, r.lanes(DISPUTED, p.window, 3, (1, 2))[0])


def claims(r: Reader, p: Params) -> Decimal:
    """Quality claims booked in the window, cancellations taken off."""
    return r.money(r.lanes(CREDITED, p.window, 2)[0])


def claims_ratio(r: Reader, p: Params) -> Decimal | None:
    """Quality claims ÷ invoiced in the window; None without sales."""
    return _of_sales(r, p, r.lanes(CREDITED, p.window, 2)[0])


def returns_ratio(r: Reader, p: Params) -> Decimal | None:
    """Returns ÷ invoiced in the window; None without sales."""
    return _of_sales(r, p, r.lanes(CREDITED, p.window, 2)[1])


def _of_sales(r: Reader, p: Params, amount: int) -> Decimal | None:
    sales = r.flow(BOOKED, p.window)
    return ratio(amount, sales) if sales > 0 else None


def dunning_letters(r: Reader, p: Params) -> int:
    """Reminders sent in the window, of at least *level*."""
    return sum(1 for x in _dunning(r, p) if int(x.what.get("level", 0)) >= int(p.said["level"]))


def dunning_level(r: Reader, p: Params) -> int:
    """The highest level of any reminder sent in the window; 0 where none was."""
    return max((int(x.what.get("level", 0)) for x in _dunning(r, p)), default=0)


def _dunning(r: Reader, p: Params) -> list[Record]:
    low = window_start(r.day, p.window)
    return [x for x in records_of(r, "dunning") if x.day > low]


def last_dunning_days(r: Reader, _: Params) -> int | None:
    """Days since the last reminder; None where none was ever sent."""
    last = max((x.day for x in records_of(r, "dunning")), default=0)
    return r.day - last if last else None


def days_after_reminder(r: Reader, p: Params) -> int | None:
    """The most days from a reminder sent in the window, of at least *level*, to the money that came in next (MN-06).

    One that no money followed counts its days so far while something is overdue. None where there is nothing to count.
    """
    letters = [x.day for x in _dunning(r, p) if int(x.what.get("level", 0)) >= int(p.said["level"])]
    if not letters:
        return None
    received = sorted({day for q in r.positions for day in q.flow(COLLECTED).keys})
    owes = any(q.opens[p.lens].scan(r.day, p.grace)[0] for q in r.positions)
    waited = []
    for sent in letters:
        at = bisect_left(received, sent)
        if at < len(received):
            waited.append(received[at] - sent)
        elif owes:
            waited.append(r.day - sent)
    return max(waited, default=None)
