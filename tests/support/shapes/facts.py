"""What a sentence of a template gives as measures, told as facts of a customer: reports, statements, signals, a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from shared.core.ledger.days import month_index, months_before
from shared.core.policy.measure import REPORTED, Value
from shared.core.policy.policy import Policy
from shared.edge.workdays import china
from tests.support.told import fact

Fact = dict[str, Any]
LATE = {"worst_days_late_12m", "worst_days_late_24m"}
PAID = LATE | {"net_collection_rate_12m", "days_beyond_terms_12m"}
BIG = Decimal("10000000.00")


def facts(name: str, policy: Policy, values: Mapping[str, Value], day: date) -> list[Fact]:
    """The customer *name* up to *day*, rated by *policy*, as far as facts can say what *values* say."""
    known = {reading.measure: values.get(alias) for alias, reading in policy.measures.items()}
    told = [_registered(name, policy.method, known, day)]
    told += [
        report(name, measure.removeprefix(REPORTED), value, day)
        for measure, value in known.items()
        if measure.startswith(REPORTED) and value is not None
    ]
    if known.get("rival_goods_class") is not None:
        told.append(report(name, "rival_goods", known["rival_goods_class"], day))
    told += [_signal(name, kind, day) for measure, kind in SIGNALS.items() if known.get(measure) is True]
    told += _statement(name, known, day) + _conduct(name, known, day)
    return told + _Ledger(name, known, day).facts


SIGNALS = {"in_default": "insolvency", "serious_violations": "blacklist"}


def report(name: str, measure: str, value: Value, day: date) -> Fact:
    """Another system reports *measure*."""
    text = "yes" if value is True else "no" if value is False else str(value)
    data = {"name": measure, "value": text, "period_end": f"{day}"}
    return fact(name, "measure.reported", measure, day, data)


def _registered(name: str, segment: str, known: Mapping[str, Value], day: date) -> Fact:
    data: dict[str, Any] = {"name": f"{name} Trading", "segment": segment, "currency": "CNY"}
    months = known.get("relationship_months")
    if months is not None:
        data["opened_on"] = f"{date.fromordinal(months_before(day.toordinal(), int(months)))}"
    if known.get("head_count") is not None:
        data["head_count"] = int(known["head_count"])
    for measure in ("size_class", "industry_class"):
        if known.get(measure) is not None:
            data[measure.replace("industry_class", "industry")] = str(known[measure])
    return fact(name, "customer.registered", "registered", day, data)


def _signal(name: str, kind: str, day: date) -> Fact:
    return fact(name, "signal.reported", kind, day, {"signal_id": kind, "kind": kind, "on": f"{day}"})


def _statement(name: str, known: Mapping[str, Value], day: date) -> list[Fact]:
    """One statement with the lines that the measures of it need; none where nothing of it is known."""
    lines: dict[str, str] = {}
    if known.get("statement_alr") is not None:
        lines |= {
            "total_assets": "1000000.00",
            "total_liabilities": f"{Decimal(str(known['statement_alr'])) * 10**6:.2f}",
        }
    if known.get("statement_current") is not None:
        lines |= {"current_liabilities": "1000000.00", "current_assets": f"{Decimal(str(known['statement_current'])) * 10**6:.2f}"}  # fmt: skip
    if known.get("heavy_losses") is not None:
        lines |= {"net_assets": "1000000.00", "net_profit": "-200000.00" if known["heavy_losses"] else "1000.00"}
    audited = known.get("statement_audited")
    if audited is None and ("statement_audited" in known or not lines):
        return []
    data = {
        "statement_id": "S",
        "period_end": f"{day - timedelta(days=90)}",
        "received_on": f"{day}",
        "months": 12,
        "currency": "CNY",
        "lines": lines or {"revenue": "1.00"},
        "basis": "audited" if audited else "unaudited",
    }
    return [fact(name, "financials.reported", "statement", day, data)]


def _conduct(name: str, known: Mapping[str, Value], day: date) -> list[Fact]:
    """So many violations and broken promises, all found on the day."""
    found = []
    for number in range(int(known.get("violations_12m") or 0)):
        data = {"conduct_id": f"V{number}", "kind": "violation", "found_on": f"{day}"}
        found.append(fact(name, "conduct.reported", f"V{number}", day, data))
    for number in range(int(known.get("broken_promises_6m") or 0)):
        made, id_ = day - timedelta(days=20), f"W{number}"
        data = {"promise_id": id_, "made_on": f"{made}", "due_on": f"{day - timedelta(days=1)}", "amount": "1.00",
                "currency": "CNY"}  # fmt: skip
        found.append(fact(name, "promise.made", f"made-{id_}", made, data))
        found.append(fact(name, "promise.broken", f"broken-{id_}", day, {"promise_id": id_, "broken_on": f"{day}"}))
    return found


class _Ledger:
    """Invoices, payments and claims that come to the measures wanted."""

    def __init__(self, name: str, known: Mapping[str, Value], day: date) -> None:
        self.name, self.day, self.facts = name, day, list[Fact]()
        self._due = due_before(day)
        if any(known[one] is None for one in PAID & known.keys()):
            return  # not known is what was never invoiced
        late = next((known[one] for one in sorted(LATE & known.keys())), None)
        if known.get("late_items_12m"):
            late = late or 1  # an item is late by a day at least
        rate, beyond = known.get("net_collection_rate_12m"), known.get("days_beyond_terms_12m")
        if late is not None or rate is not None:
            claim = 1 - min(Decimal(1), Decimal(str(rate))) if rate is not None else Decimal(0)
            self._paid("LATE", BIG * (1 - claim), int(late or 0))
            self._claimed(BIG * claim)
        if beyond is not None:
            self._on_average(max(Decimal(0), Decimal(str(beyond))))
        if past_due := int(known.get("max_days_past_due") or 0):
            self._invoice("OPEN", Decimal("1000.00"), day - timedelta(days=past_due))
        if "new_customer" in known and (known["new_customer"] is not True or known["turnover_falling"]):
            self._months(falling=known["turnover_falling"] is True)

    def _invoice(self, number: str, amount: Decimal, due: date, booked: date | None = None) -> None:
        data = {"transaction_id": number, "kind": "invoice", "amount": f"{amount:.2f}", "currency": "CNY",
                "booked_on": f"{booked or due - timedelta(days=30)}", "due_on": f"{due}"}  # fmt: skip
        self.facts.append(fact(self.name, "transaction.recorded", number, booked or due - timedelta(days=30), data))

    def _paid(
        self, number: str, amount: Decimal, late: int, due: date | None = None, booked: date | None = None
    ) -> None:
        due = due or self._due
        self._invoice(number, amount, due, booked)
        on = due + timedelta(days=late)
        assert on <= self.day
        data = {"payment_id": f"P{number}", "amount": f"{amount:.2f}", "currency": "CNY", "paid_on": f"{on}",
                "allocations": [{"transaction_id": number, "amount": f"{amount:.2f}"}]}  # fmt: skip
        self.facts.append(fact(self.name, "payment.recorded", f"P{number}", on, data))

    def _claimed(self, amount: Decimal) -> None:
        """An invoice settled by a quality claim before it fell due."""
        if not amount:
            return
        self._invoice("BAD", amount, self._due)
        on = self._due - timedelta(days=5)
        data = {"transaction_id": "CLAIM", "kind": "quality_claim", "amount": f"{amount:.2f}", "currency": "CNY",
                "booked_on": f"{on}", "consumes": [{"transaction_id": "BAD", "amount": f"{amount:.2f}"}]}  # fmt: skip
        self.facts.append(fact(self.name, "transaction.recorded", "CLAIM", on, data))

    def _on_average(self, days: Decimal) -> None:
        """Two invoices, paid a whole number of days late each, that come to *days* by their amounts."""
        whole = int(days)
        more = (days - whole) * BIG
        self._paid("EARLIER", BIG - more, whole)
        if more:
            self._paid("LATER", more, whole + 1)

    def _months(self, *, falling: bool) -> None:
        """An invoice in each of the last 17 months, paid when it is due; the last four fall where *falling*."""
        this = month_index(self.day.toordinal())
        for back in range(1, 18):
            year, month = divmod(this - back, 12)
            booked = date(year, month + 1, 10)
            amount = Decimal(1000 - 100 * (4 - back)) if falling and back <= 4 else Decimal(2000)
            self._paid(f"M{back}", amount, 0, due=booked + timedelta(days=10), booked=booked)


def due_before(day: date) -> date:
    """A working day a hundred days before *day* or a little more: rolling does not move it."""
    calendar, on = china(), day - timedelta(days=100)
    while calendar.rests(on.toordinal()):
        on -= timedelta(days=1)
    return on
