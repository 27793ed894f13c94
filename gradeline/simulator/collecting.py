"""What becomes of an invoice: paid in full, in parts, too much, in a run, late, bounced, disputed, or never."""

from __future__ import annotations

from datetime import date
from random import Random

from gradeline.simulator import paying
from gradeline.simulator.agenda import Agenda, Event, money
from gradeline.simulator.chasing import Chasing
from gradeline.simulator.profile import Behaviour, Profile

_KEEPS_DATES = frozenset({Behaviour.PROMPT, Behaviour.NEW})
"""Who pays all of it in time, in whatever way."""


class Collecting:
    """Books payments, settlements, reversals and disputes into the agenda."""

    __slots__ = ("_agenda", "_chasing", "_dispute_share", "_iso", "_p", "_rng", "_runs", "_spare")

    def __init__(self, profile: Profile, agenda: Agenda, rng: Random) -> None:
        """Everything random comes from *rng*."""
        self._p, self._agenda, self._rng = profile, agenda, rng
        self._iso = agenda.calendar.iso
        self._chasing = Chasing(profile, agenda, rng)
        self._dispute_share = 0.25 if profile.behaviour is Behaviour.DISPUTING else 0.01
        self._runs: dict[int, list[tuple[str, int]]] = {}
        self._spare: list[tuple[int, str, int]] = []

    def collect(self, document: str, minor: int, booked: int, due: int) -> None:
        """*minor* of *document*, booked and due on those days, is to be paid."""
        rng = self._rng
        minor -= self._use_spare(document, minor, booked)
        if minor <= 0:
            return
        late = paying.days_late(self._p, due, rng)
        paid = None if late is None else max(booked + 1, due + late)
        if rng.random() < self._dispute_share:
            paid = self._dispute(document, minor, due, paid)
        if paid is None or paid > due + 5:
            self._chasing.chase(document, minor, due, paid)
        if paid is not None:
            self._pay_somehow(document, minor, paid, due if paid <= due and self._p.behaviour in _KEEPS_DATES else None)

    def _pay_somehow(self, document: str, minor: int, day: int, latest: int | None) -> None:
        """Pay in one of the ways customers pay; all of it by *latest* where the customer is one who keeps dates."""
        rng, chance = self._rng, self._rng.random()
        payment = f"PAY-{document}"
        if paying.crisis(self._p, day) is not None and rng.random() < 0.4:
            self._bounce(document, minor, day)
        elif self._p.pays_in_runs and (latest is None or self._run_of(day) <= latest):
            self._pay_in_run(document, minor, day)
        elif chance < 0.85 or minor < 100:
            self._pay(payment, day, minor, [(document, minor)])
        elif chance < 0.93:
            first = minor * rng.randint(3, 7) // 10
            self._pay(f"{payment}-1", day, first, [(document, first)])
            second = day + 3 + int(rng.random() * 18)
            rest = minor - first
            self._pay(f"{payment}-2", second if latest is None else min(second, latest), rest, [(document, rest)])
        elif chance < 0.96:
            self._overpay(payment, document, minor, day)
        elif chance < 0.995:
            self._pay(payment, day, minor, None)
            settled = day + 2 + int(rng.random() * 12)
            self._settle(payment, document, minor, settled if latest is None else min(settled, latest))
        elif latest is None:
            self._bounce(document, minor, day)
        else:
            self._pay(payment, day, minor, [(document, minor)])

    def _pay(self, payment: str, day: int, minor: int, allocations: list[tuple[str, int]] | None) -> None:
        self._agenda.put(day, "payment.recorded", f"pay:{payment}", self._payment(payment, day, minor, allocations))

    def _payment(self, payment: str, day: int, minor: int, allocations: list[tuple[str, int]] | None) -> Event:
        data: Event = {
            "payment_id": payment,
            "amount": money(minor),
            "currency": self._p.currency,
            "paid_on": self._iso(day),
            "instrument": "transfer",
        }
        if allocations:
            data["allocations"] = [{"transaction_id": to, "amount": money(part)} for to, part in allocations]
        return data

    def _run_of(self, day: int) -> int:
        """The payment run after *day*: the 10th or the 25th."""
        on = date.fromordinal(day).day
        return day + (10 - on if on <= 10 else 25 - on if on <= 25 else 0)

    def _pay_in_run(self, document: str, minor: int, day: int) -> None:
        run = self._run_of(day)
        if run not in self._runs:
            self._runs[run] = []
            self._agenda.put(run, "payment.recorded", f"pay:RUN-{run}", self._close_run)
        self._runs[run].append((document, minor))

    def _close_run(self, day: int) -> Event:
        parts = self._runs.pop(day)
        return self._payment(f"RUN-{day}", day, sum(minor for _, minor in parts), parts)

    def _overpay(self, payment: str, document: str, minor: int, day: int) -> None:
        """More than is owed comes in; the rest waits for the next invoice, or is paid back."""
        spare = max(1, minor // 50)
        self._pay(payment, day, minor + spare, [(document, minor)])
        if self._rng.random() < 0.2:
            back = day + 20
            data = {
                "refund_id": f"REF-{document}",
                "amount": money(spare),
                "currency": self._p.currency,
                "paid_on": self._iso(back),
                "of": payment,
            }
            self._agenda.put(back, "refund.paid", f"refund:{document}", data)
        else:
            self._spare.append((day, payment, spare))

    def _use_spare(self, document: str, minor: int, booked: int) -> int:
        """Set waiting cash against a new document; answers how much of it is settled so."""
        for at, (arrived, payment, spare) in enumerate(self._spare):
            if arrived < booked:
                del self._spare[at]
                used = min(spare, minor)
                if spare > used:
                    self._spare.append((arrived, payment, spare - used))
                self._settle(payment, document, used, booked + 1)
                return used
        return 0

    def _settle(self, payment: str, document: str, minor: int, day: int) -> None:
        settlement = f"SET-{document}-{payment.removeprefix('PAY-')}"
        data = {
            "settlement_id": settlement,
            "from": {"kind": "payment", "id": payment},
            "to": [{"transaction_id": document, "amount": money(minor)}],
            "applied_on": self._iso(day),
        }
        self._agenda.put(day, "settlement.applied", f"settle:{settlement}", data)

    def _bounce(self, document: str, minor: int, day: int) -> None:
        """The payment comes back after a few days; a healthy customer pays again, one in crisis does not."""
        payment = f"PAY-{document}-0"
        self._pay(payment, day, minor, [(document, minor)])
        back = day + 2 + int(self._rng.random() * 4)
        data = {"payment_id": payment, "reversed_on": self._iso(back), "reason": "bounced"}
        self._agenda.put(back, "payment.reversed", f"reverse:{payment}", data)
        if paying.crisis(self._p, back) is None:
            self._pay(f"PAY-{document}", back + 6, minor, [(document, minor)])

    def _dispute(self, document: str, minor: int, due: int, paid: int | None) -> int | None:
        """The customer contests the document; it pays after the matter is closed, or never if it would not have."""
        opened = min(due, paid or due) - int(self._rng.random() * 4)
        closed = opened + 8 + int(self._rng.random() * 40)
        dispute = f"DSP-{document}"
        data = {
            "dispute_id": dispute,
            "transaction_id": document,
            "amount": money(minor),
            "currency": self._p.currency,
            "opened_on": self._iso(opened),
            "category": self._rng.choice(("quality", "quantity", "price", "delivery")),
        }
        self._agenda.put(opened, "dispute.opened", f"dispute:{document}", data)
        ended = {"dispute_id": dispute, "closed_on": self._iso(closed)}
        self._agenda.put(closed, "dispute.closed", f"dispute-end:{document}", ended)
        return None if paid is None else max(paid, closed + 1 + int(self._rng.random() * 6))
