"""The facts about a customer up to one day, in plain dictionaries: what documents are worth, what bills are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from shared.core.envelope import Event

CREDIT = {"credit_note", "rebate", "quality_claim", "return"}


def whole(amount: Decimal | None) -> int:
    return int(amount * 10000) if amount is not None else -1


class Books:
    """The facts up to a day."""

    def __init__(self, events: Iterable[Event], day: int, horizon: int = 30, term: int = 30) -> None:
        self.day, self.horizon, self.term = day, horizon, term
        self.told: dict[str, list[Event]] = defaultdict(list)
        for event in sorted(events, key=lambda e: (e.business_date, e.time, e.source, e.id)):
            if event.business_date.toordinal() <= day:
                self.told[event.type.removeprefix("credit.").removesuffix(".v1")].append(event)
        self.documents = self._first("transaction.recorded", "transaction_id")
        self.payments = self._first("payment.recorded", "payment_id")
        self.bills = self._first("bill.received", "bill_id")
        self.deposits = self._first("deposit.received", "deposit_id")

    def _first(self, fact: str, name: str) -> dict[str, Event]:
        found: dict[str, Event] = {}
        for event in self.told[fact]:
            found.setdefault(getattr(event.data, name), event)
        return found

    def about(self, fact: str, name: str, id: str) -> list[Any]:
        return [event.data for event in self.told[fact] if getattr(event.data, name) == id]

    # --- documents

    def successor(self, id: str) -> str:
        """The document that re-issues *id*: the first recorded."""
        return next((name for name, e in self._by_order() if e.data.replaces == id and name != id), "")  # type: ignore[attr-defined]

    def _by_order(self) -> list[tuple[str, Event]]:
        return sorted(self.documents.items(), key=lambda kept: (kept[1].business_date, kept[1].time, kept[1].id))

    def chain(self, id: str) -> list[str]:
        """*id*, and what it stands in the place of."""
        found = [id]
        while (before := self.documents[found[-1]].data.replaces) in self.documents and self.successor(before) == found[
            -1
        ]:  # type: ignore[attr-defined]
            found.append(before)
        return found

    def worth(self, id: str, day: int | None = None) -> int:
        """Units as last amended, less what was cancelled, up to *day*."""
        data: Any = self.documents[id].data
        until = date.fromordinal(self.day if day is None else day)
        if data.booked_on > until:
            return 0
        amount, since = whole(data.amount), None
        for told in self.told["transaction.amended"]:
            if told.data.transaction_id == id and told.business_date <= until:  # type: ignore[attr-defined]
                amount, since = whole(told.data.amount), told.business_date  # type: ignore[attr-defined]
        for told in self.about("transaction.cancelled", "transaction_id", id):
            if told.cancelled_on > until:
                continue
            if told.amount is None:
                amount = amount if since is not None and told.cancelled_on < since else 0
            else:
                amount -= min(amount, whole(told.amount))
        return amount

    def takes(self, id: str) -> dict[str, int]:
        """What *id* takes up, or what it re-issues did where it does not say."""
        data: Any = self.documents[id].data
        if not data.consumes and data.replaces in self.documents:
            return self.takes(data.replaces)
        found: dict[str, int] = defaultdict(int)
        for part in data.consumes or ():
            found[part.transaction_id] += whole(part.amount)
        return found

    def takers(self, id: str) -> list[tuple[str, int]]:
        """(document, units of *id* that it takes up), by document."""
        chain, found = self.chain(id), []
        for name in sorted(self.documents):
            if self.successor(name):
                continue
            takes, left = self.takes(name), self.worth(name)
            units = sum(part for to, part in takes.items() if to in chain)
            data: Any = self.documents[name].data
            if units and data.kind in CREDIT:
                said = sum(takes.values())
                units = units * left // said if said > left else units
            elif units and (cuts := self.about("transaction.cancelled", "transaction_id", name)):
                amended = [e.business_date for e in self.told["transaction.amended"] if e.data.transaction_id == name]  # type: ignore[attr-defined]
                cuts = [c for c in cuts if c.amount is not None or not amended or c.cancelled_on >= amended[-1]]
                cut = sum(whole(data.amount) if c.amount is None else whole(c.amount) for c in cuts)
                units = units * left // (left + cut) if left else 0
            if units:
                found.append((name, units))
        return found

    def slices(self, id: str) -> list[list[Any]]:
        """[due or 0, units, kept back], oldest first."""
        data: Any = self.documents[id].data
        booked = data.booked_on.toordinal()
        for told in self.about("transaction.terms-changed", "transaction_id", id):
            data = told
        kind, amount = self.documents[id].data.kind, self.worth(id)  # type: ignore[attr-defined]
        if data.schedule:
            parts = sorted([i.due_on.toordinal(), whole(i.amount), i.kind == "retention"] for i in data.schedule)
            more = amount - sum(part[1] for part in parts)
            parts[-1][1] += max(0, more)
            for part in reversed(parts):
                cut = min(part[1], max(0, -more))
                part[1] -= cut
                more += cut
            return parts
        due = data.due_on.toordinal() if data.due_on else booked + (data.terms.days if data.terms else self.agreed(id))
        return [[due, amount, kind == "retention"]]

    def agreed(self, id: str) -> int:
        """The term in days of a document that says none: its contract's, the customer's, the method's; as it was booked under."""
        document: Any = self.documents[id].data
        contracts = [*self.told["contract.signed"], *self.told["contract.amended"]]
        contracts.sort(key=lambda e: (e.business_date, e.time, e.source, e.id))
        own = [(e.business_date, e.data.terms.days) for e in contracts  # type: ignore[attr-defined]
               if e.data.contract_id == document.contract_id and e.data.terms]  # type: ignore[attr-defined]  # fmt: skip
        customer = [(e.business_date, int(e.data.value)) for e in self.told["measure.reported"]  # type: ignore[attr-defined]
                    if e.data.name == "payment_term_days"]  # type: ignore[attr-defined]  # fmt: skip
        for told in (own, customer):
            before = [days for on, days in told if on <= document.booked_on]
            if told:
                return before[-1] if before else told[0][1]
        return self.term

    def order_later(self, id: str) -> bool:
        data: Any = self.documents[id].data
        for told in self.about("transaction.terms-changed", "transaction_id", id):
            data = told
        dates = [i.due_on for i in data.schedule or () if i.due_on] + ([data.due_on] if data.due_on else [])
        return bool(dates) and min(dates) - timedelta(days=self.horizon) > date.fromordinal(self.day)

    # --- what a bill is

    def bill(self, id: str, day: int | None = None) -> tuple[dict[str, int], str]:
        """(where its units are on *day*: held, away, clear, void; class of the acceptor)."""
        until = date.fromordinal(self.day if day is None else day)
        data: Any = self.bills[id].data
        grade = (
            "" if data.kind != "bank_acceptance" else "large_bank" if data.acceptor_class == "large_bank" else "bank"
        )
        lapse = data.due_on + timedelta(days=10) if data.due_on else date.max
        # each unit by itself would do: stretches of units that share what happened to them
        stretches = [["held", whole(data.amount)]]
        steps = [(e.business_date, e.time, e) for name in ("endorsed", "discounted", "honoured", "dishonoured", "returned")
                 for e in self.told[f"bill.{name}"] if e.data.bill_id == id and e.business_date <= until]  # type: ignore[attr-defined] # fmt: skip
        for on, _, event in [*sorted(steps, key=lambda s: s[:2]), (until, None, None)]:
            if on > lapse:
                for part in stretches:
                    part[0] = "clear" if part[0] == "away" else part[0]
            if event is None:
                break
            step, told = event.type.split(".")[2], event.data
            units = whole(data.amount if told.amount is None else told.amount)  # type: ignore[attr-defined]
            if step in {"endorsed", "discounted"}:
                to = "away" if told.with_recourse is not False and on <= lapse else "clear"  # type: ignore[attr-defined]
                of = ["held"]
            elif step == "honoured":
                of, to = ["held", "away", "void"], "clear"
            else:
                of, to = ["away", "held", "clear"], "void"
            for stage in of:
                for part in list(stretches):
                    if part[0] == stage and units:
                        cut = min(units, int(part[1]))
                        part[1] = int(part[1]) - cut
                        units -= cut
                        stretches.append([to, cut])
        found = dict.fromkeys(("held", "away", "clear", "void"), 0)
        for stage, units in stretches:
            found[str(stage)] += int(units)
        return found, grade

    def voids(self, id: str) -> list[tuple[int, int, str, Any]]:
        """(day, rank, bill, units): how much of *id* stopped settling when, and when it settled again."""
        found: list[tuple[int, int, str, Any]] = []
        void = 0
        days = {e.business_date.toordinal() for name in ("honoured", "dishonoured", "returned")
                for e in self.told[f"bill.{name}"] if e.data.bill_id == id}  # type: ignore[attr-defined] # fmt: skip
        for day in sorted(days):
            now = self.bill(id, day)[0]["void"]
            if now != void:
                found += [(day, 6, id, void)] if void else []
                found += [(day, 7, id, now)] if now else []
                void = now
        return found
