"""Exposure once more, without postings: what is open of each document on one day, straight from the facts of that day.

Written from contracts D and LT-61 and not from the code it is compared with: plain dictionaries, one pass, no dates derived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from shared.core.envelope import Event
from shared.core.ledger.days import months_before
from tests.support.plain_books import CREDIT, Books, whole

OWED = {"opening_balance", "invoice", "debit_note", "retention", "interest", "fee", "advance_funding"}
PLACE = ("company", "segment", "product_group", "salesperson", "region")
Key = tuple[str, str, tuple[str, ...]]
"""(currency, category, place)."""


class Exposed(Books):
    """What these facts come to on that day."""

    def __init__(self, events: Iterable[Event], day: int) -> None:
        super().__init__(events, day)
        self.result: dict[Key, int] = defaultdict(int)

    # --- where money is

    def settlements(self, kinds: set[str], id: str, since: int = 0) -> list[tuple[int, int, str, Any]]:
        found: list[tuple[int, int, str, Any]] = []
        for told in self.told["settlement.applied"]:
            data: Any = told.data
            if data.from_.kind in kinds and data.from_.id == id:
                day = max(since, data.applied_on.toordinal())
                found.append((day, 1, data.settlement_id, data.to))
                undone = [
                    u.undone_on.toordinal()
                    for u in self.about("settlement.undone", "settlement_id", data.settlement_id)
                ]
                if undone:
                    found.append((max(day, min(undone)), 2, data.settlement_id, None))
        return found

    def pieces(
        self, amount: int, first: Any, steps: list[tuple[int, int, str, Any]], *, bound: bool = True
    ) -> list[list[Any]]:
        """[document, units, settlement, day] of money after all *steps*; what it took first is *first*."""
        free, pieces, void = amount, list[list[Any]](), dict[str, Any]()
        undone: set[str] = set()

        def take(units: int) -> tuple[int, list[tuple[list[Any], int]]]:
            nonlocal free
            loose = min(free, units)
            free -= loose
            units, parts = units - loose, []
            for piece in reversed(pieces):
                cut = min(units, piece[1])
                piece[1] -= cut
                units -= cut
                parts.append((piece, cut))
            return loose, parts

        for day, rank, name, what in [(0, 1, "", first or ()), *sorted(steps, key=lambda s: (s[0], s[1], s[2]))]:
            if rank == 1:
                for part in what:
                    units = min(whole(part.amount), free) if bound else whole(part.amount)
                    free -= units
                    pieces.append([part.transaction_id, units, name, day])
            elif rank == 2:
                undone.add(name)
                for piece in pieces:
                    if piece[2] == name:
                        free, piece[1] = free + piece[1], 0
            elif rank == 3:
                take(amount if what < 0 else what)
            elif rank == 4:
                free -= min(free, what)
            elif rank == 5:
                free += what
            elif rank == 7:
                void[name] = take(what)
            else:
                loose, parts = void.pop(name)
                free += loose
                for piece, cut in parts:
                    if piece[2] in undone:
                        free += cut
                    else:
                        piece[1] += cut
        return pieces

    def bills_of(self, payment: str) -> list[str]:
        return [id for id in sorted(self.bills) if self.bills[id].data.payment_id == payment]  # type: ignore[attr-defined]

    def paid(self, id: str) -> tuple[list[list[Any]], int]:
        """(pieces of payment *id*, what of it stands)."""
        data: Any = self.payments[id].data
        steps = self.settlements({"payment", "prepayment"}, id)
        for bill in self.bills_of(id):
            received = self.bills[bill].data.received_on.toordinal()  # type: ignore[attr-defined]
            steps += self.settlements({"bill"}, bill, received) + self.voids(bill)
        back = []
        for told in self.told["payment.reversed"]:
            if told.data.payment_id == id:  # type: ignore[attr-defined]
                day = told.business_date.toordinal()
                back.append((day, 3, f"{told.source}\0{told.id}", whole(told.data.amount)))  # type: ignore[attr-defined]
        stands, void = whole(data.amount), dict[str, int]()
        for _, rank, name, units in sorted([*back, *(s for s in steps if s[1] > 5)], key=lambda s: (s[0], s[1], s[2])):
            if rank == 6:
                stands += void.pop(name)
            else:
                cut = stands if units < 0 else min(units, stands)
                stands -= cut
                void[name] = cut
        steps += back
        steps += [(r.paid_on.toordinal(), 4, r.refund_id, whole(r.amount)) for r in self.about("refund.paid", "of", id)]
        pieces = self.pieces(whole(data.amount), data.allocations, steps)
        return [[to, units, "", max(day, data.paid_on.toordinal())] for to, units, _, day in pieces], stands

    def split(self, units: int, payment: str) -> list[tuple[str, int]]:
        """What *units* of a payment are: (category of paper or nothing, units)."""
        data: Any = self.payments[payment].data
        total, parts = whole(data.amount), []
        for bill in self.bills_of(payment):
            stands, grade = self.bill(bill)
            total -= stands["void"]
            parts += self.standing(stands, grade)
        rest = total - sum(face for _, face in parts)
        if rest > 0:
            matures = data.matures_on or data.value_on
            last = (
                matures.toordinal()
                if matures and matures > data.paid_on
                else months_before(data.paid_on.toordinal(), -6)
            )
            parts.append(("bills" if data.instrument == "bill" and self.day < last else "", rest))
        return self.shared(units, parts)

    def standing(self, stands: dict[str, int], grade: str) -> list[tuple[str, int]]:
        return [(self.paper(stage, grade), face) for stage, face in stands.items() if stage != "void" and face]

    def shared(self, units: int, parts: list[tuple[str, int]]) -> list[tuple[str, int]]:
        total = sum(face for _, face in parts)
        paper = [(key, face) for key, face in parts if key]
        if not paper:
            return [("", units)]
        found = [["", units * (total - sum(face for _, face in paper)) // total]]
        found += [[key, units * face // total] for key, face in paper]
        found[-1][1] += units - sum(share for _, share in found)  # type: ignore[operator]
        return [(str(key), int(share)) for key, share in found]

    def paper(self, stage: str, grade: str) -> str:
        category = {"held": "bills", "away": "contingent"}.get(stage, "")
        return f"{category}/{grade}" if category and grade else category

    # --- all of it

    def place(self, event: Event) -> tuple[str, ...]:
        return tuple(getattr(event.data, name) or "" for name in PLACE)

    def add(self, event: Event, category: str, units: int) -> None:
        self.result[event.data.currency, category, self.place(event)] += units  # type: ignore[attr-defined]

    def exposure(self) -> dict[Key, int]:
        """(currency, category, place) → units, without those of nothing."""
        self.money = [(id, *self.paid(id)) for id in sorted(self.payments)]
        self.left_in = {id: whole(e.data.amount) for id, e in self.deposits.items()}  # type: ignore[attr-defined]
        for id, event in self.documents.items():
            data: Any = event.data
            if self.successor(id):
                continue
            if data.kind in OWED:
                self._owed(id, event)
            elif data.kind in CREDIT:
                used = sum(units for to in self.documents if not self.successor(to) and self._of(to) not in OWED - {"advance_funding"}
                           for name, units in self._capped(to) if name == id)  # fmt: skip
                self.add(event, "credit_notes", self.worth(id) - used)
            else:
                units = max(0, self.worth(id) - sum(part for _, part in self.takers(id)))
                kinds = {"delivery": "delivered", "consignment": "consignment", "guarantee_given": "guarantees"}
                later = data.kind == "order" and self.order_later(id)
                self.add(event, "orders_later" if later else kinds.get(data.kind, "orders"), units)
        for id, _, stands in self.money:
            event = self.payments[id]
            self.add(event, self._pool(event), sum(units for key, units in self.split(stands, id) if not key))
        for told in self.told["refund.paid"]:
            self._refund(told)
        self._deposits()
        return {key: units for key, units in self.result.items() if units}

    def _of(self, id: str) -> str:
        return str(self.documents[id].data.kind)  # type: ignore[attr-defined]

    def _capped(self, to: str) -> list[tuple[str, int]]:
        return [(name, min(units, self.worth(to))) for name, units in self.takers(to)]

    def _pool(self, event: Event) -> str:
        return "prepayments" if event.data.purpose == "prepayment" else "unallocated"  # type: ignore[attr-defined]

    def _owed(self, id: str, event: Event) -> None:
        data: Any = event.data
        left, chain = self.slices(id), self.chain(id)

        def fill(units: int) -> int:
            used = 0
            for part in left:
                cut = min(part[1], units - used)
                part[1] -= cut
                used += cut
            return used

        takers = self.takers(id)
        fill(sum(units for name, units in takers if self._of(name) not in CREDIT))
        for name, units in takers:
            if self._of(name) in CREDIT:
                used = fill(units)
                if data.kind != "advance_funding":
                    self.add(self.documents[name], "credit_notes", -used)
        for note, units in self._notes(chain):
            self.add(self.documents[note], "credit_notes", -fill(units))
        for stands, units in self._without_money(chain):
            for key, used in self.shared(fill(units), stands):
                if key:
                    self.add(event, key, used)
        lots = [(self.payments[p].data.paid_on, day, p, units) for p, pieces, _ in self.money  # type: ignore[attr-defined]
                if self.payments[p].data.currency == data.currency for to, units, _, day in pieces if to in chain]  # type: ignore[attr-defined] # fmt: skip
        for _, _, payment, units in sorted(lots, key=lambda lot: lot[:3]):
            for key, part in self.split(fill(units), payment):
                if key:
                    self.add(event, key, part)
                else:
                    self.add(self.payments[payment], self._pool(self.payments[payment]), -part)
        for told in self.told["write-off.recorded"]:
            reversed_ = self.about("write-off.reversed", "write_off_id", told.data.write_off_id)  # type: ignore[attr-defined]
            if told.data.transaction_id in chain and not reversed_:  # type: ignore[attr-defined]
                fill(whole(told.data.amount))  # type: ignore[attr-defined]
        self._sold(event, chain, fill)
        for due, units, kept in left:
            late = 0 < due < self.day
            category = "overdue" if late else "retention" if kept else "not_due"
            self.add(event, "advance_funding" if data.kind == "advance_funding" else category, units)

    def _notes(self, chain: list[str]) -> list[tuple[str, int]]:
        found = []
        for id, event in sorted(self.documents.items()):
            data: Any = event.data
            if data.kind not in CREDIT:
                continue
            own, booked = sum(self.takes_own(id).values()), data.booked_on.toordinal()
            days = sorted({booked} | {max(booked, e.business_date.toordinal()) for name in ("amended", "cancelled")
                           for e in self.told[f"transaction.{name}"] if e.data.transaction_id == id})  # type: ignore[attr-defined] # fmt: skip
            worths = [max(0, self.worth(id, day) - own) for day in days]
            steps: list[tuple[int, int, str, Any]] = [
                (day, 5 if now > was else 3, "", abs(now - was)) for day, was, now in zip(days[1:], worths, worths[1:], strict=False) if now != was
            ]  # fmt: skip
            pieces = self.pieces(worths[0], (), steps + self.settlements({"credit_note"}, id))
            found += [(id, units) for to, units, _, _ in pieces if to in chain]
        return found

    def takes_own(self, id: str) -> dict[str, int]:
        data: Any = self.documents[id].data
        return {str(at): whole(part.amount) for at, part in enumerate(data.consumes or ())}

    def _without_money(self, chain: list[str]) -> list[tuple[list[tuple[str, int]], int]]:
        """(what it stands as, units) of deposits, bills and set-offs against a document."""
        found: list[tuple[int, int, list[tuple[str, int]], int]] = []
        named = {(e.data.from_.kind, e.data.from_.id) for e in self.told["settlement.applied"]}  # type: ignore[attr-defined]
        for kind, id in sorted(named):
            if kind == "deposit":
                face = whole(self.deposits[id].data.amount) if id in self.deposits else 0  # type: ignore[attr-defined]
                pieces = self.pieces(face, (), self.settlements({kind}, id), bound=id in self.deposits)
                found += [(2, 0, [], units) for to, units, _, _ in pieces if to in chain]
            elif kind == "bill":
                data: Any = self.bills[id].data if id in self.bills else None
                if data is None or data.payment_id not in self.payments:
                    face = whole(data.amount) if data else 0
                    steps = self.settlements({kind}, id) + (self.voids(id) if data else [])
                    stands = self.standing(*self.bill(id)) if data else [("bills", 1)]
                    pieces = self.pieces(face, (), steps, bound=data is not None)
                    found += [(1, chain.index(to), stands, units) for to, units, _, _ in pieces if to in chain]
        for told in self.told["set-off.recorded"]:
            if not self.about("set-off.undone", "set_off_id", told.data.set_off_id):  # type: ignore[attr-defined]
                for leg in told.data.legs:  # type: ignore[attr-defined]
                    if leg.debtor == "C1" and leg.transaction_id in chain:
                        found.append((2, 0, [], whole(leg.amount)))
        return [(stands, units) for _, _, stands, units in sorted(found, key=lambda f: f[:2])]  # paper first

    def _sold(self, event: Event, chain: list[str], fill: Any) -> None:
        for recourse in (False, True):
            for told in self.told["receivable.transferred"]:
                data: Any = told.data
                back = self.about("receivable.repurchased", "transfer_id", data.transfer_id)
                away = [id for id in data.transaction_ids if id in chain
                        and not any(b.transaction_ids is None or id in b.transaction_ids for b in back)]  # fmt: skip
                if away and (data.with_recourse is not False) == recourse:
                    used = fill(whole(data.amount))
                    if recourse:
                        self.add(event, "contingent", used)

    def _refund(self, told: Event) -> None:
        data: Any = told.data
        units = -whole(data.amount)
        if data.of in self.deposits:
            return
        if data.of in self.payments:
            event = self.payments[data.of]
            self.result[data.currency, self._pool(event), self.place(event)] += units
        elif data.of in self.documents and self._of(data.of) in CREDIT:
            self.result[data.currency, "credit_notes", self.place(self.documents[data.of])] += units
        else:
            self.result[data.currency, "unallocated", self.place(told)] += units

    def _deposits(self) -> None:
        for id, event in self.deposits.items():
            face = whole(event.data.amount)  # type: ignore[attr-defined]
            gone = {what: sum(face if d.amount is None else whole(d.amount) for d in self.about(f"deposit.{what}", "deposit_id", id))
                    for what in ("refunded", "forfeited")}  # fmt: skip
            gone["refunded"] += sum(whole(r.amount) for r in self.about("refund.paid", "of", id))
            used = sum(units for _, units, _, _ in self.pieces(face, (), self.settlements({"deposit"}, id)))
            self.add(event, "deposits", max(0, face - gone["refunded"] - max(gone["forfeited"], used)))
